"""
What a client of version 1 does with any server that is one.
"""

import gzip
import hashlib
import io
import os
import uuid
from pathlib import Path

from twisted.web.iweb import UNKNOWN_LENGTH

from glance.client import Duplicate, Invalid, NotFound
from glance.streams.bodies import BytesBody, read_all

DATA = bytes(range(256)) * 300
MD5 = hashlib.md5(DATA).hexdigest()
FORMATS = {"disk_format": "raw", "container_format": "bare"}


class Failing:
    """
    The part of a test that waits for errors.
    """

    async def fails(self, deferred, kind):
        """
        Wait for the error that must come.
        """
        with self.assertRaises(kind) as caught:
            await deferred
        return caught.exception


class ClientContract(Failing):
    """
    Tests for a client; a subclass makes C{self.client} in C{setUp}.
    """

    async def add(self, data=DATA, **meta):
        """
        Make an image.
        """
        return await self.client.add_image({**FORMATS, **meta}, data)

    async def data_of(self, image_id):
        """
        Fetch an image's data.
        """
        _, body = await self.client.get_image(image_id)
        return await read_all(body, 1 << 24)

    async def test_add(self):
        """
        An image that is added is described, and its data comes back.
        """
        image = await self.add(name="é", properties={"arch": "x86"}, min_ram=5)
        self.assertEqual(image["status"], "active")
        self.assertEqual(image["size"], len(DATA))
        meta, body = await self.client.get_image(image["id"])
        self.assertEqual(body.length, len(DATA))
        self.assertEqual(await read_all(body, 1 << 24), DATA)
        self.assertEqual(meta["name"], "é")
        self.assertEqual(meta["checksum"], MD5)
        self.assertEqual(meta["min_ram"], 5)
        self.assertIs(meta["is_public"], False)
        self.assertEqual(meta["properties"], {"arch": "x86"})

    async def test_forms_of_data(self):
        """
        Data may be bytes, a path, a file, or a body.
        """
        path = Path(self.mktemp())
        path.write_bytes(b"skipped" + DATA)
        whole = Path(self.mktemp())
        whole.write_bytes(DATA)
        chunked = BytesBody([DATA[:100], DATA[100:]])
        chunked.length = UNKNOWN_LENGTH
        with path.open("rb") as file:
            file.seek(7)
            forms = (
                DATA,
                bytearray(DATA),
                whole,
                file,
                io.BytesIO(DATA),
                BytesBody(DATA),
                chunked,
            )
            for form in forms:
                image = await self.add(form)
                self.assertEqual(image["size"], len(DATA), form)
                self.assertEqual(await self.data_of(image["id"]), DATA)
            self.assertFalse(file.closed)

    async def test_pipe(self):
        """
        Data may come from a pipe.
        """
        reading, writing = os.pipe()
        os.write(writing, b"data")
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            image = await self.add(pipe)
        self.assertEqual(await self.data_of(image["id"]), b"data")

    async def test_compressed_file(self):
        """
        What is sent of a file is what reading it gives.
        """
        path = Path(self.mktemp())
        path.write_bytes(gzip.compress(DATA))
        with gzip.open(path) as file:
            image = await self.add(file)
        self.assertEqual(await self.data_of(image["id"]), DATA)

    async def test_not_data(self):
        """
        Text is no data.
        """
        await self.fails(self.add("text"), TypeError)

    async def test_later(self):
        """
        Data may be given later, once.
        """
        image = await self.add(None)
        self.assertEqual(image["status"], "queued")
        image = await self.client.update_image(image["id"], {}, DATA)
        self.assertEqual(image["status"], "active")
        await self.fails(self.client.update_image(image["id"], {}, DATA), Duplicate)

    async def test_meta(self):
        """
        What describes an image can be had without its data.
        """
        image = await self.add(name="a")
        meta = await self.client.get_image_meta(image["id"])
        self.assertEqual(
            (meta["id"], meta["name"], meta["size"], meta["deleted"]),
            (image["id"], "a", len(DATA), False),
        )

    async def test_update(self):
        """
        An update changes what it names; properties go unless they are to stay.
        """
        image_id = (await self.add(properties={"a": "1"}))["id"]
        image = await self.client.update_image(
            image_id, {"name": "b", "properties": {"c": "2"}}, purge_props=False
        )
        self.assertEqual(image["name"], "b")
        self.assertEqual(image["properties"], {"a": "1", "c": "2"})
        image = await self.client.update_image(image_id, {"properties": {"d": "3"}})
        self.assertEqual(image["properties"], {"d": "3"})

    async def test_delete(self):
        """
        A deleted image is gone.
        """
        image_id = (await self.add())["id"]
        self.assertIs(await self.client.delete_image(image_id), True)
        await self.fails(self.client.get_image(image_id), NotFound)
        await self.fails(self.client.delete_image(image_id), NotFound)

    async def test_unknown(self):
        """
        An image that isn't there is not found, and nothing is said in HTML.
        """
        unknown = str(uuid.uuid4())
        error = await self.fails(self.client.get_image(unknown), NotFound)
        self.assertNotIn("<", str(error))
        await self.fails(self.client.get_image_meta(unknown), NotFound)
        await self.fails(self.client.update_image(unknown, {}), NotFound)
        await self.fails(self.client.get_image("../images"), NotFound)

    async def test_refused(self):
        """
        What the server refuses is raised with its reason.
        """
        error = await self.fails(self.add(disk_format="paper"), Invalid)
        self.assertIn("Invalid disk format 'paper' for image", str(error))
        error = await self.fails(self.add(checksum="0" * 32), Invalid)
        self.assertIn("did not match", str(error))
        image_id = str(uuid.uuid4())
        await self.add(id=image_id)
        await self.fails(self.add(id=image_id), Duplicate)

    async def test_lists(self):
        """
        Lists are filtered, sorted and cut as wanted.
        """
        for name in ("a", "b", "c"):
            await self.add(name=name, is_public=True, properties={"n": name})
        await self.add(name="hidden")
        brief = await self.client.get_images(sort_key="name", sort_dir="asc")
        self.assertEqual([image["name"] for image in brief], ["a", "b", "c"])
        self.assertNotIn("status", brief[0])
        found = await self.client.get_images_detailed(
            sort_key="name", sort_dir="asc", limit=1, marker=brief[0]["id"]
        )
        self.assertEqual([image["name"] for image in found], ["b"])
        self.assertEqual(found[0]["properties"], {"n": "b"})
        found = await self.client.get_images(filters={"property-n": "c"})
        self.assertEqual([image["name"] for image in found], ["c"])
        await self.fails(self.client.get_images(limit="x"), Invalid)

    async def test_members(self):
        """
        An image can be shared, and that undone.
        """
        client = self.client
        image_id = (await self.add())["id"]
        self.assertIs(await client.add_member(image_id, "pattieblack", True), True)
        await client.add_member(image_id, "a b é")
        self.assertCountEqual(
            await client.get_image_members(image_id),
            [
                {"member_id": "pattieblack", "can_share": True},
                {"member_id": "a b é", "can_share": False},
            ],
        )
        self.assertEqual(
            await client.get_member_images("pattieblack"),
            [{"image_id": image_id, "can_share": True}],
        )
        self.assertIs(await client.delete_member(image_id, "pattieblack"), True)
        await self.fails(client.delete_member(image_id, "pattieblack"), NotFound)
        await client.replace_members(image_id, {"member_id": "new", "can_share": True})
        self.assertEqual(
            await client.get_image_members(image_id),
            [{"member_id": "new", "can_share": True}],
        )

    async def test_save(self):
        """
        A download into a file goes on where it was.
        """
        image_id = (await self.add())["id"]
        path = Path(self.mktemp())
        part = path.with_name(path.name + ".part")
        part.write_bytes(DATA[:1000])
        came = []
        await self.client.save(image_id, path, progress=came.append)
        self.assertEqual(path.read_bytes(), DATA)
        self.assertEqual(came[0], 1000)
        self.assertEqual(sum(came), len(DATA))
        self.assertFalse(part.exists())

    async def test_progress(self):
        """
        Whoever wants to know hears of each byte that is sent.
        """
        came = []
        await self.client.add_image(FORMATS, DATA, progress=came.append)
        self.assertEqual(sum(came), len(DATA))
