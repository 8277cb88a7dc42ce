"""
Tests of L{glance.s3.uploading}, on a small server in memory.
"""

from twisted.internet.defer import CancelledError
from twisted.web.iweb import UNKNOWN_LENGTH

from glance.s3 import Parcel
from glance.s3.errors import (
    BadAnswer,
    BadBody,
    Forbidden,
    NoRoom,
    NotFound,
    Refused,
    Unavailable,
)
from glance.streams.bodies import BytesBody
from tests.bodies import FailingBody, ManualBody
from tests.s3.case import DATA, KEY, ClientCase
from tests.s3.fake import Refusal


class UploadTests(ClientCase):
    """
    Objects are sent in parts.
    """

    def test_sizes(self):
        """
        What is kept is what was sent, in as many parts as it takes, whether its
        length is known or not, and whatever the pieces are that it comes in.
        """
        for size, parts in ((0, 0), (1, 0), (10, 0), (11, 2), (20, 2), (105, 11)):
            for piece in (1, 7, 1000):
                for known in (True, False):
                    data = DATA[:size]
                    body = BytesBody(
                        [data[at : at + piece] for at in range(0, size, piece)]
                    )
                    if not known:
                        body.length = UNKNOWN_LENGTH
                    self.root.seen.clear()
                    count = self.successResultOf(self.upload(body))
                    self.assertEqual(count, size)
                    self.assertEqual(self.bucket.objects, {KEY: data})
                    self.assertEqual(self.root.seen.count(("PUT", "partNumber")), parts)
        self.assertEqual(self.bucket.uploads, {})

    def test_headers(self):
        """
        The object's headers are sent when it is begun.
        """
        headers = {"content-type": "x/y"}
        body = BytesBody(DATA)
        self.successResultOf(self.client.upload("b", KEY, body, headers))
        self.assertEqual(self.root.told[1].getRawHeaders("content-type"), ["x/y"])

    def test_body_fails(self):
        """
        Where the data fails, nothing is left.
        """
        for pieces in ([], [b"x"], [b"x" * 35]):
            for length in (100, UNKNOWN_LENGTH):
                body = FailingBody(pieces, ZeroDivisionError("bad"), length)
                self.failureResultOf(self.upload(body), ZeroDivisionError)
                self.assert_nothing()

    def test_wrong_length(self):
        """
        Data that is shorter or longer than it says isn't kept.
        """
        for size in (3, 45):
            for length in (size - 1, size + 1):
                body = BytesBody([DATA[:2], DATA[2:size]])
                body.length = length
                self.failureResultOf(self.upload(body), BadBody)
                self.assert_nothing()

    def test_part_fails(self):
        """
        Where a part is refused, the data is stopped and nothing is left.
        """
        self.refuse(("PUT", "partNumber"), Refusal(403, "AccessDenied"))
        body = ManualBody()
        uploading = self.upload(body)
        body.data(DATA[:25])
        self.failureResultOf(uploading, Forbidden)
        self.assertTrue(body.stopped)
        self.assert_nothing()

    def test_full(self):
        """
        No room is told as that.
        """
        self.refuse(("PUT", "partNumber"), Refusal(507, "InsufficientStorage"))
        self.failureResultOf(self.upload(BytesBody(DATA)), NoRoom)
        self.assert_nothing()

    def test_part_again(self):
        """
        A part is sent again where that may help, after a pause.
        """
        self.refuse(("PUT", "partNumber"), Refusal(503, "SlowDown"), 2)
        uploading = self.upload(BytesBody(DATA[:30]))
        self.assertNoResult(uploading)
        self.clock.pump([0.3, 0.6])
        self.successResultOf(uploading)
        self.assertEqual(self.bucket.objects, {KEY: DATA[:30]})

    def test_part_too_often(self):
        """
        At last it is given up.
        """
        self.refuse(("PUT", "partNumber"), Refusal(503, "SlowDown"), 99)
        uploading = self.upload(BytesBody(DATA[:15]))
        self.clock.pump([1] * 5)
        self.failureResultOf(uploading, Unavailable)
        sending = self.client.upload_part("b", KEY, "none", 1, Parcel([b"x"]))
        self.root.seen.clear()
        self.clock.pump([1] * 5)
        self.failureResultOf(sending, Unavailable)
        self.assertEqual(len(self.root.seen), 2)
        self.assert_nothing()

    def test_completed_with_error(self):
        """
        A completion that is granted and then fails has failed.
        """
        error = Refusal(200, "InvalidPart")
        self.refuse(("POST", "uploadId"), error)
        failure = self.failureResultOf(self.upload(BytesBody(DATA)), Refused)
        self.assertEqual(failure.value.code, "InvalidPart")
        self.assert_nothing()

    def test_completed_with_passing_error(self):
        """
        It is tried again where that may help.
        """
        error = Refusal(200, "InternalError")
        error.body = b"   \n " + error.body
        self.refuse(("POST", "uploadId"), error)
        uploading = self.upload(BytesBody(DATA))
        self.clock.advance(1)
        self.successResultOf(uploading)
        self.assertEqual(self.bucket.objects, {KEY: DATA})

    def lose_completion(self):
        """
        Have the server complete uploads, and answer that something went wrong.
        """

        def fault(request, asked):
            if asked == ("POST", "uploadId"):
                self.root.faults.clear()
                request.content.seek(0)
                query = self.root._query(request)
                data = request.content.read()
                self.root._parts(request, query, data, self.bucket, KEY)
                raise Refusal(500, "InternalError")

        self.root.faults.append(fault)

    def test_completed_unheard(self):
        """
        A completion that was done, though the answer was another, is found out.
        """
        self.lose_completion()
        uploading = self.upload(BytesBody(DATA))
        self.clock.advance(1)
        self.assertEqual(self.successResultOf(uploading), len(DATA))
        self.assertEqual(self.bucket.objects, {KEY: DATA})

    def test_completed_by_other(self):
        """
        An object that isn't made of these parts isn't taken for theirs.
        """
        self.successResultOf(self.upload(BytesBody(DATA[::-1])))
        self.lose_completion()
        old = self.root.etags[KEY]
        uploading = self.upload(BytesBody(DATA))
        self.root.etags[KEY] = old
        self.clock.advance(1)
        self.failureResultOf(uploading, NotFound)

    def test_cancelled(self):
        """
        An upload that is cancelled leaves nothing, and stops its data.
        """
        for size in (0, 5, 25):
            body = ManualBody()
            uploading = self.upload(body)
            body.data(DATA[:size])
            uploading.cancel()
            self.failureResultOf(uploading, CancelledError)
            self.assertTrue(body.stopped)
            self.assert_nothing()

    def test_abort_fails(self):
        """
        Where the parts cannot be removed, it is logged, and what went wrong first
        is told.
        """
        self.refuse(("PUT", "partNumber"), Refusal(403, "AccessDenied"))
        self.refuse(("DELETE", "uploadId"), Refusal(403, "Forbidden"))
        failure = self.failureResultOf(self.upload(BytesBody(DATA)), Forbidden)
        self.assertEqual(failure.value.code, "AccessDenied")

    def test_no_id(self):
        """
        A server that isn't one is an error, and not an upload.
        """
        for text in (b"<html/>", b"<InitiateMultipartUploadResult/>", b""):
            refusal = Refusal(200, "")
            refusal.body = text
            self.refuse(("POST", "uploads"), refusal)
            self.failureResultOf(self.upload(BytesBody(DATA)), BadAnswer)
