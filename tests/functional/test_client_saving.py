"""
Tests for downloads of L{glance.client} into files.
"""

from errno import ENOSPC

from twisted.internet.defer import Deferred, fail
from twisted.internet.threads import deferToThread

from glance.client import (
    ChecksumMismatch,
    DataCut,
    NotFound,
)
from glance.client.errors import (
    AlreadyRunning,
)
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
