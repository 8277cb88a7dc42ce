"""
Tests of what is taken from Twisted without being offered.
"""

import ast
import inspect
import re
import textwrap
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from twisted.internet.abstract import FileDescriptor
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web import _newclient, http, server
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource
from zope.interface import implementedBy

import glance

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

CLIENT = {"_finishedRequest", "_parser", "_responseDeferred"}
"""What is taken from L{_newclient.HTTP11ClientProtocol}."""

USED = {
    "glance.streams.channel": CHANNEL,
    "glance.streams.lingering": {"_networkProducer"},
    "glance.streams.sockets": TRANSPORT,
    "glance.client.agents": CLIENT,
}
"""What each module takes; all others take nothing."""

IMPORTED = {
    "glance.client.failures": {"_newclient.ParseError", "_newclient.WrongBodyLength"}
}
"""What each module imports of what has a private name."""

OURS = {
    "VersionedClient": {"_in_thread", "_server", "_window"},
    "os": {"_exit"},
    "Row": {"_mapping"},
}
"""What is shared between modules, and is not Twisted's."""

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


def is_private(name):
    """
    Tell whether a name is meant for its own module only.
    """
    return name.startswith("_") and not name.startswith("__")


@cache
def modules():
    """
    Get all modules of the project, and how each is written.
    """
    written = []
    for found in walk_packages(glance.__path__, "glance."):
        # What Alembic runs can only be run by it.
        if not found.ispkg and found.name != "glance.registry.migrations.env":
            module = import_module(found.name)
            tree = ast.parse(Path(module.__file__).read_text())
            written.append((module, tree))
    return written


def used(tree):
    """
    @return: the private names that a module uses and does not define.
    """
    loaded, defined = set(), set()
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name, ctx=ast.Load()):
                loaded.add(name)
            case ast.Call(
                func=ast.Name(id="getattr"), args=[_, ast.Constant(name), *_]
            ):
                loaded.add(str(name))
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                defined.add(name)
            case ast.Attribute(attr=name):
                # What is written to others is theirs.
                loaded.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                defined.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                defined.add(name)
    return {name for name in loaded - defined if is_private(name)}


def imported(tree):
    """
    @return: what a module imports that has a private name, or is in a module that
        has.
    """
    names = set()
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), names=aliases):
                names |= {f"{module}.{alias.name}" for alias in aliases}
            case ast.Import(names=aliases):
                names |= {alias.name for alias in aliases}
    private = set()
    for name in names:
        pieces = name.split(".")
        first = next((at for at, p in enumerate(pieces) if is_private(p)), None)
        if first is not None:
            private.add(".".join(pieces[first:]))
    return private


@cache
def attributes(cls):
    """
    @return: the private names that a class gives to its attributes and methods.
    """
    try:
        [tree] = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    except (OSError, TypeError):
        # It isn't written in Python.
        return set()
    names = set()
    for node in [*ast.walk(tree), *tree.body]:
        match node:
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case ast.Assign(targets=[ast.Name(id=name)]):
                names.add(name)
    return {name for name in names if is_private(name)}


def heirs():
    """
    Get the classes of the project that inherit from classes of Twisted, and
    those.
    """
    for module, _ in modules():
        for cls in vars(module).values():
            if inspect.isclass(cls) and cls.__module__ == module.__name__:
                bases = [b for b in cls.__mro__ if b.__module__.startswith("twisted.")]
                if bases:
                    yield cls, bases


class PrivateTests(SynchronousTestCase):
    """
    The private attributes of Twisted that are used are known, and there.
    """

    def test_used(self):
        """
        Modules use those that are named here, and no others.
        """
        ours = set().union(*OURS.values())
        for module, tree in modules():
            name = module.__name__
            # What is written is not only used, and is found below.
            known = USED.get(name, set())
            self.assertLessEqual(used(tree) - ours, known, name)
            text = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
            text |= {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
            self.assertLessEqual(known, text, name)

    def test_inherited(self):
        """
        So do classes that inherit from Twisted's: what has the same name is the
        same attribute.
        """
        for cls, bases in heirs():
            theirs = set().union(*map(attributes, bases))
            known = USED.get(cls.__module__, set())
            self.assertLessEqual(attributes(cls) & theirs, known, cls)

    def test_imported(self):
        """
        Modules import no private names but those that are named here.
        """
        for module, tree in modules():
            known = IMPORTED.get(module.__name__, set())
            self.assertEqual(imported(tree), known, module.__name__)

    def test_overridden(self):
        """
        What the server names as Twisted does is there to be called by it.
        """
        for cls, bases in heirs():
            if not cls.__module__.startswith("glance.streams."):
                continue
            for name in vars(cls):
                if re.fullmatch(r"[a-z]+[A-Z]\w*", name):
                    there = any(hasattr(base, name) for base in bases) or any(
                        name in interface for interface in implementedBy(cls)
                    )
                    self.assertTrue(there, f"{cls.__name__}.{name}")

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

    def test_client(self):
        """
        Twisted's client has them while it waits for an answer.
        """
        client = _newclient.HTTP11ClientProtocol()
        client.makeConnection(StringTransport())
        headers = Headers({b"host": [b"a"]})
        answer = client.request(_newclient.Request(b"GET", b"/", headers, None))
        for name in CLIENT:
            self.assertTrue(hasattr(client, name), name)
        self.assertEqual(client.state, "WAITING")
        self.assertIs(client._finishedRequest, answer)
        client.dataReceived(b"nonsense\r\n\r\n")
        self.failureResultOf(answer)

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
