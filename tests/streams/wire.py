"""
Connections in memory to a site that streams.
"""

from typing import ClassVar

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IConsumer
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from glance.streams.patience import INTERVAL
from glance.streams.site import StreamingSite

IDLE = 60
"""After how many seconds the sites of these tests give a client up."""

LATER = 2 * INTERVAL
"""How much longer it may take, as they look only now and then."""


class Leaf(Resource):
    """
    Gives each request to a function, and keeps them all.
    """

    isLeaf = True

    def __init__(self, answer):
        super().__init__()
        self.answer = answer
        self.requests = []

    def render(self, request):
        self.requests.append(request)
        result = self.answer(request)
        return NOT_DONE_YET if result is None else result


@implementer(IConsumer)
class Sink:
    """
    Collects what is written, and does as told at each write.
    """

    def __init__(self, on_write=lambda data: None):
        self.data = b""
        self.on_write = on_write

    def registerProducer(self, producer, streaming):
        pass

    def unregisterProducer(self):
        pass

    def write(self, data):
        self.data += data
        self.on_write(data)


class Wire(StringTransport):
    """
    A connection that ends when it is aborted.
    """

    def __init__(self, lose):
        super().__init__()
        self.abortConnection = lose


class WireTestCase(SynchronousTestCase):
    """
    Has a site, and connections to it that are in memory.
    """

    limits: ClassVar = {}
    """What the site demands of clients beside."""

    def setUp(self):
        self.clock = Clock()
        self.finished = []

    def serve(self, answer):
        """
        Serve what C{answer} says to a request; L{None} is no answer yet.
        """
        self.leaf = Leaf(answer)
        return self.serve_resource(self.leaf)

    def serve_resource(self, resource):
        self.site = StreamingSite(
            resource,
            self.clock,
            idle_timeout=IDLE,
            finished=self.finished.append,
            **self.limits,
        )
        return self.connect()

    def wait(self, seconds):
        """
        Let time pass, in small steps.
        """
        self.clock.pump([0.5] * int(seconds * 2))

    def connect(self):
        channel = self.site.buildProtocol(None)
        transport = Wire(lambda: self.lose(channel))
        channel.makeConnection(transport)
        return channel, transport

    def lose(self, channel):
        if channel.transport.connected:
            channel.transport.connected = False
            channel.connectionLost(Failure(ConnectionDone()))

    def put(self, *headers, answer=lambda request: None):
        """
        Serve C{answer}, and send it the headers of an upload.
        """
        self.channel, self.transport = self.serve(answer)
        lines = ["PUT / HTTP/1.1", "Host: glance", *headers, "", ""]
        self.channel.dataReceived("\r\n".join(lines).encode())
        return self.leaf.requests[0]

    def respond(self, request, body=b"", code=200):
        request.setResponseCode(code)
        request.setHeader("content-length", str(len(body)))
        request.write(body)
        request.finish()

    def reading(self):
        """
        Whether the server reads from the socket.
        """
        return self.transport.producerState == "producing"
