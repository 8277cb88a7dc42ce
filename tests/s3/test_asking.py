"""
Tests of L{glance.s3.asking}: of silence, of errors on the way, and of what is asked
again.
"""

from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionDone, ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import ResponseDone, ResponseNeverReceived
from twisted.web.http_headers import Headers

from glance.s3 import Parcel
from glance.s3.errors import BadBody, Silent, Stopped, Unreachable
from tests.bodies import Collector, ManualBody
from tests.s3.making import GivenAgents, ManualAgent, make_client


class Nothing:
    """
    An answer of no bytes.
    """

    code = 200
    length = 0
    headers = Headers()

    def deliverBody(self, protocol):  # noqa: N802
        """
        Be over.
        """
        protocol.makeConnection(None)
        protocol.connectionLost(Failure(ResponseDone()))


class Moved(Nothing):
    """
    An answer that the bucket is in another region.
    """

    headers = Headers({"x-amz-bucket-region": ["eu-west-1"]})

    def __init__(self, code):
        self.code = code


class AskingCase(SynchronousTestCase):
    """
    A client whose server is the test.
    """

    def setUp(self):
        self.clock = Clock()
        self.agent = ManualAgent()
        self.client = make_client(agents=GivenAgents(self.agent), clock=self.clock)

    def asked(self):
        """
        Get how often something was asked.
        """
        return len(self.agent.asked)

    def fail_with(self, error):
        """
        Have the last request fail.
        """
        self.agent.answers[-1].errback(error)

    def lose(self):
        """
        Have the connection of the last request lost.
        """
        self.fail_with(ResponseNeverReceived([ConnectionDone()]))


class AgainTests(AskingCase):
    """
    Only what is safe is asked again.
    """

    def test_lost(self):
        """
        What does the same, however often it is done, is asked again when the
        connection was lost, so many times; the pauses grow.
        """
        heading = self.client.head_object("b", "k")
        self.lose()
        self.clock.advance(0.24)
        self.assertEqual(self.asked(), 1)
        self.clock.advance(0.02)
        self.assertEqual(self.asked(), 2)
        self.lose()
        self.clock.advance(0.49)
        self.assertEqual(self.asked(), 2)
        self.clock.advance(0.02)
        self.assertEqual(self.asked(), 3)
        self.lose()
        self.failureResultOf(heading, Unreachable)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_lost_beginning(self):
        """
        An upload isn't begun again where the server may have begun it.
        """
        creating = self.client.create_upload("b", "k")
        self.lose()
        self.clock.advance(1)
        self.failureResultOf(creating, Unreachable)
        self.assertEqual(self.asked(), 1)

    def test_refused_beginning(self):
        """
        It is where the server can have heard nothing of it.
        """
        creating = self.client.create_upload("b", "k")
        self.fail_with(ConnectionRefusedError())
        self.clock.advance(1)
        self.assertEqual(self.asked(), 2)
        creating.cancel()
        self.failureResultOf(creating, CancelledError)

    def test_cancelled_pause(self):
        """
        What is cancelled while it waits isn't asked again.
        """
        heading = self.client.head_object("b", "k")
        self.lose()
        heading.cancel()
        self.failureResultOf(heading, CancelledError)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_elsewhere_at_once(self):
        """
        Of several that hear that the bucket is elsewhere, each asks there.
        """
        for method, code in (
            (self.client.list_objects, 301),
            (self.client.head_bucket, 400),
        ):
            del self.agent.answers[:]
            asking = [method(f"b{method.__name__}") for _ in range(2)]
            for number in range(2):
                self.agent.answers[number].callback(Moved(code))
            self.assertEqual(len(self.agent.answers), 4)
            for each in asking:
                each.cancel()
                self.failureResultOf(each, CancelledError)

    def test_once(self):
        """
        Data that comes once is sent once, whatever happens, and is stopped.
        """
        for error in (ConnectionRefusedError(), ResponseNeverReceived([Exception()])):
            body = ManualBody(4)
            self.client._service._regions["b"] = "us-east-1"
            before = self.asked()
            putting = self.client.put_object("b", "k", body)
            self.fail_with(error)
            self.clock.advance(20)
            self.failureResultOf(putting, Unreachable)
            self.assertEqual(self.asked(), before + 1)
            self.assertTrue(body.stopped)


class SilenceTests(AskingCase):
    """
    A server isn't waited for for ever; a moving transfer has no limit.
    """

    def setUp(self):
        super().setUp()
        self.client._service._regions["b"] = "us-east-1"
        self.body = ManualBody(100)
        self.connection = Collector()

    def put(self):
        """
        Begin to send data.

        @return: what becomes of it, and the body that the agent got.
        """
        putting = self.client.put_object("b", "k", self.body)
        sent = self.agent.asked[-1][3]
        self.producing = sent.startProducing(self.connection)
        self.producing.addErrback(lambda _: None)
        return putting, sent

    def test_no_answer(self):
        """
        A server that says nothing is given up, and asked again; the request is
        cancelled.
        """
        heading = self.client.head_object("b", "k")
        for _ in range(2):
            self.clock.advance(69)
            self.assertNoResult(heading)
            self.clock.advance(2)
            self.clock.advance(1)
        failure = self.failureResultOf(heading, Silent)
        self.assertEqual(str(failure.value), "s3.test did nothing for 70 seconds.")
        self.assertEqual(self.agent.cancelled, 2)

    def test_takes_nothing(self):
        """
        A server that takes nothing is given up, and the data stopped.
        """
        putting, sent = self.put()
        self.body.data(b"x" * 10)
        sent.pauseProducing()
        self.assertTrue(self.body.paused)
        self.clock.advance(59)
        self.assertNoResult(putting)
        self.clock.advance(2)
        self.failureResultOf(putting, Silent)
        self.assertTrue(self.body.stopped)

    def test_takes_slowly(self):
        """
        One that takes data slowly is not.
        """
        putting, sent = self.put()
        for _ in range(10):
            self.body.data(b"x" * 10)
            sent.pauseProducing()
            self.clock.advance(50)
            sent.resumeProducing()
            self.assertFalse(self.body.paused)
            self.clock.advance(1000)
        self.assertNoResult(putting)

    def test_slow_source(self):
        """
        Nor is it blamed for data that comes slowly.
        """
        putting, _ = self.put()
        for _ in range(10):
            self.clock.advance(1000)
            self.body.data(b"x")
        self.assertNoResult(putting)

    def test_settling(self):
        """
        Once it has all of an object, of any size, it has longer.
        """
        putting, sent = self.put()
        self.body.data(b"x" * 100)
        self.body.end()
        self.successResultOf(self.producing)
        sent.pauseProducing()
        sent.resumeProducing()
        self.clock.advance(599)
        self.assertNoResult(putting)
        self.clock.advance(2)
        self.failureResultOf(putting, Silent)

    def test_settling_part(self):
        """
        For a part it hasn't.
        """
        putting = self.client.upload_part("b", "k", "u", 1, Parcel([b"x"]))
        for _ in range(2):
            self.agent.asked[-1][3].startProducing(Collector())
            self.clock.advance(59)
            self.assertNoResult(putting)
            self.clock.advance(2)
            self.clock.advance(1)
        self.failureResultOf(putting, Silent)

    def test_cancelled(self):
        """
        What is cancelled is broken off, at once, and its data stopped.
        """
        putting, _ = self.put()
        putting.cancel()
        self.failureResultOf(putting, CancelledError)
        self.assertTrue(self.body.stopped)
        self.assertEqual(self.agent.cancelled, 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_source_fails(self):
        """
        What the data fails with is told as it is.
        """
        putting, _ = self.put()
        self.body.fail(ZeroDivisionError("bad"))
        self.lose()
        self.failureResultOf(putting, ZeroDivisionError)

    def test_source_stops(self):
        """
        Data that somebody else stops is no puzzle.
        """
        putting, _ = self.put()
        self.body.fail(Stopped("Enough."))
        self.lose()
        self.failureResultOf(putting, Stopped)

    def test_source_fails_late(self):
        """
        That it was granted helps nothing where the data then fails: whoever made
        it may find that it is wrong only when all of it is there.
        """
        for late in (ZeroDivisionError("bad"), None):
            self.body = ManualBody(4)
            putting, _ = self.put()
            self.body.data(b"data")
            self.agent.answers[-1].callback(Nothing())
            self.assertNoResult(putting)
            if late is None:
                self.body.end()
                self.successResultOf(putting)
            else:
                self.body.fail(late)
                self.failureResultOf(putting, ZeroDivisionError)

    def test_too_much(self):
        """
        Not one byte more than was announced is written.
        """
        putting, _ = self.put()
        self.body.data(b"x" * 101)
        self.lose()
        self.failureResultOf(putting, BadBody)
        self.assertEqual(self.connection.data, b"")
        self.assertTrue(self.body.stopped)

    def test_too_little(self):
        """
        Data that ends early is an error before the server is waited for.
        """
        putting, _ = self.put()
        self.body.data(b"x" * 99)
        self.body.end()
        self.lose()
        self.failureResultOf(putting, BadBody)
