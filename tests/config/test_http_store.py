"""
Tests of how an HTTP store is configured and made.
"""

from ipaddress import ip_network
from pathlib import Path

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from glance.config.backends.http import HTTPBackend
from glance.config.settings import ConfigurationError
from glance.stores.http import HTTPStore
from glance.streams.strands import Window
from glance.tap.stores import http
from glance.tap.stores.made import Tools
from tests.config.files import FilesMixin

USUAL = HTTPBackend(
    ports=frozenset({80, 443}),
    hosts=(),
    allowed=(),
    refused=(),
    timeout=60,
    ca_file=None,
)

ALL = """
[DEFAULT]
enabled_backends = local:file, web:http
[local]
[web]
http_allowed_ports = 443, 8080
http_allowed_hosts = Images.example.org, *.example.com
http_allowed_networks = 10.1.0.0/16, fd00::/8, 192.0.2.1
http_disallowed_networks = 10.1.2.0/24
http_idle_timeout = 7.5
"""


class HTTPTests(FilesMixin, SynchronousTestCase):
    """
    An HTTP store is made of its options.
    """

    def backend(self, text):
        """
        Load settings, and get those of the HTTP store; L{None} if there is none.
        """
        settings = self.load(text)
        self.assertEqual(settings.warnings, ())
        self.assertNotEqual(settings.stores.default, "http")
        found = [each for each in settings.stores.backends if each.kind == "http"]
        return found[0] if found else None

    def refused(self, text, *parts):
        """
        See that an operator is told what is wrong.
        """
        error = self.assertRaises(ConfigurationError, self.load, text)
        for part in parts:
            self.assertIn(part, str(error))

    def test_not_there(self):
        """
        Unless an operator wants it there is none.
        """
        for text in ("", "[glance_store]\nstores = file\n"):
            self.assertIs(self.backend(text), None)

    def test_named(self):
        """
        It is there when it is named, and then asks what is public.
        """
        for text in (
            "[glance_store]\nstores = file, http\n",
            "[DEFAULT]\nknown_stores = glance.store.filesystem.Store, "
            "glance.store.http.Store\n",
        ):
            self.assertEqual(self.backend(text).of, USUAL)

    def test_meant(self):
        """
        It is there when what makes sense with it alone is set.
        """
        for option in (
            "http_allowed_hosts = images.example.org",
            "http_allowed_networks = 10.0.0.0/8",
            "http_disallowed_networks = 192.0.2.0/24",
        ):
            self.assertIsNot(self.backend(f"[glance_store]\n{option}\n"), None)

    def test_all(self):
        """
        All can be said.
        """
        self.assertEqual(
            self.backend(ALL).of,
            HTTPBackend(
                ports=frozenset({443, 8080}),
                hosts=("images.example.org", "*.example.com"),
                allowed=tuple(
                    map(ip_network, ("10.1.0.0/16", "fd00::/8", "192.0.2.1/32"))
                ),
                refused=(ip_network("10.1.2.0/24"),),
                timeout=7.5,
                ca_file=None,
            ),
        )

    def test_wrong(self):
        """
        Nonsense is explained.
        """
        for option, value in (
            ("http_allowed_ports", "http"),
            ("http_allowed_ports", "-1"),
            ("http_allowed_ports", "0"),
            ("http_allowed_ports", "65536"),
            ("http_allowed_hosts", "*"),
            ("http_allowed_hosts", "https://example.org"),
            ("http_allowed_hosts", "example.org:80"),
            ("http_allowed_hosts", "10.0.0.0/8"),
            ("http_allowed_hosts", "a*b"),
            ("http_allowed_networks", "10.1.2.3/16"),
            ("http_disallowed_networks", "example.org"),
        ):
            text = f"[glance_store]\nstores = file,http\n{option} = {value}\n"
            self.refused(text, option, value, "write")

    def test_hosts(self):
        """
        Hosts may be written as URLs have them.
        """
        hosts = "a_b, Example.org., [FD00::1], 10.1.0.1"
        backend = self.backend(f"[glance_store]\nhttp_allowed_hosts = {hosts}\n")
        self.assertEqual(
            backend.of.hosts, ("a_b", "example.org", "fd00::1", "10.1.0.1")
        )

    def test_no_default(self):
        """
        New data cannot go there.
        """
        self.refused("[DEFAULT]\ndefault_store = http\n", "no data can be put there")
        self.refused(f"{ALL}[glance_store]\ndefault_backend = web\n", "takes data")

    def test_made(self):
        """
        The store is made; certificates that cannot be read are told before.
        """
        backend = self.backend(ALL)
        http.check(backend)
        tools = Tools(reactor=MemoryReactorClock(), in_thread=None, window=Window(1))
        self.assertIsInstance(http.make(backend, tools).store, HTTPStore)
        path = Path(self.mktemp())
        path.write_text("nothing")
        text = f"{ALL}https_ca_certificates_file = {path}\n"
        error = self.assertRaises(ConfigurationError, http.check, self.backend(text))
        self.assertIn("https_ca_certificates_file in [web]", str(error))
