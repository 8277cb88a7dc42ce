"""
Tests of how daemons are made from their settings.
"""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from glance.config.settings import ConfigurationError
from glance.tap.database import database
from glance.tap.parts import logs
from glance.tap.pools import Pools
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
