"""
Tests for L{glance.config.sample}.
"""

import re
from pathlib import Path

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from glance.config.loading import load
from glance.config.options import OPTIONS
from glance.config.sample import FILES, sample, write
from glance.config.settings import Endpoint

ETC = Path(__file__).parents[2] / "etc"


def bare(settings):
    """
    Forget where settings were read from, and where the registry listens.
    """
    return evolve(
        settings, files=(), source=None, values={}, registry_listen=None, notes=()
    )


class SampleTests(SynchronousTestCase):
    """
    The sample files are those of the options, and work.
    """

    def test_current(self):
        """
        The files in C{etc} are what C{python -m glance.config.sample etc}
        makes.
        """
        directory = Path(self.mktemp())
        directory.mkdir()
        write(directory)
        for name in FILES:
            self.assertEqual((ETC / name).read_text(), (directory / name).read_text())

    def test_loads(self):
        """
        As they are they change nothing.
        """
        for name, (service, _) in FILES.items():
            settings = load(service, config_files=[str(ETC / name)])
            self.assertEqual(bare(settings), bare(load(service, directories=[ETC])))

    def test_uncommented(self):
        """
        With all options written out they change nothing, and all are known.
        """
        for name, (service, title) in FILES.items():
            path = Path(self.mktemp())
            text = re.sub(r"(?m)^#(?=\w+ =)", "", sample(service, title))
            path.write_text(text)
            settings = load(service, config_files=[str(path)])
            self.assertEqual(bare(settings), bare(load(service, directories=())), name)
            if service != "api":
                self.assertEqual(
                    settings.registry_listen, Endpoint("127.0.0.1", 9191, 4096)
                )

    def test_complete(self):
        """
        Each option is in the sample of each daemon that reads it.
        """
        for service, title in FILES.values():
            text = sample(service, title)
            for option in OPTIONS.values():
                if service == "all" or service in option.daemons:
                    self.assertIn(option.name, text)

    def test_width(self):
        """
        They can be read in a terminal; values are not broken.
        """
        for service, title in FILES.values():
            lines = sample(service, title).splitlines()
            texts = [line for line in lines if line.startswith("# ")]
            self.assertLessEqual(max(map(len, texts)), 79)
