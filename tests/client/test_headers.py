"""
Tests for L{glance.client.headers}.
"""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers

from glance.client.errors import Invalid
from glance.client.headers import headers_of, meta_of

VALUES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1).filter(
    lambda text: text == text.strip()
)


class HeadersTests(SynchronousTestCase):
    """
    Tests for metadata in headers.
    """

    def test_types(self):
        """
        Numbers and truth values come as such, and what is empty as L{None}.
        """
        headers = Headers(
            {
                "X-Image-Meta-Size": ["5"],
                "X-Image-Meta-Is_public": ["True"],
                "X-Image-Meta-Is-Deleted": ["x"],
                "X-Image-Meta-Protected": ["False"],
                "X-Image-Meta-Checksum": [""],
                "X-Image-Meta-Property-Kernel-Id": ["7"],
                "Content-Type": ["text/plain"],
            }
        )
        self.assertEqual(
            meta_of(headers),
            {
                "size": 5,
                "is_public": True,
                "is_deleted": "x",
                "protected": False,
                "checksum": None,
                "properties": {"kernel_id": "7"},
            },
        )

    def test_no_value(self):
        """
        L{None} is sent as an empty value.
        """
        headers = headers_of({"name": None, "properties": {"a": None}})
        self.assertEqual(headers.getRawHeaders("x-image-meta-name"), [""])
        self.assertEqual(headers.getRawHeaders("x-image-meta-property-a"), [""])

    def test_line_break(self):
        """
        What would begin a header of its own is refused.
        """
        with self.assertRaises(Invalid):
            headers_of({"name": "x\r\nX-Auth-Token: y"})
        with self.assertRaises(Invalid):
            headers_of({"properties": {"a: b\r\nc": "d"}})
        with self.assertRaises(Invalid):
            headers_of({"properties": {"": "d", "é": "x"}})

    @given(name=VALUES, value=VALUES)
    def test_round_trip(self, name, value):
        """
        Any text comes back as it went.
        """
        meta = {"name": name, "properties": {"key": value}}
        self.assertEqual(meta_of(headers_of(meta)), meta)
