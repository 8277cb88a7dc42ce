"""
Tests for L{glance.cli.v2.images}.
"""

import io
import json
import uuid
from pathlib import Path

from glance.cli import statuses
from glance.cli.showing import FIRST
from glance.cli.v2 import data, images
from tests.cli.v2.commanding import DATA, NOTHING, CommandCase


class CreateTests(CommandCase):
    """
    Tests for C{create} and C{upload}.
    """

    async def test_create(self):
        """
        An image is made of what is redirected into the command.
        """
        status, out = await self.create(
            io.BytesIO(DATA),
            name="first",
            properties=("os=debian", "args=a=b"),
            tags=("t",),
            os_hidden=True,
            owner=None,
        )
        [image] = await self.client.list(os_hidden=True)
        self.assertEqual((status, out), (0, f"Created image {image['id']} (first)\n"))
        self.assertEqual((image["os"], image["args"]), ("debian", "a=b"))
        self.assertEqual((image["size"], image["tags"]), (len(DATA), ["t"]))

    async def test_file(self):
        """
        The data may be in a file.
        """
        path = Path(self.mktemp())
        path.write_bytes(DATA)
        _, out = await self.create(file=str(path), output="json")
        self.assertEqual(json.loads(out)["size"], len(DATA))

    async def test_empty(self):
        """
        Data that is empty is refused, unless it may be.
        """
        path = Path(self.mktemp())
        path.touch()
        for empty in (False, True):
            with path.open("rb") as file:
                for given in (
                    {"stdin": None},
                    {"stdin": file},
                    {"stdin": io.BytesIO()},
                    {"stdin": io.BytesIO(), "file": "-"},
                    {"stdin": io.BytesIO(DATA), "file": str(path)},
                ):
                    status, _ = await self.create(**given, empty=empty)
                    self.assertEqual(status, 0 if empty else statuses.USAGE, given)
                    said = self.errors.getvalue()
                    self.assertEqual("is empty, so nothing is done" in said, not empty)
            found = await self.client.list()
            filled = [(image["status"], image["size"]) for image in found]
            self.assertEqual(filled, [("active", 0)] * 5 if empty else [])

    async def test_no_data(self):
        """
        Whoever says so gets an image without data, and gives it that later.
        """
        await self.create(io.BytesIO(DATA), no_data=True)
        [image] = await self.client.list()
        self.assertEqual(image["status"], "queued")
        for form, stdin in (("table", None), ("table", io.BytesIO(DATA))):
            status, _ = await self.run_command(
                data.upload, image["id"][:8], None, False, stdin=stdin, output=form
            )
            self.assertEqual(status, statuses.USAGE if stdin is None else 0)
        self.assertEqual((await self.client.show(image["id"]))["size"], len(DATA))
        status, _ = await self.run_command(
            data.upload, image["id"], "-", False, stdin=io.BytesIO(DATA)
        )
        self.assertEqual(status, statuses.CONFLICT)

    async def test_bad_property(self):
        """
        What is no property is explained.
        """
        for bad in ("x", "=b"):
            status, _ = await self.create(properties=(bad,), no_data=True)
            self.assertEqual(status, statuses.USAGE)
            self.assertIn(f"A property is NAME=VALUE, not {bad!r}.", self.said())

    def said(self):
        """
        Get what the command complained of.
        """
        return self.errors.getvalue()

    async def test_refused(self):
        """
        A refusal is told with its reason.
        """
        status, _ = await self.create(no_data=True, disk_format="paper")
        self.assertEqual(status, statuses.FAILURE)
        self.assertIn("Failed to do it. Got error:\n", self.said())
        self.assertIn("disk_format", self.said())


class ChangeTests(CommandCase):
    """
    Tests for C{set}, C{unset}, C{tag}, C{deactivate}, C{reactivate} and
    C{delete}.
    """

    async def change(self, image, tags=(), properties=(), **fields):
        """
        Run C{set}.
        """
        given = {"tags": tags, "properties": properties, **fields}
        return await self.run_command(images.change, image, given=given)

    async def test_set(self):
        """
        What is named is changed, and the rest stays.
        """
        image_id = await self.make(name="a", x="1", y="2", tags=["t"])
        status, out = await self.change("a", ("u",), ("x=3",), name="b", min_ram=0)
        self.assertEqual((status, out), (0, f"Changed image {image_id} (b)\n"))
        image = await self.client.show(image_id)
        self.assertEqual((image["x"], image["y"], image["name"]), ("3", "2", "b"))
        self.assertCountEqual(image["tags"], ["t", "u"])
        await self.change("b", protected=True)
        self.assertIs((await self.client.show(image_id))["protected"], True)
        self.assertEqual((await self.change("b", min_disk=None))[0], statuses.USAGE)

    async def test_unset(self):
        """
        What is named is removed, or nothing if one of it isn't there.
        """
        image_id = await self.make(x="1", y="2", tags=["t", "u"])
        args = (images.unset, image_id)
        for gone in ((("x", "z"), ()), (("x",), ("v",))):
            status, _ = await self.run_command(*args, *gone)
            self.assertEqual(status, statuses.NOT_FOUND)
            self.assertIn("has no ", self.errors.getvalue())
        self.assertEqual((await self.run_command(*args, (), ()))[0], statuses.USAGE)
        self.assertEqual((await self.run_command(*args, ("x",), ("t",)))[0], 0)
        image = await self.client.show(image_id)
        self.assertNotIn("x", image)
        self.assertEqual((image["y"], image["tags"]), ("2", ["u"]))

    async def test_tag(self):
        """
        Tags come and go.
        """
        image_id = await self.make(name="n")
        await self.run_command(images.tag, "n", ["a", "b"], False)
        await self.run_command(images.tag, "n", ["a"], True)
        self.assertEqual((await self.client.show(image_id))["tags"], ["b"])
        status, _ = await self.run_command(images.tag, "n", ["a"], True)
        self.assertEqual(status, statuses.NOT_FOUND)
        self.assertIn("has no tag 'a'.", self.errors.getvalue())

    async def test_active(self):
        """
        Images are deactivated, and reactivated.
        """
        image_id = await self.make(name="n")
        for act, state in (
            (images.deactivate, "deactivated"),
            (images.reactivate, "active"),
        ):
            _, out = await self.run_command(act, ["n", image_id])
            self.assertEqual(out.count("activated image "), 1)
            self.assertEqual((await self.client.show(image_id))["status"], state)

    async def test_delete(self):
        """
        Images are deleted, if all are known and whoever sits there is sure.
        """
        one, two = await self.make(name="a"), await self.make()
        deleting = (images.delete, ["a", two[:10]])
        self.agree = False
        self.assertEqual((await self.run_command(*deleting))[0], statuses.FAILURE)
        self.assertEqual(self.asked, [f"Delete 2 images {one} (a), {two}?"])
        self.agree = True
        status, _ = await self.run_command(images.delete, [one, "nosuch"])
        self.assertEqual(status, statuses.NOT_FOUND)
        self.assertEqual(len(await self.client.list()), 2)
        _, out = await self.run_command(*deleting)
        self.assertEqual(out, f"Deleted image {one} (a)\nDeleted image {two}\n")
        self.assertEqual(await self.client.list(), [])

    async def test_dry_run(self):
        """
        A dry run says what it would do, and does nothing.
        """
        image_id = await self.make(name="n", x="1")
        before = await self.client.show(image_id)
        change = {"name": "m", **NOTHING}
        for function, args, given in (
            (images.create, (None, True, False), {"name": "m", **NOTHING}),
            (data.upload, ("n", None, True), {}),
            (images.change, ("n",), change),
            (images.unset, ("n", ("x",), ()), {}),
            (images.tag, ("n", ["t"], False), {}),
            (images.deactivate, (["n"],), {}),
            (images.reactivate, (["n"],), {}),
            (images.delete, (["n"],), {}),
        ):
            status, out = await self.run_command(
                function, *args, given=given, dry_run=True
            )
            self.assertEqual(status, 0)
            self.assertTrue(
                out.startswith("Dry run. We would have done the following:\n"), out
            )
        self.assertEqual(await self.client.list(), [before])

    async def test_ambiguous(self):
        """
        If several images may be meant, they are listed, and nothing is done.
        """
        ids = [await self.make(name="same") for _ in range(2)]
        for function, *args in (
            (images.show, "same", ()),
            (images.delete, ["same"]),
            (data.download, "same", "-"),
        ):
            status, out = await self.run_command(function, *args)
            self.assertEqual((status, out), (statuses.AMBIGUOUS, ""))
            for image_id in ids:
                self.assertIn(f"  {image_id} (same)\n", self.errors.getvalue())
        self.assertEqual(len(await self.client.list()), 2)


class ListTests(CommandCase):
    """
    Tests for C{list} and C{show}.
    """

    async def test_list(self):
        """
        Images are listed, a line each; nothing in it reaches the terminal raw.
        """
        image_id = await self.make(name="n\x1b[2J", visibility="public")
        status, out = await self.list()
        self.assertEqual(status, 0)
        lines = out.splitlines()
        self.assertEqual(
            lines[0].split(), ["ID", "Name", "Status", "Visibility", "Size"]
        )
        self.assertEqual(
            lines[2].split(), [image_id, "n\\x1b[2J", "active", "public", "19"]
        )
        self.assertEqual((await self.list({"name": "other"}))[1], "")

    async def test_forms(self):
        """
        Programs get what they ask for.
        """
        image_id = await self.make(name="n", os="debian", tags=["a", "b"])
        _, out = await self.list(output="value")
        self.assertEqual(out, f"{image_id}\tn\tactive\tshared\t{len(DATA)}\n")
        columns = {"columns": ("id", "os", "nosuch")}
        _, out = await self.list(columns, output="value")
        self.assertEqual(out, f"{image_id}\tdebian\t\n")
        _, out = await self.list(output="json")
        self.assertEqual(json.loads(out), await self.client.list())
        _, out = await self.list(columns, output="json")
        wanted = [{"id": image_id, "os": "debian", "nosuch": None}]
        self.assertEqual(json.loads(out), wanted)

    async def test_filters(self):
        """
        Lists show what is asked for.
        """
        for name, more in (
            ("a:b", {"x": "1", "tags": ["t", "u"]}),
            ("c", {"x": "2", "tags": ["t"], "os_hidden": True}),
            ("d", {"x": "2", "tags": ["t"]}),
        ):
            await self.make(None, name=name, **more)
        for given, found in (
            ({"name": "a:b"}, "a:b"),
            ({"properties": ("x=2",)}, "d"),
            ({"tags": ("t", "u")}, "a:b"),
            ({"os_hidden": True}, "c"),
            ({"sort": "name:desc"}, "d\na:b"),
            ({"status": "active"}, ""),
        ):
            given = {"columns": ("name",), **given}
            _, out = await self.list(given, output="value")
            self.assertEqual(out.strip(), found, given)
        given = {"columns": ("name",), "sort": "name:asc"}
        _, out = await self.list(given, output="value", limit=1)
        self.assertEqual(out, "a:b\n")

    async def test_show(self):
        """
        All of an image is shown, or what is asked for.
        """
        image_id = str(uuid.uuid4())
        await self.make(id=image_id, name="n", z="y\n", tags=["a", "b"])
        status, out = await self.run_command(images.show, "n", ())
        self.assertEqual(status, 0)
        shown = dict(
            line.split(None, 1) for line in out.splitlines() if " " in line.strip()
        )
        self.assertEqual(
            (shown["id"], shown["protected"], shown["z"]), (image_id, "No", "y\\x0a")
        )
        self.assertNotIn("/v2/", out)
        _, out = await self.run_command(
            images.show, image_id[:12], ("name", "tags"), output="value"
        )
        self.assertEqual(out.split("\t")[0], "n")
        _, out = await self.run_command(images.show, image_id, (), output="value")
        values = dict(zip(FIRST, out.rstrip("\n").split("\t"), strict=True))
        self.assertEqual((values["name"], values["tags"]), ("n", '["a", "b"]'))
        status, _ = await self.run_command(images.show, "nosuch", ())
        self.assertEqual(status, statuses.NOT_FOUND)
        self.assertEqual(self.errors.getvalue(), "There is no image 'nosuch'.\n")
