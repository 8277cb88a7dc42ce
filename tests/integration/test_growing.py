"""
Growing past one machine: hosts, a database, an object store and a balancer, with
the very files that C{docs/growing.md} shows.
"""

import hashlib
import json
import random
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from twisted.trial.unittest import TestCase

from tests.functional.daemons import TWISTD, environment, get
from tests.integration.hosts import healthy, network, until
from tests.integration.servers import needed, swift_server
from tests.integration.test_databases import ServerMixin

FILES = Path(__file__).parents[2] / "docs" / "examples" / "growing"
LEASE = 4
SIZE = 96 << 20
HEADERS = {
    "x-image-meta-name": "grown",
    "x-image-meta-disk_format": "raw",
    "x-image-meta-container_format": "bare",
}


class GrowingTests(ServerMixin, TestCase):
    """
    What C{docs/growing.md} promises.
    """

    timeout = 300
    kind = "postgres"

    def setUp(self):
        needed(
            "HAProxy",
            lambda: subprocess.run(["haproxy", "-v"], check=True, capture_output=True),
        )
        self.path = Path(self.mktemp()).absolute()
        self.path.mkdir()
        self.network = network(self)
        self.front = self.network.host(10)
        self.hosts = [self.network.host(11), self.network.host(12)]
        self.url = f"http://{self.front.address}:9292"
        self.swift = swift_server(max_file_size=5 << 30)
        self.forward()
        self.daemons = [self.glance(host) for host in self.hosts]
        self.balance()
        self.data = random.Random(5).randbytes(SIZE)

    def written(self, name, host, **changed):
        """
        Write an example, with the addresses and the passwords of this test.
        """
        text = (FILES / name).read_text()
        for old, new in changed.items():
            self.assertIn(old.replace("__", " = "), text)
            text = text.replace(old.replace("__", " = "), new)
        text = text.replace("bind_host = 192.0.2.11", f"bind_host = {host.address}")
        text = text.replace("192.0.2.20", self.network.back)
        for last in (10, 11, 12):
            text = text.replace(f"192.0.2.{last}", f"{self.network.back[:-1]}{last}")
        self.assertNotIn("192.0.2", text)
        path = self.path / f"{host.address}-{name}"
        path.write_text(text)
        return path

    def forward(self):
        """
        Have the database and the object store reached from other hosts: those of
        tests listen to their own machine only.
        """
        self.open(1).dispose()
        database_port = urlsplit(self.server.url).port
        swift_port = urlsplit(self.swift.url).port
        path = self.path / "forward.cfg"
        path.write_text(
            "defaults\n mode tcp\n timeout connect 5s\n timeout client 1m\n"
            " timeout server 1m\n"
            f"listen database\n bind {self.network.back}:5432\n"
            f" server one 127.0.0.1:{database_port}\n"
            f"listen swift\n bind {self.network.back}:8080\n"
            f" server one 127.0.0.1:{swift_port}\n"
        )
        process = subprocess.Popen(["haproxy", "-db", "-f", path])
        self.addCleanup(process.wait, 10)
        self.addCleanup(process.terminate)

    def glance(self, host):
        """
        Start Glance on a host.
        """
        config = self.written(
            "glance.conf", host, lease_duration__60=f"lease_duration = {LEASE}"
        )
        config.write_text(
            config.read_text().replace("[DEFAULT]", "[DEFAULT]\nreaper_interval = 1")
        )
        directory = self.path / host.address
        directory.mkdir()
        running = host.start(
            [*TWISTD, "-n", "--pidfile=", "glance", "--config-file", str(config)],
            self.path / f"{host.address}.log",
            f"http://{host.address}:9292",
            directory,
            environment(),
        )
        self.addCleanup(running.kill)
        return running

    def balance(self):
        """
        Start the balancer.
        """
        config = self.written("haproxy.cfg", self.front)
        # A host is busy, not dead, that looks after its store for longer than that is
        # between two checks.
        said = config.read_text()
        config.write_text(said.replace("defaults\n", "defaults\n timeout check 10s\n"))
        command = ["haproxy", "-db", "-f", str(config)]
        log = self.path / "haproxy.log"
        running = self.front.start(command, log, self.url, self.path)
        self.addCleanup(running.stop)
        until(lambda: healthy(self.url))

    def upload(self, url):
        """
        Upload an image; get its id.
        """
        done = subprocess.run(
            [
                *("curl", "-fsS", "--data-binary", "@-"),
                *("-H", "Content-Type: application/octet-stream"),
                *(f"-H{name}: {value}" for name, value in HEADERS.items()),
                f"{url}/v1/images",
            ],
            input=self.data,
            capture_output=True,
            check=True,
        )
        image = json.loads(done.stdout)["image"]
        self.assertEqual(image["status"], "active")
        self.assertEqual(image["checksum"], hashlib.md5(self.data).hexdigest())
        return image["id"]

    def image(self, image_id):
        """
        Get what is known of an image.
        """
        return json.loads(get(f"{self.url}/v2/images/{image_id}")[2])

    def objects(self, image_id):
        """
        List the objects of an image, segments too, as the object store has them.
        """
        key = {"X-Auth-User": "glance:glance", "X-Auth-Key": "glance-secret"}
        headers = get(self.swift.auth_url, **key)[1]
        url = f"{headers['X-Storage-Url']}/glance?prefix={image_id}"
        return get(url, **{"X-Auth-Token": headers["X-Auth-Token"]})[2].split()

    def busy(self):
        """
        Wait until one of the hosts is at a transfer, and get it.
        """
        return until(self.serving)

    def serving(self):
        """
        Get a host that is at a transfer; L{None} if none is.
        """
        for running in self.daemons:
            text = get(f"{running.url}/metrics")[2].decode()
            if re.search(r"^glance_transfers_in_flight\{.*\} [1-9]", text, re.M):
                return running
        return None

    def test_killed_amid_download(self):
        """
        What comes in through one host goes out through both, and a reader goes on
        where it was, at the other.
        """
        image_id = self.upload(self.daemons[0].url)
        answer = get(f"{self.daemons[1].url}/v2/images/{image_id}/file")
        self.assertEqual(answer[2], self.data)
        until(lambda: self.serving() is None)
        file = self.path / "fetched"
        url = f"{self.url}/v2/images/{image_id}/file"
        curl = ["curl", "-fsS", "-C", "-", "-o", str(file), url]
        reading = subprocess.Popen(
            [*curl, "--limit-rate", "20M"], stderr=subprocess.DEVNULL
        )
        # A stopped reader keeps the transfer from its end.
        until(lambda: file.stat().st_size, between=0.005)
        reading.send_signal(signal.SIGSTOP)
        self.busy().kill()
        reading.send_signal(signal.SIGCONT)
        self.assertNotEqual(reading.wait(60), 0)
        self.assertLess(file.stat().st_size, SIZE)
        until(lambda: subprocess.run(curl, check=False).returncode == 0)
        self.assertEqual(file.read_bytes(), self.data)
        self.assertTrue(healthy(self.url))

    def test_killed_amid_saving(self):
        """
        So does our own command, when it is typed again.
        """
        image_id = self.upload(self.url)
        file = self.path / "saved"
        part = file.with_name("saved.part")
        command = [sys.executable, "-m", "glance.cli.main", f"--url={self.url}"]
        command += ["download", image_id, f"--file={file}"]
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        saving = subprocess.Popen(command, env=environment(), **silent)
        # A stopped reader keeps the transfer from its end.
        until(lambda: part.stat().st_size, between=0.005)
        saving.send_signal(signal.SIGSTOP)
        self.busy().kill()
        saving.send_signal(signal.SIGCONT)
        self.assertNotEqual(saving.wait(60), 0)
        self.assertLess(part.stat().st_size, SIZE)
        until(
            lambda: (
                subprocess.run(
                    command, env=environment(), check=False, **silent
                ).returncode
                == 0
            )
        )
        self.assertEqual(file.read_bytes(), self.data)

    def begin_upload(self):
        """
        Begin an upload by hand; get the connection, the image's id, and who
        takes it.
        """
        body = json.dumps(
            {"name": "cut", "disk_format": "raw", "container_format": "bare"}
        ).encode()
        done = subprocess.run(
            ["curl", "-fsS", "--json", "@-", f"{self.url}/v2/images"],
            input=body,
            capture_output=True,
            check=True,
        )
        image_id = json.loads(done.stdout)["id"]
        connection = socket.create_connection((self.front.address, 9292), 30)
        self.addCleanup(connection.close)
        connection.sendall(
            f"PUT /v2/images/{image_id}/file HTTP/1.1\r\nHost: x\r\n"
            "Content-Type: application/octet-stream\r\n"
            f"Content-Length: {SIZE}\r\n\r\n".encode()
        )
        connection.sendall(self.data[: SIZE // 2])
        until(lambda: self.image(image_id)["status"] == "saving")
        return connection, image_id, self.busy()

    def assert_settled(self, image_id):
        """
        See that an upload that died is settled, and can be made again.
        """
        began = time.monotonic()
        until(lambda: self.image(image_id)["status"] == "queued", 60)
        self.assertLess(time.monotonic() - began, 30)
        until(lambda: self.objects(image_id) == [], 30)
        subprocess.run(
            [
                *("curl", "-fsS", "-T", "-", "--retry", "3"),
                *("-H", "Content-Type: application/octet-stream"),
                f"{self.url}/v2/images/{image_id}/file",
            ],
            input=self.data,
            check=True,
        )
        self.assertEqual(self.image(image_id)["status"], "active")
        answer = get(f"{self.url}/v2/images/{image_id}/file")
        self.assertEqual(answer[2], self.data)

    def test_killed_amid_upload(self):
        """
        What the killed one was at is settled by the other within the lease, and
        nothing of it is left.
        """
        _, image_id, taking = self.begin_upload()
        taking.kill()
        self.assert_settled(image_id)

    def test_cut_off_amid_upload(self):
        """
        A host that nobody hears of any more holds up nothing, and harms nothing
        when it is back.
        """
        _, image_id, taking = self.begin_upload()
        host = self.hosts[self.daemons.index(taking)]
        host.cut_off()
        self.assert_settled(image_id)
        self.assertTrue(healthy(self.url))
        host.plug_in()
        until(lambda: healthy(taking.url))
        self.assertEqual(self.image(image_id)["status"], "active")
        answer = get(f"{taking.url}/v2/images/{image_id}/file")
        self.assertEqual(answer[2], self.data)

    def test_drained(self):
        """
        One that is told to end takes no request with it.
        """
        image_id = self.upload(self.url)
        url = f"{self.url}/v2/images/{image_id}"
        self.daemons[0].signal(15)
        statuses = set()
        for _ in range(200):
            statuses.add(get(url)[0])
            time.sleep(0.01)
        self.assertEqual(statuses, {200})
        self.assertIn(self.daemons[0].wait(), (-15, 143))
        directory = self.path / self.hosts[0].address
        self.assertEqual(list(directory.iterdir()), [])
