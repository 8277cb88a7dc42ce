"""
Tests for L{glance.outbound.rules}.
"""

from ipaddress import ip_address, ip_network

from twisted.trial.unittest import SynchronousTestCase

from glance.outbound.errors import BadURL, Refused
from glance.outbound.rules import Rules, is_public, parse

PRIVATE = """
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1
    127.1.2.3 168.63.129.16 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1
    192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.1
    203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255
    :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254
    64:ff9b::127.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1 2001::1 2001:db8::1
    2002:7f00:1:: 2002:a00:1:: 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fec0::1
    ff02::1 4000::1
"""

PUBLIC = """
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255
    128.0.0.1 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.167.255.255
    192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 ::ffff:8.8.8.8
    64:ff9b::8.8.8.8 2001:4860:4860::8888 2600::1 2a00::1
"""


class AddressTests(SynchronousTestCase):
    """
    Addresses are public or not.
    """

    def test_private(self):
        """
        No address that leads inside is public, however it is written.
        """
        public = [text for text in PRIVATE.split() if is_public(ip_address(text))]
        self.assertEqual(public, [])
        rules = Rules()
        self.assertEqual([text for text in PRIVATE.split() if rules.allows(text)], [])

    def test_public(self):
        """
        The neighbours of such addresses, and others, are public.
        """
        private = [text for text in PUBLIC.split() if not is_public(ip_address(text))]
        self.assertEqual(private, [])
        rules = Rules()
        self.assertEqual(
            [text for text in PUBLIC.split() if not rules.allows(text)], []
        )

    def test_no_address(self):
        """
        What is no address, or of one interface, is not connected to.
        """
        for text in ("", "localhost", "/run/socket", "fe80::1%eth0", "2600::1%1"):
            self.assertFalse(Rules().allows(text), text)

    def test_allowed(self):
        """
        Networks that are inside can be allowed, and nothing beside them is.
        """
        rules = Rules(allowed=(ip_network("10.1.0.0/16"), ip_network("fd00::/64")))
        for text in ("10.1.2.3", "::ffff:10.1.2.3", "fd00::1", "8.8.8.8"):
            self.assertTrue(rules.allows(text), text)
        for text in ("10.2.0.1", "::ffff:10.2.0.1", "fd00:0:0:1::1", "127.0.0.1"):
            self.assertFalse(rules.allows(text), text)

    def test_refused(self):
        """
        Networks can be refused though they are public, or allowed.
        """
        rules = Rules(
            allowed=(ip_network("10.0.0.0/8"),),
            refused=(ip_network("8.8.8.0/24"), ip_network("10.1.0.0/16")),
        )
        for text in ("8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "10.1.2.3"):
            self.assertFalse(rules.allows(text), text)
        for text in ("8.8.9.8", "10.2.0.1"):
            self.assertTrue(rules.allows(text), text)


class URLTests(SynchronousTestCase):
    """
    URLs are taken to pieces.
    """

    def test_parse(self):
        """
        All is found that a request needs.
        """
        url = parse("HTTPS://us%40er:p%3Aw@Files.example.org:8443/a/b%20c?d=e#f")
        self.assertEqual(
            (url.scheme, url.host, url.port, url.target, url.credentials),
            ("https", "files.example.org", 8443, "/a/b%20c?d=e", b"us@er:p:w"),
        )
        self.assertEqual(url.plain, "https://files.example.org:8443/a/b%20c?d=e")
        url = parse("http://[2600::1]")
        self.assertEqual((url.port, url.credentials), (80, None))
        self.assertEqual(url.plain, "http://[2600::1]:80/")
        self.assertEqual(parse("http://user@h/").credentials, b"user:")

    def test_bad(self):
        """
        What isn't a URL to fetch is refused, and not told.
        """
        for text in (
            "",
            "file:///etc/passwd",
            "FILE:///etc/passwd",
            "filesystem:///etc/passwd",
            "%66ile:///etc/passwd",
            "swift+config://ref/c/k",
            "ftp://example.org/",
            "//example.org/",
            "http:/example.org/",
            "http:example.org",
            "http:///secret",
            "http://exam ple.org/secret",
            "http://example.org/a\r\nX: secret",
            "http://example.org\\@10.0.0.1/secret",
            "http://example.org/secret\x00",
            "http://exämple.org/secret",
            "http://example%2eorg/secret",
            "http://example.org:port/secret",
            "http://example.org:70000/secret",
            "http://[::1/secret",
            "http://[v1.a]/secret",
            "http://a[::1]/secret",
            "http://[::1]a/secret",
            "http://[fe80::1%25eth0]/secret",
            f"http://{'a' * 254}/secret",
        ):
            error = self.assertRaises(BadURL, parse, text)
            self.assertNotIn("secret", str(error))

    def test_ports(self):
        """
        Only some ports are asked.
        """
        for text in ("http://h/", "https://h/", "http://h:443/"):
            Rules().demand(parse(text))
        for text in ("http://h:22/", "http://h:0/", "https://h:8080/"):
            self.assertRaises(Refused, Rules().demand, parse(text))
        Rules(ports=frozenset({8080})).demand(parse("http://h:8080/"))

    def test_hosts(self):
        """
        Where hosts are named, no others are asked.
        """
        rules = Rules(hosts=("images.example.org", "*.example.com", "192.0.2.1"))
        for host in ("Images.example.org", "a.b.example.com.", "192.0.2.1"):
            rules.demand(parse(f"http://{host}/"))
        for host in (
            "example.com",
            "example.org",
            "notimages.example.org",
            "evilexample.com",
            "a.images.example.org",
            "192.0.2.10",
        ):
            self.assertRaises(Refused, rules.demand, parse(f"http://{host}/"))
