"""
Tests of daemons that speak TLS.
"""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

from tests.functional.certifying import Authority
from tests.functional.daemons import environment, get
from tests.functional.securing import SecureCase
from tests.functional.test_systemd import HAND_OVER

MIB = 1 << 20


class StartingTests(SecureCase):
    """
    A daemon starts only if it can speak TLS.
    """

    def test_refused(self):
        """
        Otherwise it says what is wrong, in one line, and ends.
        """
        self.key.write_text(self.cert.read_text())
        for options in (("-n", "--pidfile="), ("--pidfile=glance.pid",)):
            for workers in (1, 2):
                self.configure(workers=workers)
                done = self.place.run(self.place.twistd("glance", twistd=options))
                self.assertEqual(done.returncode, 1)
                lines = (done.stdout + done.stderr).strip().splitlines()
                self.assertIn("holds no private key", lines[-1])
                self.assertTrue(lines[-1].startswith("glance: key_file: "), lines)

    def test_expired(self):
        """
        A certificate that is good no more is warned of.
        """
        self.cert, self.key = self.authority.issue_expired("localhost")
        self.configure()
        running = self.start_secure()
        self.assertIn("cert_file: the certificate has expired on", running.log)

    def test_welcome(self):
        """
        Whoever starts it is told the right URL.
        """
        self.cert, self.key = self.authority.issue("localhost")
        self.configure()
        running = self.start("glance", "--welcome", wait=False)
        running.wait_for_log("Ctrl-C ends it.")
        url = f"https://localhost:{self.place.api_port}"
        self.assertIn(f"images={url}/v2/images", running.log)
        self.assertIn(f"glance -U {url} list", running.log)
        told = json.loads(self.ask("/v2/")[1])
        [link, *_] = told["versions"][0]["links"]
        self.assertEqual(link["href"], f"{url}/v2/")

    def test_first_start(self):
        """
        So are OpenStack's clients.
        """
        self.cert, self.key = self.authority.issue("localhost")
        users = self.place.path / "users.sqlite"
        self.configure(auth_strategy="local", users_file=users)
        self.start_secure()
        clouds = (self.place.path / "clouds.yaml").read_text()
        url = f"https://localhost:{self.place.api_port}"
        self.assertIn(f'auth_url: "{url}/v3"', clouds)

    def test_handed_over(self):
        """
        A socket that systemd hands over speaks TLS as well.
        """
        listening = socket.create_server(("127.0.0.1", self.place.api_port))
        self.addCleanup(listening.close)
        command = [
            sys.executable,
            "-c",
            HAND_OVER,
            "1",
            *self.place.twistd("glance")[1:],
        ]
        log = self.place.path / "log"
        process = subprocess.Popen(
            command,
            preexec_fn=lambda: os.dup2(listening.fileno(), 3),
            pass_fds=(3,),
            env=environment(),
            stdout=log.open("ab"),
            stderr=subprocess.STDOUT,
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertEqual(self.ask("/healthcheck")[0], 200)

    def test_unix_socket(self):
        """
        So does a UNIX socket.
        """
        import tempfile

        path = Path(tempfile.mkdtemp()) / "api.sock"
        self.configure()
        config = self.place.path / "glance.conf"
        section = "[app:glance-api]\nbind_host = "
        text = config.read_text()
        config.write_text(text.replace(f"{section}127.0.0.1", f"{section}unix:{path}"))
        running = self.start("glance", wait=False)
        running.wait_for_log("Listening at unix:")
        raw = socket.socket(socket.AF_UNIX)
        raw.settimeout(60)
        raw.connect(str(path))
        with self.context.wrap_socket(raw, server_hostname="localhost") as sock:
            sock.sendall(b"GET /healthcheck HTTP/1.0\r\n\r\n")
            self.assertIn(b"200 OK", sock.recv(65536))


class ClientCertificateTests(SecureCase):
    """
    With ca_file, clients have to have a certificate.
    """

    def test_asked(self):
        """
        Only those who have one of the right authority are heard.
        """
        clients = Authority(self.place.path / "clients")
        self.configure(ca_file=clients.file)
        running = self.start_secure()
        mine = self.authority.trusting(*clients.issue("eva@glance.test", stem="eva"))
        self.assertEqual(self.ask("/healthcheck", client=self.client(mine))[0], 200)
        foreign = self.authority.issue("eva@glance.test", stem="foreign")
        late = clients.issue_expired("eva@glance.test", stem="late")
        for context in (
            self.context,
            self.authority.trusting(*foreign),
            self.authority.trusting(*late),
        ):
            with self.assertRaises((ssl.SSLError, OSError)):
                self.ask("/healthcheck", client=self.client(context))
        # What is asked for can change.
        self.configure()
        self.reload(running)
        self.assertEqual(self.ask("/healthcheck")[0], 200)


class ManneredTests(SecureCase):
    """
    Clients that do something else are let go of.
    """

    def test_versions(self):
        """
        Nothing older than TLS 1.2 is spoken, and the protocol is HTTP/1.1.
        """
        self.start_secure()
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.authority.trusting()
            context.minimum_version = context.maximum_version = version
            context.set_alpn_protocols(["h2", "http/1.1"])
            sock = self.secure(context)
            self.assertEqual(sock.selected_alpn_protocol(), "http/1.1")
            self.assertIsNone(sock.compression())
        old = self.authority.trusting()
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaises(OSError):
            self.secure(old)
        weak = self.authority.trusting()
        weak.maximum_version = ssl.TLSVersion.TLSv1_2
        weak.set_ciphers("ECDHE-ECDSA-AES128-SHA256:AES128-GCM-SHA256:@SECLEVEL=0")
        with self.assertRaises(OSError):
            self.secure(weak)

    def test_sessions(self):
        """
        Each connection has keys of its own: no session is resumed.
        """
        self.start_secure()
        first = self.secure()
        first.sendall(b"GET /healthcheck HTTP/1.0\r\n\r\n")
        self.assertIn(b"200 OK", first.recv(65536))
        second = self.context.wrap_socket(
            self.raw(), server_hostname="localhost", session=first.session
        )
        self.addCleanup(second.close)
        self.assertFalse(second.session_reused)

    def test_plain_to_tls(self):
        """
        Who speaks HTTP where TLS is spoken is let go of at once.
        """
        self.start_secure()
        sock = self.raw()
        sock.sendall(b"GET /healthcheck HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertNotIn(b"HTTP/1", self.ends(sock))

    def test_tls_to_plain(self):
        """
        So is who speaks TLS where HTTP is spoken.
        """
        self.place.configure()
        self.start("glance")
        hello = ssl.MemoryBIO()
        tls = self.context.wrap_bio(ssl.MemoryBIO(), hello, server_hostname="a.test")
        self.assertRaises(ssl.SSLWantReadError, tls.do_handshake)
        for said in (hello.read(), b"\x16\x03\x01\x02\x00\x01" + b"a" * 500):
            sock = self.raw()
            sock.sendall(said)
            self.assertIn(b"HTTP/1.1 400", self.ends(sock))
        self.assertEqual(get(f"{self.place.api}/healthcheck")[0], 200)

    def test_handshakes(self):
        """
        A handshake that doesn't end is ended when headers would have to be there,
        and many of them take little memory.
        """
        self.configure(client_header_timeout=3)
        running = self.start_secure()
        self.assertEqual(self.ask("/healthcheck")[0], 200)
        hello = ssl.MemoryBIO()
        tls = self.context.wrap_bio(ssl.MemoryBIO(), hello, server_hostname="a.test")
        self.assertRaises(ssl.SSLWantReadError, tls.do_handshake)
        said = hello.read()
        before = running.memory()
        socks = [self.raw() for _ in range(500)]
        for number, sock in enumerate(socks):
            sock.sendall(said[: (0, 1, len(said) // 2, len(said))[number % 4]])
        self.assertEqual(self.ask("/healthcheck")[0], 200)
        grown = running.memory() - before
        self.assertLess(grown, 500 * 100 * 1024)
        for sock in socks:
            self.ends(sock)
        self.assertEqual(self.ask("/healthcheck")[0], 200)

    def test_idle(self):
        """
        Once a handshake is done, a client may be silent for longer than that.
        """
        self.configure(client_header_timeout=3)
        self.start_secure()
        sock = self.secure()
        sock.settimeout(10)
        self.assertRaises(TimeoutError, sock.recv, 1)
        sock.settimeout(60)
        sock.sendall(b"GET /healthcheck HTTP/1.0\r\n\r\n")
        self.assertIn(b"200 OK", sock.recv(65536))


class DataTests(SecureCase):
    """
    Data goes in and out by TLS.
    """

    def test_cut(self):
        """
        An upload that ends before its end is none, however it ends.
        """
        self.configure(reaper_interval=1)
        running = self.start_secure()

        def below(sock):
            raw = socket.socket(fileno=sock.detach())
            raw.shutdown(socket.SHUT_WR)
            self.addCleanup(raw.close)

        def above(sock):
            sock.unwrap().close()

        for framing, data in (
            ("Content-Length: 100", b"abc"),
            ("Transfer-Encoding: chunked", b"3\r\nabc\r\n"),
            ("Transfer-Encoding: chunked", b"3\r\nabc\r\n0\r\n"),
        ):
            for end in (below, above, socket.socket.close):
                self.cut(running, framing, data, end)

    def cut(self, running, framing, data, end):
        """
        Have an upload end before its end.
        """
        image_id = self.create()
        sock = self.secure()
        self.begin_upload(sock, image_id, framing)
        sock.sendall(data)
        end(sock)
        running.wait_for_log(f"PUT /v2/images/{image_id}/file 499")
        # What was cut as it began is settled a little later.
        running.wait_for(lambda: self.status(image_id) != "saving")
        self.assertEqual(self.status(image_id), "queued")
        self.assertEqual(self.ask(f"/v2/images/{image_id}/file")[0], 204)

    def test_drained(self):
        """
        A download that is under way when the daemon is told to end goes on; after
        it, nobody waits for a client that keeps its side open.
        """
        self.configure(graceful_shutdown_timeout=600)
        running = self.start_secure()
        image_id = self.create()
        data = os.urandom(8 * MIB)
        kind = {"Content-Type": "application/octet-stream"}
        path = f"/v2/images/{image_id}/file"
        self.assertEqual(self.ask(path, "PUT", data, **kind)[0], 204)
        client = self.client()
        client.request("GET", path)
        answer = client.getresponse()
        got = answer.read(1000)
        running.signal(signal.SIGTERM)
        running.wait_for_log("Closed)")
        self.assertTrue(got + answer.read() == data)
        running.wait()

    def test_memory(self):
        """
        Much data takes little memory, both ways.
        """
        running = self.start_secure()
        self.assertEqual(self.ask("/healthcheck")[0], 200)
        before = running.memory()
        image_id = self.create()
        upload = self.secure()
        self.begin_upload(upload, image_id, "Transfer-Encoding: chunked")
        block = os.urandom(MIB)
        for _ in range(200):
            upload.sendall(b"100000\r\n" + block + b"\r\n")
        upload.sendall(b"0\r\n\r\n")
        self.assertIn(b"204", upload.recv(100))
        client = self.client()
        client.request("GET", f"/v2/images/{image_id}/file")
        answer, count = client.getresponse(), 0
        while data := answer.read(MIB):
            self.assertTrue(data == block)
            count += 1
        self.assertEqual(count, 200)
        self.assertLess(running.memory() - before, 64 * MIB)


class RegistryTests(SecureCase):
    """
    The API asks the registry over TLS.
    """

    def configure(self, **options):
        """
        Have a registry that speaks TLS, and an API that does not.
        """
        self.place.configure(
            registry_cert_file=self.cert,
            registry_key_file=self.key,
            registry_client_protocol="https",
            **options,
        )

    def start_both(self):
        """
        Start both daemons.
        """
        registry = self.start_secure("glance-registry")
        api = self.start("glance-api")
        return registry, api

    def listed(self):
        """
        Get the status of a list of images.
        """
        return get(f"{self.place.api}/v2/images")[0]

    def test_trusted(self):
        """
        It does so if it knows the authority.
        """
        self.configure(registry_client_ca_file=self.authority.file)
        self.start_both()
        self.assertEqual(self.post(b"data")["status"], "active")
        self.assertEqual(self.listed(), 200)

    def test_stranger(self):
        """
        It tells nothing to a registry that it doesn't know, and the log says why.
        """
        other = Authority(self.place.path / "other")
        self.configure(registry_client_ca_file=other.file, registry_secret="s" * 40)
        registry, api = self.start_both()
        self.assertEqual(self.listed(), 503)
        self.assertIn("certificate verify failed", api.log)
        self.assertNotIn("GET", registry.log)

    def test_insecure(self):
        """
        Unless that is said to be all right.
        """
        self.configure(registry_client_insecure="true")
        self.start_both()
        self.assertEqual(self.listed(), 200)

    def ask_strict(self, **options):
        """
        Get the status of a list from a registry that asks for certificates.
        """
        self.configure(
            registry_client_ca_file=self.authority.file,
            registry_ca_file=self.authority.file,
            **options,
        )
        self.start_both()
        return self.listed()

    def test_own_certificate(self):
        """
        It shows its own where that is asked for.
        """
        cert, key = self.authority.issue("api@glance.test", stem="api")
        shown = {"registry_client_cert_file": cert, "registry_client_key_file": key}
        self.assertEqual(self.ask_strict(**shown), 200)

    def test_no_certificate(self):
        """
        Without one it isn't heard there.
        """
        self.assertEqual(self.ask_strict(), 503)

    def test_refused(self):
        """
        A file that doesn't do is found at the start.
        """
        for workers in (1, 2):
            self.configure(registry_client_ca_file=self.key, workers=workers)
            done = self.place.run(self.place.twistd("glance-api"))
            self.assertEqual(done.returncode, 1)
            self.assertIn("no certificate in", done.stdout + done.stderr)
