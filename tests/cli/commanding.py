"""
Commands against the API in memory.
"""

import io

from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import TestCase

from glance.cli.session import Session, Settings, perform
from glance.cli.showing import Output
from glance.cli.v1 import images
from glance.client import Client
from tests.api.assembly import Service

DATA = b"chunk00000remainder"
NAMES = ("name=first", "disk_format=raw", "container-format=bare", "is_public=On")


class CommandCase(TestCase):
    """
    Commands, and an API that they talk to.
    """

    kind = Client
    """What asks the API."""

    def setUp(self):
        self.service = self.make_service()
        self.client = self.kind(
            "glance.example",
            reactor=self.service.clock,
            agent=self.service.client._agent,
            in_thread=maybeDeferred,
        )
        self.asked = []
        self.agree = True

    def make_service(self):
        """
        Get what the commands talk to.
        """
        return Service(self)

    def _ask(self, question):
        self.asked.append(question)
        return self.agree

    async def run_command(
        self, function, *args, stdin=None, attended=False, given=None, **settings
    ):
        """
        Run a command.

        @param given: more of what it is given, by name.

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
        given = given or {}
        status = await perform(
            session, "do it", lambda at: function(at, *args, **given)
        )
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
