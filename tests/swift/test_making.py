"""
Tests of L{glance.tap.stores.swift}: a store, as its options say.
"""

from twisted.internet import reactor
from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import TestCase

from glance.config.settings import ConfigurationError
from glance.errors import StoreUnavailable
from glance.streams.bodies import BytesBody
from glance.streams.strands import Window
from glance.tap.stores import swift
from glance.tap.stores.made import Tools
from tests.bodies import collect
from tests.config.files import FilesMixin
from tests.swift.fake import KEY, USER
from tests.swift.serving import Serving

DATA = b"data of an image" * 1000
NAME = "71c675ab-d94f-49cd-a114-e12490b328d9.1"


class MakingTests(FilesMixin, Serving, TestCase):
    """
    Stores that are configured, by TLS.
    """

    tls = True

    async def setUp(self):
        await self.serve()

    def make(self, **options):
        """
        Make a store.
        """
        options = {
            "default_store": "swift",
            "swift_store_auth_address": f"{self.fake.root}/auth/v1.0",
            "swift_store_user": USER,
            "swift_store_key": KEY,
            "swift_store_container": "images",
            "swift_store_cacert": self.authority,
            **options,
        }
        lines = "".join(f"{n} = {value}\n" for n, value in options.items())
        (backend,) = self.load(f"[glance_store]\n{lines}").stores.backends
        swift.check(backend)
        tools = Tools(reactor=reactor, in_thread=maybeDeferred, window=Window(1 << 20))
        made = swift.make(backend, tools)
        self.addCleanup(lambda: made.close())
        return made

    async def test_trusted(self):
        """
        Data goes up and down where the authority is trusted.
        """
        made = self.make()
        self.assertEqual(await made.store.add(NAME, BytesBody(DATA)), len(DATA))
        self.assertEqual(await collect(await made.store.get(NAME)), DATA)
        self.assertEqual(
            made.properties,
            {
                "container": "images",
                "large_object_size": 5120,
                "large_object_chunk_size": 200,
            },
        )
        self.assertNotIn(KEY, repr(made))

    async def test_untrusted(self):
        """
        Where it isn't, nothing is told to the server.
        """
        made = self.make(swift_store_cacert="")
        await self.assertFailure(made.store.check(), StoreUnavailable)
        self.assertEqual(self.fake.seen, [])

    async def test_insecure(self):
        """
        Unless any certificate will do.
        """
        made = self.make(swift_store_cacert="", swift_store_auth_insecure="true")
        await made.store.check()

    async def test_keystone(self):
        """
        Keystone is told who and for which project, by names and ids of domains.
        """
        endpoints = [
            {"interface": "admin", "region": region, "url": f"{self.fake.root}{path}"}
            for region, path in (
                ("south", "/v1/AUTH_other"),
                ("north", "/v1/AUTH_test"),
            )
        ]
        self.fake.catalog = [{"type": "object-store", "endpoints": endpoints}]
        usual = {
            "swift_store_auth_address": f"{self.fake.root}/v3",
            "swift_store_user": "project:user",
            "swift_store_endpoint_type": "adminURL",
            "swift_store_region": "north",
        }
        await self.make(**usual).store.check()
        await self.make(
            **usual,
            swift_store_user_domain_name="people",
            swift_store_project_domain_id="7",
        ).store.check()
        await self.make(
            **usual,
            swift_store_application_credential_id="8",
            swift_store_application_credential_secret=KEY,
        ).store.check()
        plain, domains, credential = self.fake.credentials
        user = {"name": "user", "password": KEY, "domain": {"id": "default"}}
        self.assertEqual(plain["identity"]["password"]["user"], user)
        project = {"name": "project", "domain": {"id": "default"}}
        self.assertEqual(plain["scope"], {"project": project})
        user = {**user, "domain": {"name": "people"}}
        self.assertEqual(domains["identity"]["password"]["user"], user)
        self.assertEqual(domains["scope"]["project"]["domain"], {"id": "7"})
        given = credential["identity"]["application_credential"]
        self.assertEqual(given, {"id": "8", "secret": KEY})
        self.assertNotIn("scope", credential)

    async def test_endpoint(self):
        """
        The account's URL can be said.
        """
        made = self.make(swift_store_endpoint=f"{self.fake.root}/v1/AUTH_other")
        await self.assertFailure(made.store.check(), StoreUnavailable)
        self.assertIn(("HEAD", "/v1/AUTH_other/images"), self.fake.seen)

    async def test_refused(self):
        """
        Certificates that cannot be read are told at once.
        """
        for path, told in (("/nowhere", "/nowhere"), (__file__, "no certificate")):
            with self.assertRaises(ConfigurationError) as caught:
                self.make(swift_store_cacert=path)
            self.assertIn("swift_store_cacert", str(caught.exception))
            self.assertIn(told, str(caught.exception))
