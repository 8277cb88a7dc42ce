"""
Tests for L{glance.cli.v1.images}: what makes and changes images.
"""

import io
import json
import os
from pathlib import Path

from glance.cli import statuses, upload
from glance.cli.v1 import images, members
from tests.cli.commanding import DATA, NAMES, CommandCase


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

    async def test_url_field(self):
        """
        A URL may have an equals sign.
        """
        field = "location=http://a/b?c=d&e=f"
        status, out = await self.run_command(
            images.add, [*NAMES, field], None, dry_run=True
        )
        self.assertEqual(status, 0, self.errors.getvalue())
        self.assertIn("location => http://a/b?c=d&e=f", out)

    async def test_not_settable(self):
        """
        A status and a size cannot be set.
        """
        for field in ("status=active", "size=5"):
            status, _ = await self.run_command(images.add, [*NAMES, field], None)
            name = field.partition("=")[0]
            self.assertEqual(
                (status, self.errors.getvalue()),
                (0, f"Found non-settable field {name}. Removing.\n"),
            )

    async def test_dry_run(self):
        """
        A dry run says what it would do, and does nothing.
        """
        image_id = await self.add()
        runs = [
            (images.add, NAMES, None),
            (images.update, image_id, ["name=x"], None),
            (images.delete, [image_id]),
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
        status, _ = await self.run_command(images.delete, [image_id])
        self.assertEqual(status, 1)
        self.assertEqual(self.errors.getvalue(), f"Not deleting image {image_id}\n")
        self.assertEqual(await self.listed(), [image_id])
        self.agree = True
        _, out = await self.run_command(images.delete, [image_id])
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
