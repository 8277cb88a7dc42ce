"""
The documentation has all of what can be listed.
"""

import inspect
import re
from pathlib import Path

import click
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from glance import client
from glance.api.errors import STATUS
from glance.api.v1.filters import NUMBERS, SORT_KEYS, TEXTS
from glance.client import Client
from glance.config.settings import ConfigurationError
from glance.image import Status
from glance.limits import Limits
from glance.metrics import Metrics
from glance.tap.control import COMMANDS
from glance.tap.manage import program as manage

DOCS = Path(__file__).parent.parent / "docs"


def page(name):
    """
    Get the text of a page.
    """
    return (DOCS / f"{name}.md").read_text()


class PagesTests(SynchronousTestCase):
    """
    Pages with lists are complete.
    """

    def has(self, name, words):
        """
        See that a page has words, marked as code.
        """
        text = page(name)
        for word in words:
            self.assertRegex(text, rf"`(?:[^`\n]*[ .])?{re.escape(word)}\b[^`\n]*`")

    def test_metrics(self):
        """
        Each metric is on the page about running.
        """
        metrics = Metrics(Clock(), transfers={"up": int}, queues={"files": int})
        families = re.findall(r"(?m)^# TYPE (glance_\w+)", metrics.text().decode())
        self.assertGreater(len(families), 5)
        self.has("running", [f for f in families if not f.endswith("_created")])

    def test_programs(self):
        """
        Each command and option of the operators' programs is on the page about
        running.
        """
        self.has("running", [name for name in COMMANDS if name != "start"])
        stored = [manage.commands[name] for name in ("verify", "inspect")]
        commands = [*stored, *manage.commands["db"].commands.values()]
        self.has("running", [f"db {name}" for name in manage.commands["db"].commands])
        for command in [manage, *commands]:
            for option in command.params:
                if option.name != "version":
                    self.has("running", option.opts)

    def test_users(self):
        """
        Each command and option that sees to users is on the page about them.
        """
        for group in ("user", "token"):
            for name, command in manage.commands[group].commands.items():
                self.has("users", [f"{group} {name}"])
                for option in command.params:
                    if isinstance(option, click.Option):
                        self.has("users", option.opts)

    def test_client(self):
        """
        Each method and each error is on the page about the client.
        """
        methods = inspect.getmembers(Client, inspect.isfunction)
        self.has("client", [name for name, _ in methods if name[0] != "_"])
        self.has("client", [name for name in client.__all__ if name != "Error"])

    def test_statuses(self):
        """
        Each status of an image is on its page.
        """
        self.has("statuses", [status.value for status in Status])

    def test_formats(self):
        """
        Each format is on its page.
        """
        limits = Limits()
        self.has("formats", [*limits.disk_formats, *limits.container_formats])

    def test_filters(self):
        """
        Each filter and sort key is on the page about the API.
        """
        self.has("api-v1", [*SORT_KEYS, *TEXTS, *NUMBERS])

    def test_errors(self):
        """
        Each status of an error is on the page about the API.
        """
        for error, status in STATUS.items():
            if status.value != 410:
                self.assertIn(f"| {status.value} |", page("api-v1"), error)
        self.assertNotIn(ConfigurationError, STATUS)
