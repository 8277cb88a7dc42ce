"""
Tests of what L{glance.streams} takes from Twisted without being offered it.
"""

import ast
from pathlib import Path

from twisted.internet.abstract import FileDescriptor
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web import http, server
from twisted.web.resource import Resource

from glance.streams import channel, receiving, request, sending, site

CHANNEL = {
    "_command",
    "_dataBuffer",
    "_finishRequestBody",
    "_handlingRequest",
    "_networkProducer",
    "_optimisticEagerReadSize",
    "_path",
    "_respondToBadRequestAndDisconnect",
    "_transferDecoder",
    "_version",
    "_waitingForTransport",
}
"""What is taken from L{http.HTTPChannel}."""

TRANSPORT = {"_tempDataBuffer", "_tempDataLen"}
"""What is taken from L{FileDescriptor}."""

HOOKS = {
    http.HTTPChannel: {
        "allContentReceived",
        "allHeadersReceived",
        "checkPersistence",
        "connectionLost",
        "headerReceived",
        "lineLengthExceeded",
        "lineReceived",
        "rawDataReceived",
        "requestDone",
        "totalHeadersSize",
        "write",
        "writeHeaders",
        "writeSequence",
    },
    http.Request: {
        "gotLength",
        "handleContentChunk",
        "parseCookies",
        "process",
        "requestReceived",
        "startedWriting",
    },
    server.Site: {"log", "startFactory", "stopFactory"},
    FileDescriptor: {"dataBuffer", "offset"},
}
"""What is public, but said to be of no interest to users."""


def foreign(module):
    """
    @return: the private names that a module uses and does not define.
    """
    used, defined = set(), set()
    for node in ast.walk(ast.parse(Path(module.__file__).read_text())):
        match node:
            case ast.Attribute(attr=name, ctx=ast.Load()):
                used.add(name)
            case ast.Attribute(attr=name) | ast.FunctionDef(name=name):
                defined.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                defined.add(name)
    # To redefine what Twisted calls is to use it.
    used |= (CHANNEL | TRANSPORT) & defined
    defined -= CHANNEL | TRANSPORT
    private = {name for name in used - defined if name.startswith("_")}
    return {name for name in private if not name.endswith("__")}


class PrivateTests(SynchronousTestCase):
    """
    The private attributes of Twisted that are used are known, and there.
    """

    def test_channel(self):
        """
        The channel uses those that are named here.
        """
        self.assertEqual(foreign(channel), CHANNEL | TRANSPORT)

    def test_others(self):
        """
        Nothing else does.
        """
        for module in [receiving, request, sending, site]:
            self.assertEqual(foreign(module), set(), module)

    def test_there(self):
        """
        Twisted has them while it reads the headers of a request.
        """
        factory = server.Site(Resource(), reactor=Clock())
        factory.protocol = http.HTTPChannel
        stock = factory.buildProtocol(None)
        stock.makeConnection(StringTransport())
        stock.dataReceived(b"GET /path HTTP/1.1\r\nHost: glance\r\n")
        for name in CHANNEL:
            self.assertTrue(hasattr(stock, name), name)
        self.assertEqual(stock._command, b"GET")
        self.assertEqual(stock._path, b"/path")
        self.assertEqual(stock._version, b"HTTP/1.1")
        self.assertIs(stock._networkProducer, stock.transport)
        self.assertFalse(stock._waitingForTransport)

    def test_bad_request(self):
        """
        Twisted calls the method that refuses a request.
        """
        called = []

        class Refusing(http.HTTPChannel):
            def _respondToBadRequestAndDisconnect(self):
                called.append(self)

        refusing = Refusing()
        refusing.makeConnection(StringTransport())
        refusing.dataReceived(b"nonsense\r\n")
        self.assertEqual(called, [refusing])

    def test_waiting(self):
        """
        Twisted notes that its transport is full.
        """
        stock = http.HTTPChannel()
        stock.makeConnection(StringTransport())
        stock.pauseProducing()
        self.assertTrue(stock._waitingForTransport)
        stock.resumeProducing()
        self.assertFalse(stock._waitingForTransport)

    def test_unsent(self):
        """
        What a transport has not sent yet is counted.
        """
        transport = FileDescriptor(Clock())
        transport.connected = True
        transport.startWriting = lambda: None
        transport.write(b"data")
        self.assertEqual(transport._tempDataLen, 4)
        self.assertEqual((transport.dataBuffer, transport.offset), (b"", 0))

    def test_hooks(self):
        """
        The hooks that are overridden or called are there.
        """
        for where, names in HOOKS.items():
            for name in names:
                self.assertTrue(hasattr(where, name), name)
