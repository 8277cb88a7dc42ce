"""
Tests for L{glance.stores.scratch}.
"""

from pathlib import Path

from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from glance.stores.scratch import ScratchStore
from glance.streams.strands import Window
from tests.stores.contract import StoreContract


class ScratchStoreTests(StoreContract, SynchronousTestCase):
    """
    L{ScratchStore} is a store.
    """

    def make_store(self):
        self.directory = Path(self.mktemp())
        self.directory.mkdir()
        return ScratchStore(self.directory, maybeDeferred, Window(1 << 20))

    def leftovers(self):
        return [path.name for path in self.directory.glob(".*")]
