"""
Tests for L{glance.stores.filesystem}.
"""

from __future__ import annotations

import os
from pathlib import Path

from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from glance.stores.filesystem import FilesystemStore, prepare
from glance.streams.strands import Window
from tests.stores.contract import StoreContract


def open_files():
    """
    Count the open files of this process.
    """
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


class Prepared:
    """
    Mixed in: a directory that is prepared, and nothing left in it.
    """

    def make_store(self):
        self.directory = Path(self.mktemp())
        prepare(self.directory)
        self.window = Window(1 << 20)
        self.files_before = open_files()
        return FilesystemStore(self.directory, maybeDeferred, self.window)

    def leftovers(self):
        self.assertEqual(self.window.transfers, 0)
        return [
            str(path)
            for path in self.directory.rglob("*")
            if path.parent != self.directory
        ]


class FilesystemStoreTests(Prepared, StoreContract, SynchronousTestCase):
    """
    L{FilesystemStore} is a store.
    """

    def tearDown(self):
        super().tearDown()
        self.assertEqual(open_files(), self.files_before)
