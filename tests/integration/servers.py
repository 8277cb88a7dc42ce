"""
Real servers, started by the scripts in C{tests/servers}.
"""

import atexit
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from functools import cache
from urllib.parse import urlsplit

from twisted.trial.unittest import SkipTest

from glance.s3 import Credentials
from glance.s3.signing import EMPTY, signed
from tests.functional.daemons import free_port
from tests.integration.keystone import Keystone
from tests.integration.scripted import Scripted


@cache
def _started(kind, **options):
    kinds = {"S3": S3, "Swift": Swift, "Keystone": Keystone}
    server = kinds[kind](**options) if kind in kinds else Database(kind)
    atexit.register(server.remove)
    try:
        server.start()
    except subprocess.CalledProcessError as error:
        return None, error.stderr
    return server, None


def _needed(kind, **options):
    server, problem = _started(kind, **options)
    if server is None:
        raise _lacking(kind, problem)
    return server


def _lacking(kind, problem):
    if os.environ.get("CI"):
        return AssertionError(f"{kind} is needed: {problem}")
    return SkipTest(f"no {kind} here: {problem}")


def needed(kind, start):
    """
    Start something that cannot be had everywhere.

    @raise SkipTest: as C{database} does.
    """
    try:
        start()
    except (OSError, subprocess.CalledProcessError) as error:
        raise _lacking(kind, getattr(error, "stderr", error)) from None


def database(kind):
    """
    Get a server of that kind, which runs until the tests end.

    @raise SkipTest: it cannot be started here; where C{CI} is set in the
        environment, that is a failure.
    """
    return _needed(kind)


def s3_server():
    """
    Get a server of S3, which runs until the tests end.

    @raise SkipTest: as C{database} does.
    """
    return _needed("S3")


def swift_server(**options):
    """
    Get a server of Swift, which runs until the tests end; for each set of
    options another.

    @param options: those of L{Swift}.

    @raise SkipTest: as C{database} does.
    """
    return _needed("Swift", **options)


def keystone_server(**options):
    """
    Get a Keystone, which runs until the tests end.

    @param options: those of L{Keystone}.

    @raise SkipTest: as C{database} does.
    """
    return _needed("Keystone", **options)


class S3(Scripted):
    """
    A private server of S3.
    """

    ACCESS, SECRET = "glance-access", "glance-secret"

    def __init__(self):
        super().__init__("s3", "s3.sh")
        self.port = free_port()

    def start(self):
        """
        Start it.
        """
        self.url = self.run("start", str(self.port))

    def stored(self, bucket):
        """
        List the names of all objects in a bucket, and those that there are parts of.
        """
        pages = [
            self.ask("GET", bucket, query) for query in ("list-type=2", "uploads=")
        ]
        return re.findall("<Key>(.*?)</Key>", "".join(pages))

    def ask(self, method, path, query=""):
        """
        Ask for something, without data.

        @param path: a bucket, or an object in one.
        """
        headers = signed(
            method,
            f"/{path}",
            query,
            {"host": urlsplit(self.url).netloc},
            payload=EMPTY,
            credentials=Credentials(self.ACCESS, self.SECRET),
            region="us-east-1",
            now=time.time(),
        )
        url = f"{self.url}/{path}?{query}"
        request = urllib.request.Request(url, headers=headers, method=method)
        return urllib.request.urlopen(request).read().decode()


class Swift(Scripted):
    """
    A private server of Swift, with the user C{glance:glance}, whose key is
    C{glance-secret}.
    """

    USER, KEY = "glance:glance", "glance-secret"

    def __init__(self, max_file_size=5 << 30, token_life=86400, keystone=""):
        """
        @param max_file_size: how many bytes an object may have.
        @param token_life: for how many seconds a token is good.
        @param keystone: the URL of a Keystone that is asked instead of tempauth.
        """
        super().__init__(
            "swift",
            "swift.sh",
            MAX_FILE_SIZE=str(max_file_size),
            TOKEN_LIFE=str(token_life),
            KEYSTONE=keystone,
        )

    @property
    def auth_url(self):
        """
        Where tokens are had.
        """
        return f"{self.url}/auth/v1.0"

    def ask(self, method, path, **headers):
        """
        Ask for something in the user's account.

        @param path: such as C{container/object}.

        @return: the body of the answer, as text.
        """
        credentials = {"X-Auth-User": self.USER, "X-Auth-Key": self.KEY}
        asking = urllib.request.Request(self.auth_url, headers=credentials)
        account = self.USER.partition(":")[0]
        while True:
            with urllib.request.urlopen(asking) as known:
                token = known.headers["X-Auth-Token"]
            try:
                return self.ask_as(token, account, method, path, **headers)
            except urllib.error.HTTPError as error:
                # It gives the one that there is, which may be about to end.
                if error.code != 401:
                    raise

    def ask_as(self, token, account, method, path, **headers):
        """
        Ask for something with a token.
        """
        request = urllib.request.Request(
            f"{self.url}/v1/AUTH_{account}/{path}",
            headers={**headers, "X-Auth-Token": token},
            method=method,
        )
        with urllib.request.urlopen(request) as answer:
            return answer.read().decode()

    def kill(self, name):
        """
        Kill one of its servers: C{account}, C{container}, C{object} or C{proxy}.
        """
        pid, _ = (self.base / "run" / f"{name}.pid").read_text().split()
        os.kill(int(pid), signal.SIGKILL)

    def start(self):
        """
        Start it.
        """
        ports = set()
        while len(ports) < 5:
            # Its servers connect to each other, so not one that they may get.
            ports.add(str(free_port()))
        self.url = self.run("start", *ports)


class Database(Scripted):
    """
    A private PostgreSQL or MariaDB.
    """

    def __init__(self, kind):
        super().__init__(kind, "db.sh")
        self.kind = kind
        self.port = free_port()

    def start(self):
        """
        Start it, also again after it was killed.
        """
        self.url = self.run("start", str(self.port), self.kind)

    def kill(self):
        """
        Kill it, as a crash would.
        """
        self.run("kill9")
