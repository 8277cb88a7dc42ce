"""
What a client of version 2 does with any server that is one.
"""

import hashlib
import io
import uuid
from pathlib import Path

from glance.client import (
    Ambiguous,
    Duplicate,
    Forbidden,
    Invalid,
    NoData,
    NotFound,
    UnsupportedMediaType,
    exactly,
)
from glance.streams.bodies import BytesBody, read_all
from tests.client.contract import DATA, FORMATS, Failing

SHA512 = hashlib.sha512(DATA).hexdigest()


class ImageClientContract(Failing):
    """
    Tests for a client; a subclass makes C{self.client} in C{setUp}.
    """

    async def create(self, data=DATA, **fields):
        """
        Make an image.
        """
        return await self.client.create({**FORMATS, **fields}, data)

    async def data_of(self, image_id):
        """
        Fetch an image's data.
        """
        return await read_all(await self.client.download(image_id), 1 << 24)

    async def names(self, **query):
        """
        List names.
        """
        return [image["name"] for image in await self.client.list(**query)]

    async def test_create(self):
        """
        An image that is made is described, and its data comes back.
        """
        image = await self.create(name="é", arch="x86", min_ram=5, tags=["b", "a"])
        self.assertEqual(image["status"], "active")
        self.assertEqual(image["size"], len(DATA))
        self.assertEqual(image["os_hash_value"], SHA512)
        self.assertEqual(await self.client.show(image["id"]), image)
        self.assertEqual((image["name"], image["arch"]), ("é", "x86"))
        self.assertCountEqual(image["tags"], ["a", "b"])
        body = await self.client.download(image["id"])
        self.assertEqual(body.length, len(DATA))
        self.assertEqual(await read_all(body, 1 << 24), DATA)

    async def test_forms_of_data(self):
        """
        Data may be bytes, a path, a file, or a body, and may be empty.
        """
        path = Path(self.mktemp())
        path.write_bytes(DATA)
        forms = (DATA, path, io.BytesIO(DATA), BytesBody(DATA), b"")
        for form in forms:
            image = await self.create(form)
            wanted = DATA if form else b""
            self.assertEqual(image["status"], "active")
            self.assertEqual(await self.data_of(image["id"]), wanted)

    async def test_not_data(self):
        """
        What is no data makes no image.
        """
        await self.fails(self.create("text"), TypeError)
        await self.fails(self.create(Path(self.mktemp())), FileNotFoundError)
        self.assertEqual(await self.client.list(), [])

    async def test_refused_data(self):
        """
        If its data is refused, no image is left.
        """
        await self.fails(self.client.create({"name": "formless"}, DATA), Invalid)
        await self.fails(self.create(disk_format="qcow2"), UnsupportedMediaType)
        self.assertEqual(await self.client.list(), [])

    async def test_later(self):
        """
        Data may be given later, once.
        """
        image = await self.create(None)
        self.assertEqual(image["status"], "queued")
        await self.fails(self.client.download(image["id"]), NoData)
        path = Path(self.mktemp())
        await self.fails(self.client.save(image["id"], path), NoData)
        self.assertEqual(list(path.parent.glob(f"{path.name}*")), [])
        came = []
        await self.client.upload(image["id"], DATA, progress=came.append)
        self.assertEqual(sum(came), len(DATA))
        self.assertEqual(await self.data_of(image["id"]), DATA)
        await self.fails(self.client.upload(image["id"], DATA), Duplicate)

    async def test_update(self):
        """
        An update sets what it names, removes what is None, or does nothing.
        """
        image_id = (await self.create(a="1", b="2"))["id"]
        changes = {"name": "n", "a": None, "b": "3", "x/~y": "4", "min_ram": 7}
        image = await self.client.update(image_id, changes)
        self.assertNotIn("a", image)
        for name in ("name", "b", "x/~y", "min_ram"):
            self.assertEqual(image[name], changes[name])
        self.assertIsNone((await self.client.update(image_id, {"name": None}))["name"])
        await self.fails(
            self.client.update(image_id, {"b": "5", "nosuch": None}), Duplicate
        )
        self.assertEqual((await self.client.show(image_id))["b"], "3")

    async def test_delete(self):
        """
        A deleted image is gone.
        """
        image_id = (await self.create())["id"]
        await self.client.delete(image_id)
        await self.fails(self.client.show(image_id), NotFound)
        await self.fails(self.client.delete(image_id), NotFound)

    async def test_unknown(self):
        """
        An image that isn't there is not found, and nothing is said in HTML.
        """
        unknown = str(uuid.uuid4())
        for asked in (
            self.client.show(unknown),
            self.client.download(unknown),
            self.client.update(unknown, {}),
            self.client.upload(unknown, DATA),
            self.client.show("../images"),
            self.client.find(unknown),
        ):
            error = await self.fails(asked, NotFound)
            self.assertNotIn("<", str(error))

    async def test_refused(self):
        """
        What the server refuses is raised with its reason.
        """
        error = await self.fails(self.create(disk_format="paper"), Invalid)
        self.assertIn("disk_format must be one of", str(error))
        await self.fails(self.create(status="active"), Forbidden)
        image = await self.create(protected=True)
        await self.fails(self.client.delete(image["id"]), Forbidden)

    async def test_lists(self):
        """
        Lists are filtered, sorted and cut as wanted, whatever their pages.
        """
        for name in ("a", "b", "c:d", 'e"\\,f'):
            await self.create(None, name=name, n=name[0], tags=["t", name[0]])
        every = ["a", "b", "c:d", 'e"\\,f']
        for page in (1, 3, 4, 500):
            self.assertEqual(await self.names(sort="name:asc", page=page), every)
        self.assertEqual(await self.names(sort="name:asc", limit=3, page=2), every[:3])
        self.assertEqual(await self.names(limit=0), [])
        self.assertEqual(await self.names(n="b"), ["b"])
        self.assertEqual(await self.names(tag=["t", "a"], page=1), ["a"])
        self.assertEqual(await self.names(os_hidden=True), [])
        wanted = exactly(*every[2:])
        self.assertEqual(await self.names(name=wanted, sort="name:asc"), every[2:])
        await self.fails(self.client.list(sort="nosuch"), Invalid)

    async def test_lazy(self):
        """
        A page is asked for once it is wanted.
        """
        for name in ("a", "b", "c"):
            await self.create(None, name=name)
        pages = self.client.pages(page=1, sort="name:asc")
        self.assertEqual([one["name"] for one in await anext(pages)], ["a"])
        [image] = await self.client.list(name="b")
        await self.client.update(image["id"], {"name": "changed"})
        self.assertEqual([one["name"] for one in await anext(pages)], ["c"])
        await pages.aclose()

    async def test_find(self):
        """
        An image is named by its id, its name, or the beginning of its id.
        """
        one = str(uuid.UUID(int=0xABCD << 112))
        two = str(uuid.UUID(int=0xABCE << 112))
        await self.create(None, id=one, name="web:1", os_hidden=True)
        await self.create(None, id=two, name="abcd")
        for text, found in (
            (one, one),
            ("web:1", one),
            ("abcd", two),
            ("abcd0", one),
            ("ABCE", two),
        ):
            self.assertEqual((await self.client.find(text))["id"], found, text)
        await self.create(None, name="abcd")
        for text, kind in (
            ("abcd", Ambiguous),
            ("abc", NotFound),
            ("abcf", NotFound),
            ("", NotFound),
            (str(uuid.uuid4()), NotFound),
        ):
            await self.fails(self.client.find(text), kind)
        error = await self.fails(self.client.find("abcd"), Ambiguous)
        self.assertEqual([one["name"] for one in error.candidates], ["abcd"] * 2)

    async def test_find_beginning(self):
        """
        A beginning that several ids have names none of them.
        """
        for number in (0xABCD0, 0xABCD1):
            await self.create(None, id=str(uuid.UUID(int=number << 108)))
        self.assertTrue(await self.client.find("abcd0"))
        await self.fails(self.client.find("abcd"), Ambiguous)

    async def test_members(self):
        """
        An image can be shared, and that undone.
        """
        client = self.client
        image_id = (await self.create())["id"]
        member = await client.share(image_id, "pattieblack")
        self.assertEqual(
            (member["member_id"], member["status"]), ("pattieblack", "pending")
        )
        await client.share(image_id, "a b é")
        await self.fails(client.share(image_id, "a b é"), Duplicate)
        for decide, status in (
            (client.accept, "accepted"),
            (client.reject, "rejected"),
        ):
            member = await decide(image_id, "a b é")
            self.assertEqual(member["status"], status)
        self.assertCountEqual(
            [(m["member_id"], m["status"]) for m in await client.members(image_id)],
            [("pattieblack", "pending"), ("a b é", "rejected")],
        )
        await client.unshare(image_id, "pattieblack")
        await self.fails(client.unshare(image_id, "pattieblack"), NotFound)
        self.assertEqual(len(await client.members(image_id)), 1)

    async def test_tags(self):
        """
        Tags come and go.
        """
        image_id = (await self.create())["id"]
        for tag in ("é a", "b", "b"):
            await self.client.add_tag(image_id, tag)
        image = await self.client.show(image_id)
        self.assertCountEqual(image["tags"], ["é a", "b"])
        await self.client.remove_tag(image_id, "é a")
        await self.fails(self.client.remove_tag(image_id, "é a"), NotFound)
        self.assertEqual((await self.client.show(image_id))["tags"], ["b"])

    async def test_actions(self):
        """
        An image is deactivated and reactivated.
        """
        image_id = (await self.create())["id"]
        for act, status in (
            (self.client.deactivate, "deactivated"),
            (self.client.reactivate, "active"),
        ):
            await act(image_id)
            self.assertEqual((await self.client.show(image_id))["status"], status)

    async def test_discovery(self):
        """
        The server tells its versions and schemas.
        """
        versions = await self.client.versions()
        self.assertEqual([v["status"] for v in versions].count("CURRENT"), 1)
        schema = await self.client.schema("image")
        self.assertIn("os_hash_value", schema["properties"])
        await self.fails(self.client.schema("nosuch"), NotFound)

    async def test_save(self):
        """
        A download into a file goes on where it was.
        """
        image_id = (await self.create())["id"]
        path = Path(self.mktemp())
        part = path.with_name(path.name + ".part")
        part.write_bytes(DATA[:1000])
        came = []
        image = await self.client.save(image_id, path, progress=came.append)
        self.assertEqual(image["id"], image_id)
        self.assertEqual(path.read_bytes(), DATA)
        self.assertEqual(came[0], 1000)
        self.assertEqual(sum(came), len(DATA))
        self.assertFalse(part.exists())

    async def test_save_another(self):
        """
        A part of other data is thrown away.
        """
        image_id = (await self.create())["id"]
        path = Path(self.mktemp())
        path.with_name(path.name + ".part").write_bytes(b"x" * 1000)
        await self.client.save(image_id, path)
        self.assertEqual(path.read_bytes(), DATA)
