"""
Tests for how L{glance.client} reaches servers, over real sockets.
"""

import io
from pathlib import Path

import trustme
from twisted.internet import reactor
from twisted.internet.defer import CancelledError
from twisted.internet.endpoints import SSL4ServerEndpoint
from twisted.internet.ssl import Certificate, PrivateCertificate

from glance.client import (
    Client,
    ClientConnectionError,
    Error,
    Invalid,
    LimitExceeded,
    NotFound,
    RedirectException,
    RegistryClient,
    ServiceUnavailable,
    UnexpectedStatus,
)
from glance.client.errors import (
    ConnectionTimeout,
    MaxRedirectsExceeded,
)
from glance.streams.bodies import BytesBody, read_all
from tests.functional.peering import DATA, IMAGE, LIST, META, ClientCase
from tests.peer import answer


class ReachingTests(ClientCase):
    """
    Tests for how servers are reached.
    """

    async def test_refused(self):
        """
        A server that isn't there is a connection error, which names it.
        """
        peer = await self.serve()
        client = Client("127.0.0.1", 1, reactor=reactor)
        error = await self.assert_fails(client.get_images(), ClientConnectionError)
        self.assertIn("Unable to connect to http://127.0.0.1:1", str(error))
        self.assertEqual(peer.heads, [])

    async def test_ipv6(self):
        """
        A host may be an address of IPv6.
        """
        peer = await self.serve(
            answer("200 OK", {}, LIST), address="tcp:0:interface=\\:\\:1"
        )
        client = self.make_client(peer, "::1")
        self.assertEqual(await client.get_images(), [])
        self.assertIn(f"Host: [::1]:{peer.port}".encode(), peer.heads[0])

    async def test_unix(self):
        """
        A host may be a UNIX socket.
        """
        path = f"s{id(self):x}"
        peer = await self.serve(answer("200 OK", {}, LIST), address=f"unix:{path}")
        client = self.make_client(peer, f"unix:{path}")
        self.assertEqual(await client.get_images(), [])

    async def test_silent(self):
        """
        A server that says nothing is given up.
        """
        client = await self.client(lambda connection, head: None, timeout=0.1)
        await self.assert_fails(client.get_images(), ConnectionTimeout)

    async def test_cancelled(self):
        """
        Who cancels is told of that, also while the host is looked up.
        """
        client = await self.client()
        asking = client.get_images()
        asking.cancel()
        await self.assert_fails(asking, CancelledError)

    async def test_kept_connection(self):
        """
        What only reads uses a connection again.
        """
        client = await self.client(
            answer("200 OK", {}, LIST), answer("200 OK", {}, LIST)
        )
        await client.get_images()
        await client.get_images()
        self.assertEqual(len(self.peer.connections), 1)

    async def test_dropped_connection(self):
        """
        A kept connection that the server has dropped harms neither what reads
        nor what writes.
        """

        def drop(connection, head):
            connection.transport.loseConnection()

        client = await self.client(
            answer("200 OK", {}, LIST),
            drop,
            answer("200 OK", {}, LIST),
            answer("200 OK", {}, IMAGE),
        )
        await client.get_images()
        await client.get_images()
        image = await client.update_image("an-id", {"name": "x"})
        self.assertEqual(image["id"], "an-id")
        self.assertEqual(len(self.peer.heads), 4)

    async def test_cut_answer(self):
        """
        An answer that is cut is a connection error.
        """
        client = await self.client(
            answer("200 OK", {}, LIST, length=100, then=lambda t: t.loseConnection())
        )
        await self.assert_fails(client.get_images(), ClientConnectionError)

    async def test_no_answer(self):
        """
        A connection that is lost before the answer is a connection error.
        """
        client = await self.client(lambda c, head: c.transport.loseConnection())
        await self.assert_fails(client.update_image("an-id", {}), ClientConnectionError)

    async def test_other_service(self):
        """
        What isn't an answer of Glance is told from one.
        """
        client = await self.client(
            answer("200 OK", {}, b"<html>"), answer("200 OK", {}, b"[1]")
        )
        await self.assert_fails(client.get_images(), UnexpectedStatus)
        await self.assert_fails(client.get_images(), UnexpectedStatus)

    async def test_no_image(self):
        """
        What isn't an image is told from one, and not taken.
        """
        client = await self.client(
            answer("200 OK"),
            answer("200 OK", {}, b"<html>", length=1 << 30),
            answer("200 OK", {}, b"<html>"),
        )
        await self.assert_fails(client.get_image_meta("an-id"), UnexpectedStatus)
        await self.assert_fails(client.get_image("an-id"), UnexpectedStatus)
        await self.until(lambda: self.peer.lost)
        self.assertEqual(self.peer.lost, 1)
        path = Path(self.mktemp())
        await self.assert_fails(client.save("an-id", path), UnexpectedStatus)
        self.assertFalse(path.exists())

    async def test_errors(self):
        """
        A refusal is raised by its status, with what the server says.
        """
        said = b'{"error": {"code": 404, "message": "No such image."}}'
        client = await self.client(
            answer("404 Not Found", {}, said),
            answer("503 Busy", {"Retry-After": "7"}, b"Later."),
            answer("418 Teapot"),
        )
        error = await self.assert_fails(client.get_images(), NotFound)
        self.assertEqual(str(error), "No such image.")
        error = await self.assert_fails(client.get_images(), ServiceUnavailable)
        self.assertEqual((str(error), error.retry_after), ("Later.", 7))
        error = await self.assert_fails(client.get_images(), UnexpectedStatus)
        self.assertEqual((str(error), error.status), ("418 Teapot", 418))

    async def test_registry(self):
        """
        The registry's client speaks as that of 2011.
        """
        self.peer = await self.serve(
            answer("200 OK", {}, LIST),
            answer("200 OK", {}, IMAGE),
            answer("200 OK", {}, IMAGE),
            answer("200 OK"),
        )
        client = RegistryClient("127.0.0.1", self.peer.port, reactor=reactor)
        self.addCleanup(client.close)
        self.assertEqual(await client.get_images(), [])
        await client.add_image({"name": "x"})
        await client.update_image("an-id", {"name": "y"}, purge_props=True)
        self.assertIs(await client.delete_image("an-id"), True)
        lines = [head.split(b" HTTP")[0] for head in self.peer.heads]
        self.assertEqual(
            lines,
            [
                b"GET /images",
                b"POST /images",
                b"PUT /images/an-id",
                b"DELETE /images/an-id",
            ],
        )
        self.assertIn(b"X-Glance-Registry-Purge-Props: true", self.peer.heads[2])


class TLSTests(ClientCase):
    """
    Tests for servers that are reached by TLS.
    """

    async def setUp(self):
        self.authority = trustme.CA()
        self.ca_file = self.mktemp()
        self.authority.cert_pem.write_to_path(self.ca_file)
        self.certify("127.0.0.1")

    def certify(self, *names):
        """
        Have servers show a certificate for C{names}; without any, one that is for
        nobody, and made out to C{localhost} all the same.
        """
        whom = None if names else "localhost"
        certificate = self.authority.issue_cert(*names, common_name=whom)
        self.pem = self.mktemp()
        certificate.private_key_and_cert_chain_pem.write_to_path(self.pem)
        self.address = f"ssl:0:interface=127.0.0.1:privateKey={self.pem}"

    async def client(self, *acts, **kwargs):
        """
        Make a client of a new peer that does C{acts}, by TLS.
        """
        self.peer = await self.serve(*acts, address=self.address)
        return self.make_client(self.peer, use_ssl=True, **kwargs)

    async def test_trusted(self):
        """
        A server whose certificate is vouched for is spoken to.
        """
        client = await self.client(
            answer("200 OK", {}, LIST),
            answer("201 Created", {}, IMAGE),
            answer("200 OK", META, DATA),
            ca_file=self.ca_file,
        )
        self.assertEqual(await client.get_images(), [])
        await client.add_image({}, DATA)
        _, body = await client.get_image("an-id")
        self.assertEqual(await read_all(body, 1 << 20), DATA)

    async def test_early_refusal(self):
        """
        An upload can be refused early, by a server that closes then or not.
        """
        for then in (None, lambda transport: transport.abortConnection()):
            client = await self.client(
                answer("413 Too Large", {}, b"No.", then=then), ca_file=self.ca_file
            )
            error = Error if then else LimitExceeded
            await self.assert_fails(client.add_image({}, DATA * 64), error)
            await self.until(lambda: self.peer.lost)
            self.assertEqual(self.peer.lost, 1)

    async def test_untrusted(self):
        """
        A server that nobody vouches for is told nothing.
        """
        client = await self.client(answer("200 OK", {}, LIST), auth_tok="secret")
        error = await self.assert_fails(client.get_images(), ClientConnectionError)
        self.assertIn("certificate verify failed", str(error))
        self.assertEqual(self.peer.heads, [])

    async def test_other_name(self):
        """
        Nor is one that somebody vouches for by another name than it is asked by,
        be that an address or one that looks alike.
        """
        for host, *names in (
            ("127.0.0.1", "other.example", "127.0.0.2", "::1"),
            ("127.0.0.1", "localhost"),
            ("localhost", "127.0.0.1"),
            ("localhost", "localhost.example", "ocalhost", "xlocalhost"),
            ("localhost", "*.localhost"),
            ("localhost",),
            ("127.0.0.1",),
        ):
            self.certify(*names)
            self.peer = await self.serve(
                answer("200 OK", {}, LIST), address=self.address
            )
            client = self.make_client(
                self.peer, host, use_ssl=True, ca_file=self.ca_file, auth_tok="secret"
            )
            await self.assert_fails(client.get_images(), ClientConnectionError)
            self.assertEqual(self.peer.heads, [], (host, names))

    async def test_insecure(self):
        """
        Any server is spoken to where that is wanted.
        """
        client = await self.client(answer("200 OK", {}, LIST), insecure=True)
        self.assertEqual(await client.get_images(), [])

    async def test_own_certificate(self):
        """
        Our own certificate is shown.
        """
        own = PrivateCertificate.loadPEM(Path(self.pem).read_bytes())
        trusted = Certificate.loadPEM(Path(self.ca_file).read_bytes())
        self.address = SSL4ServerEndpoint(
            reactor, 0, own.options(trusted), interface="127.0.0.1"
        )
        for how in ({"ca_file": self.ca_file}, {"insecure": True}):
            client = await self.client(
                answer("200 OK", {}, LIST), cert_file=self.pem, **how
            )
            self.assertEqual(await client.get_images(), [])
            client = await self.client(answer("200 OK", {}, LIST), **how)
            await self.assert_fails(client.get_images(), ClientConnectionError)

    async def test_bad_files(self):
        """
        Files that hold no certificates are named.
        """
        empty = self.mktemp()
        Path(empty).write_text("")
        for files in (
            {"ca_file": empty},
            {"ca_file": "nowhere"},
            {"cert_file": empty},
            {"cert_file": self.ca_file, "key_file": empty},
        ):
            client = await self.client(**files)
            error = await self.assert_fails(client.get_images(), Invalid)
            self.assertIn(next(iter(files.values())), str(error))


class RedirectTests(ClientCase):
    """
    Tests for redirects.
    """

    async def test_same_origin(self):
        """
        A redirect is followed, and the token goes along.
        """
        client = await self.client(
            answer("302 Found", {"Location": "/v1/elsewhere"}),
            answer("200 OK", {}, LIST),
            auth_tok="secret",
        )
        self.assertEqual(await client.get_images(), [])
        self.assertIn(b"GET /v1/elsewhere", self.peer.heads[1])
        self.assertIn(b"X-Auth-Token: secret", self.peer.heads[1])

    async def test_other_origin(self):
        """
        The token is never sent to another server.
        """
        other = await self.serve(answer("200 OK", {}, LIST))
        location = f"http://127.0.0.1:{other.port}/v1/images"
        client = await self.client(
            answer("307 Go", {"Location": location}), auth_tok="secret"
        )
        self.assertEqual(await client.get_images(), [])
        self.assertIn(b"X-Auth-Token: secret", self.peer.heads[0])
        self.assertNotIn(b"secret", other.heads[0])

    async def test_write_to_other_origin(self):
        """
        Nothing is written to another server.
        """
        other = await self.serve(answer("200 OK", {}, IMAGE))
        location = f"http://127.0.0.1:{other.port}/v1/images"
        client = await self.client(answer("307 Go", {"Location": location}))
        await self.assert_fails(client.add_image({}, DATA), RedirectException)
        self.assertEqual(other.heads, [])

    async def test_endless(self):
        """
        Five redirects are followed, and no sixth.
        """
        client = await self.client(*[answer("301 Go", {"Location": "/v1/x"})] * 7)
        await self.assert_fails(client.get_images(), MaxRedirectsExceeded)
        self.assertEqual(len(self.peer.heads), 6)

    async def test_data_again(self):
        """
        Data that can be sent again is, where the server redirects it.
        """
        client = await self.client(
            answer("307 Go", {"Location": "/v1/x"}),
            answer("201 Created", {}, IMAGE),
        )
        await client.add_image({}, io.BytesIO(b"data"))
        await self.until(lambda: self.peer.connections[1].data)
        self.assertEqual(self.peer.connections[1].data, b"data")

    async def test_data_once(self):
        """
        Data that cannot be sent again is an error there.
        """
        client = await self.client(answer("307 Go", {"Location": "/v1/x"}))
        await self.assert_fails(
            client.add_image({}, BytesBody(b"data")), RedirectException
        )
