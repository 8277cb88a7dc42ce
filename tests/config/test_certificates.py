"""
Tests of what is said of TLS.
"""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from glance.config.loading import reload, renew
from glance.config.settings import ConfigurationError
from glance.config.trust import ClientTLS, ServerTLS
from tests.config.files import FilesMixin


class ServerTests(FilesMixin, SynchronousTestCase):
    """
    A port speaks TLS where it has a certificate.
    """

    def test_none(self):
        """
        Unless one is named, it speaks plain HTTP.
        """
        api = self.load().api
        self.assertIsNone(api.tls)
        self.assertEqual(api.scheme, "http")

    def test_named(self):
        """
        Files are found from the working directory; the key may be in the same.
        """
        api = self.load("[DEFAULT]\ncert_file = /etc/a.pem\n").api
        both = ServerTLS(cert_file="/etc/a.pem", key_file="/etc/a.pem", ca_file=None)
        self.assertEqual((api.tls, api.scheme), (both, "https"))
        api = self.load(
            "[DEFAULT]\ncert_file = /a\nkey_file = b\nca_file = /c\nbind_host = unix:/d"
        ).api
        here = str(Path("b").absolute())
        self.assertEqual(
            api.tls, ServerTLS(cert_file="/a", key_file=here, ca_file="/c")
        )

    def test_each(self):
        """
        The registry has its own, and none unless it is said.
        """
        text = "[DEFAULT]\ncert_file = /a\nregistry_bind_port = 9191\n"
        settings = self.load(text, "all")
        self.assertIsNone(settings.registry_listen.tls)
        settings = self.load(f"{text}registry_cert_file = /b\n", "all")
        self.assertEqual(settings.registry_listen.tls.cert_file, "/b")
        self.assertEqual(settings.api.tls.cert_file, "/a")
        # In a file of its own it is called as of old.
        settings = self.load("[DEFAULT]\ncert_file = /c\n", "registry")
        self.assertEqual(settings.registry_listen.tls.cert_file, "/c")
        self.assertEqual(list(settings.places), ["bind_port"])

    def test_incomplete(self):
        """
        A key without a certificate, or authorities without, are a mistake.
        """
        for name in ("key_file", "ca_file"):
            with self.assertRaises(ConfigurationError) as raised:
                self.load(f"[DEFAULT]\n{name} = /a\n")
            self.assertIn("cert_file is missing", str(raised.exception))
            self.assertIn(name, str(raised.exception))

    def test_reload(self):
        """
        Other files are taken while the daemon runs; that there is TLS or not stays.
        """
        old = self.load("[DEFAULT]\ncert_file = /a\nca_file = /c\n")
        for again in (reload, renew):
            self.write("[DEFAULT]\ncert_file = /b\n")
            fresh, waiting = again(old)
            self.assertEqual(
                fresh.api.tls,
                ServerTLS(cert_file="/b", key_file="/b", ca_file=None),
            )
            self.assertEqual(waiting, ())
            self.write("[DEFAULT]\n")
            fresh, waiting = again(old)
            self.assertEqual(fresh.api, old.api)
            self.assertEqual(waiting, ("cert_file",))
        plain = self.load("[DEFAULT]\nregistry_bind_port = 9191\n", "all")
        self.write(
            "[DEFAULT]\nregistry_bind_port = 9191\nregistry_cert_file = /b\n"
            "cert_file = /a\n"
        )
        for again in (reload, renew):
            fresh, waiting = again(plain)
            self.assertEqual(fresh.registry_listen, plain.registry_listen)
            self.assertEqual(waiting, ("cert_file", "registry_cert_file"))


class RegistryTests(FilesMixin, SynchronousTestCase):
    """
    The registry is asked over TLS where that is said.
    """

    def test_plain(self):
        """
        Otherwise it isn't.
        """
        registry = self.load("[DEFAULT]\nregistry_client_ca_file = /a\n").registry
        self.assertIsNone(registry.tls)

    def test_checked(self):
        """
        Certificates are checked unless that is said, too.
        """
        text = "[DEFAULT]\nregistry_client_protocol = https\n"
        registry = self.load(text).registry
        checked = ClientTLS(ca_file=None, cert_file=None, key_file=None, insecure=False)
        self.assertEqual(registry.tls, checked)
        self.assertEqual(registry.url, "https://127.0.0.1:9191")
        told = self.load(
            f"{text}registry_client_ca_file = /a\nregistry_client_cert_file = /b\n"
            "registry_client_key_file = /c\nregistry_client_insecure = true\n"
        )
        self.assertEqual(
            told.registry.tls,
            ClientTLS(ca_file="/a", cert_file="/b", key_file="/c", insecure=True),
        )

    def test_socket(self):
        """
        A UNIX socket has no use for it.
        """
        with self.assertRaises(ConfigurationError) as raised:
            self.load(
                "[DEFAULT]\nregistry_client_protocol = https\nregistry_host = unix:/a\n"
            )
        self.assertIn("registry_client_protocol", str(raised.exception))
        self.assertIn("UNIX", str(raised.exception))


class CorsTests(FilesMixin, SynchronousTestCase):
    """
    Scripts of other sites may do what is said.
    """

    def cors(self, text):
        """
        Get what a file says of them.
        """
        return self.load(f"[cors]\n{text}\n").http.cors

    def test_none(self):
        """
        Nothing, unless sites are named.
        """
        self.assertIsNone(self.load().http.cors)
        self.assertIsNone(self.cors("allow_methods = GET"))

    def test_usual(self):
        """
        What is not said is as Glance has it.
        """
        cors = self.cors("allowed_origin = https://a.example")
        self.assertEqual(cors.origins, {"https://a.example"})
        self.assertTrue(cors.credentials)
        self.assertEqual(cors.max_age, 3600)
        self.assertEqual(cors.methods, {"GET", "PUT", "POST", "DELETE", "PATCH"})
        self.assertIn("x-auth-token", cors.headers)
        self.assertIn("X-Subject-Token", cors.exposed)

    def test_origins(self):
        """
        Sites are written as browsers write them.
        """
        for said, meant in (
            ("https://A.Example:443", {"https://a.example"}),
            (
                "http://a.example:80,http://a:8080",
                {"http://a.example", "http://a:8080"},
            ),
            ("https://a.example:80", {"https://a.example:80"}),
            ("https://[::1]:5000", {"https://[::1]:5000"}),
            ("*", {"*"}),
        ):
            self.assertEqual(self.cors(f"allowed_origin = {said}").origins, meant)

    def test_refused(self):
        """
        What is no site, or no name, is refused.
        """
        for said in (
            "allowed_origin = https://a.example/",
            "allowed_origin = a.example",
            "allowed_origin = null",
            "allowed_origin = https://*.example/x",
            "allowed_origin = https://user@a.example",
            "allowed_origin = https://a.example:x",
            "allowed_origin = https://",
            "allowed_origin = *\nallow_headers = X-A B",
            "allowed_origin = *\nallow_methods = GET PUT",
            "allowed_origin = *\nexpose_headers = X:Y",
        ):
            with self.assertRaises(ConfigurationError) as raised:
                self.cors(said)
            name = said.split("\n")[-1].partition(" ")[0]
            self.assertIn(f"{name} in [cors]", str(raised.exception), said)
