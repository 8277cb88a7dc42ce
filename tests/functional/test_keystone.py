"""
Tests of how daemons ask a Keystone, over TLS and not.
"""

from pathlib import Path

import trustme
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import SSL4ServerEndpoint, TCP4ServerEndpoint
from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    PrivateCertificate,
    trustRootFromCertificates,
)
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase, TestCase
from twisted.web.http_headers import Headers
from twisted.web.server import Site

from glance.config.settings import ConfigurationError
from glance.errors import AccountsUnusable
from glance.interfaces import Caller
from glance.tap.callers import callers, check_identity
from glance.tap.pools import Pools
from tests.config.files import FilesMixin
from tests.keystone.fake import ACME, SECRET, FakeKeystone

EVA = Caller(Headers({"X-Auth-Token": ["eva"]}), "192.0.2.1", "192.0.2.1")


class Asking(FilesMixin):
    """
    Mixed in: what a daemon asks by.
    """

    def settings(self, *lines, scheme="https", port=5000):
        """
        Load settings.

        @param lines: those of C{[keystone_authtoken]}.
        """
        told = "\n".join(lines)
        return self.load(
            f"[DEFAULT]\nauth_strategy = keystone\n[keystone_authtoken]\n"
            f"auth_url = {scheme}://localhost:{port}\nusername = glance\n"
            f"password = {SECRET}\nproject_name = service\n"
            f"http_request_max_retries = 0\n{told}\n"
        )


class KeystoneTests(Asking, TestCase):
    """
    A Keystone is asked as the options say.
    """

    def setUp(self):
        self.fake = FakeKeystone()
        self.fake.add("eva", **ACME)
        self.authority = trustme.CA()
        self.here = Path(self.mktemp())
        self.here.mkdir()
        self.cafile = str(self.here / "ca.pem")
        self.authority.cert_pem.write_to_path(self.cafile)
        self.told = []

        def observe(event):
            self.told.append(formatEvent(event))

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)

    async def serve(self, host="localhost", shown=False):
        """
        Serve Keystone over TLS.

        @param host: whom its certificate is for.
        @param shown: whether who asks has to show a certificate.
        """
        issued = self.authority.issue_cert(host)
        pem = issued.private_key_and_cert_chain_pem.bytes()
        own = PrivateCertificate.loadPEM(pem)
        known = Certificate.loadPEM(self.authority.cert_pem.bytes())
        options = CertificateOptions(
            privateKey=own.privateKey.original,
            certificate=own.original,
            trustRoot=trustRootFromCertificates([known]) if shown else None,
        )
        endpoint = SSL4ServerEndpoint(reactor, 0, options, interface="127.0.0.1")
        return await self.listen(endpoint)

    async def listen(self, endpoint):
        """
        Serve Keystone; get the port.
        """
        listening = await endpoint.listen(Site(self.fake))
        self.addCleanup(listening.stopListening)
        return listening.getHost().port

    async def ask(self, *lines, **where):
        """
        Ask who somebody is.
        """
        settings = self.settings(*lines, **where)
        check_identity(settings)
        asking = callers(reactor, settings, Pools(reactor))
        try:
            return await asking.identity.identify(EVA)
        finally:
            for end in asking.end:
                await end()

    async def refuse(self, *lines, **where):
        """
        See that it isn't asked, and get what the operator is told.
        """
        with self.assertRaises(AccountsUnusable):
            await self.ask(*lines, **where)
        self.assertEqual(self.fake.asked, [])
        return "".join(self.told)

    def test_plain(self):
        """
        It may be asked without TLS.
        """

        async def run():
            endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
            port = await self.listen(endpoint)
            context = await self.ask(scheme="http", port=port)
            self.assertEqual(context.tenant, "acme-id")

        return Deferred.fromCoroutine(run())

    def test_authority(self):
        """
        Over TLS its certificate is of an authority that is trusted, and its own.
        """

        async def run():
            port = await self.serve()
            self.assertIn("certificate verify failed", await self.refuse(port=port))
            context = await self.ask(f"cafile = {self.cafile}", port=port)
            self.assertEqual(context.tenant, "acme-id")

        return Deferred.fromCoroutine(run())

    def test_other_host(self):
        """
        One of another host is not.
        """

        async def run():
            port = await self.serve("other.example")
            await self.refuse(f"cafile = {self.cafile}", port=port)

        return Deferred.fromCoroutine(run())

    def test_insecure(self):
        """
        Operators may want to take any.
        """

        async def run():
            port = await self.serve("other.example")
            context = await self.ask("insecure = true", port=port)
            self.assertEqual(context.tenant, "acme-id")

        return Deferred.fromCoroutine(run())

    def test_shown(self):
        """
        A certificate of this service's own may be shown.
        """

        async def run():
            port = await self.serve(shown=True)
            own = self.authority.issue_cert("glance.example")
            own.private_key_pem.write_to_path(self.here / "key.pem")
            own.cert_chain_pems[0].write_to_path(self.here / "cert.pem")
            lines = (f"cafile = {self.cafile}", f"certfile = {self.here}/cert.pem")
            context = await self.ask(
                *lines, f"keyfile = {self.here}/key.pem", port=port
            )
            self.assertEqual(context.tenant, "acme-id")
            self.fake.asked.clear()
            await self.refuse(lines[0], port=port)

        return Deferred.fromCoroutine(run())


class CertificateTests(Asking, SynchronousTestCase):
    """
    Certificates that cannot be used are refused at the start.
    """

    def test_refused(self):
        """
        The option is named.
        """
        nothing = self.write("nothing", "nothing.pem")
        for lines, told in (
            (["cafile = /nonexistent"], "cafile in [keystone_authtoken]: /nonexistent"),
            ([f"cafile = {nothing}"], "cafile in [keystone_authtoken]: There is no"),
            (["certfile = /nonexistent"], "certfile in [keystone_authtoken]: /none"),
            ([f"certfile = {nothing}"], "certfile in [keystone_authtoken]: "),
        ):
            settings = self.settings(*lines)
            error = self.assertRaises(ConfigurationError, check_identity, settings)
            self.assertIn(told, str(error))
