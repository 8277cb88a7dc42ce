"""
The C{glance} command, beside others that do the same.
"""

import shlex
import subprocess
import sys
import time
from statistics import median

from attrs import frozen

from bench.cache import Failed, environment_of
from bench.servers import MIB, Glance
from bench.starting import tell
from tests.functional.daemons import environment

OPENSTACK_CLIENT = "python-openstackclient==10.5.0"
"""Brings C{openstack}, into an environment of its own."""

GLANCE = "from glance.cli.main import main; main()"
"""What C{glance} does."""

DOWNLOAD, LIST = 1.2, 0.5
"""How much of the other's time each may take."""


@frozen
class Contest:
    """
    Two commands that do the same.
    """

    title: str
    ours: list
    their_title: str
    theirs: list
    most: float
    """How much of their time ours may take."""

    def run(self, rounds):
        """
        Run both some times in turn, and get a line that tells.
        """
        seconds = [[], []]
        for _ in range(rounds):
            for command, times in zip((self.ours, self.theirs), seconds, strict=True):
                times.append(_seconds(command))
        ours, theirs = map(tell, seconds)
        ratio = median(seconds[0]) / median(seconds[1])
        return (
            f"{self.title} takes {ours}, {self.their_title} {theirs}: "
            f"{ratio:.2f} times as long, where {self.most:g} are allowed."
        )


def measure(directory, size, rounds, say, *, install):
    """
    Print how long a download that is verified, and a list, take.

    @param size: the bytes of the image.
    @param install: whether OpenStack's client may be installed.
    """
    glance = Glance(directory / "client")
    try:
        image = glance.prepare(size)
        say(_download(glance, directory, image, size).run(rounds))
        try:
            say(_list(glance, install).run(rounds))
        except Failed as problem:
            say(f"Without OpenStack's client: {problem}")
        say("")
    finally:
        glance.stop()


def _download(glance, directory, image, size):
    url = f"http://127.0.0.1:{glance.port}/v2/images/{image}/file"
    ours, theirs = directory / "ours", shlex.quote(str(directory / "theirs"))
    return Contest(
        title=f"glance download of {size / MIB:g} MiB",
        ours=_glance(glance, "download", image, "--file", str(ours)),
        their_title="curl and sha512sum",
        theirs=["sh", "-c", f"curl -sfo {theirs} {url} && sha512sum {theirs}"],
        most=DOWNLOAD,
    )


def _list(glance, install):
    url = f"http://127.0.0.1:{glance.port}"
    known = ["--os-auth-type", "none", "--os-endpoint", url]
    return Contest(
        title="glance list",
        ours=_glance(glance, "list"),
        their_title="openstack image list",
        theirs=[_openstack(install), *known, "image", "list"],
        most=LIST,
    )


def _glance(glance, *arguments):
    port = ("--port", str(glance.port))
    return [sys.executable, "-c", GLANCE, *port, *arguments]


def _openstack(install):
    name = OPENSTACK_CLIENT.replace("==", "-")
    venv = environment_of(name, [OPENSTACK_CLIENT], install)
    return str(venv / "bin" / "openstack")


def _seconds(command):
    began = time.monotonic()
    done = subprocess.run(
        command, env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Failed(f"{command[0]}: {done.stderr}")
    return time.monotonic() - began
