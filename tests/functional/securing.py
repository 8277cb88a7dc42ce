"""
Daemons that speak TLS.
"""

import http.client
import json
import signal
import socket
import ssl
import time
import uuid

from tests.functional.certifying import Authority
from tests.functional.test_daemons import DaemonCase

RAW = {"disk_format": "raw", "container_format": "bare"}


class SecureCase(DaemonCase):
    """
    A place for a daemon with a certificate.
    """

    def setUp(self):
        super().setUp()
        self.authority = Authority(self.place.path / "authority")
        self.cert, self.key = self.authority.issue("localhost", "127.0.0.1")
        self.context = self.authority.trusting()
        self.configure()

    def configure(self, **options):
        """
        Write a configuration file.
        """
        self.place.configure(cert_file=self.cert, key_file=self.key, **options)

    def start_secure(self, name="glance", workers=1, **how):
        """
        Start a daemon, and wait until it serves.
        """
        running = self.start(name, wait=False, **how)
        running.wait_for_log(
            "Listening at https" if workers == 1 else "processes serve"
        )
        return running

    def reload(self, running, meanwhile=lambda: None):
        """
        Have a daemon read its files again, and wait until it has.

        @param meanwhile: is called again and again.
        """
        where = "Supervisor] Reloaded." if "Supervisor]" in running.log else "Reloaded."
        before = running.log.count(where)
        running.signal(signal.SIGHUP)

        def reloaded():
            meanwhile()
            return running.log.count(where) > before

        running.wait_for(reloaded)

    def raw(self, port=None):
        """
        Connect, and say nothing.
        """
        sock = socket.create_connection(("127.0.0.1", port or self.place.api_port), 60)
        self.addCleanup(sock.close)
        return sock

    def secure(self, context=None, port=None):
        """
        Connect by TLS.
        """
        sock = (context or self.context).wrap_socket(
            self.raw(port), server_hostname="localhost"
        )
        self.addCleanup(sock.close)
        return sock

    def shown(self, port=None):
        """
        Get the certificate that a new connection is shown.
        """
        sock = self.secure(port=port)
        try:
            return ssl.DER_cert_to_PEM_cert(sock.getpeercert(binary_form=True))
        finally:
            sock.close()

    def client(self, context=None):
        """
        Get an HTTP client with one connection.
        """
        client = http.client.HTTPSConnection(
            "localhost",
            self.place.api_port,
            timeout=60,
            context=context or self.context,
        )
        self.addCleanup(client.close)
        return client

    def ask(self, path, method="GET", body=None, client=None, **headers):
        """
        Get the status and the body of an answer.
        """
        own = client or self.client()
        own.request(method, path, body, headers)
        answer = own.getresponse()
        data = answer.read()
        if client is None:
            own.close()
        return answer.status, data

    def create(self):
        """
        Create an image that waits for its data; get its id.
        """
        image_id = str(uuid.uuid4())
        told = json.dumps({"id": image_id, **RAW})
        kind = {"Content-Type": "application/json"}
        status, said = self.ask("/v2/images", "POST", told, **kind)
        self.assertEqual(status, 201, said)
        return image_id

    def status(self, image_id):
        """
        Get the status of an image.
        """
        return json.loads(self.ask(f"/v2/images/{image_id}")[1])["status"]

    def begin_upload(self, sock, image_id, *headers):
        """
        Send the headers of an upload.
        """
        lines = [
            f"PUT /v2/images/{image_id}/file HTTP/1.1",
            "Host: localhost",
            "Content-Type: application/octet-stream",
            *headers,
        ]
        sock.sendall("\r\n".join([*lines, "", ""]).encode())

    def ends(self, sock, within=30):
        """
        Wait until the other end closes a connection; get what came before that.
        """
        sock.settimeout(within)
        began, data = time.monotonic(), b""
        while True:
            try:
                more = sock.recv(65536)
            except TimeoutError:
                self.fail(f"It is open after {within} seconds, with {data!r}.")
            except OSError:
                more = b""
            if not more:
                self.assertLess(time.monotonic() - began, within)
                return data
            data += more
