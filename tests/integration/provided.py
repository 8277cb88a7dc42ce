"""
What the tests get from elsewhere: disk images, programs, OpenStack's clients.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from attrs import frozen

from tests.needs import need

SCRIPTS = Path(__file__).parent.parent / "servers"

OPENSTACK = (
    "python-glanceclient==4.13.0",
    "python-openstackclient==10.5.0",
    "openstacksdk==4.22.0",
)
"""
OpenStack's clients: of the commands C{glance} and C{openstack}, and of programs.
"""


OPENSTACK_OF_OLD = ("python-glanceclient==4.11.0",)
"""
A client that operators have who still use version 1.
"""


def cache_directory():
    """
    Get where things are kept between two runs: C{GLANCE_TEST_CACHE}, or a
    directory in the user's cache.
    """
    usual = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(os.environ.get("GLANCE_TEST_CACHE") or Path(usual, "glance-tests"))
    path.mkdir(parents=True, exist_ok=True)
    return path


def sha512(path):
    """
    Hash a file.
    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha512").hexdigest()


@frozen(kw_only=True)
class DiskImage:
    """
    A file with a disk image.
    """

    path: Path
    disk_format: str
    container_format: str

    @property
    def name(self):
        """
        What it is called.
        """
        return self.path.name

    @property
    def size(self):
        """
        Its bytes.
        """
        return self.path.stat().st_size

    @property
    def sha512(self):
        """
        Its hash.
        """
        return sha512(self.path)

    @property
    def md5(self):
        """
        Its checksum.
        """
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "md5").hexdigest()


@cache
def _made():
    directory = cache_directory() / "images-2"
    done = subprocess.run(
        [SCRIPTS / "images.sh", directory],
        capture_output=True,
        text=True,
        check=False,
    )
    return directory, done.returncode == 0, done.stderr


def disk_images(*, hostile=False):
    """
    Get real disk images in many formats.

    @param hostile: whether to get those that nobody should open, instead of
        those that boot.

    @raise SkipTest: they cannot be made here.
    """
    directory, made, problem = _made()
    need(made, f"what disk images are made of ({problem.strip()})")
    manifest = json.loads((directory / "MANIFEST.json").read_text())
    return [
        DiskImage(
            path=directory / image["name"],
            disk_format=image["disk_format"],
            container_format=image["container_format"],
        )
        for image in manifest
        if image["hostile"] is hostile
    ]


def program(name):
    """
    Get the path of a program.

    @raise SkipTest: there is none.
    """
    found = shutil.which(name)
    need(found, name)
    return found


def need_curl_in_qemu():
    """
    Skip a test where qemu-img reads no URLs.

    @raise SkipTest: it doesn't.
    """
    tried = subprocess.run(
        [program("qemu-img"), "info", "http://127.0.0.1:1/"],
        capture_output=True,
        text=True,
        check=False,
    )
    need("Unknown protocol" not in tried.stderr, "qemu-block-extra")


@cache
def _installed(name, packages):
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    versions = [package.partition("==")[2] for package in packages]
    venv = cache_directory() / "-".join([name, *versions, version])
    with (cache_directory() / "venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (venv / "complete").exists():
            shutil.rmtree(venv, ignore_errors=True)
            pip = [venv / "bin" / "pip", "--disable-pip-version-check", "-q"]
            for command in (
                [sys.executable, "-m", "venv", venv],
                [*pip, "install", *packages],
            ):
                done = subprocess.run(
                    command, capture_output=True, text=True, check=False
                )
                if done.returncode != 0:
                    return venv, done.stderr
            (venv / "complete").touch()
    return venv, None


def installed(name, packages):
    """
    Get the directory of programs of a virtual environment that has packages, each
    with its version, and not this project.

    @param name: what the environment is called.

    @raise SkipTest: they cannot be installed here.
    """
    venv, problem = _installed(name, tuple(packages))
    need(problem is None, f"{', '.join(packages)} ({problem})")
    return venv / "bin"


def openstack_client():
    """
    Get the directory of programs where C{python} knows OpenStack's clients, and
    C{glance} and C{openstack} are their commands.  Our module has the name of
    one of them, so that both cannot be in one place.

    @raise SkipTest: they cannot be installed here.
    """
    return installed("openstack", OPENSTACK)


def old_openstack_client():
    """
    Get the directory of programs where C{python} knows the client of old, and
    C{glance} is its command.

    @raise SkipTest: it cannot be installed here.
    """
    return installed("openstack-of-old", OPENSTACK_OF_OLD)


@cache
def _built_with_gophercloud():
    built = cache_directory() / "with_gophercloud"
    done = subprocess.run(
        [program("go"), "build", "-o", built, "."],
        cwd=Path(__file__).parent / "with_gophercloud",
        # Debian has libraries where Go looked for them before there were modules.
        env={
            **os.environ,
            "GO111MODULE": "off",
            "GOPATH": "/usr/share/gocode",
            "GOCACHE": str(cache_directory() / "go"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return built, done.returncode == 0, done.stderr


def with_gophercloud():
    """
    Get the path of the program that uses gophercloud.

    @raise SkipTest: it cannot be built here.
    """
    built, made, problem = _built_with_gophercloud()
    need(made, f"golang-github-gophercloud-utils-dev ({problem.strip()})")
    return built
