"""
What the daemons can be told on the command line.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any, ClassVar

from twisted.python import usage

from glance import __version__
from glance.config.loading import load
from glance.config.settings import ConfigurationError, Service, Settings

UNSAID = "twistd.pid"
"""What twistd takes for its pid file when it is told none."""


def bear_hangup() -> None:
    """
    Do nothing at a SIGHUP until the daemon can read its configuration again.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


class DaemonOptions(usage.Options):
    """
    The options of a daemon; its settings come from configuration files.
    """

    service: ClassVar[Service]
    name: ClassVar[str]
    """What the program is called."""

    longdesc: ClassVar[str] = (
        "Without a configuration file given, the usual places are searched; "
        "without any file, there are defaults for everything."
    )

    settings: Settings
    """Filled in once the options are read."""

    def __init__(self) -> None:
        super().__init__()
        bear_hangup()
        self["config_files"] = []
        self["config_dirs"] = []

    def opt_config_file(self, path: str) -> None:
        """
        A configuration file; a later one has precedence.
        """
        self["config_files"].append(path)

    def opt_config_dir(self, path: str) -> None:
        """
        A directory of configuration files, which are read after the others.
        """
        self["config_dirs"].append(path)

    def opt_version(self) -> None:
        """
        Show the version, and exit.
        """
        print(f"{self.name} {__version__}")
        raise SystemExit(0)

    def parseArgs(self, *paths: str) -> None:  # noqa: N802
        """
        Take a configuration file as an argument, as the first release did.
        """
        self["config_files"].extend(paths)

    def postOptions(self) -> None:
        """
        Read the settings, and see to the pid file.
        """
        try:
            self._settle_pid_file()
            self.settings = load(
                self.service,
                config_files=self["config_files"],
                config_dirs=self["config_dirs"],
            )
        except ConfigurationError as error:
            raise refusal(self.name, error) from None

    def _settle_pid_file(self) -> None:
        twistd = self.parent
        if twistd is None or not twistd.get("pidfile"):
            return
        if twistd["pidfile"] == UNSAID:
            # It would be in the working directory, where another daemon's is.
            twistd["pidfile"] = ""
            return
        path = Path(twistd["pidfile"]).absolute()
        place = path if path.exists() else path.parent
        if path.is_dir() or not os.access(place, os.W_OK):
            raise ConfigurationError(
                f"--pidfile {path} cannot be written: let the daemon's user write "
                "there, or name another file."
            )


def refusal(name: str, error: object) -> SystemExit:
    """
    Get what ends a daemon before it has begun: one line, and status 1.
    """
    line = " ".join(str(error).split())
    return SystemExit(f"{name}: {line}")


class Welcoming:
    """
    Adds the option to greet whoever has started the daemon.
    """

    optFlags: ClassVar[Any] = [
        ["welcome", None, "Print what to type next, once the service is up."]
    ]
