"""
A directory for the tests of L{glance.stores.filesystem}.
"""

from __future__ import annotations

from pathlib import Path

from twisted.internet.defer import maybeDeferred

from glance.stores.directory import prepare
from glance.stores.filesystem import FilesystemStore
from glance.streams.strands import Window


def open_files():
    """
    Count the open files of this process.
    """
    return len(list(Path("/proc/self/fd").iterdir()))


class Prepared:
    """
    Mixed in: a directory that is prepared, where nothing is left and no file
    stays open.
    """

    in_thread = staticmethod(maybeDeferred)
    thin = False

    def make_store(self):
        self.directory = Path(self.mktemp())
        prepare(self.directory)
        self.window = Window(1 << 20)
        self.files_before = open_files()
        return FilesystemStore(
            self.directory, self.in_thread, self.window, thin=self.thin
        )

    def tearDown(self):
        super().tearDown()
        self.assertEqual(self.leftovers(), [])
        self.assertEqual(open_files(), self.files_before)

    @property
    def incoming(self):
        return self.directory / ".incoming"

    def names(self):
        return [path.name for path in self.directory.iterdir()]

    def leftovers(self):
        self.assertEqual(self.window.transfers, 0)
        return [path.name for path in self.incoming.iterdir()]
