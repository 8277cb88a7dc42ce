"""
Clients that keep a connection for as long as they can, to a daemon in a process of
its own.
"""

import contextlib
import json
import select
import socket
import time

from twisted.trial.unittest import SynchronousTestCase

from glance.streams.patience import WINDOW
from tests.functional.daemons import PATIENCE, Place

HEADERS = 2
"""How many seconds headers have."""

IDLE = 6
"""How many seconds of silence are suffered."""

LATER = 50
"""How many seconds more it may take, on a busy machine."""

RATE = 1000
"""How many bytes a second are demanded, where any are."""

DATA = 64 << 20
"""How many bytes an image has: more than the system holds for a client."""

HOST = b"Host: a\r\n"

IMAGE = b'{"disk_format": "raw", "container_format": "bare"}'

JSON = HOST + b"Content-Type: application/json\r\n"


class Slow:
    """
    A client that sends a beginning, and then one piece now and then.
    """

    def __init__(self, port, beginning, drip):
        self.begun = time.monotonic()
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.sendall(beginning)
        self.drip = drip
        self.answer = b""
        self.seconds = None
        """After how long the daemon closed the connection."""

    def go_on(self):
        """
        Send a piece, and take what has come.
        """
        if self.seconds is not None:
            return
        try:
            while select.select([self.socket], [], [], 0)[0]:
                data = self.socket.recv(1 << 16)
                if not data:
                    raise EOFError
                self.answer += data
            self.socket.sendall(self.drip)
        except (OSError, EOFError):
            self.seconds = time.monotonic() - self.begun

    def close(self):
        self.socket.close()


class SlowClientTests(SynchronousTestCase):
    """
    No client keeps a connection for ever.
    """

    def serve(self, **options):
        """
        Have a daemon, and an image in it.
        """
        self.place = Place(self.mktemp())
        options = {"client_socket_timeout": IDLE, **options}
        self.place.configure(
            auth_strategy="noauth", client_header_timeout=HEADERS, **options
        )
        self.daemon = self.place.start("glance")
        self.addCleanup(self.daemon.stop)
        self.image = json.loads(self.post(IMAGE))["id"].encode()

    def post(self, body):
        """
        Make an image; get it.
        """
        head = b"POST /v2/images HTTP/1.1\r\nConnection: close\r\n" + JSON
        wire = head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        answer = self.exchange(wire)
        self.assertTrue(answer.startswith(b"HTTP/1.1 201"), answer)
        return answer.partition(b"\r\n\r\n")[2]

    def let(self, clients, seconds):
        """
        Let clients go on for a while.
        """
        clients = [self.connect(*client) for client in clients.items()]
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and any(
            c.seconds is None for _, c in clients
        ):
            for _, client in clients:
                client.go_on()
            time.sleep(0.1)
        return clients

    def connect(self, name, how):
        port, beginning, drip = how
        client = Slow(port, beginning, drip)
        self.addCleanup(client.close)
        return name, client

    def both(self, cases):
        """
        Get the same for both ports.
        """
        ports = {"API": self.place.api_port, "registry": self.place.registry_port}
        return {
            f"{name} ({where})": (port, *said)
            for where, port in ports.items()
            for name, said in cases.items()
        }

    def test_heads(self):
        """
        All of a head has its time, whichever way it drips.
        """
        self.serve(client_socket_timeout=2 * LATER)
        start = b"GET /healthcheck HTTP/1.1\r\n"
        cases = {
            "first line": (b"G", b"E"),
            "target": (b"GET /", b"a"),
            "header": (start + b"X: ", b"y"),
            "headers": (start, b"X: y\r\n"),
            "blank lines": (b"\r\n", b""),
            "half of the last line": (start + HOST + b"\r", b""),
            "a second request": (start + HOST + b"\r\n" + start, b"X: y\r\n"),
        }
        for name, client in self.let(self.both(cases), HEADERS + LATER):
            self.assertIsNotNone(client.seconds, name)
            self.assertGreater(client.seconds, HEADERS - 0.2, name)

    def test_silence(self):
        """
        Who asks nothing, or nothing more, is given up later.
        """
        self.serve()
        cases = {
            "nothing": (b"", b""),
            "nothing more": (b"GET /healthcheck HTTP/1.1\r\n" + HOST + b"\r\n", b""),
        }
        for name, client in self.let(self.both(cases), IDLE + LATER):
            self.assertIsNotNone(client.seconds, name)
            self.assertGreater(client.seconds, IDLE - 0.2, name)

    def test_json(self):
        """
        What is sent as JSON has the time of a head once more.
        """
        self.serve(client_socket_timeout=2 * LATER)
        api, registry = self.place.api_port, self.place.registry_port
        image = self.image
        asked = {
            "POST /v2/images": api,
            f"POST /v2/images/{image.decode()}/members": api,
            f"PUT /v1/images/{image.decode()}/members": api,
            "POST /images": registry,
            "POST /registry/1/find": registry,
        }
        cases = {}
        for what, port in asked.items():
            start = what.encode() + b" HTTP/1.1\r\n" + JSON
            length = start + b"Content-Length: 1000\r\n\r\n"
            chunked = start + b"Transfer-Encoding: chunked\r\n\r\n"
            cases[f"{what}, by length"] = (port, length, b" ")
            cases[f"{what}, in chunks"] = (port, chunked, b"1\r\n \r\n")
            cases[f"{what}, in one chunk"] = (port, chunked + b"fff\r\n", b" ")
            cases[f"{what}, by an extension"] = (port, chunked + b"1;a", b"a")
        for name, client in self.let(cases, HEADERS + LATER):
            self.assertTrue(client.answer.startswith(b"HTTP/1.1 408 "), name)
            self.assertIn(b"Connection: close\r\n", client.answer, name)
            self.assertIsNotNone(client.seconds, name)

    def test_rates(self):
        """
        Where rates are demanded, who sends or reads data below them is given up,
        and who keeps to them isn't.
        """
        rates = {"minimum_upload_rate": RATE, "minimum_download_rate": RATE}
        # The system tells of what so little is read only now and then.
        self.serve(client_socket_timeout=10 * WINDOW, **rates)
        path = b"/v2/images/%b/file HTTP/1.1\r\n" % self.image
        raw = HOST + b"Content-Type: application/octet-stream\r\n"
        length = b"Content-Length: %d\r\n\r\n"
        put = b"PUT " + path + raw
        filled = put + b"Connection: close\r\n" + length % DATA + bytes(DATA)
        self.assertTrue(self.exchange(filled).startswith(b"HTTP/1.1 204 "))
        other = b"PUT /v2/images/%b/file HTTP/1.1\r\n" + raw + length % DATA
        new = [json.loads(self.post(IMAGE))["id"].encode() for _ in range(2)]
        port, begun = self.place.api_port, time.monotonic()
        slow = Slow(port, other % new[0], bytes(RATE // 20))
        quick = Slow(port, other % new[1], bytes(RATE))
        reader = socket.socket()
        for client in (slow, quick, reader):
            self.addCleanup(client.close)
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", port))
        reader.sendall(b"GET " + path + HOST + b"\r\n")
        broken = None
        while None in (slow.seconds, broken) and time.monotonic() < begun + WINDOW + 30:
            slow.go_on()
            quick.go_on()
            try:
                reader.recv(RATE // 20)
            except ConnectionResetError:
                broken = time.monotonic() - begun
            time.sleep(0.1)
        self.assertIsNotNone(broken)
        self.assertGreater(broken, WINDOW)
        self.assertIsNotNone(slow.seconds)
        self.assertGreater(slow.seconds, WINDOW)
        self.assertTrue(slow.answer.startswith(b"HTTP/1.1 408 "), slow.answer)
        self.assertEqual((quick.seconds, quick.answer), (None, b""))

    def exchange(self, wire):
        """
        Send something; get what is answered until the connection is closed.
        """
        address = ("127.0.0.1", self.place.api_port)
        with socket.create_connection(address, PATIENCE) as client:
            client.sendall(wire)
            answer = b""
            while data := client.recv(1 << 16):
                answer += data
        return answer

    def test_unread_list(self):
        """
        Who doesn't read a list that it asked for is broken off.
        """
        self.serve()
        for _ in range(80):
            self.post(b'{"p": "%b"}' % (b"x" * 60_000))
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(PATIENCE)
            client.connect(("127.0.0.1", self.place.api_port))
            client.sendall(b"GET /v2/images?limit=1000 HTTP/1.1\r\n" + HOST + b"\r\n")
            # It is told at once of what is broken off, and reads nothing for that.
            broken = select.poll()
            broken.register(client, 0)
            self.assertTrue(broken.poll((IDLE + LATER) * 1000))
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                while data := client.recv(1 << 20):
                    answer += data
        head, _, body = answer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split()[0])
        self.assertGreater(length, 4_000_000)
        self.assertLess(len(body), length)
