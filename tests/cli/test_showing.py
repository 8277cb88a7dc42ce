"""
Tests for what shows, fetches and shares images.
"""

import json
from pathlib import Path

from glance.cli import statuses
from glance.cli.showing import BRIEF, FULL
from glance.cli.v1 import images, members
from tests.cli.commanding import DATA, CommandCase


class ShowTests(CommandCase):
    """
    Tests for what shows images.
    """

    async def test_show(self):
        """
        All of an image is shown; nothing in it reaches the terminal raw.
        """
        image_id = await self.add("x=y")
        status, out = await self.run_command(images.show, image_id)
        self.assertEqual(status, 0)
        self.assertEqual(
            out.splitlines(),
            [
                f"URI: http://glance.example:9292/v1/images/{image_id}",
                f"Id: {image_id}",
                "Public: Yes",
                "Protected: No",
                "Name: first",
                "Status: active",
                f"Size: {len(DATA)}",
                "Disk format: raw",
                "Container format: bare",
                "Minimum Ram Required (MB): 0",
                "Minimum Disk Required (GB): 0",
                "Owner: ",
                "Property 'x': y",
            ],
        )

    async def test_unknown(self):
        """
        An image that isn't there is not found, whatever is wanted of it.
        """
        for function, *args in (
            (images.show, "no-such"),
            (images.delete, ["no-such"]),
            (images.update, "no-such", [], None),
            (images.download, "no-such", "file"),
        ):
            status, _ = await self.run_command(function, *args)
            self.assertEqual(status, statuses.NOT_FOUND)
            self.assertEqual(
                self.errors.getvalue(), "No image with ID no-such was found\n"
            )

    async def test_index(self):
        """
        A list has a line for each image, and none if there are none.
        """
        self.assertEqual(await self.run_command(images.index, []), (0, ""))
        image_id = await self.add()
        _, out = await self.run_command(images.index, [])
        heading, dashes, line = out.splitlines()
        self.assertEqual(
            heading,
            f"{'ID':<36} {'Name':<30} {'Disk Format':<20} {'Container Format':<20} "
            "Size",
        )
        self.assertEqual(dashes, " ".join("-" * n for n in (36, 30, 20, 20, 14)))
        self.assertEqual(
            line, f"{image_id} {'first':<30} {'raw':<20} {'bare':<20} {len(DATA):>14}"
        )

    async def test_pages(self):
        """
        A list stops after each page, and asks whoever sits there.
        """
        for _ in range(3):
            await self.add()
            self.service.clock.advance(1)
        args = (images.index, [])
        _, out = await self.run_command(*args, limit=1, attended=True)
        self.assertEqual(len(out.splitlines()), 5)
        self.assertEqual(self.asked, ["Fetch next page?"] * 3)
        self.agree = False
        _, out = await self.run_command(*args, limit=1, attended=True)
        self.assertEqual(len(out.splitlines()), 3)
        _, out = await self.run_command(*args, limit=1, attended=True, force=True)
        self.assertEqual(len(out.splitlines()), 5)
        _, out = await self.run_command(*args, limit=2)
        self.assertEqual(len(out.splitlines()), 4)
        _, out = await self.run_command(*args)
        self.assertEqual(len(out.splitlines()), 5)

    async def test_filter(self):
        """
        A list can be filtered by fields and properties.
        """
        one = await self.add("arch=x86")
        two = await self.add("name=second")
        for field, image_id in (("arch=x86", one), ("name=second", two)):
            _, out = await self.run_command(images.index, [field], output="value")
            self.assertEqual(
                [line.split("\t")[0] for line in out.splitlines()], [image_id]
            )

    async def test_details(self):
        """
        Details stand between lines.
        """
        await self.add()
        await self.add()
        _, out = await self.run_command(images.details, [])
        self.assertEqual(out.splitlines().count("=" * 80), 3)
        self.assertEqual(out.count("Name: first"), 2)
        _, out = await self.run_command(images.details, [], output="json")
        self.assertEqual([image["name"] for image in json.loads(out)], ["first"] * 2)

    async def test_columns(self):
        """
        A program gets the same columns of an image whatever it asks, also of
        fields that are empty; the index has the first of them.
        """
        image_id = await self.add("x=y")
        _, shown = await self.run_command(images.show, image_id, output="value")
        _, listed = await self.run_command(images.details, [], output="value")
        _, updated = await self.run_command(
            images.update, image_id, ["x=y"], None, output="value"
        )
        _, index = await self.run_command(images.index, [], output="value")
        columns = shown.rstrip("\n").split("\t")
        self.assertEqual(len(columns), len(FULL))
        self.assertEqual(columns[FULL.index("name")], "first")
        self.assertEqual(columns[FULL.index("owner")], "")
        self.assertEqual(columns[FULL.index("properties")], '{"x": "y"}')
        self.assertEqual(listed, shown)
        self.assertEqual(index.rstrip("\n").split("\t"), columns[: len(BRIEF)])
        # Its time of change is another.
        self.assertEqual(len(updated.split("\t")), len(FULL))
        for args in ((images.show, image_id), (images.details, [])):
            _, out = await self.run_command(*args, output="json")
            image = json.loads(out)
            image = image[0] if isinstance(image, list) else image
            self.assertLessEqual(set(FULL), set(image))
            self.assertIs(image["owner"], None)

    async def test_controls(self):
        """
        What an image is called does nothing to a terminal.
        """
        await self.client.add_image({"name": "\x9b31mred", "is_public": True})
        _, out = await self.run_command(images.index, [])
        self.assertNotIn("\x9b", out)
        self.assertIn("red", out)


class UnforeseenTests(CommandCase):
    """
    Tests for errors that nobody has thought of.
    """

    async def test_unforeseen(self):
        """
        Such an error is one line, and says where it comes from to who wants to
        hear more.
        """

        async def broken(session):
            raise ZeroDivisionError("x/0")

        status, out = await self.run_command(broken)
        self.assertEqual((status, out), (statuses.FAILURE, ""))
        self.assertEqual(
            self.errors.getvalue(), "Failed to do it: ZeroDivisionError: x/0\n"
        )
        await self.run_command(broken, verbose=True)
        self.assertIn("Traceback", self.errors.getvalue())


class DownloadTests(CommandCase):
    """
    Tests for C{download}.
    """

    async def test_file(self):
        """
        Data goes into a file.
        """
        image_id = await self.add()
        path = self.mktemp()
        status, out = await self.run_command(images.download, image_id, path)
        self.assertEqual((status, out), (0, f"Saved image {image_id} in {path}\n"))
        self.assertEqual(Path(path).read_bytes(), DATA)


class MemberTests(CommandCase):
    """
    Tests for what shares images.
    """

    async def test_members(self):
        """
        An image is shared, listed, and shared no longer.
        """
        image_id = await self.add("is_public=no")
        self.assertEqual(
            await self.run_command(members.image_members, image_id), (0, "")
        )
        await self.run_command(members.member_add, image_id, "m", can_share=True)
        _, out = await self.run_command(members.image_members, image_id)
        self.assertEqual(out.splitlines()[2], f"{'m':<36} Yes")
        await self.run_command(members.member_add, image_id, "m")
        _, out = await self.run_command(members.member_images, "m")
        self.assertEqual(out.splitlines()[2], f"{image_id} Yes")
        await self.run_command(members.members_replace, image_id, ["n", "o"])
        _, out = await self.run_command(members.image_members, image_id, output="json")
        self.assertEqual(
            json.loads(out),
            [
                {"member_id": "n", "can_share": False},
                {"member_id": "o", "can_share": False},
            ],
        )
        await self.run_command(members.member_delete, image_id, "n")
        status, _ = await self.run_command(members.member_delete, image_id, "n")
        self.assertEqual(status, statuses.NOT_FOUND)
