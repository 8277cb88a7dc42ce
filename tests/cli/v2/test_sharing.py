"""
Tests for L{glance.cli.v2.sharing}.
"""

import json

from glance.cli import statuses
from glance.cli.v2.sharing import share
from tests.api.assembly import member_of
from tests.cli.v2.commanding import CommandCase


class ShareTests(CommandCase):
    """
    Tests for C{share}.
    """

    async def statuses(self, image_id):
        """
        Get what members have decided.
        """
        members = await self.client.members(image_id)
        return {one["member_id"]: one["status"] for one in members}

    async def test_share(self):
        """
        An image is shared, with whom is listed, and that undone.
        """
        image_id = await self.make(name="n")
        _, out = await self.run_command(share, "n", ["a", "b"], None)
        self.assertEqual(out.count(f"Shared image {image_id} (n) with "), 2)
        _, out = await self.run_command(share, "n", [], None)
        self.assertEqual(
            [line.split() for line in out.splitlines()[2:]],
            [["a", "pending"], ["b", "pending"]],
        )
        await self.run_command(share, "n", ["a"], "unshare")
        _, out = await self.run_command(share, "n", [], "list", output="json")
        self.assertEqual([one["member_id"] for one in json.loads(out)], ["b"])
        status, _ = await self.run_command(share, "n", ["b"], None)
        self.assertEqual(status, statuses.CONFLICT)
        status, _ = await self.run_command(share, "n", ["a"], "unshare")
        self.assertEqual(status, statuses.NOT_FOUND)

    async def test_decide(self):
        """
        A member accepts what it was offered, by its name.
        """
        image_id = await self.make(name="n", owner="owner")
        await self.client.share(image_id, "a")
        self.service.context = member_of("a")
        status, _ = await self.run_command(share, "n", [], "list")
        self.assertEqual(status, statuses.NOT_FOUND)
        for deed, decided in (("accept", "accepted"), ("reject", "rejected")):
            status, _ = await self.run_command(share, "n", ["a"], deed)
            self.assertEqual(status, 0, self.errors.getvalue())
            self.assertEqual(await self.statuses(image_id), {"a": decided})

    async def test_usage(self):
        """
        A list has no members, and what isn't one has.
        """
        await self.make(name="n")
        for members, deed in ((["a"], "list"), ([], "accept"), ([], "unshare")):
            status, _ = await self.run_command(share, "n", members, deed)
            self.assertEqual(status, statuses.USAGE)

    async def test_dry_run(self):
        """
        A dry run shares nothing.
        """
        image_id = await self.make(name="n")
        _, out = await self.run_command(share, "n", ["a"], None, dry_run=True)
        self.assertIn(f"Share image {image_id} (n): a\n", out)
        self.assertEqual(await self.statuses(image_id), {})
