"""
Tests for L{glance.streams.continuing}.
"""

import os
import tempfile

from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from glance.errors import BodyStopped, DataDamaged, StoreUnavailable
from glance.streams.blocks import Blocks, IBlockConsumer
from glance.streams.bodies import BytesBody, pump
from glance.streams.continuing import ContinuingBody
from glance.streams.files import FileBody, FileCut, IFileConsumer
from tests.bodies import (
    BrokenConsumer,
    Collector,
    FailingBody,
    GivingBlocks,
    ManualBody,
    SlowConsumer,
    TakesBlocks,
)
from tests.streams.contract import BlockConsumerContract, BodyContract

PIECES = [b"one", b"two", b"three", b"four"]
DATA = b"".join(PIECES)


class Broken(FailingBody):
    """
    A body of all the data, that fails after some pieces.
    """

    def __init__(self, pieces):
        super().__init__(pieces, StoreUnavailable("It is down."), len(DATA))


class Elsewhere:
    """
    Gets bodies, one after the other, for a L{ContinuingBody}.
    """

    def __init__(self, *bodies):
        self._bodies = list(bodies)
        self.asked = []
        """From where on, each time."""
        self.errors = []
        """What had gone wrong, each time."""

    async def go_on(self, count, error):
        """
        Get the next body.
        """
        self.asked.append(count)
        self.errors.append(error)
        if not self._bodies:
            raise error
        return self._bodies.pop(0)


class WholeTests(BodyContract, SynchronousTestCase):
    """
    A L{ContinuingBody} of a body that is whole is a body.
    """

    data = DATA

    def make_body(self):
        return ContinuingBody(BytesBody(PIECES), Elsewhere().go_on)


class CutTests(BodyContract, SynchronousTestCase):
    """
    So is one that goes on elsewhere, twice.
    """

    data = DATA

    def make_body(self):
        rest = [Broken(PIECES[1:2]), BytesBody(PIECES[2:])]
        return ContinuingBody(Broken(PIECES[:1]), Elsewhere(*rest).go_on)


class BlocksTests(BlockConsumerContract, SynchronousTestCase):
    """
    So is one that gives blocks.
    """

    data = DATA

    def make_body(self):
        blocks = getattr(self, "blocks", None) or Blocks(1 << 22)
        self.blocks = blocks
        return ContinuingBody(
            BrokenBlocks(blocks, PIECES[:2]),
            Elsewhere(GivingBlocks(blocks, PIECES[2:])).go_on,
        )

    def test_interface(self):
        """
        What is given a consumer without blocks is not of interest here.
        """

    test_length = test_interface


class BrokenBlocks(GivingBlocks):
    """
    A body that gives some blocks, and fails.
    """

    def __init__(self, blocks, pieces):
        super().__init__(blocks, pieces)
        self.length = len(DATA)

    async def produce(self, write):
        await super().produce(write)
        raise StoreUnavailable("It is down.")


class ContinuingTests(SynchronousTestCase):
    """
    L{ContinuingBody} goes on where it was.
    """

    def test_where(self):
        """
        It says how many bytes have come, and what went wrong.
        """
        elsewhere = Elsewhere(Broken(PIECES[2:3]), BytesBody(PIECES[3:]))
        body = ContinuingBody(Broken(PIECES[:2]), elsewhere.go_on)
        self.assertEqual(body.length, len(DATA))
        consumer = Collector()
        self.successResultOf(pump(body, consumer))
        self.assertEqual(consumer.data, DATA)
        self.assertEqual(elsewhere.asked, [6, 11])

    def test_nothing_came(self):
        """
        It does so where nothing came at all.
        """
        elsewhere = Elsewhere(BytesBody(PIECES))
        consumer = Collector()
        body = ContinuingBody(Broken([]), elsewhere.go_on)
        self.successResultOf(pump(body, consumer))
        self.assertEqual((consumer.data, elsewhere.asked), (DATA, [0]))

    def test_nowhere(self):
        """
        Where there is no other place it fails as that says.
        """
        consumer = Collector()
        body = ContinuingBody(Broken(PIECES[:2]), Elsewhere().go_on)
        self.failureResultOf(pump(body, consumer), StoreUnavailable)
        self.assertEqual(consumer.data, b"onetwo")

    def test_short(self):
        """
        A body that ends too early without an error has failed, too.
        """
        elsewhere = Elsewhere(BytesBody(PIECES[1:]))
        short = BytesBody(PIECES[:1])
        short.length = len(DATA)
        consumer = Collector()
        self.successResultOf(pump(ContinuingBody(short, elsewhere.go_on), consumer))
        self.assertEqual(consumer.data, DATA)
        self.assertIsInstance(elsewhere.errors[0], DataDamaged)

    def test_wrong_at_the_end(self):
        """
        Nothing can follow all of the data: an error then is told.
        """
        elsewhere = Elsewhere(BytesBody(b""))
        body = ContinuingBody(Broken(PIECES), elsewhere.go_on)
        self.failureResultOf(pump(body, Collector()), StoreUnavailable)
        self.assertEqual(elsewhere.asked, [])

    def test_consumer(self):
        """
        A consumer that fails, or that is gone, is no reason to go on.
        """
        for make in (
            lambda go_on: ContinuingBody(BytesBody(PIECES), go_on),
            lambda go_on: ContinuingBody(Broken(PIECES[:1]), go_on),
        ):
            elsewhere = Elsewhere(BytesBody(PIECES[1:]), BytesBody(PIECES[2:]))
            consumer = BrokenConsumer(1, ZeroDivisionError())
            self.failureResultOf(
                pump(make(elsewhere.go_on), consumer), ZeroDivisionError
            )
            self.assertLessEqual(len(elsewhere.asked), 1)

    def test_paused_meanwhile(self):
        """
        Paused while the next body is opened, it starts that paused.
        """
        first, second, opened = ManualBody(len(DATA)), ManualBody(8), Deferred()

        async def go_on(count, error):
            return await opened

        consumer = Collector()
        body = ContinuingBody(first, go_on)
        pumping = pump(body, consumer)
        first.data(b"four")
        first.fail(StoreUnavailable("It is down."))
        consumer.producer.pauseProducing()
        opened.callback(second)
        self.assertTrue(second.paused)
        consumer.producer.resumeProducing()
        self.assertFalse(second.paused)
        second.data(DATA[4:])
        second.end()
        self.successResultOf(pumping)

    def test_stopped_meanwhile(self):
        """
        Stopped while the next body is opened, it gives that up.
        """
        for stop in (lambda body, _: body.stopProducing(), lambda _, p: p.cancel()):
            first, opened = ManualBody(len(DATA)), Deferred()

            async def go_on(count, error, opened=opened):
                return await opened

            body = ContinuingBody(first, go_on)
            pumping = pump(body, Collector())
            first.fail(StoreUnavailable("It is down."))
            stop(body, pumping)
            self.failureResultOf(pumping, BodyStopped)
            self.assertTrue(opened.called)

    def test_opened_too_late(self):
        """
        A body that is opened all the same is let go of.
        """
        first, second = ManualBody(len(DATA)), ManualBody(len(DATA))
        opened = Deferred(lambda opening: opening.callback(second))

        async def go_on(count, error):
            return await opened

        body = ContinuingBody(first, go_on)
        pumping = pump(body, Collector())
        first.fail(StoreUnavailable("It is down."))
        body.stopProducing()
        self.failureResultOf(pumping, BodyStopped)
        self.assertTrue(second.stopped)
        self.assertIs(second.consumer, None)

    def test_ways(self):
        """
        Data goes in the ways that the consumer takes, and no others.
        """
        for consumer, files, blocks in (
            (Collector(), False, False),
            (Sends(), True, False),
            (TakesBlocks(Collector(), Blocks(1 << 20)), False, True),
        ):
            seen = []

            class Looking(BytesBody):
                def startProducing(self, consumer, seen=seen):
                    seen.append(consumer)
                    return super().startProducing(consumer)

            body = ContinuingBody(Looking(DATA), Elsewhere().go_on)
            self.successResultOf(pump(body, consumer))
            [given] = seen
            self.assertEqual(IFileConsumer.providedBy(given), files)
            self.assertEqual(IBlockConsumer.providedBy(given), blocks)


@implementer(IFileConsumer)
class Sends(SlowConsumer):
    """
    A consumer that is given files, of which it may send less than it should.
    """

    def __init__(self, cut=None):
        super().__init__()
        self._cut = cut

    def write(self, data):
        """
        Take a piece.
        """
        self.pieces.append(data)

    def sendFile(self, fd, offset, count):
        """
        Send part of a file, or only some of it.
        """
        cut, self._cut = self._cut, None
        self.pieces.append(os.pread(fd, count if cut is None else cut, offset))
        if cut is not None:
            return fail(FileCut("It ends.", cut))
        return Deferred.fromCoroutine(_nothing())


async def _nothing():
    pass


class FilesTests(SynchronousTestCase):
    """
    Where files are sent by the system, it goes on where that was.
    """

    def file(self, offset=0):
        """
        Get a body that is a file.
        """
        with tempfile.TemporaryFile() as file:
            file.write(DATA)
            file.flush()
            fd = os.dup(file.fileno())
        return FileBody(fd, offset, len(DATA) - offset, maybeDeferred)

    def test_cut(self):
        """
        What had been sent of a file that was cut is not sent again.
        """
        for cut in (0, 1, 7):
            for rest in (BytesBody(DATA[cut:]), self.file(cut)):
                elsewhere = Elsewhere(rest)
                consumer = Sends(cut)
                body = ContinuingBody(self.file(), elsewhere.go_on)
                self.successResultOf(pump(body, consumer))
                self.assertEqual(consumer.data, DATA)
                self.assertEqual(elsewhere.asked, [cut])
