"""
Torture of the whole way from a socket to a handler and back, in the clear and by
TLS.

C{GLANCE_TEST_MIB} says how large the large bodies are; C{make torture} has them
as large as images are.
"""

import hashlib
import os
import socket
from time import sleep

from glance.errors import BodyMalformed
from tests.functional.raw import TortureTestCase, chunks, in_client, seeded
from tests.functional.test_site import OverTLS
from tests.streams.framing import ACCEPTED, BROKEN, LAST, REFUSED
from tests.streams.talk import NEXT, answers_in

MIB = 1 << 20

LARGE = int(os.environ.get("GLANCE_TEST_MIB", "16"))
"""How many MiB a large body has."""


def md5(data):
    """
    Get what C{/hashed} answers.
    """
    return hashlib.md5(data).hexdigest().encode()


class FramingTests(TortureTestCase):
    """
    Requests that two programs could see another end of are refused for certain.
    """

    def exchange(self, wire, last):
        """
        Send something, and get all answers.

        @param last: whether the connection is closed by itself; if not, the
            answer to L{NEXT} is the last.
        """
        client = self.connect()
        client.send(wire + NEXT)
        while (last or not client.buffer.endswith(b"pong")) and client.receive():
            pass
        client.close()
        return answers_in(client.buffer)

    def check(self, cases, outcome, ends):
        """
        Send each of some things.
        """
        for name, case in cases.items():
            wire, data = case if isinstance(case, tuple) else (case, b"")
            answers = outcome(md5(data))
            self.torture.paths.clear()
            self.torture.ends.clear()
            last = answers[-1][1] != b"pong"
            answered = self.exchange(wire, last)
            if ends:
                self.assertEqual(answered, answers, name)
            else:
                self.assertEqual([s for s, _ in answered], [s for s, _ in answers])
            self.assertEqual(self.torture.ends, ends, name)
        self.until(lambda: self.site.connected == 0)
        self.assertEqual(self.site.in_flight, 0)

    @in_client
    def test_refused(self):
        """
        What is no request is answered so, and nothing that follows it.
        """
        for status, cases in REFUSED.items():
            self.check(cases, lambda _, s=status: [(s, b"")], [])

    @in_client
    def test_broken(self):
        """
        So is what has broken chunks.
        """
        self.check(BROKEN, lambda _: [(400, b"")], [BodyMalformed])

    @in_client
    def test_accepted(self):
        """
        What is well-formed is answered, and so is what follows it.
        """
        self.check(ACCEPTED, lambda hash: [(200, hash), (200, b"pong")], [None, None])

    @in_client
    def test_last(self):
        """
        What is to be the last is answered, and nothing that follows it.
        """
        self.check(LAST, lambda hash: [(200, hash)], [None])


class CutTests(TortureTestCase):
    """
    Streams of requests may come in any pieces, and may end anywhere.
    """

    def requests(self, chance, count, most=200_000):
        """
        Get requests of all kinds.

        @return: the wire of each, and what it is answered.
        """
        asked = []
        for _ in range(count):
            path = chance.choice(["hashed"] * 5 + ["later", "slow", "refused", "pong"])
            size = chance.choice([0, 1, 100, chance.randrange(most)])
            data = chance.randbytes(size)
            chunked = path != "refused" and chance.random() < 0.5
            if chunked:
                # In tiny ones, most cuts are in what frames them.
                sizes = [1, chance.randrange(1, 20 if size <= 5000 else 70_000)]
                framing, sent = "Transfer-Encoding: chunked", chunks(data, sizes)
            else:
                framing, sent = f"Content-Length: {size}", data
            head = f"PUT /{path} HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n"
            answer = {"refused": b"no", "pong": b"pong"}.get(path, md5(data))
            # Of chunks that nobody reads the end isn't waited for.
            if path != "pong" or not chunked:
                asked.append((head.encode() + sent, answer))
        return asked

    def cut(self, chance, wire, most):
        """
        Cut something anywhere.
        """
        at = 0
        while at < len(wire):
            size = chance.randrange(1, chance.choice([3, most]))
            yield wire[at : at + size]
            at += size

    @in_client
    def test_pipelined(self):
        """
        However a stream is cut, each request in it gets its own answer, in turn.
        """
        chance = seeded()
        for most in [2000, 200_000] * 3:
            asked = self.requests(chance, 12, most)
            client = self.connect()
            for piece in self.cut(chance, b"".join(w for w, _ in asked), most // 5):
                client.send(piece)
                if len(piece) < 1000:
                    # Or the system would put it together again.
                    sleep(0.001)
            for _, answer in asked:
                status, _, body = client.response()
                self.assertEqual((status, body), (200, answer))
            client.close()

    @in_client
    def test_ended(self):
        """
        Wherever a stream ends, by FIN or RST, nothing is answered that was not
        asked, and nothing stays.
        """
        chance = seeded()
        for number in range(40):
            asked = self.requests(chance, 3)
            wire = b"".join(wire for wire, _ in asked)
            client = self.connect()
            client.send(wire[: chance.randrange(1, len(wire))])
            if number % 2:
                client.reset()
            else:
                client.close()
        self.until(lambda: self.site.connected == 0)
        self.assertEqual(self.site.in_flight, 0)
        self.assertLessEqual(len(self.finished), 40 * 3)

    @in_client
    def test_half_closed(self):
        """
        Who closes its side is gone: there is no telling it from who closes both.
        """
        for path in ["later", "slow", "hashed"]:
            client = self.connect()
            client.put(path, "Content-Length: 5")
            client.send(b"abc")
            client.socket.shutdown(socket.SHUT_WR)
            while client.receive():
                pass
            client.close()
            self.until(lambda: self.site.connected == 0)
            self.assertEqual(self.site.in_flight, 0)
            self.assertTrue(self.finished[-1].aborted)


class LargeTests(TortureTestCase):
    """
    Bodies may be larger than memory.
    """

    timeout = 120 + LARGE

    def send(self, client, chunked):
        """
        Send a large body.

        @return: its hash.
        """
        hasher = hashlib.md5()
        for number in range(LARGE):
            block = self.data[number:] + self.data[:number]
            hasher.update(block)
            client.send(chunks(block, [1 << 16])[:-5] if chunked else block)
        if chunked:
            client.send(b"0\r\n\r\n")
        return hasher.hexdigest().encode()

    @in_client
    def test_both_framings(self):
        """
        With a length and in chunks, on one connection.
        """
        client = self.connect()
        client.socket.settimeout(self.timeout)
        for chunked in (False, True):
            length = f"Content-Length: {LARGE * MIB}"
            client.put("hashed", "Transfer-Encoding: chunked" if chunked else length)
            hashed = self.send(client, chunked)
            self.assertEqual(client.response()[2], hashed)
            self.assertEqual(self.torture.bodies[-1].received, LARGE * MIB)


class DownloadTests(TortureTestCase):
    """
    Clients may go at any moment of an answer.
    """

    @in_client
    def test_ended(self):
        """
        By FIN or RST, whether or not they have read some of it.
        """
        for number in range(8):
            client = self.connect()
            client.put("download", method="GET")
            if number & 2:
                client.receive()
            if number & 1:
                client.reset()
            else:
                client.close()
        self.until(lambda: self.site.connected == 0)
        self.assertEqual(self.site.in_flight, 0)
        # Who goes at once may have asked for nothing.
        self.assertGreaterEqual(len(self.finished), 4)
        self.assertTrue(all(request.aborted for request in self.finished))


class TLSFramingTests(OverTLS, FramingTests):
    """
    Malformed requests are refused over TLS.
    """


class TLSCutTests(OverTLS, CutTests):
    """
    Streams come in any pieces, and end anywhere, over TLS.
    """


class TLSLargeTests(OverTLS, LargeTests):
    """
    Bodies may be larger than memory over TLS.
    """


class TLSDownloadTests(OverTLS, DownloadTests):
    """
    Clients go at any moment of an answer over TLS.
    """
