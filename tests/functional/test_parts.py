"""
Tests of how daemons are made from their settings.
"""

from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from glance.config.settings import ConfigurationError
from glance.tap.database import database
from glance.tap.local import beginning
from glance.tap.parts import logs
from glance.tap.pools import Pools
from glance.tap.start_all import greeting
from tests.config.files import FilesMixin


class DatabaseTests(FilesMixin, SynchronousTestCase):
    """
    L{database} opens the database as the options say.
    """

    def test_recycled(self):
        """
        Connections to a server are replaced after connection_recycle_time; those
        to a file are kept.
        """
        for url, recycle in (
            ("postgresql://me@127.0.0.1:1/x", 7),
            ("mysql://me@127.0.0.1:1/x", 7),
            ("sqlite:////x", -1),
        ):
            settings = self.load(
                f"[database]\nconnection = {url}\nidle_timeout = 7\n", "registry"
            )
            kept = database(Clock(), settings, Pools(Clock()))
            self.addCleanup(kept.close)
            engines = kept.registry._engines
            for engine in (engines.reader, engines.writer):
                self.assertEqual(engine.pool._recycle, recycle)


class LogTests(FilesMixin, SynchronousTestCase):
    """
    A log that cannot be written is refused.
    """

    def test_option(self):
        """
        What is to blame is the option that was written.
        """
        for written, option in (
            ("log_dir = /nonexistent", "log_dir"),
            ("log_dir = /nonexistent\nlog_file = a.log", "log_dir"),
            ("log_file = /nonexistent/a.log", "log_file"),
        ):
            settings = self.load(f"[DEFAULT]\n{written}\n")
            error = self.assertRaises(ConfigurationError, logs, settings)
            self.assertTrue(str(error).startswith(f"{option}: /nonexistent/"), error)


NOBODY = "[DEFAULT]\nauth_strategy = noauth\nnoauth_anywhere = true\n"
"""Nobody is asked who they are."""


class WelcomeTests(FilesMixin, SynchronousTestCase):
    """
    Who has started the service is told what to type, wherever it listens.
    """

    def test_login(self):
        """
        Where one has to log in, they are told how, for each client.
        """
        here = Path(self.mktemp(), "some where").absolute()
        here.mkdir(parents=True)
        settings = self.load(
            f"[DEFAULT]\nusers_file = {here}/users.sqlite\n"
            "public_endpoint = https://images.example.com\n"
        )
        text = greeting(settings)
        said = "OS_AUTH_URL=https://images.example.com/v3 OS_USERNAME=A_USER"
        self.assertIn(said, text)
        self.assertNotIn("OS_CLIENT_CONFIG_FILE", text)
        (here / "clouds.yaml").touch()
        text = greeting(settings)
        said = f"OS_CLIENT_CONFIG_FILE='{here}/clouds.yaml'"
        self.assertIn(f"export {said} OS_CLOUD=glance\n", text)
        self.assertIn("openstack --os-cloud glance image list", text)
        self.assertIn('curl -H "$auth" $images', text)
        self.assertIn(r'-d "{\"id\": \"$id\", $formats}"', text)
        self.assertIn("images=https://images.example.com/v2/images", text)

    def test_first_start(self):
        """
        Who starts it for the first time is told how to log in, wherever it
        listens.
        """
        for said, there, missing in (
            ("", "openstack --os-cloud glance image list", "set public_endpoint"),
            ("bind_port = 0\n", "set public_endpoint", "-H"),
            ("bind_host = unix:/s\n", "glance -H unix:/s list", "openstack"),
            (
                "bind_host = unix:/s\npublic_endpoint = https://i.example\n",
                "openstack --os-cloud glance image list",
                "-H",
            ),
        ):
            text = beginning(self.load(f"[DEFAULT]\n{said}"))
            self.assertIn(there, text)
            self.assertNotIn(missing, text)
            self.assertIn("auth_strategy = noauth", text)

    def test_addresses(self):
        """
        Addresses are written as the command and URLs have them.
        """
        for host, where, url in (
            ("127.0.0.1", "glance -p 3 list", "http://127.0.0.1:3/v2/images"),
            ("0.0.0.0", "glance -p 3 list", "http://127.0.0.1:3/v2/images"),
            ("192.0.2.1", "glance -H 192.0.2.1 -p 3 list", "http://192.0.2.1:3/v2"),
            ("::1", "glance -H ::1 -p 3 list", "http://[::1]:3/v2/images"),
            ("::", "glance -H ::1 -p 3 list", "http://[::1]:3/v2/images"),
        ):
            settings = self.load(f"{NOBODY}bind_port = 3\nbind_host = {host}\n")
            text = greeting(settings)
            self.assertIn(where, text)
            self.assertIn(url, text)
