"""
Tests for L{glance.streams.strands}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from glance.streams.blocks import Block
from glance.streams.strands import BATCH, Strand, Window
from tests.bodies import ManualThreads


class StrandTests(SynchronousTestCase):
    """
    L{Strand} calls a function with data, in order.
    """

    def setUp(self):
        self.in_thread = ManualThreads()
        self.got = []
        self.relieved = 0
        self.strand = Strand(self.got.append, self.in_thread, self.relieve)

    def relieve(self):
        self.relieved += 1

    def test_order(self):
        """
        The function gets all the data in order, and never two lots at once.
        """
        for piece in (b"a", b"b", b"c"):
            self.strand.put(Block(piece))
        self.assertEqual(self.in_thread.waiting, 1)
        self.in_thread.run()
        self.assertEqual(self.in_thread.waiting, 1)
        self.in_thread.run()
        self.assertEqual(self.got, [[b"a"], [b"b", b"c"]])
        self.assertEqual(self.in_thread.waiting, 0)

    def test_waiting(self):
        """
        It counts what was put and isn't done with, and tells when that is
        less.
        """
        self.strand.put(Block(b"123"))
        self.strand.put(Block(b"45"))
        self.assertEqual((self.strand.waiting, self.relieved), (5, 0))
        self.in_thread.run()
        self.assertEqual((self.strand.waiting, self.relieved), (2, 1))
        self.in_thread.run()
        self.assertEqual((self.strand.waiting, self.relieved), (0, 2))

    def test_batches(self):
        """
        What waits is handed over in lots that are not much more than a batch.
        """
        piece = b"x" * (BATCH // 4)
        for _ in range(13):
            self.strand.put(Block(piece))
        self.in_thread.run_all()
        self.assertEqual([len(lot) for lot in self.got], [1, 4, 4, 4])

    def test_drained(self):
        """
        It is drained when nothing waits and nothing runs.
        """
        self.successResultOf(self.strand.drained())
        self.strand.put(Block(b"a"))
        self.strand.put(Block(b"b"))
        drained = [self.strand.drained(), self.strand.drained()]
        self.in_thread.run()
        self.assertNoResult(drained[0])
        self.in_thread.run()
        for waiting in drained:
            self.successResultOf(waiting)

    def test_drained_cancelled(self):
        """
        Who doesn't want to wait any more need not, and others still do.
        """
        self.strand.put(Block(b"a"))
        first, second = self.strand.drained(), self.strand.drained()
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.in_thread.run()
        self.successResultOf(second)

    def test_drained_cancelled_by_another(self):
        """
        Of those who wait, one may cancel another when it is told.
        """
        self.strand.put(Block(b"a"))
        first, second = self.strand.drained(), self.strand.drained()
        first.addCallback(lambda _: second.cancel())
        self.in_thread.run()
        self.successResultOf(first)
        self.failureResultOf(second, CancelledError)

    def test_put_by_who_waited(self):
        """
        Who is told that all is done may put more.
        """
        self.strand.put(Block(b"a"))
        self.strand.drained().addCallback(lambda _: self.strand.put(Block(b"b")))
        self.in_thread.run_all()
        self.assertEqual(self.got, [[b"a"], [b"b"]])
        self.successResultOf(self.strand.drained())

    def test_abandon(self):
        """
        What is abandoned is forgotten, but for what runs.
        """
        self.strand.put(Block(b"a"))
        self.strand.put(Block(b"bc"))
        self.strand.abandon()
        self.assertEqual(self.strand.waiting, 1)
        self.in_thread.run_all()
        self.assertEqual(self.got, [[b"a"]])
        self.assertEqual(self.strand.waiting, 0)

    def test_failure(self):
        """
        After its first error the function is not called again; who waits for
        the end gets that error, and who only waits for quiet does not.
        """
        calls = []

        def work(pieces):
            calls.append(pieces)
            raise ZeroDivisionError

        strand = Strand(work, self.in_thread, self.relieve)
        strand.put(Block(b"a"))
        strand.put(Block(b"b"))
        drained, idle = strand.drained(), strand.idle()
        self.in_thread.run_all()
        self.failureResultOf(drained, ZeroDivisionError)
        self.successResultOf(idle)
        self.assertTrue(strand.failure.check(ZeroDivisionError))
        strand.put(Block(b"c"))
        self.assertEqual(strand.waiting, 0)
        self.assertEqual(calls, [[b"a"]])
        self.assertEqual(self.relieved, 1)
        self.failureResultOf(strand.drained(), ZeroDivisionError)
        self.successResultOf(strand.idle())

    def test_enough(self):
        """
        Once it returns L{True} the function is not called again, and nothing
        waits any more.
        """
        calls = []

        def work(pieces):
            calls.append(pieces)
            return len(calls) == 2

        strand = Strand(work, self.in_thread, self.relieve)
        for piece in (b"a", b"b"):
            strand.put(Block(piece))
            self.in_thread.run()
        strand.put(Block(b"c"))
        self.in_thread.run_all()
        self.assertEqual(calls, [[b"a"], [b"b"]])
        self.assertEqual(strand.waiting, 0)
        self.successResultOf(strand.drained())

    def test_enough_of_many(self):
        """
        What was put meanwhile is forgotten.
        """
        strand = Strand(lambda pieces: True, self.in_thread, self.relieve)
        strand.put(Block(b"a"))
        strand.put(Block(b"b"))
        drained = strand.drained()
        self.in_thread.run()
        self.assertEqual((self.in_thread.waiting, strand.waiting), (0, 0))
        self.successResultOf(drained)

    @given(st.lists(st.one_of(st.binary(max_size=5), st.integers(1, 3))))
    def test_any_timing(self, steps):
        """
        Whenever the threads come to it, the function gets all the data in
        order.
        """
        in_thread = ManualThreads()
        got = []
        strand = Strand(got.extend, in_thread, lambda: None)
        for step in steps:
            if isinstance(step, bytes):
                strand.put(Block(step))
            else:
                in_thread.run(min(step, in_thread.waiting))
        in_thread.run_all()
        self.assertEqual(got, [step for step in steps if isinstance(step, bytes)])
        self.assertEqual(strand.waiting, 0)


class SynchronousStrandTests(SynchronousTestCase):
    """
    L{Strand} where calls are made at once.
    """

    def test_reentrant(self):
        """
        More can be put when it tells that less waits.
        """
        got = []
        more = [b"b", b"c"]

        def relieved():
            if more:
                strand.put(Block(more.pop(0)))

        strand = Strand(got.extend, maybeDeferred, relieved)
        strand.put(Block(b"a"))
        self.assertEqual(got, [b"a", b"b", b"c"])
        self.successResultOf(strand.drained())
        strand.put(Block(b"d"))
        self.assertEqual(got[3:], [b"d"])
        self.assertEqual(strand.waiting, 0)

    def test_failure(self):
        """
        An error at once is kept, too.
        """

        def work(pieces):
            raise ZeroDivisionError

        strand = Strand(work, maybeDeferred, lambda: None)
        strand.put(Block(b"a"))
        self.assertEqual(strand.waiting, 0)
        self.failureResultOf(strand.drained(), ZeroDivisionError)


class WindowTests(SynchronousTestCase):
    """
    L{Window} shares out memory.
    """

    def test_size(self):
        """
        Each transfer gets its share of the total, up to the most.
        """
        window = Window(100, most=40)
        sizes = []
        for transfers in (0, 1, 2, 4, 10, 50, 1000):
            window.transfers = transfers
            sizes.append(window.size)
        self.assertEqual(sizes, [40, 40, 40, 25, 10, 2, 0])
