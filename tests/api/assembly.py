"""
A whole API in memory.
"""

from attrs import frozen
from twisted.internet.defer import maybeDeferred, succeed
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.http_headers import Headers

from glance.api.links import Links
from glance.api.openapi.document import DescriptionPage
from glance.api.site import api_root
from glance.api.v1.resource import cactus_resource, v1_resource
from glance.api.v2.resource import v2_resource
from glance.api.v2.schemas import Schemas
from glance.api.versions import versions
from glance.context import Context
from glance.copies import Copies
from glance.images import Images
from glance.leases import Lease
from glance.limits import Limits
from glance.registry.database import DatabaseRegistry
from glance.registry.engine import open_engines
from glance.registry.schema import metadata
from glance.revisions import Revisions
from glance.settling import Reaper, Settler
from glance.sharing import Sharing
from glance.sources import Fetches, Sources
from glance.storage import Storage
from glance.stores.memory import MemoryStore
from glance.streams.site import StreamingSite
from glance.streams.strands import Window
from glance.transfers import Transfers
from tests.http import stub_client

NOBODY = Context(is_admin=True)
"""
Whoever asks where nobody has to say who it is.
"""

INSTANCE = "process-1"
"""The id of the process that this stands for."""

NOON = 1_302_868_800
"""
The time at which tests begin, in seconds since 1970: 2011-04-15, 12:00 UTC.
"""


def member_of(tenant, **attributes):
    """
    Get somebody who asks on behalf of a project.
    """
    return Context(user=f"{tenant}-user", tenant=tenant, owner=tenant, **attributes)


@frozen
class Answer:
    """
    What the API answered.
    """

    status: int
    headers: Headers
    body: bytes

    def header(self, name):
        """
        Get the value of a header; L{None} if there is none.
        """
        values = self.headers.getRawHeaders(name.encode())
        return None if values is None else values[-1].decode()


class Connection(StringTransport):
    """
    A connection that, as sockets do, takes no offence at being paused or
    resumed once it is closing.
    """

    def abortConnection(self):
        """
        Close at once.
        """
        self.loseConnection()

    def resumeProducing(self):
        """
        Go on, unless it is too late.
        """
        if not self.disconnecting:
            super().resumeProducing()


class Service:
    """
    An API whose registry and store are in memory.  All of it is synchronous.
    """

    def __init__(
        self,
        case,
        stores=None,
        limits=None,
        in_thread=maybeDeferred,
        infos=None,
    ):
        """
        @param case: the test that it is for.
        @param in_thread: calls what the registry does.
        @param stores: the stores by name; one in memory if not given.
        @param infos: what the operator says of the stores; if it is given, there
            are several.
        """
        self.clock = Clock()
        self.clock.advance(NOON)
        self.context = NOBODY
        """Who is taken to ask from here on."""
        self.limits = limits or Limits()
        engines = open_engines("sqlite://", 1)
        case.addCleanup(engines.dispose)
        metadata.create_all(engines.writer)
        self.registry = DatabaseRegistry(engines, in_thread, in_thread, self.clock)
        self.stores = stores or {"memory": MemoryStore()}
        self.store = next(iter(self.stores.values()))
        self.storage = Storage(
            self.stores, next(iter(self.stores)), infos, several=infos is not None
        )
        self._assemble()

    def _assemble(self):
        clock = self.clock
        revisions = Revisions(self.registry, clock)
        storage = self.storage
        settler = Settler(revisions, storage)
        self.reaper = Reaper(settler, revisions, storage, clock, 10, INSTANCE)
        self.images = Images(
            revisions, settler, lambda: self.limits, delayed_delete=False
        )
        self.transfers = Transfers(
            self.images,
            storage,
            self.reaper,
            Lease(self.registry, clock, INSTANCE, 30),
            clock,
            maybeDeferred,
            dict.fromkeys(self.stores, Window(1 << 20)),
            hash_algorithm="sha512",
            retry_seconds=10,
        )
        self.sharing = Sharing(self.images)
        self.copies = Copies(self.images, settler, storage)
        self.sources = Sources(self.images, storage)
        self.fetches = Fetches(self.images, self.transfers, storage, 2)
        self.root = self._root()
        self.client = stub_client(self.root)
        self._site = StreamingSite(
            self.root, clock, idle_timeout=60, finished=lambda request: None
        )

    def _root(self):
        links = Links(None, None)
        known = (self._context_of, links)
        parts = (self.images, self.transfers, self.sharing)
        elsewhere = (self.sources, self.fetches)
        v1 = v1_resource(*parts, *elsewhere, *known)
        schemas = Schemas(lambda: self.limits)
        v2 = v2_resource(*parts, self.copies, self.storage, schemas, *known)
        return api_root(
            versions=versions(self.storage.several),
            links=links,
            majors={"v1": v1, "v2": v2},
            cactus=cactus_resource(self.images, self.transfers, *elsewhere, *known),
            pages={"openapi.json": DescriptionPage(schemas, links).app.resource()},
            trees=self._trees(links),
        )

    def _context_of(self, request):
        return succeed(self.context)

    def _trees(self, links):
        return {}

    def connect(self):
        """
        Open a connection.

        @return: the protocol at the service's end, and its transport.
        """
        protocol = self._site.buildProtocol(None)
        transport = Connection()
        protocol.makeConnection(transport)
        return protocol, transport

    def ask(self, method, path, headers=(), body=None, chunks=None):
        """
        Ask for something.

        @param headers: names and values, as L{str} or L{bytes}.
        @param body: what follows the headers, if anything.
        @param chunks: what follows them in chunks, if anything.
        """
        lines = [f"{method} {path} HTTP/1.1", "Host: glance.example:9292"]
        pairs = headers.items() if isinstance(headers, dict) else headers
        data = body or b""
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        if chunks is not None:
            lines.append("Transfer-Encoding: chunked")
            framed = [b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks]
            data = b"".join([*framed, b"0\r\n\r\n"])
        raw = [line.encode() for line in lines]
        raw += [_bytes(name) + b": " + _bytes(value) for name, value in pairs]
        protocol, transport = self.connect()
        protocol.dataReceived(b"\r\n".join([*raw, b"", data]))
        return answer_of(transport)


def _bytes(text):
    return text if isinstance(text, bytes) else text.encode()


def answer_of(transport):
    """
    Get what was answered on a connection.
    """
    head, _, body = transport.value().partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    headers = Headers()
    for line in lines:
        headers.addRawHeader(*line.split(b": ", 1))
    return Answer(int(status.split()[1]), headers, body)
