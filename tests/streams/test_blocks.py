"""
Tests for L{glance.streams.blocks}.
"""

from __future__ import annotations

from pickle import PickleBuffer

from twisted.trial.unittest import SynchronousTestCase

from glance.streams.blocks import BLOCK, KEPT, LITTLE, PAGE, Block, Blocks


def filled(blocks, size=BLOCK, byte=b"x"):
    """
    Receive so many bytes, and get the block.
    """
    memory = blocks.lend()
    memory[PAGE : PAGE + size] = byte * size
    return blocks.take(memory, PAGE, PAGE + size)


class BlockTests(SynchronousTestCase):
    """
    L{Block} lets go of its memory when nobody needs it.
    """

    def test_holders(self):
        """
        The last release counts, and only that.
        """
        released = []
        block = Block(b"data", lambda: released.append(True))
        block.hold()
        block.release()
        self.assertEqual(released, [])
        block.release()
        self.assertEqual(released, [True])
        self.assertRaises(AssertionError, block.hold)

    def test_late_reader(self):
        """
        Who reads what was let go of fails: it may be somebody else's by now.
        """
        block = filled(Blocks(BLOCK))
        data = block.data
        self.assertEqual((len(block), data[:3]), (BLOCK, b"xxx"))
        block.release()
        self.assertRaises(ValueError, bytes, data)

    def test_released_too_early(self):
        """
        What is being read cannot be let go of.
        """
        block = filled(Blocks(BLOCK))
        reading = PickleBuffer(block.data)
        self.assertRaises(BufferError, block.release)
        reading.release()


class BlocksTests(SynchronousTestCase):
    """
    L{Blocks} shares out memory.
    """

    def test_content(self):
        """
        A block has what was received, wherever that is.
        """
        blocks = Blocks(4 * BLOCK)
        for size in (1, LITTLE - 1, LITTLE, BLOCK - 3):
            memory = blocks.lend()
            memory[PAGE + 2 : PAGE + 2 + size] = bytes(range(256)) * (size // 256) + (
                bytes(size % 256)
            )
            block = blocks.take(memory, PAGE + 2, PAGE + 2 + size)
            expected = bytes(range(256)) * (size // 256) + bytes(size % 256)
            self.assertEqual(bytes(block.data), expected)
            block.release()
        self.assertEqual(blocks.used, 0)

    def test_used_again(self):
        """
        Memory that was let go of is used again, and no other is.
        """
        blocks = Blocks(2 * BLOCK)
        memory = blocks.lend()
        blocks.take(memory, PAGE, PAGE + BLOCK).release()
        self.assertIs(blocks.lend(), memory)

    def test_little(self):
        """
        Little data holds no more memory than it needs: that which it was
        received into goes back at once.
        """
        blocks = Blocks(2 * BLOCK)
        memory = blocks.lend()
        block = blocks.take(memory, PAGE, PAGE + LITTLE - 1)
        self.assertEqual(blocks.used, LITTLE - 1)
        self.assertIs(blocks.lend(), memory)
        memory[PAGE : PAGE + 4] = b"next"
        self.assertEqual(bytes(block.data), bytes(LITTLE - 1))
        block.release()
        self.assertEqual(blocks.used, 0)

    def test_crowded(self):
        """
        One has to wait when there is no room for a block; the first never has
        to, however little there is.
        """
        blocks = Blocks(2 * BLOCK)
        first = filled(blocks)
        self.assertFalse(blocks.crowded)
        second = blocks.wrap(b"x")
        self.assertTrue(blocks.crowded)
        second.release()
        self.assertFalse(blocks.crowded)
        first.release()
        self.assertFalse(Blocks(1).crowded)

    def test_turns(self):
        """
        Who waits gets memory in turn, and who comes later waits behind him.
        """
        blocks = Blocks(2 * BLOCK)
        taken, order = [filled(blocks), filled(blocks)], []

        def turn(name):
            order.append(name)
            taken.append(filled(blocks))

        for name in "abc":
            blocks.wait(lambda name=name: turn(name))
        taken.pop(0).release()
        self.assertEqual(order, ["a"])
        self.assertTrue(blocks.crowded)
        taken.pop(0).release()
        taken.pop(0).release()
        self.assertEqual(order, ["a", "b", "c"])
        self.assertEqual(blocks.used, 2 * BLOCK)

    def test_turn_not_wanted(self):
        """
        Who doesn't want memory any more passes his turn on.
        """
        blocks = Blocks(1)
        block, order = filled(blocks), []
        for name in "abc":
            blocks.wait(lambda name=name: order.append(name))
        block.release()
        self.assertEqual(order, ["a", "b", "c"])
        self.assertFalse(blocks.crowded)

    def test_given_up(self):
        """
        When no data is on its way, most of the memory goes back to the system.
        """
        blocks = Blocks((KEPT + 4) * BLOCK)
        taken = [filled(blocks) for _ in range(KEPT + 4)]
        while len(taken) > 1:
            taken.pop().release()
        self.assertEqual(len(blocks._free), KEPT + 3)
        taken.pop().release()
        self.assertEqual(len(blocks._free), KEPT)
