"""
Tests of L{glance.s3.uploading}, on a small server in memory.
"""

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
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
from glance.s3.memory import Memory
from glance.s3.uploading import Uploading
from glance.streams.bodies import BytesBody
from tests.bodies import FailingBody, ManualBody, collect
from tests.s3.case import DATA, KEY, ClientCase
from tests.s3.fake import Refusal
from tests.s3.making import SMALL


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
                    sent = self.root.seen.count(("PUT", "partNumber"))
                    # Of one that is full, nobody may know yet that it is all.
                    self.assertIn(sent, {parts, parts or size // 10})
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


class ManualOperations:
    """
    Operations that are done when the test says so.
    """

    def __init__(self):
        self.done = []
        """What was asked for: the name and a L{Deferred} of each."""
        self.parts = []
        self.cancelled = []

    def begin(self, name):
        """
        Begin something.
        """
        doing = Deferred(lambda _: self.cancelled.append(name))
        self.done.append((name, doing))
        return doing

    def finish(self, result=None):
        """
        Do what was asked for first.

        @return: its name.
        """
        name, doing = self.done.pop(0)
        doing.callback(result)
        return name

    def put_object(self, bucket, key, body, headers=None):
        """
        Begin to keep an object.
        """
        self.parts.append(body)
        return self.begin("put")

    def create_upload(self, bucket, key, headers=None):
        """
        Begin to begin an upload.
        """
        return self.begin("create")

    def upload_part(self, bucket, key, upload_id, number, body):
        """
        Begin to send a part.
        """
        self.parts.append(body)
        return self.begin(f"part {number} of {upload_id}")

    def complete_upload(self, bucket, key, upload_id, etags):
        """
        Begin to complete an upload.
        """
        return self.begin(f"complete {upload_id} of {' '.join(etags)}")

    def abort_upload(self, bucket, key, upload_id):
        """
        Begin to remove an upload.
        """
        return self.begin(f"abort {upload_id}")


class OrderTests(SynchronousTestCase):
    """
    An upload does one thing after the other, and some at once.
    """

    def setUp(self):
        self.operations = ManualOperations()
        self.body = ManualBody()
        self.memory = Memory(Clock(), 40, 5)
        uploading = Uploading(
            self.operations, "b", "k", self.body, None, SMALL, self.memory, False
        )
        self.uploading = Deferred.fromCoroutine(uploading.run())

    def tearDown(self):
        self.successResultOf(self.memory.take(40))

    def asked(self):
        """
        Get what was asked for and isn't done.
        """
        return [name for name, _ in self.operations.done]

    def test_in_flight(self):
        """
        So many parts are sent at once; while they are, the data pauses, and what
        has landed isn't in memory.
        """
        self.body.data(b"x" * 45)
        self.assertEqual(self.asked(), ["create"])
        self.operations.finish("u")
        self.assertEqual(self.asked(), ["part 1 of u", "part 2 of u"])
        self.assertTrue(self.body.paused)
        self.operations.finish("e1")
        self.assertEqual(self.asked(), ["part 2 of u", "part 3 of u"])
        landed = self.successResultOf(collect(self.operations.parts[0].body()))
        self.assertEqual(landed, b"")
        self.body.end()
        for number in (2, 3, 4, 5):
            self.operations.finish(f"e{number}")
        self.assertEqual(self.asked(), ["complete u of e1 e2 e3 e4 e5"])
        self.operations.finish("etag")
        self.assertEqual(self.successResultOf(self.uploading), 45)

    def test_cancelled_beginning(self):
        """
        What is cancelled while it is begun waits for that, and removes it.
        """
        self.body.data(b"x" * 45)
        self.uploading.cancel()
        self.assertNoResult(self.uploading)
        self.assertEqual(self.operations.cancelled, [])
        self.operations.finish("u")
        self.assertEqual(self.asked(), ["abort u"])
        self.operations.finish()
        self.failureResultOf(self.uploading, CancelledError)
        self.assertTrue(self.body.stopped)

    def test_cancelled_parts(self):
        """
        Parts on their way are broken off before what has landed is removed; that
        isn't cancelled.
        """
        self.body.data(b"x" * 45)
        self.operations.finish("u")
        self.uploading.cancel()
        parts = ["part 1 of u", "part 2 of u"]
        self.assertEqual(sorted(self.operations.cancelled), parts)
        self.assertEqual(self.asked(), [*parts, "abort u"])
        self.uploading.cancel()
        self.assertEqual(sorted(self.operations.cancelled), parts)
        self.assertNoResult(self.uploading)
        self.operations.done[-1][1].callback(None)
        self.failureResultOf(self.uploading, CancelledError)

    def test_part_fails(self):
        """
        Where one part fails the others are broken off, also while the data is
        waited for.
        """
        self.body.data(b"x" * 15)
        self.operations.finish("u")
        self.operations.done.pop(0)[1].errback(ZeroDivisionError("bad"))
        self.assertTrue(self.body.stopped)
        self.assertEqual(self.asked(), ["abort u"])
        self.operations.finish()
        self.failureResultOf(self.uploading, ZeroDivisionError)

    def test_beginning_fails(self):
        """
        Where it cannot be begun, the data is stopped.
        """
        self.body.data(b"x" * 15)
        self.operations.done.pop(0)[1].errback(ZeroDivisionError("bad"))
        self.assertTrue(self.body.stopped)
        self.failureResultOf(self.uploading, ZeroDivisionError)

    def test_small(self):
        """
        What is no more than a part is put, and not in memory afterwards.
        """
        self.body.data(b"x" * 9)
        self.body.end()
        self.assertEqual(self.operations.finish('"e"'), "put")
        self.assertEqual(self.successResultOf(self.uploading), 9)
        landed = self.successResultOf(collect(self.operations.parts[0].body()))
        self.assertEqual(landed, b"")
