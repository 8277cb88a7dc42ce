"""
Tests of the daemons as an operator runs them.
"""

import json
import shutil
import signal
import socket
import tempfile
import urllib.request
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.functional.daemons import Place, get, is_read

HEADERS = {
    "Content-Type": "application/octet-stream",
    "X-Image-Meta-Name": "first",
    "X-Image-Meta-Is_public": "true",
    "X-Image-Meta-Disk_format": "raw",
    "X-Image-Meta-Container_format": "bare",
}


class DaemonCase(SynchronousTestCase):
    """
    A place for daemons.
    """

    def setUp(self):
        self.place = Place(self.mktemp())
        self.place.configure()

    def start(self, name, *arguments, **how):
        """
        Run a daemon until the end of the test.
        """
        running = self.place.start(name, *arguments, **how)
        self.addCleanup(lambda: running.process.poll() is None and running.kill())
        return running

    def post(self, data, **headers):
        """
        Store an image, and get what is said of it.
        """
        request = urllib.request.Request(
            f"{self.place.api}/v1/images",
            data=data,
            headers={**HEADERS, **headers},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["image"]


class RunningTests(DaemonCase):
    """
    The daemons run, each way.
    """

    def test_all_in_one(self):
        """
        C{twistd glance} stores and gives back an image, and tells its user what
        to type.
        """
        running = self.start("glance", "--welcome")
        image = self.post(b"data" * 1000)
        self.assertEqual(image["status"], "active")
        status, _, data = get(f"{self.place.api}/v1/images/{image['id']}")
        self.assertEqual((status, data), (200, b"data" * 1000))
        self.assertIn("Store a first image", running.log)
        self.assertEqual(running.stop(), -signal.SIGTERM)
        self.assertEqual(self.place.litter(), [])

    def test_two_daemons(self):
        """
        C{twistd glance-registry} and C{twistd glance-api} do so together.
        """
        registry, api = self.start("glance-registry"), self.start("glance-api")
        image = self.post(b"data")
        self.assertEqual(get(f"{self.place.api}/v1/images/{image['id']}")[2], b"data")
        old = json.loads(get(f"{self.place.registry}/images/{image['id']}")[2])
        self.assertEqual(old["image"]["size"], 4)
        self.assertEqual((api.stop(), registry.stop()), (-15, -15))
        self.assertEqual(self.place.litter(), [])

    def test_registry_port_of_all_in_one(self):
        """
        C{twistd glance} serves the registry too, where a port is configured.
        """
        self.start("glance")
        self.assertEqual(get(f"{self.place.registry}/images")[0], 200)

    def test_registry_comes_back(self):
        """
        Without a registry the API answers 503 with Retry-After; it recovers by
        itself.
        """
        registry, api = self.start("glance-registry"), self.start("glance-api")
        image = self.post(b"data")
        url = f"{self.place.api}/v1/images/{image['id']}"
        registry.kill()
        status, headers, _ = get(url)
        self.assertEqual(status, 503)
        self.assertTrue(headers["Retry-After"])
        api.wait_for(lambda: get(f"{self.place.api}/healthcheck")[0] == 503)
        self.start("glance-registry")
        self.assertEqual(get(url)[0], 200)
        api.wait_for(lambda: get(f"{self.place.api}/healthcheck")[0] == 200)

    def test_unix_sockets(self):
        """
        The two talk over a UNIX socket where one is configured.
        """
        # The path of a socket is short.
        path = Path(tempfile.mkdtemp()) / "registry.sock"
        self.addCleanup(shutil.rmtree, path.parent)
        config = self.place.configure(registry_host=f"unix:{path}")
        text = config.read_text()
        section = "[app:glance-registry]\nbind_host = "
        text = text.replace(f"{section}127.0.0.1", f"{section}unix:{path}")
        config.write_text(text)
        self.start("glance-registry", wait=False).wait_for(path.exists)
        self.start("glance-api")
        self.assertEqual(self.post(b"data")["size"], 4)

    def test_ipv6(self):
        """
        IPv6 addresses are as good as others.
        """
        config = self.place.configure()
        config.write_text(config.read_text().replace("127.0.0.1", "::1"))
        registry = self.start("glance-registry", wait=False)
        registry.url = f"http://[::1]:{self.place.registry_port}"
        registry.wait_until_up()
        api = self.start("glance-api", wait=False)
        api.url = f"http://[::1]:{self.place.api_port}"
        api.wait_until_up()
        self.assertEqual(get(f"{api.url}/v1/images")[0], 200)

    def test_secret(self):
        """
        With a secret, the registry answers those who bring it.
        """
        self.place.configure(registry_secret="sesame open")
        self.start("glance-registry")
        self.start("glance-api")
        self.assertEqual(self.post(b"data")["size"], 4)
        url = f"{self.place.registry}/images"
        self.assertEqual(get(url)[0], 401)
        self.assertEqual(get(url, Authorization="Bearer sesame")[0], 401)
        self.assertEqual(get(url, Authorization="Bearer sesame open")[0], 200)

    def test_wrong_secret(self):
        """
        An API with the wrong secret cannot work, and says so in its log.
        """
        self.place.configure(registry_secret="one")
        self.start("glance-registry")
        self.place.configure(registry_secret="other")
        api = self.start("glance-api")
        self.assertGreaterEqual(get(f"{self.place.api}/v1/images")[0], 500)
        self.assertIn("registry_secret", api.log)

    def test_request_id(self):
        """
        The id of a request is handed on to the registry, and logged by both.
        """
        registry, api = self.start("glance-registry"), self.start("glance-api")
        number = "req-6ba7b810-9dad-41d1-80b4-00c04fd430c8"
        _, headers, _ = get(
            f"{self.place.api}/v1/images", **{"X-Openstack-Request-Id": number}
        )
        self.assertEqual(headers["X-Openstack-Request-Id"], number)
        api.wait_for_log(number)
        registry.wait_for_log(number)

    def test_metrics(self):
        """
        What happens is counted.
        """
        self.start("glance")
        image = self.post(b"data")
        for path in self.place.data.glob(f"{image['id']}.*"):
            path.unlink()
        get(f"{self.place.api}/v1/images/{image['id']}")
        text = get(f"{self.place.api}/metrics")[2].decode()
        for line in (
            'glance_requests_total{method="POST",route="/v1/images",status="201"} 1.0',
            "glance_received_bytes_total 4.0",
            'glance_store_errors_total{error="DataNotFound",store="file"} 1.0',
            'glance_transfers_in_flight{direction="up"} 0.0',
            'glance_transfers_in_flight{direction="down"} 0.0',
            'glance_pool_calls{pool="database-write"}',
            "glance_reactor_lag_seconds_count",
            "process_resident_memory_bytes",
        ):
            self.assertIn(line, text)

    def test_metrics_of_registry(self):
        """
        What happens in the registry is counted, too.
        """
        for name in ("glance-registry", "glance"):
            running = self.start(name)
            get(f"{self.place.registry}/images")
            text = get(f"{self.place.registry}/metrics")[2].decode()
            for line in (
                'glance_requests_total{method="GET",route="/images",status="200"} 1.0',
                'glance_pool_calls{pool="database-read"}',
                "glance_reactor_lag_seconds_count",
            ):
                self.assertIn(line, text)
            running.stop()

    def test_json_log(self):
        """
        The log can be one JSON object a line.
        """
        path = f"{self.place.path}/glance.json"
        self.place.configure(use_json="true", log_file=path)
        running = self.start("glance")
        self.post(b"data")
        running.wait_for(lambda: "/v1/images" in Path(path).read_text())
        lines = [json.loads(line) for line in Path(path).read_text().splitlines()]
        access = [line for line in lines if line.get("path") == "/v1/images"]
        self.assertEqual(access[0]["status"], 201)
        self.assertEqual(access[0]["received"], 4)
        self.assertTrue(access[0]["request_id"].startswith("req-"))

    def test_aborted_request(self):
        """
        A request whose client went away is logged as such.
        """
        running = self.start("glance")
        with socket.create_connection(("127.0.0.1", self.place.api_port)) as client:
            client.sendall(
                b"POST /v1/images HTTP/1.1\r\nHost: glance\r\nContent-Length: 9\r\n"
                b"Content-Type: application/octet-stream\r\n"
                b"X-Image-Meta-Disk_format: raw\r\n"
                b"X-Image-Meta-Container_format: bare\r\n\r\nhalf"
            )
            running.wait_for(lambda: self.place.files())
        running.wait_for_log("POST /v1/images 499 in=4")


class ScriptTests(DaemonCase):
    """
    C{glance-api} and C{glance-registry} simply start the daemons.
    """

    def command(self, name, *arguments):
        """
        Get the command that is one of the scripts.
        """
        import sys

        entry = {"glance-api": "api", "glance-registry": "registry"}[name]
        code = f"from glance.tap.scripts import {entry}; {entry}()"
        return [sys.executable, "-c", code, *arguments]

    def test_run_and_end(self):
        """
        They run in the foreground, and end with status 0.
        """
        config = str(self.place.path / "glance.conf")
        registry = self.start(
            "glance-registry", command=self.command("glance-registry", config)
        )
        api = self.start("glance-api", command=self.command("glance-api", config))
        self.assertEqual(self.post(b"data")["size"], 4)
        self.assertEqual((api.stop(), registry.stop()), (0, 0))
        self.assertEqual(self.place.litter(), [])

    def test_wrong(self):
        """
        What is wrong is said in one line, with status 1.
        """
        done = self.place.run(self.command("glance-api", "/no/such/file.conf"))
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn("/no/such/file.conf", done.stderr)

    def test_version(self):
        """
        They tell their version.
        """
        done = self.place.run(self.command("glance-api", "--version"))
        self.assertEqual(done.returncode, 0)
        self.assertTrue(done.stdout.startswith("glance-api "))


class RefusalTests(DaemonCase):
    """
    What is wrong is said before the daemon goes into the background: in one
    line that names the option, with status 1.
    """

    def refuse(self, name, option, **options):
        """
        See that a daemon refuses to start, in the foreground and not.
        """
        self.place.configure(**options)
        pid = f"--pidfile={self.place.path}/pid"
        for how in (("-n", "--pidfile="), (pid,)):
            done = self.place.run(self.place.twistd(name, twistd=how))
            self.assertEqual(done.returncode, 1, done)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            self.assertIn(option, done.stderr)
        self.assertEqual(self.place.litter(), [])
        return done.stderr

    def test_bad_value(self):
        """
        A value that cannot be.
        """
        self.refuse("glance-api", "backlog", backlog="many")

    def test_port_in_use(self):
        """
        A port that somebody else has.
        """
        with socket.socket() as other:
            other.bind(("127.0.0.1", self.place.api_port))
            other.listen()
            self.refuse("glance-api", "bind_port")

    def test_unwritable_directory(self):
        """
        A directory that isn't one.
        """
        file = self.place.path / "file"
        file.touch()
        option = "filesystem_store_datadir"
        self.refuse("glance-api", option, filesystem_store_datadir=file / "images")

    def test_wrong_database(self):
        """
        A database that isn't there; its password is not told.
        """
        url = "postgresql://me:sesame@127.0.0.1:1/none"
        said = self.refuse("glance-registry", "sql_connection", sql_connection=url)
        self.assertNotIn("sesame", said)

    def test_newer_database(self):
        """
        A database that a newer program has made.
        """
        import sqlite3

        self.start("glance").stop()
        with sqlite3.connect(self.place.path / "glance.sqlite") as database:
            database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.close()
        self.assertIn("newer", self.refuse("glance-registry", "sql_connection"))

    def test_unknown_store(self):
        """
        A store that isn't there yet.
        """
        self.refuse("glance-api", "default_store", default_store="rbd")

    def test_lost_race(self):
        """
        A port that is taken after it was looked at: the status tells, also of
        one that went into the background.
        """
        # SO_REUSEPORT lets the look succeed, and the daemon fail.
        code = (
            "import glance.tap.daemon as d; d.Daemon.check = lambda self: None;"
            "from twisted.scripts.twistd import run; run()"
        )
        with socket.socket() as other:
            other.bind(("127.0.0.1", self.place.api_port))
            other.listen()
            for how in (("-n", "--pidfile="), (f"--pidfile={self.place.path}/pid",)):
                command = self.place.twistd("glance-api", twistd=how)
                command[2] = code
                done = self.place.run(command)
                self.assertEqual(done.returncode, 1, done)


class WarningTests(DaemonCase):
    """
    What has no effect is warned of, once.
    """

    def test_options(self):
        """
        Options that are unknown, and those that Glance had elsewhere.
        """
        self.place.configure(backlock=3, rabbit_host="localhost")
        log = self.start("glance").log
        self.assertEqual(log.count("backlock"), 1)
        self.assertEqual(log.count("rabbit_host"), 1)

    def test_noauth_address(self):
        """
        Without an address the service is for this machine, and says so.
        """
        config = self.place.configure()
        config.write_text(config.read_text().replace("bind_host = 127.0.0.1\n", ""))
        running = self.start("glance")
        self.assertIn("127.0.0.1", running.log)
        self.assertIn("noauth", running.log)


class SignalTests(DaemonCase):
    """
    Signals end a daemon gently, and have it read its configuration again.
    """

    def upload(self, size):
        """
        Begin an upload on a socket of its own.
        """
        sock = socket.create_connection(("127.0.0.1", self.place.api_port))
        self.addCleanup(sock.close)
        sock.settimeout(60)
        lines = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
        sock.sendall(
            f"POST /v1/images HTTP/1.1\r\nHost: glance\r\n{lines}"
            f"Content-Length: {size}\r\n\r\n".encode()
        )
        return sock

    def refused(self):
        """
        Tell whether nobody can connect to the API any more.
        """
        try:
            socket.create_connection(("127.0.0.1", self.place.api_port)).close()
        except ConnectionRefusedError:
            return True
        return False

    def test_term_waits(self):
        """
        A transfer in flight is finished; nobody new comes in; then the daemon
        ends.
        """
        running = self.start("glance")
        sock = self.upload(8)
        sock.sendall(b"half")
        running.wait_for(lambda: self.place.files())
        running.signal(signal.SIGTERM)
        running.wait_for(self.refused)
        sock.sendall(b"full")
        self.assertIn(b"201 Created", sock.recv(65536))
        running.wait()
        self.assertEqual(len(self.place.files()), 1)

    def test_health_while_ending(self):
        """
        Meanwhile the health check says so, to who is connected.
        """
        running = self.start("glance")
        upload = self.upload(8)
        upload.sendall(b"half")
        running.wait_for(lambda: self.place.files())
        check = socket.create_connection(("127.0.0.1", self.place.api_port))
        self.addCleanup(check.close)
        check.settimeout(60)
        check.sendall(b"GET /healthcheck HTTP/1.1\r\nHost: glance\r\n")
        running.wait_for(lambda: is_read(check))
        running.signal(signal.SIGTERM)
        running.wait_for(self.refused)
        check.sendall(b"\r\n")
        self.assertIn(b"503", check.recv(65536).partition(b"\r\n")[0])

    def test_term_gives_up(self):
        """
        It waits only so long; what was broken off leaves nothing.
        """
        self.place.configure(graceful_shutdown_timeout=1)
        running = self.start("glance")
        sock = self.upload(8)
        sock.sendall(b"half")
        running.wait_for(lambda: self.place.files())
        running.stop()
        self.assertEqual(self.place.files(), [])
        self.start("glance")
        listed = get(f"{self.place.api}/v1/images/detail?is_public=none")[2]
        self.assertEqual(json.loads(listed)["images"], [])

    def test_hangup(self):
        """
        Limits and log levels change, log files are opened anew, and what needs
        a restart is named.
        """
        log = self.place.path / "moved.log"
        self.place.configure(log_file=log)
        running = self.start("glance")
        running._log = log
        log.rename(self.place.path / "old.log")
        self.place.configure(log_file=log, image_size_cap=10, backlog=7)
        running.signal(signal.SIGHUP)
        running.wait_for(log.exists)
        running.wait_for_log("Reloaded")
        self.assertIn("backlog", running.log)
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.post(b"more than ten bytes")
        self.assertEqual(caught.exception.code, 400)

    def test_hangup_with_mistake(self):
        """
        A mistake in the files changes nothing, and is logged.
        """
        running = self.start("glance")
        self.place.configure(image_size_cap="much")
        running.signal(signal.SIGHUP)
        running.wait_for_log("image_size_cap")
        self.assertEqual(self.post(b"data")["size"], 4)
