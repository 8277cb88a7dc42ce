"""
Commands of version 2 against the API in memory.
"""

from glance.cli.v2 import images
from glance.client import ImageClient
from tests.cli import commanding

DATA = commanding.DATA
NOTHING = {"properties": (), "tags": ()}
FORMATS = {"disk_format": "raw", "container_format": "bare"}


class CommandCase(commanding.CommandCase):
    """
    Commands, and an API that they talk to.
    """

    kind = ImageClient

    async def make(self, data=DATA, **fields):
        """
        Make an image.

        @return: its id.
        """
        return (await self.client.create({**FORMATS, **fields}, data))["id"]

    async def create(self, stdin=None, file=None, empty=False, no_data=False, **more):
        """
        Run C{create}.
        """
        settings = {"dry_run": more.pop("dry_run", False)}
        settings["output"] = more.pop("output", "table")
        given = {"empty": empty, "no_data": no_data, **NOTHING, **FORMATS, **more}
        return await self.run_command(
            images.create, file, given=given, stdin=stdin, **settings
        )

    async def list(self, given=None, **settings):
        """
        Run C{list}.
        """
        known = {"name": None, "sort": None, "columns": (), **NOTHING, **(given or {})}
        return await self.run_command(images.show_list, given=known, **settings)
