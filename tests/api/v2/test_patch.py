"""
Tests for L{glance.api.v2.patch}.
"""

from datetime import UTC, datetime

import jsonpatch
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from glance.api.v2.patch import KEYED, NAMING, OPERATIONS, apply, parse
from glance.api.v2.schemas import Schemas
from glance.errors import NoSuchProperty, PropertyExists
from glance.image import Image
from glance.limits import Limits

THEN = datetime(2011, 4, 15, tzinfo=UTC)
ID = "5d1f0a3e-7c52-4b3e-9d55-0b6a5e0c1a11"
SCHEMAS = Schemas(Limits).get()

NAMES = st.sampled_from(["a", "b", "a/b", "~", "~1", "\N{SNOWMAN}", "owner_x"])
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
PROPERTIES = st.dictionaries(NAMES, VALUES, max_size=4)


def image(properties):
    """
    Get an image with custom properties.
    """
    return Image(id=ID, created_at=THEN, updated_at=THEN, properties=properties)


def pointer(name):
    """
    Write the path of a property (RFC 6901).
    """
    return "/" + name.replace("~", "~0").replace("/", "~1")


CHANGES = st.lists(
    st.tuples(st.sampled_from(OPERATIONS), NAMES, VALUES).map(
        lambda change: {
            "op": change[0],
            "path": pointer(change[1]),
            **({} if change[0] == "remove" else {"value": change[2]}),
        }
    ),
    max_size=6,
)


class PatchTests(SynchronousTestCase):
    """
    L{apply} does to properties what RFC 6902 says.
    """

    @given(PROPERTIES, CHANGES)
    def test_as_the_rfc(self, properties, changes):
        """
        A patch does what another implementation of the RFC does, and is refused
        where that refuses it.
        """
        try:
            expected = jsonpatch.apply_patch(properties, changes)
        except jsonpatch.JsonPatchConflict:
            expected = None
        try:
            found = apply(image(properties), parse(NAMING, changes), SCHEMAS)
        except NoSuchProperty:
            self.assertIsNone(expected)
        else:
            self.assertEqual(found.properties, expected)

    @given(PROPERTIES, CHANGES)
    def test_older_dialect(self, properties, changes):
        """
        The older dialect does the same, but adds only what isn't there.
        """
        keyed = [
            {
                change["op"]: change["path"],
                **{name: change[name] for name in ("value",) if name in change},
            }
            for change in changes
        ]
        expected = image(properties)
        for change in parse(NAMING, changes):
            if change.op == "add" and change.name in expected.properties:
                expected = PropertyExists
                break
            try:
                expected = apply(expected, [change], SCHEMAS)
            except NoSuchProperty:
                expected = NoSuchProperty
                break
        try:
            found = apply(image(properties), parse(KEYED, keyed), SCHEMAS)
        except (NoSuchProperty, PropertyExists) as error:
            found = type(error)
        self.assertEqual(found, expected)

    @given(PROPERTIES, PROPERTIES)
    def test_difference(self, before, after):
        """
        The patch that leads from some properties to others does so.
        """
        changes = list(jsonpatch.make_patch(before, after))
        changes = [c for c in changes if c["op"] in OPERATIONS]
        expected = jsonpatch.apply_patch(before, changes)
        found = apply(image(before), parse(NAMING, changes), SCHEMAS)
        self.assertEqual(found.properties, expected)
