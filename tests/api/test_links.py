"""
Tests for L{glance.api.links}.
"""

from hypothesis import given
from hypothesis.strategies import sampled_from, text
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers
from twisted.web.test.requesthelper import DummyRequest

from glance.api.links import Links, peer_address
from glance.proxies import LOOPBACK, Proxies

PROXIES = Proxies.parsed(["127.0.0.0/8", "10.0.0.0/8"])


def request(peer="127.0.0.1", secure=False, **headers):
    """
    Get a request with headers.

    @param peer: the address it comes from; L{None} for a UNIX socket.
    """
    made = DummyRequest([b""])
    made.isSecure = lambda: secure
    if peer is None:
        made.client = made.host = UNIXAddress("/run/glance.sock")
    else:
        kind = IPv6Address if ":" in peer else IPv4Address
        made.client = kind("TCP", peer, 40000)
        made.host = kind("TCP", "::1" if ":" in peer else "127.0.0.1", 9292)
    made.getHost = lambda: made.host
    made.requestHeaders = Headers(
        {
            name.replace("_", "-"): [
                value.encode() if isinstance(value, str) else value
                for value in (values if isinstance(values, list) else [values])
            ]
            for name, values in headers.items()
        }
    )
    return made


class DirectTests(SynchronousTestCase):
    """
    L{Links} goes by the request, where nobody stands between.
    """

    links = Links(None, None)

    def test_host(self):
        """
        The URL begins as the client wrote it.
        """
        for host in ("images.example", "images.example:9292", "[::1]:9292", "a_b:1"):
            self.assertEqual(self.links.base(request(host=host)), f"http://{host}")

    def test_secure(self):
        """
        Over TLS it is an https URL.
        """
        self.assertEqual(
            self.links.base(request(secure=True, host="images.example")),
            "https://images.example",
        )

    def test_no_host(self):
        """
        Who names no host, or none that can be one, gets the address that was
        connected to.
        """
        for headers in ({}, {"host": ""}, {"host": 'a"><b'}, {"host": "a..b"}):
            self.assertEqual(
                self.links.base(request(**headers)), "http://127.0.0.1:9292"
            )
        self.assertEqual(self.links.base(request("::1")), "http://[::1]:9292")

    def test_unix(self):
        """
        A UNIX socket is on this machine.
        """
        self.assertEqual(self.links.base(request(None)), "http://localhost")
        self.assertIsNone(self.links.client(request(None)))

    def test_client(self):
        """
        The client is the peer.
        """
        self.assertEqual(self.links.client(request("192.0.2.1")), "192.0.2.1")
        self.assertEqual(peer_address(request("::1")), "::1")

    def test_forwarded_headers(self):
        """
        What claims to come from a proxy is ignored.
        """
        asked = request(
            host="images.example",
            x_forwarded_for="192.0.2.9",
            x_forwarded_proto="https",
            x_forwarded_host="evil.example",
            x_forwarded_prefix="/evil",
            forwarded="for=192.0.2.9;host=evil.example;proto=https",
        )
        for links in (self.links, Links(None, Proxies.parsed(["10.0.0.0/8"]))):
            self.assertEqual(links.base(asked), "http://images.example")
            self.assertEqual(links.client(asked), "127.0.0.1")

    def test_public_endpoint(self):
        """
        A URL that was configured stands over all.
        """
        links = Links("https://images.example/glance/", LOOPBACK)
        asked = request(host="other", x_forwarded_host="another")
        self.assertEqual(links.base(asked), "https://images.example/glance")


class ProxiedTests(SynchronousTestCase):
    """
    L{Links} believes trusted proxies.
    """

    links = Links(None, PROXIES)

    def check(self, base, client, **headers):
        """
        Assert what is made of a request with these headers.
        """
        for peer in ("127.0.0.1", None):
            asked = request(peer, host="inner:9292", **headers)
            self.assertEqual(self.links.base(asked), base)
            self.assertEqual(self.links.client(asked), client or peer)

    def test_usual(self):
        """
        The X-Forwarded headers tell the URL and the client.
        """
        self.check(
            "https://images.example/glance",
            "192.0.2.1",
            x_forwarded_for="192.0.2.1",
            x_forwarded_proto="https",
            x_forwarded_host="images.example",
            x_forwarded_prefix="/glance/",
        )

    def test_standard(self):
        """
        The Forwarded header does, and stands over the others.
        """
        self.check(
            "https://images.example:444",
            "2001:db8::1",
            forwarded='For="[2001:db8::1]:4711";Proto=https;host="images.example:444"',
            x_forwarded_for="2001:db8::1",
            x_forwarded_host="other.example",
        )

    def test_contradiction(self):
        """
        Nothing is believed where the two speak of different clients: proxies write
        the one, and most leave the other as a client sent it.
        """
        self.check(
            "http://inner:9292",
            None,
            forwarded="for=198.51.100.66;host=evil.example",
            x_forwarded_for="198.51.100.66, 192.0.2.1",
        )
        self.check(
            "http://inner:9292",
            None,
            forwarded="for=192.0.2.1;host=images.example",
            x_forwarded_for="198.51.100.66",
            x_forwarded_host="evil.example",
        )
        self.check(
            "http://inner:9292",
            None,
            forwarded="for=198.51.100.66;host=evil.example",
            x_forwarded_proto="https",
        )

    def test_part(self):
        """
        What a proxy doesn't say is taken from the request.
        """
        self.check("https://inner:9292", None, x_forwarded_proto="https")
        self.check("http://images.example", None, x_forwarded_host="images.example")
        self.check("http://inner:9292", "192.0.2.1", forwarded="for=192.0.2.1")
        self.check("http://inner:9292", None)

    def test_chain(self):
        """
        Through several proxies, what the first trusted one says counts.
        """
        self.check(
            "https://images.example",
            "192.0.2.1",
            x_forwarded_for="198.51.100.66, 192.0.2.1, 10.0.0.2",
            x_forwarded_proto="gopher, https, http",
            x_forwarded_host="evil.example, images.example, middle.example",
        )
        self.check(
            "https://images.example",
            "192.0.2.1",
            forwarded=[
                "for=198.51.100.66;host=evil.example",
                "for=192.0.2.1;host=images.example;proto=https, for=10.0.0.2",
            ],
        )

    def test_forged(self):
        """
        What a client sends itself, before what the proxy adds, doesn't count.
        """
        self.check(
            "http://images.example",
            "192.0.2.1",
            x_forwarded_for=["10.9.9.9", "192.0.2.1"],
            x_forwarded_host=["evil.example", "images.example"],
        )

    def test_forged_nearby(self):
        """
        Nor does it where the client's own address is that of a trusted proxy.
        """
        self.check(
            "http://images.example",
            "10.9.9.9",
            x_forwarded_for="10.9.9.9",
            x_forwarded_host=["evil.example", "images.example"],
        )

    def test_nonsense(self):
        """
        What can be no host, scheme, prefix or address is ignored.
        """
        self.check(
            "http://inner:9292",
            None,
            x_forwarded_for="unknown",
            x_forwarded_proto="javascript",
            x_forwarded_host='a"><script>',
            x_forwarded_prefix="//evil.example",
        )
        self.check("http://inner:9292", None, forwarded="for=_hidden;host=;;=;proto")

    def test_no_text(self):
        """
        What is not in UTF-8 is ignored, too.
        """
        for name in ("for", "proto", "host", "prefix"):
            asked = {f"x_forwarded_{name}": b"\xff"}
            self.check("http://inner:9292", None, **asked)
        self.check("http://inner:9292", None, forwarded=b"for=\xff;host=\xff")

    def test_port(self):
        """
        The port of a client doesn't matter.
        """
        self.check("http://inner:9292", "192.0.2.1", x_forwarded_for="192.0.2.1:4711")
        self.check("http://inner:9292", "2001:db8::1", x_forwarded_for="2001:db8::1")

    @given(
        text(),
        sampled_from(
            [
                "host",
                "forwarded",
                "x_forwarded_for",
                "x_forwarded_proto",
                "x_forwarded_host",
                "x_forwarded_prefix",
            ]
        ),
    )
    def test_anything(self, value, name):
        """
        Whatever a header holds, the URL has nothing that could break out of a
        document, or leads elsewhere without a host.
        """
        value = value.encode(errors="replace").decode()
        asked = request(**{name: value})
        self.assertRegex(
            self.links.base(asked), r"\Ahttps?://[\w.\[\]:-]+(/[\w.~-]+)*\Z"
        )
        self.links.client(asked)
