"""
Tests of real daemons that have data from web servers, which misbehave.
"""

import http.client
import json
import signal
import subprocess
import sys
import time
import urllib.request

from tests.badhttp import HOST, BadHTTP
from tests.functional.daemons import environment, get
from tests.functional.operating import run_program
from tests.functional.test_daemons import DaemonCase
from tests.servers.badhttp import LOOPBACK, SECRET, part

SIZE = 1 << 20
DATA = part(0, SIZE)

FORMATS = {
    "X-Image-Meta-Disk_format": "raw",
    "X-Image-Meta-Container_format": "bare",
}

BROKEN = (
    "truncated/1M",
    "reset/1M",
    "stall/1M",
    "no-length/1M",
    "chunked-cut/1M",
    "chunked-bad/1M",
)
"""What begins well, and breaks off."""

UNUSABLE = (
    "silent",
    "close",
    "gzip/1M",
    "status/401",
    "status/500",
    "auth/1M",
    "redirect-loop",
    "redirect-none",
    "redirect-metadata",
    "redirect-scheme/file",
    "raw/bad-status",
    "raw/two-lengths",
    "raw/big-header",
    "raw/http09",
    *(f"redirect-internal/{number}" for number in range(len(LOOPBACK))),
)
"""What never begins."""


class SourceCase(DaemonCase):
    """
    A daemon, and a web server.
    """

    idle_timeout = 60

    def setUp(self):
        super().setUp()
        self.web = BadHTTP()
        self.web.start()
        self.addCleanup(self.web.stop)
        self.place.configure(
            http_allowed_networks=HOST,
            http_allowed_ports=f"{self.web.port}, {self.web.canary_port}",
            http_idle_timeout=self.idle_timeout,
            graceful_shutdown_timeout=2,
            lease_duration=5,
            reaper_interval=1,
            debug=True,
        )
        self.daemon = self.start("glance")

    def url(self, path):
        """
        Get a URL of the web server, with credentials in it.
        """
        return f"http://user:pass-word@{HOST}:{self.web.port}/{path}?key=s3cret"

    def post(self, **headers):
        """
        Make an image.

        @return: the status, and the image or what went wrong.
        """
        named = {name.replace("__", "-"): value for name, value in headers.items()}
        url = f"{self.place.api}/v1/images"
        status, _, body = get(url, "POST", Accept="text/plain", **FORMATS, **named)
        return status, json.loads(body)["image"] if status == 201 else body.decode()

    def copy(self, path, **headers):
        """
        Make an image that is filled from the web server.

        @return: its id.
        """
        headers = {"X__Glance__Api__Copy__From": self.url(path), **headers}
        status, image = self.post(**headers)
        self.assertEqual(status, 201, (path, image))
        self.assertEqual(image["status"], "queued")
        return image["id"]

    def locate(self, path, **headers):
        """
        Make an image whose data is on the web server, or try to.
        """
        return self.post(**{"X__Image__Meta__Location": self.url(path), **headers})

    def fetch(self, image_id):
        """
        Get an image's data; what came of it, where it breaks off.
        """
        url = f"{self.place.api}/v1/images/{image_id}"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            return error.code
        except (OSError, http.client.HTTPException):
            return "broken off"

    def status(self, image_id):
        """
        Get the status of an image.
        """
        url = f"{self.place.api}/v1/images/{image_id}"
        return get(url, "HEAD")[1]["X-Image-Meta-Status"]

    def settled(self, image_id):
        """
        Wait until an image is neither queued nor saving, and get its status.
        """
        self.daemon.wait_for(lambda: self.status(image_id) not in ("queued", "saving"))
        return self.status(image_id)

    def assert_secret(self, *texts):
        """
        See that nobody was told what must not be told.
        """
        for text in (*texts, self.daemon.log):
            for secret in ("pass-word", "s3cret", SECRET, "AccessKeyId", HOST):
                self.assertNotIn(secret, str(text))
        self.assertEqual(self.web.caught(), [])


class SourceTests(SourceCase):
    """
    Images have their data from web servers, whole or not at all.
    """

    idle_timeout = 2

    def test_copied(self):
        """
        What is whole is copied.
        """
        paths = (
            "ok/1M",
            "chunked/1M",
            "too-long/1M",
            "range-ignored/1M",
            "shrinking/1M",
            "redirect-chain/4/1M",
        )
        ids = [self.copy(path) for path in paths]
        for path, image_id in zip(paths, ids, strict=True):
            self.assertEqual(self.settled(image_id), "active", path)
            self.assertTrue(self.fetch(image_id) == DATA, path)
        self.assertEqual(len(self.place.files()), len(paths))
        self.assert_secret()

    def test_broken(self):
        """
        What breaks off is not, and nothing is left of it; nor is what isn't what the
        client says.
        """
        ids = {path: self.copy(path) for path in BROKEN}
        wrong = {"X__Image__Meta__Checksum": "0" * 32}
        ids["corrupt/1M"] = self.copy("corrupt/1M", **wrong)
        for path, image_id in ids.items():
            self.assertEqual(self.settled(image_id), "killed", path)
        # What was kept before it was known to be wrong goes a moment after that.
        self.daemon.wait_for(lambda: self.place.files() == [])
        self.assert_secret()

    def test_unusable(self):
        """
        What never begins makes no image, neither a copy nor another, and the answer
        is the same for all but what isn't there; no spelling of this host leads
        inside.
        """
        texts = set()
        for path in UNUSABLE:
            for header in ("X__Glance__Api__Copy__From", "X__Image__Meta__Location"):
                status, text = self.post(**{header: self.url(path)})
                self.assertEqual(status, 400, path)
                texts.add(text)
        for url in (
            f"http://127.0.0.1:{self.web.canary_port}/",
            f"http://127.1:{self.web.canary_port}/",
            f"http://127.0.0.1:{self.place.api_port}/",
            "http://169.254.169.254/latest/meta-data/",
            f"http://{HOST}:1/",
            "http://no-such-name.invalid/",
        ):
            status, text = self.post(X__Image__Meta__Location=url)
            self.assertEqual(status, 400, url)
            texts.add(text)
        self.assertEqual(len(texts), 1, texts)
        headers = {"X__Glance__Api__Copy__From": self.url("ok/1M")}
        status, text = self.post(**headers, X__Image__Meta__Store="http")
        self.assertEqual(status, 410, text)
        status, text = self.locate("status/404")
        self.assertEqual(status, 404)
        self.assert_secret(text, *texts)

    def test_located(self):
        """
        What stays where it is is read from there, in whole and in part.
        """
        for path in ("ok/1M", "range-ignored/1M", "redirect-chain/4/1M"):
            status, image = self.locate(path)
            self.assertEqual(status, 201, image)
            self.assertEqual((image["status"], image["size"]), ("active", SIZE))
            self.assertTrue(self.fetch(image["id"]) == DATA, path)
            url = f"{self.place.api}/v1/images/{image['id']}"
            status, headers, body = get(url, Range="bytes=70000-99999")
            self.assertEqual(status, 206)
            self.assertTrue(body == DATA[70000:100000], path)
            self.assert_secret(headers)
        self.assertEqual(self.place.files(), [])

    def test_located_broken(self):
        """
        What breaks off there breaks off here, and no client takes it for whole; what
        has changed its size isn't sent at all.
        """
        for path in ("truncated/1M", "reset/1M", "stall/1M"):
            status, image = self.locate(path)
            self.assertEqual(status, 201, (path, image))
            self.assertEqual(self.fetch(image["id"]), "broken off", path)
        for path in ("no-length/1M", "chunked/1M"):
            status, text = self.locate(path)
            self.assertEqual(status, 400)
            self.assertIn("have it copied", text)
        status, image = self.locate("shrinking/1M")
        self.assertEqual(status, 201)
        self.assertEqual(self.fetch(image["id"]), 500)
        self.assert_secret()

    def test_verified(self):
        """
        An operator can have what stays there read, and looked into, and be told when it
        is gone, without the password that it was read with.
        """
        status, image = self.locate("ok/1M")
        self.assertEqual(status, 201, image)
        self.manage("verify")
        self.manage("inspect")
        self.web.stop()
        for options in ((), ("-o", "json")):
            said = self.manage("verify", *options, status=1)
            self.assertIn(image["id"], said)
            self.assertNotIn("pass-word", said)
            self.assertNotIn("s3cret", said)

    def manage(self, *arguments, status=0):
        """
        Run the operators' program, and get what it says.
        """
        conf = self.place.path / "glance.conf"
        command = ("glance.tap.manage", "--config-file", conf, *arguments)
        done = run_program(*command, cwd=self.place.path / "cwd")
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, status, said)
        return said

    def test_command(self):
        """
        The command takes both.
        """

        def add(*fields):
            formats = ["disk_format=raw", "container_format=bare"]
            command = ["-p", str(self.place.api_port), "-H", "127.0.0.1", "add"]
            return self.run_glance(*command, *formats, *fields)

        added = add(f"location={self.url('ok/1M')}")
        located = added.rpartition(":")[2].strip()
        self.assertTrue(self.fetch(located) == DATA)
        added = add(f"copy_from={self.url('ok/1M')}")
        copied = added.rpartition(":")[2].strip()
        self.assertEqual(self.settled(copied), "active")
        self.assertTrue(self.fetch(copied) == DATA)
        self.assert_secret(added)

    def run_glance(self, *arguments):
        """
        Run the command, and get what it says.
        """
        done = subprocess.run(
            [sys.executable, "-m", "glance.cli.main", *arguments],
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout


class LongTests(SourceCase):
    """
    Images are filled for longer than their daemon or they live.
    """

    def test_deleted(self):
        """
        An image may be deleted while it is filled, and then nothing is left of it.
        """
        image_id = self.copy("slow/1M/1k")
        self.daemon.wait_for(lambda: self.status(image_id) == "saving")
        url = f"{self.place.api}/v1/images/{image_id}"
        self.assertEqual(get(url, "DELETE")[0], 200)
        self.daemon.wait_for(lambda: self.place.files() == [])
        self.daemon.wait_for_log("was not fetched")
        self.assert_secret()

    def test_end(self):
        """
        A daemon that ends breaks off what takes too long, and settles it first, also
        what waits for its turn.
        """
        ids = [self.copy("slow/1M/1k") for _ in range(6)]
        short = self.copy("ok/1k")
        self.daemon.wait_for(lambda: self.status(ids[3]) == "saving")
        self.assertEqual(self.status(ids[5]), "queued")
        begun = time.monotonic()
        self.daemon.signal(signal.SIGTERM)
        self.daemon.wait()
        self.assertLess(time.monotonic() - begun, 40)
        self.assertIn("Breaking off 7 fetches", self.daemon.log)
        self.assertEqual(self.place.files(), [])
        self.assertNotIn("Traceback", self.daemon.log)
        self.daemon = self.start("glance")
        for image_id in (*ids, short):
            self.assertEqual(self.status(image_id), "killed")

    def test_crash(self):
        """
        After a crash, images that were being filled are settled; those that waited
        still wait, and may be filled.
        """
        ids = [self.copy("slow/1M/1k") for _ in range(5)]
        self.daemon.wait_for(lambda: self.status(ids[3]) == "saving")
        self.daemon.kill()
        self.daemon = self.start("glance")
        for image_id in ids[:4]:
            self.assertEqual(self.settled(image_id), "killed")
        self.daemon.wait_for(lambda: self.place.files() == [])
        self.assertEqual(self.status(ids[4]), "queued")
        url = f"{self.place.api}/v1/images/{ids[4]}"
        said = {"X-Glance-Api-Copy-From": self.url("ok/1M")}
        self.assertEqual(get(url, "PUT", **said)[0], 200)
        self.assertEqual(self.settled(ids[4]), "active")
        self.assertTrue(self.fetch(ids[4]) == DATA)


class OffTests(DaemonCase):
    """
    Nobody has the daemon ask around unless the operator says so.
    """

    def test_off(self):
        """
        Without the store there is nothing elsewhere.
        """
        self.place.configure()
        self.start("glance")
        url = f"{self.place.api}/v1/images"
        status, _, body = get(
            url, "POST", **FORMATS, **{"X-Image-Meta-Location": "http://example.org/"}
        )
        self.assertEqual(status, 400)
        self.assertIn(b"External sources are not supported", body)
