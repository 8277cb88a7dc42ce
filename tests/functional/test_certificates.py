"""
Tests of the certificates of ports.
"""

from pathlib import Path

import trustme
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from twisted.logger import Logger, capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from glance.config.settings import ConfigurationError, Endpoint
from glance.config.trust import ServerTLS
from glance.tap.certificates import (
    read_certificate,
    read_certificates,
    renewed,
    url_of,
)
from glance.tap.tls import CIPHERS, options_of
from tests.functional.certifying import Authority


class CertificateCase(SynchronousTestCase):
    """
    An authority, and a certificate of it.
    """

    def setUp(self):
        self.authority = Authority(self.mktemp())
        self.cert, self.key = self.authority.issue("glance.test", "127.0.0.1")

    def tls(self, cert=None, key=None, ca=None):
        """
        Get how a port speaks TLS.
        """
        return ServerTLS(
            cert_file=str(cert or self.cert),
            key_file=str(key or self.key),
            ca_file=None if ca is None else str(ca),
        )

    def write(self, name, data):
        """
        Write a file.
        """
        path = self.authority.path / name
        path.write_bytes(data)
        return path

    def refusal(self, port="bind_port", **files):
        """
        Get what is said of files that don't do.
        """
        with self.assertRaises(ConfigurationError) as raised:
            read_certificate(port, self.tls(**files))
        return str(raised.exception)


class ReadingTests(CertificateCase):
    """
    What a port is to show is looked at before it is shown.
    """

    def test_good(self):
        """
        Certificates of all kinds of keys do, with the key in the same file or
        another.
        """
        read_certificate("bind_port", self.tls(ca=self.authority.file))
        for kind in trustme.KeyType:
            cert, key = self.authority.issue("a.test", stem=kind.name, key_type=kind)
            read_certificate("bind_port", self.tls(cert, key))
            both = self.write("both.pem", cert.read_bytes() + key.read_bytes())
            read_certificate("bind_port", self.tls(both, both))

    def test_other_writings(self):
        """
        A key may be written in the older ways.
        """
        key = load_pem_private_key(self.key.read_bytes(), None)
        for form in (PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8):
            data = key.private_bytes(Encoding.PEM, form, NoEncryption())
            read_certificate("bind_port", self.tls(key=self.write("old.key", data)))

    def test_missing(self):
        """
        A file that isn't there, or cannot be read, is named, with its option.
        """
        for what in ("cert", "key", "ca"):
            said = self.refusal(**{what: "/nonexistent/a.pem"})
            self.assertIn(f"{what}_file: /nonexistent/a.pem cannot be read", said)
            self.assertIn("No such file", said)
        said = self.refusal("registry_bind_port", key="/nonexistent/a.pem")
        self.assertTrue(said.startswith("registry_key_file: "), said)
        self.assertIn("Is a directory", self.refusal(key=self.authority.path))

    def test_something_else(self):
        """
        So is what holds something else.
        """
        other = self.write("other", b"\0\xff nonsense")
        self.assertIn("cert_file: ", self.refusal(cert=other))
        self.assertIn("no certificate", self.refusal(cert=self.key))
        self.assertIn("no private key", self.refusal(key=self.cert))
        self.assertIn("ca_file: ", self.refusal(ca=other))
        empty = self.write("empty", b"")
        self.assertIn("no certificate", self.refusal(ca=empty))

    def test_encrypted(self):
        """
        A key that needs a passphrase is refused, and what to do is said; nobody is
        asked for it.
        """
        key = load_pem_private_key(self.key.read_bytes(), None)
        for form in (PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8):
            how = BestAvailableEncryption(b"secret")
            data = key.private_bytes(Encoding.PEM, form, how)
            said = self.refusal(key=self.write("locked.key", data))
            self.assertIn("is encrypted", said)
            self.assertIn("openssl pkey", said)

    def test_strangers(self):
        """
        A key has to be that of the certificate.
        """
        _, key = self.authority.issue("glance.test", stem="other")
        self.assertIn("key_file: ", self.refusal(key=key))
        self.assertIn("is not the key of the certificate", self.refusal(key=key))

    def test_order(self):
        """
        A port's own certificate comes first in its file.
        """
        between = Authority(self.mktemp(), parent=self.authority)
        cert, key = between.issue("glance.test")
        whole = cert.read_bytes()
        self.assertEqual(whole.count(b"BEGIN CERTIFICATE"), 2)
        read_certificate("bind_port", self.tls(cert, key))
        own, other = whole.split(b"-----END CERTIFICATE-----\n")[:2]
        end = b"-----END CERTIFICATE-----\n"
        turned = self.write("turned.crt", other + end + own + end)
        said = self.refusal(cert=turned, key=key)
        self.assertIn("cert_file: ", said)
        self.assertIn("first", said)

    def test_weak(self):
        """
        A key that is too short for today is refused.
        """
        key = rsa.generate_private_key(65537, 1024)
        data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path = self.write("weak.pem", data + _self_signed(key))
        self.assertIn("weak", self.refusal(cert=path, key=path))

    def test_secret(self):
        """
        The key isn't in what is printed.
        """
        certificate = read_certificate("bind_port", self.tls())
        self.assertNotIn("PRIVATE", repr(certificate))

    def test_ciphers(self):
        """
        All that may be spoken is known to OpenSSL.
        """
        certificate = read_certificate("bind_port", self.tls())
        from OpenSSL.SSL import Connection

        known = Connection(options_of(certificate).getContext(), None).get_cipher_list()
        old = {name for name in known if not name.startswith("TLS_")}
        self.assertEqual(old, set(CIPHERS.split(":")))
        self.assertTrue(all("GCM" in n or "POLY1305" in n for n in known), known)


def _self_signed(key):
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a.test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, SHA256())
    )
    return made.public_bytes(Encoding.PEM)


class RenewingTests(CertificateCase):
    """
    What ports show is read again.
    """

    def setUp(self):
        super().setUp()
        self.places = {"bind_port": Endpoint("127.0.0.1", 1, 1, tls=self.tls())}
        self.old = read_certificates(self.places)

    def renew(self):
        """
        Read it again; get it, and what is logged.
        """
        with capturedLogs() as captured:
            fresh = renewed(Logger(), self.places, self.old)
        return fresh, [formatEvent(event) for event in captured]

    def test_better(self):
        """
        Another certificate is taken.
        """
        self.authority.issue("glance.test")
        fresh, said = self.renew()
        self.assertNotEqual(fresh, self.old)
        self.assertEqual(len(said), 1)
        self.assertIn("is good until", said[0])

    def test_worse(self):
        """
        What doesn't do changes nothing, and the log says why.
        """
        self.key.write_bytes(b"nonsense")
        fresh, said = self.renew()
        self.assertEqual(fresh, self.old)
        self.assertIn("key_file: ", said[0])
        self.assertIn("stays what it was", said[0])

    def test_expired(self):
        """
        One that is good no more is shown all the same, and the log warns of it.
        """
        cert, key = self.authority.issue_expired("glance.test")
        cert.replace(self.cert)
        key.replace(self.key)
        fresh, said = self.renew()
        self.assertNotEqual(fresh, self.old)
        self.assertIn("has expired", said[0])

    def test_plain(self):
        """
        A port without TLS has none.
        """
        self.assertEqual(read_certificates({"a": Endpoint("::1", 1, 1)}), {})


class URLTests(CertificateCase):
    """
    L{url_of} tells how a port is reached.
    """

    def url(self, host, *names, **how):
        """
        Get the URL of a port whose certificate has these names.
        """
        if names:
            self.cert, self.key = self.authority.issue(*names)
        return url_of(Endpoint(host, 9292, 1, tls=self.tls(), **how))

    def test_plain(self):
        """
        Without TLS, it is the address.
        """
        self.assertEqual(url_of(Endpoint("::", 1, 1)), "http://[::1]:1")
        self.assertEqual(url_of(Endpoint("", 0, 1, "/a")), "http://localhost")

    def test_names(self):
        """
        With it, one that the certificate is for.
        """
        self.assertEqual(self.url("0.0.0.0"), "https://127.0.0.1:9292")
        self.assertEqual(self.url("192.0.2.1"), "https://glance.test:9292")
        self.assertEqual(self.url("::1", "::1"), "https://[::1]:9292")
        wild = self.url("::1", "*.a.test", "b.test")
        self.assertEqual(wild, "https://b.test:9292")
        self.assertEqual(self.url("::1", "*.a.test"), "https://[::1]:9292")
        self.assertEqual(self.url("", path="/a"), "https://localhost")

    def test_unreadable(self):
        """
        If it cannot be read here, the address.
        """
        Path(self.cert).unlink()
        self.assertEqual(self.url("127.0.0.1"), "https://127.0.0.1:9292")
