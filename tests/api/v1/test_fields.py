"""
Tests for L{glance.api.v1.fields}.
"""

import contextlib
import re
from datetime import UTC, datetime

from attrs import evolve
from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from glance.api.v1.dialect import CACTUS, LAST
from glance.api.v1.fields import read, write
from glance.errors import Invalid
from glance.image import Image, Status, Visibility
from tests.api.v1.saying import headers

THEN = datetime(2011, 4, 15, 12, 32, 43, 123456, tzinfo=UTC)
IMAGE = Image(
    id="71c675ab-d94f-49cd-a114-e12490b328d9", created_at=THEN, updated_at=THEN
)
ID = IMAGE.id

CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")

text = st.text(st.characters(exclude_categories=("Cs",)))
printable = text.filter(lambda value: not CONTROLS.search(value))
token = st.text("abcdefghijklmnopqrstuvwxyz0123456789_.", min_size=1)


def written(image, dialect=LAST):
    """
    Get the headers that describe an image, in lower case.
    """
    return {name.lower(): value for name, value in write(image, dialect)}


class ReadTests(SynchronousTestCase):
    """
    L{read} gets an image from headers.
    """

    def attributes(self, dialect=LAST, **named):
        return read(headers(**named), dialect).attributes

    def test_spelling(self):
        """
        A dash is an underscore, and case does not matter.
        """
        for name in ("Disk-Format", "disk_format", "DISK_FORMAT"):
            with self.subTest(name):
                read = self.attributes(**{name: "raw"})
                self.assertEqual(read, {"disk_format": "raw"})

    def test_types(self):
        """
        Numbers are numbers, and what is empty is nothing.
        """
        read = self.attributes(
            name="", size="12", min_disk="", min_ram="5", protected="", checksum=""
        )
        expected = {
            "name": None,
            "size": 12,
            "min_disk": 0,
            "min_ram": 5,
            "protected": False,
            "checksum": None,
        }
        self.assertEqual(read, expected)

    def test_bad_values(self):
        """
        What makes no sense is refused.
        """
        for name, value, message in (
            ("size", "-1", "'size'"),
            ("size", "1.5", "'size'"),
            ("size", "\N{SUPERSCRIPT TWO}", "'size'"),
            ("size", "9" * 5000, "'size' value out of range"),
            ("min_disk", "many", "'min_disk'"),
            ("min_ram", "0x10", "'min_ram'"),
            ("id", "1", "Invalid image id format"),
            ("id", "../../etc/passwd", "Invalid image id format"),
            ("checksum", "a" * 33, "Invalid checksum"),
            ("nonsense", "1", "Bad header: x-image-meta-nonsense"),
        ):
            with self.subTest(name=name, value=value):
                raised = self.assertRaises(
                    Invalid, read, headers(**{name: value}), LAST
                )
                self.assertIn(message, str(raised))

    def test_sources(self):
        """
        Data may be elsewhere, to be left there or copied, in either dialect.
        """
        url = "http://example.org/a?b=c%20d"
        for dialect in (LAST, CACTUS):
            said = read(headers(location=url), dialect)
            self.assertEqual(
                (said.location, said.copy_from, said.source), (url, None, url)
            )
            for name in (
                b"X-Glance-API-Copy-From",
                b"x_glance_api_copy_from",
                b"X-Image-Meta-Copy_from",
            ):
                said = read(headers((name, url.encode())), dialect)
                self.assertEqual((said.copy_from, said.source), (url, url))
                self.assertIs(said.location, None)

    def test_quoted_sources(self):
        """
        A client that quotes all quotes these, too.
        """
        client = (b"User-Agent", b"python-glanceclient")
        quoted = b"http%3A//example.org/a%3Fb%3Dc%2520d"
        for name in (b"X-Glance-API-Copy-From", b"X-Image-Meta-Location"):
            said = read(headers(client, (name, quoted)), LAST)
            self.assertEqual(said.source, "http://example.org/a?b=c%20d")

    def test_two_sources(self):
        """
        It cannot be in two places.
        """
        given = headers((b"X-Glance-API-Copy-From", b"http://a/"), location="http://b/")
        error = self.assertRaises(Invalid, read, given, LAST)
        self.assertIn("multiple image sources", str(error))

    def test_size_of_source(self):
        """
        A size of zero says then that nobody knows it.
        """
        said = read(headers(location="http://a/", size="0"), LAST)
        self.assertIs(said.size, None)

    def test_no_location(self):
        """
        An empty location, as L{write} sends it, is none.
        """
        self.assertEqual(self.attributes(location=""), {})

    def test_not_settable(self):
        """
        What only the server says is let pass, and means nothing.
        """
        for name in ("created_at", "updated_at", "deleted_at", "deleted"):
            for dialect in (LAST, CACTUS):
                with self.subTest(name, dialect=dialect.prefix):
                    self.assertEqual(self.attributes(dialect, **{name: "1"}), {})

    def test_unknown_to_cactus(self):
        """
        Cactus takes no notice of what it does not know.
        """
        self.assertEqual(self.attributes(CACTUS, nonsense="1"), {})

    def test_truth(self):
        """
        The last v1 knows many words for yes, Cactus one.
        """
        for word in ("true", "True", "t", "on", "YES", "y", "1"):
            with self.subTest(word):
                given = headers(is_public=word)
                self.assertIs(read(given, LAST).is_public, True)
                self.assertIs(read(given, CACTUS).is_public, word.lower() == "true")
        for word in ("", "false", "2", "no", "ture"):
            self.assertIs(read(headers(is_public=word), LAST).is_public, False)
        self.assertIsNone(read(headers(), LAST).is_public)

    def test_size_of_cactus(self):
        """
        Clients of 2011 say a size of zero where they don't know it.
        """
        self.assertEqual(self.attributes(CACTUS, size="0"), {})
        self.assertEqual(self.attributes(LAST, size="0"), {"size": 0})

    def test_properties(self):
        """
        Custom properties have lower-case names and may be empty.
        """
        said = read(headers(**{"Property-Distro": "Ubuntu", "property-b-c": ""}), LAST)
        self.assertEqual(said.properties, {"distro": "Ubuntu", "b_c": None})

    def test_name_as_property(self):
        """
        The name as a property, as the command of 2011 sends it, is the name;
        the attribute is stronger.
        """
        said = read(headers(**{"property-name": "a"}), LAST)
        self.assertEqual((said.attributes, said.properties), ({"name": "a"}, {}))
        said = read(headers(**{"property-name": "a", "name": "b"}), LAST)
        self.assertEqual((said.attributes, said.properties), ({"name": "b"}, {}))

    def test_store(self):
        """
        The store is asked for, and isn't part of the image.
        """
        said = read(headers(store="file"), LAST)
        self.assertEqual((said.store, said.attributes), ("file", {}))

    def test_purge(self):
        """
        Whether properties go is said by a header of the registry's.
        """
        for value, expected in ((b"true", True), (b"False", False), (b"", False)):
            given = headers((b"X-Glance-Registry-Purge-Props", value))
            self.assertIs(read(given, LAST).purge, expected)
        self.assertIsNone(read(headers(), LAST).purge)

    def test_not_unicode(self):
        """
        What isn't UTF-8 is refused.
        """
        given = headers((b"x-image-meta-name", b"Bl\xfcte"))
        self.assertRaises(Invalid, read, given, LAST)

    def test_percent(self):
        """
        Values are percent-decoded only for the one client that encodes them.
        """
        pairs = [
            (b"x-image-meta-name", b"100%25 Bl%C3%BCte"),
            (b"x-image-meta-property-a", b"b%20c"),
        ]
        said = read(headers(*pairs), LAST)
        self.assertEqual(said.attributes, {"name": "100%25 Bl%C3%BCte"})
        said = read(headers((b"User-Agent", b"python-glanceclient"), *pairs), LAST)
        self.assertEqual(said.attributes, {"name": "100% Bl\xfcte"})
        self.assertEqual(said.properties, {"a": "b c"})

    @settings(deadline=None)
    @given(st.lists(st.tuples(token, st.binary())), st.sampled_from((LAST, CACTUS)))
    @example([("size", b"\xb2")], LAST)
    @example([("property-", b"")], LAST)
    def test_anything(self, pairs, dialect):
        """
        Whatever headers hold is either understood or refused.
        """
        given = headers(
            (b"user-agent", pairs[0][1] if pairs else b""),
            *((f"x-image-meta-{name}".encode(), value) for name, value in pairs),
        )
        with contextlib.suppress(Invalid):
            read(given, dialect)


class WriteTests(SynchronousTestCase):
    """
    L{write} puts an image into headers.
    """

    def test_null(self):
        """
        What has no value is an empty header for clients of 2011, and none for
        later ones.
        """
        image = evolve(IMAGE, properties={"a": None, "b": ""})
        last, cactus = written(image), written(image, CACTUS)
        for name in (b"name", b"deleted_at", b"checksum", b"property-a"):
            self.assertNotIn(b"x-image-meta-" + name, last)
            self.assertEqual(cactus[b"x-image-meta-" + name], b"")
        self.assertEqual(last[b"x-image-meta-property-b"], b"")

    def test_location(self):
        """
        Clients of 2011 get an empty location, others none.
        """
        self.assertEqual(written(IMAGE, CACTUS)[b"x-image-meta-location"], b"")
        self.assertNotIn(b"x-image-meta-location", written(IMAGE))

    def test_values(self):
        """
        Values are as Python prints them, and times have no zone.
        """
        image = evolve(
            IMAGE, visibility=Visibility.PUBLIC, size=1 << 40, status=Status.ACTIVE
        )
        described = written(image)
        self.assertEqual(described[b"x-image-meta-is_public"], b"True")
        self.assertEqual(described[b"x-image-meta-protected"], b"False")
        self.assertEqual(described[b"x-image-meta-size"], b"1099511627776")
        self.assertEqual(
            described[b"x-image-meta-created_at"], b"2011-04-15T12:32:43.123456"
        )

    @settings(deadline=None)
    @given(text, st.dictionaries(text, st.none() | text), st.booleans())
    @example("a\r\nSet-Cookie: b", {"c\r\nd: e": "\0"}, True)
    @example("\N{SNOWMAN}", {"\N{SNOWMAN}: ": "\x85\u2028"}, False)
    def test_nothing_injected(self, name, properties, cactus):
        """
        Nothing that an image can hold is more than a value of one header.
        """
        image = evolve(IMAGE, name=name, properties=properties)
        for header, value in write(image, CACTUS if cactus else LAST):
            self.assertRegex(header, rb"\A[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
            self.assertNotRegex(value, rb"[\x00-\x1f\x7f]")
            self.assertIsNone(CONTROLS.search(value.decode()))

    @settings(deadline=None)
    @given(printable, st.dictionaries(token, printable))
    def test_round_trip(self, name, properties):
        """
        What is written is read again, in any script.
        """
        properties.pop("name", None)
        image = evolve(IMAGE, name=name or None, properties=properties)
        said = read(headers(*write(image, LAST)), LAST)
        self.assertEqual(said.attributes.get("name"), image.name)
        expected = {k: v or None for k, v in properties.items()}
        self.assertEqual(said.properties, expected)

    @settings(deadline=None)
    @given(text.filter(bool))
    def test_round_trip_of_names(self, name):
        """
        So are names of properties, but for their case and their dashes.
        """
        image = evolve(IMAGE, properties={name: "a"})
        said = read(headers(*write(image, LAST)), LAST)
        folded = name.lower().replace("-", "_")
        if folded == "name":
            self.assertEqual(said.attributes["name"], "a")
        else:
            self.assertEqual(said.properties, {folded: "a"})
