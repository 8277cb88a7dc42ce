"""
Tests of L{glance.s3.documents}.
"""

from twisted.trial.unittest import SynchronousTestCase

from glance.s3.documents import LIMIT, completion, error_in, location, parse, text_of
from glance.s3.errors import BadAnswer

BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><a>&c;</a>"""


class ParseTests(SynchronousTestCase):
    """
    Documents are read with care.
    """

    def test_namespace(self):
        """
        Names have no namespace, whatever the server gives them.
        """
        root = parse(b"\n <a xmlns='urn:x'><b> 1 </b></a>", "a")
        self.assertEqual(text_of(root, "b"), "1")
        self.assertEqual(text_of(root, "c"), "")

    def test_refused(self):
        """
        A DTD is refused in any spelling, and so is what is no document, or
        another, or too long.
        """
        wide = b'<?xml version="1.0" encoding="UTF-16"?>' + BOMB
        bad = (BOMB, BOMB.decode().encode("utf-16"), wide, b"", b"no", b"<a>", b"<b/>")
        for data in (*bad, b"<a>&b;</a>", b"<a>\xff</a>", b"<a/>" + b" " * LIMIT):
            self.assertRaises(BadAnswer, parse, data, "a")

    def test_encoding(self):
        """
        A document is UTF-8, whatever it says.
        """
        sneaky = '<?xml version="1.0" encoding="UTF-7"?><a>+ADw-é</a>'.encode()
        self.assertEqual(parse(sneaky, "a").text, "+ADw-é")

    def test_deep(self):
        """
        What is deep is no harm.
        """
        deep = b"<a>" * 100_000 + b"</a>" * 100_000
        self.assertEqual(parse(deep, "a").tag, "a")


class ErrorTests(SynchronousTestCase):
    """
    Errors are understood.
    """

    def test_error(self):
        """
        Of an error the code, the message, the request and the region are taken.
        """
        told = error_in(
            b"<Error><Code>X</Code><Message>Not\nthis.</Message>"
            b"<Region>r</Region><RequestId>1</RequestId></Error>"
        )
        self.assertEqual(
            (told.code, told.message, told.request_id, told.region),
            ("X", "Not this.", "1", "r"),
        )

    def test_expected(self):
        """
        A region that is only in the message is found.
        """
        told = error_in(
            b"<Error><Message>'a' is wrong; expecting 'eu-1'</Message></Error>"
        )
        self.assertEqual(told.region, "eu-1")

    def test_other(self):
        """
        What is no error is none.
        """
        for data in (b"", b"<html/>", BOMB):
            self.assertIsNone(error_in(data))


class WrittenTests(SynchronousTestCase):
    """
    Documents are written.
    """

    def test_completion(self):
        """
        All parts are named in their order.
        """
        root = parse(completion(['"a"', "<&"]), "CompleteMultipartUpload")
        self.assertEqual([e.text for e in root.iter("PartNumber")], ["1", "2"])
        self.assertEqual([e.text for e in root.iter("ETag")], ['"a"', "<&"])

    def test_location(self):
        """
        The region that must not be named isn't.
        """
        self.assertEqual(location("us-east-1"), b"")
        root = parse(location("eu-1"), "CreateBucketConfiguration")
        self.assertEqual(text_of(root, "LocationConstraint"), "eu-1")
