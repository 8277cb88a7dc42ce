"""
Tests for downloads of L{glance.client} into files.
"""

import os
from errno import ENOSPC

from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from glance.client import (
    ChecksumMismatch,
    DataCut,
    Invalid,
    NotFound,
)
from glance.client.errors import (
    AlreadyRunning,
)
from glance.deferreds import daemonic
from tests.functional.peering import DATA, MD5, META, SavingCase
from tests.peer import answer


class SaveTests(SavingCase):
    """
    Tests for downloads into files.
    """

    def head(self):
        """
        Answer a HEAD.
        """
        return answer("200 OK", META)

    def partial(self, at, data=None):
        """
        Answer the rest of the data.
        """
        span = {"Content-Range": f"bytes {at}-{len(DATA) - 1}/{len(DATA)}"}
        return answer("206 Partial", {**META, **span}, data or DATA[at:])

    async def test_whole(self):
        """
        The file holds the data, and no part of it stays.
        """
        came = []
        client = await self.client(answer("200 OK", META, DATA))
        meta = await client.save("an-id", self.path, progress=came.append)
        self.assertEqual(self.path.read_bytes(), DATA)
        self.assertFalse(self.part.exists())
        self.assertEqual(meta["checksum"], MD5)
        self.assertEqual(sum(came), len(DATA))

    async def test_resume(self):
        """
        A download that was cut goes on where it was.
        """
        client = await self.client(
            answer(
                "200 OK",
                META,
                DATA[:99],
                length=len(DATA),
                then=lambda t: t.loseConnection(),
            ),
            self.head(),
            self.partial(99),
        )
        came = []
        await self.assert_fails(client.save("an-id", self.path), DataCut)
        self.assertEqual(self.part.read_bytes(), DATA[:99])
        self.assertFalse(self.path.exists())
        await client.save("an-id", self.path, progress=came.append)
        self.assertEqual(self.path.read_bytes(), DATA)
        self.assertFalse(self.part.exists())
        self.assertEqual(sum(came), len(DATA))
        self.assertIn(b"Range: bytes=99-", self.peer.heads[2])
        self.assertIn(f'\r\nIf-Range: "{MD5}"'.encode(), self.peer.heads[2])

    async def test_resume_of_another(self):
        """
        A part of something else is thrown away.
        """
        self.part.write_bytes(b"x" * 99)
        client = await self.client(
            self.head(), self.partial(99), answer("200 OK", META, DATA)
        )
        await client.save("an-id", self.path)
        self.assertEqual(self.path.read_bytes(), DATA)

    async def test_resume_without_ranges(self):
        """
        A server that sends all is taken at that.
        """
        self.part.write_bytes(DATA[:99])
        client = await self.client(self.head(), answer("200 OK", META, DATA))
        await client.save("an-id", self.path)
        self.assertEqual(self.path.read_bytes(), DATA)

    async def test_resume_of_all(self):
        """
        A part that lacks nothing needs no download.
        """
        self.part.write_bytes(DATA)
        client = await self.client(self.head())
        await client.save("an-id", self.path)
        self.assertEqual(self.path.read_bytes(), DATA)

    async def test_no_resume(self):
        """
        Nothing is resumed where that isn't wanted.
        """
        self.part.write_bytes(DATA[:99])
        client = await self.client(answer("200 OK", META, DATA))
        await client.save("an-id", self.path, resume=False)
        self.assertEqual(self.path.read_bytes(), DATA)
        self.assertNotIn(b"Range", self.peer.heads[0])

    async def test_damaged(self):
        """
        Damaged data never gets the name of the file.
        """
        client = await self.client(answer("200 OK", META, DATA[:-1] + b"x"))
        await self.assert_fails(client.save("an-id", self.path), ChecksumMismatch)
        self.assertFalse(self.path.exists())

    async def test_refused(self):
        """
        A refusal leaves nothing behind.
        """
        client = await self.client(answer("404 Not Found"))
        await self.assert_fails(client.save("an-id", self.path), NotFound)
        self.assertEqual(list(self.path.parent.iterdir()), [])

    async def test_twice(self):
        """
        Two don't write one file.
        """
        waiting = Deferred()
        client = await self.client(lambda c, head: waiting.callback(None))
        saving = client.save("an-id", self.path)
        await waiting
        await self.assert_fails(client.save("an-id", self.path), AlreadyRunning)
        saving.addErrback(lambda failure: None)
        saving.cancel()
        await saving

    async def test_disk_fails(self):
        """
        A disk that takes no data ends the download with its error.
        """

        def full(f, *args, **kwargs):
            if f.__name__ == "write":
                return fail(OSError(ENOSPC, "No space left on device"))
            return deferToThread(f, *args, **kwargs)

        client = await self.client(answer("200 OK", META, DATA), in_thread=full)
        await self.assert_fails(client.save("an-id", self.path), OSError)
        self.assertFalse(self.path.exists())

    async def test_link(self):
        """
        A part that is a link to elsewhere is not followed.
        """
        elsewhere = self.path.with_name("elsewhere")
        self.part.symlink_to(elsewhere)
        client = await self.client(answer("200 OK", META, DATA))
        await self.assert_fails(client.save("an-id", self.path), OSError)
        self.assertFalse(elsewhere.exists())

    async def test_linked_file(self):
        """
        A link to a file, or to where there is none yet, stays, and the data
        goes there.
        """
        elsewhere = self.path.with_name("elsewhere")
        self.path.symlink_to(elsewhere.name)
        for old in (None, b"old"):
            if old is not None:
                elsewhere.write_bytes(old)
            client = await self.client(answer("200 OK", META, DATA))
            await client.save("an-id", self.path)
            self.assertTrue(self.path.is_symlink())
            self.assertEqual(elsewhere.read_bytes(), DATA)

    async def test_pipe(self):
        """
        A pipe gets the data as it comes, and stays; it is checked, too.
        """
        os.mkfifo(self.path)
        for sent, error in ((DATA, None), (DATA[:-1] + b"x", ChecksumMismatch)):
            client = await self.client(answer("200 OK", META, sent))
            reading = daemonic(reactor)(self.path.read_bytes)
            saving = client.save("an-id", self.path)
            await (saving if error is None else self.assert_fails(saving, error))
            self.assertEqual(await reading, sent)
            self.assertTrue(self.path.is_fifo())
            self.assertEqual(list(self.path.parent.iterdir()), [self.path])

    async def test_pipe_without_reader(self):
        """
        Whoever waits for the other end of a pipe can be stopped.
        """
        os.mkfifo(self.path)

        def release():
            os.close(os.open(self.path, os.O_RDONLY | os.O_NONBLOCK))

        self.addCleanup(release)
        client = await self.client()
        saving = client.save("an-id", self.path)
        await deferLater(reactor, 0.05)
        saving.cancel()
        await self.assert_fails(saving, CancelledError)
        self.assertEqual(self.peer.heads, [])

    async def test_directory(self):
        """
        A directory is refused before anything is asked or written.
        """
        client = await self.client()
        for path in (self.path.parent, "", "."):
            await self.assert_fails(client.save("an-id", path), Invalid)
        self.assertEqual(self.peer.connections, [])
        self.assertEqual(list(self.path.parent.iterdir()), [])
