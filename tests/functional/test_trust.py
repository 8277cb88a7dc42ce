"""
Tests of whom daemons and clients believe, of all that they ask by TLS.
"""

import contextlib
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import TCP4ClientEndpoint, wrapClientTLS
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import TestCase

from glance.client import Client, ImageClient
from glance.client.agents import TLS
from glance.client.tls import policy_of
from glance.registry.http import HTTPRegistry
from glance.registry.peer import peer_at
from glance.streams.strands import Window
from glance.tap.api import registry_secure
from glance.tap.keystone import keystone_identity
from glance.tap.stores.made import Tools
from glance.tap.stores.making import Stores
from tests.config.files import FilesMixin
from tests.functional.certifying import Authority

UUID = "0d4ac25e-d83b-4c36-b3c8-0c8f5d2d8d30"


class Server:
    """
    A server that counts what it is asked.
    """

    def __init__(self, case, cert, key, clients=None):
        """
        @param clients: the file of the authority that clients need a certificate
            of; L{None} if they need none.
        """
        self.asked = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def handle_any(self):
                asked.append(self.path)
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_HEAD = do_POST = do_PUT = handle_any  # noqa: N815

            def log_message(self, *arguments):
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client):
                pass

            def get_request(self):
                sock, address = super().get_request()
                sock.settimeout(60)
                try:
                    return context.wrap_socket(sock, server_side=True), address
                except OSError:
                    sock.close()
                    raise

        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, key)
        if clients is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients)
        self._server = Quiet(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        thread.start()

        def stop():
            self._server.shutdown()
            self._server.server_close()
            thread.join()

        case.addCleanup(stop)


class Certificates(FilesMixin):
    """
    Servers with certificates of all kinds.
    """

    timeout = 120

    def setUp(self):
        self.authority = Authority(self.mktemp())
        self.other = Authority(self.mktemp())

    def server(self, *names, by=None, expired=False):
        """
        Start a server.

        @param by: who has made its certificate.
        """
        by = by or self.authority
        issue = by.issue_expired if expired else by.issue
        return Server(self, *issue(*names))


class PolicyTests(Certificates, TestCase):
    """
    A certificate has to be of an authority that is believed, for the name that is
    asked for, and good now.
    """

    async def connects(self, name, server, **how):
        """
        Tell whether a server is believed to be the one of a name.
        """
        tls = TLS(**{"ca_file": str(self.authority.file), **how})
        creator = policy_of(tls).creatorForNetloc(name.encode(), 443)
        where = TCP4ClientEndpoint(reactor, "127.0.0.1", server.port, timeout=20)
        asking = Factory.forProtocol(_Asking)
        asked = await wrapClientTLS(creator, where).connect(asking)
        with contextlib.suppress(Exception):
            await asked.done
        return bool(server.asked)

    async def test_right(self):
        """
        A name, an address, one below a wildcard, and one through another authority.
        """
        between = Authority(self.mktemp(), parent=self.authority)
        for name, names, by in (
            ("images.test", ["images.test"], None),
            ("images.test", ["other.test", "images.test"], None),
            ("127.0.0.1", ["127.0.0.1"], None),
            ("::1", ["::1"], None),
            ("a.images.test", ["*.images.test"], None),
            ("images.test", ["images.test"], between),
        ):
            server = self.server(*names, by=by)
            self.assertTrue(await self.connects(name, server), name)

    async def test_wrong(self):
        """
        Another name, however near, an address as a name, and a name that is in the
        subject only.
        """
        for name, names, how in (
            ("images.test", ["other.test"], {}),
            ("images.test", ["images.test.evil.test"], {}),
            ("images.test", ["*.images.test"], {}),
            ("a.b.images.test", ["*.images.test"], {}),
            ("images.test", ["127.0.0.1"], {}),
            ("127.0.0.1", ["127.0.0.2"], {}),
            ("127.0.0.1", ["localhost"], {}),
            ("::1", ["127.0.0.1"], {}),
            ("images.test", ["a@images.test"], {"common_name": "images.test"}),
        ):
            server = Server(self, *self.authority.issue(*names, **how))
            self.assertFalse(await self.connects(name, server), (name, names))

    async def test_strangers(self):
        """
        One of an authority that isn't believed, as one is that has signed itself,
        and one that is good no more.
        """
        strange = self.server("images.test", by=self.other)
        self.assertFalse(await self.connects("images.test", strange))
        # Nor is it among those that the system believes.
        known = self.server("images.test")
        self.assertFalse(await self.connects("images.test", known, ca_file=None))
        late = self.server("images.test", expired=True)
        self.assertFalse(await self.connects("images.test", late))

    async def test_shown(self):
        """
        A server that asks for a certificate is shown ours, with those between it
        and its authority.
        """
        between = Authority(self.mktemp(), parent=self.other)
        cert, key = between.issue("eva@images.test")
        for insecure in (False, True):
            for shown in ({}, {"cert_file": str(cert), "key_file": str(key)}):
                pair = self.authority.issue("images.test")
                server = Server(self, *pair, clients=self.other.file)
                heard = await self.connects(
                    "images.test", server, insecure=insecure, **shown
                )
                self.assertEqual(heard, bool(shown))

    async def test_insecure(self):
        """
        Who wants to may believe all.
        """
        for server in (
            self.server("other.test", by=self.other),
            self.server("images.test", expired=True),
        ):
            self.assertTrue(await self.connects("images.test", server, insecure=True))


class _Asking(Protocol):
    """
    Asks for something, and waits for the end of the connection.
    """

    def __init__(self):
        self.done = Deferred()

    def connectionMade(self):
        self.transport.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")

    def connectionLost(self, reason):
        self.done.callback(None)


class AskersContract(Certificates):
    """
    Whatever asks a server tells it nothing before it is known.
    """

    insecure = True
    """Whether any certificate will do where that is said."""

    async def ask(self, url, ca_file, insecure):
        """
        Ask a server something, whatever comes of it.

        @param url: without a slash at its end.
        """
        raise NotImplementedError

    async def hears(self, server, host="localhost", ca_file=None, insecure=False):
        """
        Tell whether a server is asked.
        """
        trusted = str(ca_file or self.authority.file)
        with contextlib.suppress(Exception):
            url = f"https://{host}:{server.port}"
            await self.ask(url, None if insecure else trusted, insecure)
        self.flushLoggedErrors()
        return bool(server.asked)

    async def test_right(self):
        """
        It is asked by a name, and by an address, that its certificate has.
        """
        self.assertTrue(await self.hears(self.server("localhost")))
        self.assertTrue(await self.hears(self.server("127.0.0.1"), "127.0.0.1"))

    async def test_wrong(self):
        """
        It isn't if that has another name, is good no more, or is a stranger's.
        """
        self.assertFalse(await self.hears(self.server("other.test")))
        self.assertFalse(await self.hears(self.server("localhost"), "127.0.0.1"))
        self.assertFalse(await self.hears(self.server("localhost", expired=True)))
        self.assertFalse(await self.hears(self.server("localhost", by=self.other)))

    async def test_insecure(self):
        """
        It is all the same where that is said, and can be.
        """
        server = self.server("other.test", by=self.other)
        if self.insecure:
            self.assertTrue(await self.hears(server, insecure=True))

    async def closing(self, made):
        """
        Let go of something when the test ends.
        """
        self.addCleanup(lambda: maybeDeferred(made.close))


class ClientTests(AskersContract, TestCase):
    """
    The client class of the first version.
    """

    kind = Client

    async def ask(self, url, ca_file, insecure):
        client = self.kind.from_url(
            url, reactor=reactor, ca_file=ca_file, insecure=insecure, timeout=20
        )
        await self.closing(client)
        await client.get_images()


class ImageClientTests(ClientTests):
    """
    That of the second.
    """

    kind = ImageClient

    async def ask(self, url, ca_file, insecure):
        client = self.kind.from_url(
            url, reactor=reactor, ca_file=ca_file, insecure=insecure, timeout=20
        )
        await self.closing(client)
        await client.show(UUID)


class RegistryTests(AskersContract, TestCase):
    """
    The registry daemon.
    """

    async def ask(self, url, ca_file, insecure):
        host, port = url.removeprefix("https://").split(":")
        at = self.load(
            f"""\
            [DEFAULT]
            registry_host = {host}
            registry_port = {port}
            registry_client_protocol = https
            registry_client_ca_file = {ca_file or ""}
            registry_client_insecure = {insecure}
            """
        ).registry
        peer = peer_at(reactor, at.host, at.port, registry_secure(at))
        await self.closing(peer)
        await HTTPRegistry(peer, reactor, time_limit=20, secret="s").get(UUID)


class StoresContract(AskersContract):
    """
    A store.
    """

    def text(self, url, ca_file, insecure):
        """
        Get a configuration file.
        """
        raise NotImplementedError

    async def ask(self, url, ca_file, insecure):
        settings = self.load(self.text(url, ca_file, insecure))
        tools = Tools(reactor=reactor, in_thread=maybeDeferred, window=Window(1 << 20))
        made = Stores(settings, lambda backend: tools, lambda store, error: None)
        self.addCleanup(lambda: Deferred.fromCoroutine(made.close()))
        await self.look(made.storage.stores, url)

    async def look(self, stores, url):
        """
        Have a store ask its server.
        """
        [store] = stores.values()
        await store.check()


class S3Tests(StoresContract, TestCase):
    """
    S3.
    """

    insecure = False

    def text(self, url, ca_file, insecure):
        return f"""\
            [glance_store]
            default_store = s3
            s3_store_host = {url}
            s3_store_access_key = a
            s3_store_secret_key = b
            s3_store_bucket = images
            s3_store_bucket_url_format = path
            s3_store_cacert = {ca_file}
            """


class SwiftTests(StoresContract, TestCase):
    """
    Swift's own authentication.
    """

    path = "/auth/v1.0"
    account = "a:b"

    def text(self, url, ca_file, insecure):
        return f"""\
            [glance_store]
            default_store = swift
            swift_store_auth_address = {url}{self.path}
            swift_store_user = {self.account}
            swift_store_key = c
            swift_store_cacert = {ca_file or ""}
            swift_store_auth_insecure = {insecure}
            """


class SwiftKeystoneTests(SwiftTests):
    """
    The Keystone of a Swift.
    """

    path = "/v3"


class HTTPTests(StoresContract, TestCase):
    """
    The HTTP store, and so what users name as a source.
    """

    insecure = False

    def text(self, url, ca_file, insecure):
        port = url.rpartition(":")[2]
        return f"""\
            [DEFAULT]
            enabled_backends = web:http, local:file
            [glance_store]
            default_backend = local
            [local]
            filesystem_store_datadir = {Path(self.mktemp()).absolute()}
            [web]
            https_ca_certificates_file = {ca_file}
            http_allowed_networks = 127.0.0.0/8
            http_allowed_ports = {port}
            """

    async def look(self, stores, url):
        await stores["web"].size(f"{url}/disk.img")


class KeystoneTests(AskersContract, TestCase):
    """
    The Keystone that says who asks.
    """

    async def ask(self, url, ca_file, insecure):
        settings = self.load(
            f"""\
            [DEFAULT]
            auth_strategy = keystone
            [keystone_authtoken]
            auth_url = {url}/v3
            username = glance
            password = secret
            project_name = service
            user_domain_id = default
            project_domain_id = default
            cafile = {ca_file or ""}
            insecure = {insecure}
            http_request_max_retries = 0
            """
        )
        asked = keystone_identity(reactor, settings)
        self.addCleanup(lambda: Deferred.fromCoroutine(asked.close()))
        await asked.holders.check()


del AskersContract, StoresContract
