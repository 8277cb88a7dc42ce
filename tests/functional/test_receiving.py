"""
What L{tests.functional.test_site} demands, where blocks are taken: uploads are
received into memory that all of them share, and there is little of that.
"""

from zope.interface import implementer

from glance.streams.blocks import BLOCK, Blocks, IBlockConsumer
from tests.functional import test_site
from tests.functional.raw import Hasher


def taking_blocks(hasher, blocks):
    """
    Get a kind of hasher that takes blocks.
    """

    @implementer(IBlockConsumer)
    class BlockHasher(hasher):
        def __init__(self):
            super().__init__()
            self.blocks = blocks

        def writeBlock(self, block):
            self.write(bytes(block.data))

    return BlockHasher


class OverBlocks:
    """
    Hashes blocks.
    """

    def setUp(self):
        self.blocks = Blocks(2 * BLOCK)
        self.addCleanup(lambda: self.assertEqual(self.blocks.used, 0))
        super().setUp()
        hashed = self.torture.hashed
        self.torture.hashed = lambda request, hasher=Hasher: hashed(
            request, taking_blocks(hasher, self.blocks)
        )


class BlockUploadTests(OverBlocks, test_site.UploadTests):
    """
    Uploads by TCP.
    """


class BlockAbandonedTests(OverBlocks, test_site.AbandonedTests):
    """
    Clients that go away.
    """


class BlockStalledTests(OverBlocks, test_site.StalledTests):
    """
    Clients that do nothing.
    """


class BlockRefusedTests(OverBlocks, test_site.RefusedTests):
    """
    Uploads that are refused.
    """


class BlockShutdownTests(OverBlocks, test_site.ShutdownTests):
    """
    Uploads while the server ends.
    """


class UNIXBlockUploadTests(OverBlocks, test_site.UNIXUploadTests):
    """
    Uploads by UNIX sockets.
    """


class TLSBlockUploadTests(OverBlocks, test_site.TLSUploadTests):
    """
    Uploads by TLS.
    """


class TLSBlockRefusedTests(OverBlocks, test_site.TLSRefusedTests):
    """
    Refusals by TLS.
    """


class TLSBlockAbandonedTests(OverBlocks, test_site.TLSAbandonedTests):
    """
    Clients that go away, by TLS.
    """
