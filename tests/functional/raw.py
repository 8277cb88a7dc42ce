"""
A server that does with uploads all that can be done, and a client that does to
it all that should not.
"""

import hashlib
import os
import random
import socket
import struct
import sys
from functools import wraps
from time import sleep

from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IConsumer
from twisted.internet.task import deferLater
from twisted.internet.threads import blockingCallFromThread, deferToThread
from twisted.trial.unittest import TestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from glance.errors import (
    BodyMalformed,
    BodyTimeout,
    BodyTruncated,
    ImageTooLarge,
)
from glance.streams.bodies import Body, pump
from glance.streams.site import StreamingSite

STATUS = {
    BodyMalformed: 400,
    BodyTruncated: 400,
    BodyTimeout: 408,
    ImageTooLarge: 413,
}

LIMIT = 1 << 20
"""How many bytes C{/limited} takes."""


def seeded():
    """
    Get chance, and print what makes it the same again.
    """
    seed = os.environ.get("GLANCE_TEST_SEED") or random.randrange(1 << 32)
    sys.stdout.write(f"GLANCE_TEST_SEED={seed} ")
    return random.Random(int(seed))


def in_client(test):
    """
    Run a test in a thread, so that it may block while the server runs.
    """

    @wraps(test)
    def run(self):
        return deferToThread(test, self)

    return run


class Zeros(Body):
    """
    Never ends.
    """

    async def produce(self, write):
        while True:
            await self.ready()
            write(bytes(1 << 16))


@implementer(IConsumer)
class Hasher:
    """
    Hashes what is written.
    """

    def __init__(self):
        self.md5 = hashlib.md5()
        self.size = 0

    def registerProducer(self, producer, streaming):
        self.producer = producer

    def unregisterProducer(self):
        pass

    def write(self, data):
        self.md5.update(data)
        self.size += len(data)


class SlowHasher(Hasher):
    """
    Has no room for a while after each write.
    """

    def write(self, data):
        super().write(data)
        self.producer.pauseProducing()
        reactor.callLater(0.002, self.producer.resumeProducing)


class LimitedHasher(Hasher):
    """
    Takes no more than L{LIMIT}.
    """

    def write(self, data):
        super().write(data)
        if self.size > LIMIT:
            raise ImageTooLarge("That is too much.")


class Torture(Resource):
    """
    Answers each path in a way of its own.
    """

    isLeaf = True

    def __init__(self):
        super().__init__()
        self.paths = []
        self.bodies = []
        self.ends = []
        self.released = Deferred()

    def render(self, request):
        self.paths.append(request.path)
        self.bodies.append(request.body)
        answering = Deferred.fromCoroutine(self.answer(request))
        request.notifyFinish().addErrback(lambda _: answering.cancel())
        return NOT_DONE_YET

    async def answer(self, request):
        code, answer = 200, b""
        try:
            answer = await getattr(self, request.path[1:].decode())(request)
            self.ends.append(None)
        except tuple(STATUS) as error:
            self.ends.append(type(error))
            code = STATUS[type(error)]
        except CancelledError as error:
            self.ends.append(type(error))
            return
        request.setResponseCode(code)
        request.setHeader("content-length", str(len(answer)))
        request.write(answer)
        request.finish()

    async def pong(self, request):
        return b"pong"

    async def refused(self, request):
        return b"no"

    async def hashed(self, request, hasher=Hasher):
        sink = hasher()
        if request.body is not None:
            sink.registerProducer(request.body, True)
            await request.body.startProducing(sink)
        return sink.md5.hexdigest().encode()

    async def slow(self, request):
        answer = await self.hashed(request, SlowHasher)
        await deferLater(reactor, 0.01)
        return answer

    async def limited(self, request):
        if isinstance(request.body.length, int) and request.body.length > LIMIT:
            raise ImageTooLarge("That is too much.")
        return await self.hashed(request, LimitedHasher)

    async def later(self, request):
        await deferLater(reactor, 0.1)
        return await self.hashed(request)

    async def stuck(self, request):
        request.body.pauseProducing()
        done = self.hashed(request)
        self.released.addCallback(lambda _: request.body.resumeProducing())
        return await done

    async def download(self, request):
        request.setHeader("content-length", str(1 << 30))
        await pump(Zeros(), request)


class Client:
    """
    A client that sends what it is told to, right or wrong.
    """

    def __init__(self, connected):
        self.socket = connected
        self.socket.settimeout(60)
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(data)

    def put(self, path, *headers, method="PUT", version="1.1"):
        lines = [f"{method} /{path} HTTP/{version}", "Host: glance", *headers]
        self.send("\r\n".join([*lines, "", ""]).encode())

    def receive(self):
        """
        @return: whether there was more to receive.
        """
        data = self.socket.recv(1 << 16)
        self.buffer += data
        return bool(data)

    def response(self):
        """
        @return: the status, the headers in lower case, and the body.
        """
        while b"\r\n\r\n" not in self.buffer:
            if not self.receive():
                raise EOFError(self.buffer)
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        status, *lines = head.decode().lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        length = int(headers.get("content-length", 0))
        while len(self.buffer) < length:
            if not self.receive():
                raise EOFError(self.buffer)
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return int(status.split()[1]), headers, body

    def closed(self):
        """
        Whether the server closes the connection, and says nothing before.
        """
        try:
            return not self.receive() and not self.buffer
        except ConnectionResetError:
            return True

    def close(self):
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.socket.close()


def chunks(data, sizes):
    """
    Cut C{data} into chunks of these sizes, over and over.
    """
    wire, at, number = [], 0, 0
    while at < len(data):
        piece = data[at : at + sizes[number % len(sizes)]]
        wire.append(b"%x\r\n%s\r\n" % (len(piece), piece))
        at += len(piece)
        number += 1
    return b"".join([*wire, b"0\r\n\r\n"])


class TortureTestCase(TestCase):
    """
    Has a L{Torture} served, and clients of it.
    """

    timeout = 120
    idle_timeout = 60.0

    def setUp(self):
        self.torture = Torture()
        self.finished = []
        self.site = StreamingSite(
            self.torture,
            reactor,
            idle_timeout=self.idle_timeout,
            finished=self.finished.append,
        )
        self.addCleanup(self.abort)
        self.port = self.listen()
        self.addCleanup(self.port.stopListening)
        self.data = os.urandom(1 << 16) * 16
        self.md5 = hashlib.md5(self.data).hexdigest().encode()

    def listen(self):
        return reactor.listenTCP(0, self.site, interface="127.0.0.1")

    async def abort(self):
        self.site.abort()
        await self.site.drained()

    def connect(self):
        """
        @return: a client; called in its thread.
        """
        address = self.port.getHost()
        connected = socket.create_connection((address.host, address.port), 60)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.addCleanup(connected.close)
        return Client(connected)

    def until(self, condition):
        """
        Wait in a client's thread until something is so, between two events of the
        server: amid one it can be so of half of what belongs together.
        """
        for _ in range(6000):
            if blockingCallFromThread(reactor, condition):
                return
            sleep(0.01)
        self.fail("It never came to that.")
