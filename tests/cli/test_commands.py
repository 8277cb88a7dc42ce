"""
Tests for what the commands do, against the API in memory.
"""

import io
import json
import os
from pathlib import Path

from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import TestCase

from glance.cli import images, members, statuses, upload
from glance.cli.session import Session, Settings, perform
from glance.cli.showing import Output
from glance.client import Client
from tests.api.assembly import Service

DATA = b"chunk00000remainder"
NAMES = ("name=first", "disk_format=raw", "container-format=bare", "is_public=On")


class CommandCase(TestCase):
    """
    Commands, and an API that they talk to.
    """

    timeout = 10

    def setUp(self):
        self.service = Service(self)
        self.client = Client(
            "glance.example",
            reactor=self.service.clock,
            agent=self.service.client._agent,
            in_thread=maybeDeferred,
        )
        self.asked = []
        self.agree = True

    def _ask(self, question):
        self.asked.append(question)
        return self.agree

    async def run_command(
        self, function, *args, stdin=None, attended=False, **settings
    ):
        """
        Run a command.

        @return: what it exits with, and what it prints.
        """
        out, self.errors = io.StringIO(), io.StringIO()
        known = Settings(**settings)
        session = Session(
            settings=known,
            client=self.client,
            output=Output(out, known.output),
            errors=self.errors,
            stdin=stdin,
            stdout=self.stdout,
            reactor=self.service.clock,
            ask=self._ask,
            attended=attended,
        )
        status = await perform(session, "do it", lambda at: function(at, *args))
        return status, out.getvalue()

    stdout = 1

    async def add(self, *fields):
        """
        Add an image.

        @return: its id.
        """
        status, out = await self.run_command(
            images.add, NAMES + fields, None, stdin=io.BytesIO(DATA)
        )
        self.assertEqual(status, 0, self.errors.getvalue())
        return out.split()[-1]

    async def listed(self):
        """
        Get the ids that the API lists.
        """
        return [image["id"] for image in await self.client.get_images()]


class AddTests(CommandCase):
    """
    Tests for C{add} and C{update}.
    """

    async def test_add(self):
        """
        An image is added, with what is redirected into the command.
        """
        status, out = await self.run_command(
            images.add, [*NAMES, "kernel_id=7,"], None, stdin=io.BytesIO(DATA)
        )
        [image] = await self.client.get_images_detailed()
        self.assertEqual(
            (status, out), (0, f"Added new image with ID: {image['id']}\n")
        )
        self.assertEqual(image["name"], "first")
        self.assertEqual(image["size"], len(DATA))
        self.assertEqual(image["properties"], {"kernel_id": "7"})

    async def test_verbose(self):
        """
        Who wants to hear more does.
        """
        _, out = await self.run_command(
            images.add, NAMES, None, stdin=io.BytesIO(DATA), verbose=True
        )
        self.assertIn("Returned the following metadata for the new image:\n", out)
        self.assertIn(f"\n{'name':>31} => first\n", out)
        self.assertRegex(out, r"Completed in \d+\.\d{4} sec\.\n\Z")

    async def test_json(self):
        """
        A program gets JSON, and nothing else, even where more was wanted.
        """
        _, out = await self.run_command(
            images.add,
            NAMES,
            None,
            stdin=io.BytesIO(DATA),
            output="json",
            verbose=True,
        )
        self.assertEqual(json.loads(out)["name"], "first")

    async def test_file(self):
        """
        The data may be in a file.
        """
        path = Path(self.mktemp())
        path.write_bytes(DATA)
        await self.run_command(images.add, NAMES, str(path))
        [image] = await self.client.get_images()
        self.assertEqual(image["size"], len(DATA))

    async def test_no_file(self):
        """
        A file that isn't there is an error.
        """
        status, _ = await self.run_command(images.add, NAMES, "nowhere")
        self.assertEqual(status, statuses.FAILURE)
        self.assertIn("No such file", self.errors.getvalue())

    async def test_nothing(self):
        """
        Without data, an image is reserved.  A null device holds none.
        """
        with Path(os.devnull).open("rb") as null:
            await self.run_command(images.add, NAMES, None, stdin=null)
        [image] = await self.client.get_images_detailed()
        self.assertEqual(image["status"], "queued")

    async def test_both(self):
        """
        Data and a location are too much.
        """
        status, _ = await self.run_command(
            images.add, [*NAMES, "location=http://a/b"], None, stdin=io.BytesIO(DATA)
        )
        self.assertEqual(status, 1)
        self.assertIn(
            "Either supply a location=LOCATION argument or supply image\n"
            "data via a redirect. You have supplied BOTH image data\n"
            "AND a location.\n",
            self.errors.getvalue(),
        )
        self.assertEqual(await self.listed(), [])

    async def test_bad_field(self):
        """
        What is no field is explained.
        """
        for bad in ("x", "a=b=c", "=b"):
            status, _ = await self.run_command(images.add, [bad], None)
            self.assertEqual(status, statuses.USAGE)
            self.assertEqual(
                self.errors.getvalue(),
                "Arguments should be in the form of field=value. "
                f"You specified {bad}.\n",
            )

    async def test_status(self):
        """
        A status cannot be set.
        """
        await self.run_command(images.add, [*NAMES, "status=active"], None)
        self.assertEqual(
            self.errors.getvalue(), "Found non-settable field status. Removing.\n"
        )

    async def test_dry_run(self):
        """
        A dry run says what it would do, and does nothing.
        """
        image_id = await self.add()
        runs = [
            (images.add, NAMES, None),
            (images.update, image_id, ["name=x"], None),
            (images.delete, image_id),
            (images.clear,),
            (members.member_add, image_id, "m"),
            (members.members_replace, image_id, ["m"]),
            (members.member_delete, image_id, "m"),
        ]
        for function, *args in runs:
            status, out = await self.run_command(function, *args, dry_run=True)
            self.assertEqual(status, 0)
            self.assertTrue(
                out.startswith("Dry run. We would have done the following:\n"), out
            )
        [image] = await self.client.get_images()
        self.assertEqual(image["name"], "first")

    async def test_refused(self):
        """
        A refusal is told with its reason.
        """
        status, _ = await self.run_command(images.add, ["disk_format=paper"], None)
        self.assertEqual(status, statuses.FAILURE)
        self.assertIn("Failed to do it. Got error:\n", self.errors.getvalue())
        self.assertIn("Invalid disk format 'paper'", self.errors.getvalue())

    async def test_update(self):
        """
        An update changes what it names; custom properties that it doesn't go.
        """
        image_id = await self.add("a=1")
        status, out = await self.run_command(
            images.update, image_id, ["name=second", "size=7", "b=2"], None
        )
        self.assertEqual((status, out), (0, f"Updated image {image_id}\n"))
        self.assertEqual(
            self.errors.getvalue(), "Found non-modifiable field size. Removing.\n"
        )
        image = await self.client.get_image_meta(image_id)
        self.assertEqual(image["name"], "second")
        self.assertEqual(image["properties"], {"b": "2"})

    async def test_update_data(self):
        """
        An update gives a reserved image its data, if told to.
        """
        await self.run_command(images.add, NAMES, None)
        [image_id] = await self.listed()
        args = (images.update, image_id, [])
        await self.run_command(*args, None, stdin=io.BytesIO(DATA))
        self.assertEqual(
            (await self.client.get_image_meta(image_id))["status"], "queued"
        )
        await self.run_command(*args, "-", stdin=io.BytesIO(DATA))
        self.assertEqual(
            (await self.client.get_image_meta(image_id))["status"], "active"
        )

    async def test_conflict(self):
        """
        What is there already is a conflict.
        """
        image_id = await self.add()
        status, _ = await self.run_command(
            images.update, image_id, [], "-", stdin=io.BytesIO(DATA)
        )
        self.assertEqual(status, statuses.CONFLICT)

    async def test_upload(self):
        """
        The command of 2011 stores a public image.
        """
        given = {
            "file": "-",
            "name": "old",
            "kind": "raw",
            "disk_format": "raw",
            "container_format": "bare",
            "kernel": "k",
            "ramdisk": None,
        }
        _, out = await self.run_command(upload.store, given, stdin=io.BytesIO(DATA))
        [image] = await self.client.get_images_detailed()
        self.assertTrue(out.startswith("Stored image. Got identifier: {"), out)
        self.assertEqual(image["properties"], {"type": "raw", "kernel_id": "k"})


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
            (images.show,),
            (images.delete,),
            (images.update, [], None),
            (images.download, "file"),
        ):
            status, _ = await self.run_command(function, "no-such", *args)
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

    async def test_controls(self):
        """
        What an image is called does nothing to a terminal.
        """
        await self.client.add_image({"name": "\x9b31mred", "is_public": True})
        _, out = await self.run_command(images.index, [])
        self.assertNotIn("\x9b", out)
        self.assertIn("red", out)


class DeleteTests(CommandCase):
    """
    Tests for what deletes.
    """

    async def test_delete(self):
        """
        An image is deleted, if whoever sits there is sure.
        """
        image_id = await self.add()
        self.agree = False
        status, _ = await self.run_command(images.delete, image_id)
        self.assertEqual(status, 1)
        self.assertEqual(self.errors.getvalue(), f"Not deleting image {image_id}\n")
        self.assertEqual(await self.listed(), [image_id])
        self.agree = True
        _, out = await self.run_command(images.delete, image_id)
        self.assertEqual(out, f"Deleted image {image_id}\n")
        self.assertEqual(await self.listed(), [])
        self.assertEqual(self.asked, [f"Delete image {image_id}?"] * 2)

    async def test_clear(self):
        """
        All images go, also where they are more than a page; one that is
        protected is named.
        """
        for _ in range(3):
            image_id = await self.add()
        kept = await self.add("protected=true")
        status, out = await self.run_command(images.clear, force=True, verbose=True)
        self.assertEqual(await self.listed(), [kept])
        self.assertIn(f'Deleting image {image_id} "first" ... done\n', out)
        self.assertEqual(status, 1)
        self.assertIn(kept, self.errors.getvalue())
        self.assertEqual(self.asked, [])


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
