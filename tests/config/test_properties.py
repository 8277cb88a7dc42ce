"""
Tests for L{glance.config.properties}.
"""

import json
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from glance.api.v2.schemas import KNOWN_PROPERTIES
from glance.config.loading import load
from glance.config.properties import NAME, described
from glance.config.settings import ConfigurationError, ImageProperties

ETC = Path(__file__).parents[2] / "etc"


class DescribedTests(SynchronousTestCase):
    """
    L{described} reads what operators say of properties.
    """

    def write(self, text):
        """
        Write the file, alone in a directory.

        @return: the directory.
        """
        directory = Path(self.mktemp())
        directory.mkdir()
        if not isinstance(text, str):
            text = json.dumps(text)
        (directory / NAME).write_text(text)
        return directory

    def test_plain(self):
        """
        Each property has its schema; it is text unless that is said.
        """
        directory = self.write(
            {"a": {"enum": ["x"]}, "b": {"type": ["null", "string"]}}
        )
        self.assertEqual(
            described([directory]),
            ImageProperties(
                schemas={
                    "a": {"type": "string", "enum": ["x"]},
                    "b": {"type": ["null", "string"]},
                },
                required=(),
            ),
        )

    def test_extended(self):
        """
        Some may have to be there.
        """
        directory = self.write({"properties": {"a": {}}, "required": ["a"]})
        self.assertEqual(
            described([directory]),
            ImageProperties(schemas={"a": {"type": "string"}}, required=("a",)),
        )
        directory = self.write({"properties": {"a": {}}})
        self.assertEqual(list(described([directory]).schemas), ["a"])

    def test_first(self):
        """
        The first file that is found is read; there may be none.
        """
        empty = Path(self.mktemp())
        first, second = self.write({"a": {}}), self.write({"b": {}})
        self.assertEqual(list(described([empty, first, second]).schemas), ["a"])
        self.assertIsNone(described([empty]))

    def test_refused(self):
        """
        What makes no sense is refused, with the file's name and the cure.
        """
        for text in (
            "{",
            [],
            {"a": 5},
            {"a": {"type": "integer"}},
            {"properties": {}, "required": [5]},
            {"a": {"type": ["string", "number"]}},
            {"a": {"type": 5}},
            {"a": {"type": [["string"]]}},
        ):
            directory = self.write(text)
            error = self.assertRaises(ConfigurationError, described, [directory])
            self.assertIn(str(directory / NAME), str(error))

    def test_beside(self):
        """
        It lies beside the files that are read.
        """
        directory = self.write({"a": {}})
        file = directory / "glance.conf"
        file.write_text("")
        settings = load("api", config_files=[str(file)], directories=[])
        self.assertEqual(list(settings.image_properties.schemas), ["a"])
        settings = load("registry", config_files=[str(file)], directories=[])
        self.assertIsNone(settings.image_properties)

    def test_sample(self):
        """
        The sample says what holds where nothing is said.
        """
        self.assertEqual(json.loads((ETC / NAME).read_text()), KNOWN_PROPERTIES)
