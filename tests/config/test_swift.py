"""
Tests for the options of the Swift store.
"""

from twisted.trial.unittest import SynchronousTestCase

from glance.config.settings import ConfigurationError
from tests.config.files import FilesMixin

SECRET = "the-key-of-the-user"

PLAIN = f"""
[DEFAULT]
default_store = swift
swift_store_auth_address = https://swift.example/auth/v1.0/
swift_store_user = account:user
swift_store_key = {SECRET}
"""

REFERENCES = f"""
[ref1]
auth_address = http://keystone.example:5000/v3
user = project:user
key = "{SECRET}"
user_domain_name = people
[of old]
auth_address = http://keystone.example:5000/v2.0/
auth_version = 2
user = project:other
key = {SECRET}
[elsewhere]
auth_address = http://other.example/v3
user = project:user
key = {SECRET}
"""


class SwiftTests(FilesMixin, SynchronousTestCase):
    """
    The settings of a Swift store.
    """

    def store(self, text):
        """
        Load settings, and get those of the only store.
        """
        (backend,) = self.load(text).stores.backends
        self.assertEqual(backend.kind, "swift")
        return backend.of

    def refused(self, text):
        """
        Get why settings are refused.
        """
        with self.assertRaises(ConfigurationError) as caught:
            self.load(text)
        told = str(caught.exception)
        self.assertNotIn(SECRET, told)
        return told

    def test_plain(self):
        """
        What older Glances need is enough, and the rest is as they have it.
        """
        store = self.store(PLAIN)
        self.assertEqual(store.account.url, "https://swift.example/auth/v1.0")
        self.assertFalse(store.account.has_keystone)
        self.assertEqual(store.account.user, "account:user")
        self.assertEqual(store.account.key, SECRET)
        self.assertEqual(store.container, "glance")
        self.assertFalse(store.create_container)
        self.assertEqual((store.above, store.segment), (5120 << 20, 200 << 20))
        self.assertEqual(store.interface, "public")
        self.assertEqual(store.references, {"ref1"})
        self.assertEqual(store.idle, 60)
        self.assertNotIn(SECRET, repr(store))

    def test_named(self):
        """
        A store of several has the same options, in a section of its own.
        """
        options = PLAIN.partition("default_store = swift")[2]
        settings = self.load(
            "[DEFAULT]\nenabled_backends = a:swift, b:swift\n[glance_store]\n"
            f"default_backend = b\n[a]{options}swift_store_region = north\n"
            f"[b]{options}swift_store_region = south\n"
        )
        regions = {each.name: each.of.region for each in settings.stores.backends}
        self.assertEqual(regions, {"a": "north", "b": "south"})

    def test_meant(self):
        """
        Beside another one it is there if it was told who keeps the data.
        """
        text = PLAIN.replace("default_store = swift", "default_store = file")
        kinds = [each.kind for each in self.load(text).stores.backends]
        self.assertEqual(kinds, ["file", "swift"])
        text = text.replace("swift_store_user", "#")
        kinds = [each.kind for each in self.load(text).stores.backends]
        self.assertEqual(kinds, ["file"])

    def test_versions(self):
        """
        Where no version is said the address tells; 2 is as good as 3.
        """
        for address, version, url, keystone in (
            ("h.example/v1.0/", None, "https://h.example/v1.0", False),
            ("http://h.example:5000/v3/", None, "http://h.example:5000", True),
            ("http://h.example:5000/v2.0/", "2", "http://h.example:5000", True),
            ("http://h.example/identity", "3", "http://h.example/identity", True),
            ("http://h.example/auth", "1", "http://h.example/auth", False),
        ):
            text = PLAIN.replace("https://swift.example/auth/v1.0/", address)
            if version is not None:
                text += f"swift_store_auth_version = {version}\n"
            account = self.store(text).account
            self.assertEqual((account.url, account.has_keystone), (url, keystone))

    def test_credential(self):
        """
        An application credential does without a user.
        """
        text = f"""
            [glance_store]
            default_store = swift
            swift_store_auth_address = https://keystone.example
            swift_store_application_credential_id = 7
            swift_store_application_credential_secret = {SECRET}
            """
        store = self.store(text)
        self.assertEqual(store.account.credential_secret, SECRET)
        self.assertNotIn(SECRET, repr(store))

    def test_references(self):
        """
        A file of accounts counts, and tells by which names the account was known.
        """
        path = self.write(REFERENCES, "swift.conf")
        text = "[glance_store]\nstores = swift\ndefault_store = swift\n"
        store = self.store(f"{text}swift_store_config_file = {path}\n")
        self.assertEqual(store.account.user, "project:user")
        self.assertEqual(store.account.key, SECRET)
        self.assertEqual(store.account.user_domain_name, "people")
        self.assertEqual(store.references, {"ref1", "of old"})
        store = self.store(
            f"{text}swift_store_config_file = {path}\n"
            "default_swift_reference = elsewhere\n"
        )
        self.assertEqual(store.account.url, "http://other.example")
        self.assertEqual(store.references, {"elsewhere"})

    def test_refused_references(self):
        """
        What is wrong with such a file is told, without what is in it.
        """
        text = "[glance_store]\ndefault_store = swift\nswift_store_config_file = "
        path = self.write(REFERENCES, "swift.conf")
        self.assertIn(
            "no section [ref2]",
            self.refused(f"{text}{path}\ndefault_swift_reference = ref2\n"),
        )
        self.assertIn("No such file", self.refused(f"{text}/nowhere\n"))
        for content, told in (
            (f"key = {SECRET}", "makes no sense"),
            (f"[ref1]\n{SECRET}", "makes no sense"),
            (f"[ref1]\nkey = 100%{SECRET}", "makes no sense"),
            (f"[ref1]\nkey = {SECRET}", "auth_address in [ref1]"),
            ("[ref1]\nauth_address = http://h/v3\nuser = a:b", "key in [ref1]"),
            (
                f"[ref1]\nauth_address = http://h/v3\nuser = a\nkey = {SECRET}",
                "user in [ref1]",
            ),
        ):
            path = self.write(content, "swift.conf")
            self.assertIn(told, self.refused(f"{text}{path}\n"))

    def test_refused(self):
        """
        What cannot be is told with what to do.
        """
        for old, new, told in (
            ("swift_store_auth_address = ", "#", "auth_address is missing: the Swift"),
            ("swift_store_user = ", "#", "swift_store_user is missing: write who"),
            ("swift_store_key = ", "#", "swift_store_key is missing: write the user"),
            ("https://", "ftp://", "write https://HOST/PATH"),
            ("https://", f"https://user:{SECRET}@", "without a user and a key"),
            ("https://swift.example", "http://[::1", "write https://HOST/PATH"),
            ("https://swift.example", "http://", "write https://HOST/PATH"),
            ("https://swift.example", "http://a b", "write https://HOST/PATH"),
            ("https://swift.example", "http://a:99999", "write https://HOST/PATH"),
            (
                "/auth/v1.0/\nswift_store_user = account:",
                "\nswift_store_user = ",
                "write PROJECT:USER",
            ),
        ):
            self.assertIn(told, self.refused(PLAIN.replace(old, new)))
        for line, told in (
            ("swift_store_container = a/b", "without slashes"),
            ("swift_store_container = ..", "without slashes"),
            ("swift_store_auth_version = 4", "must be one of auto, 1, 2, 3"),
            ("swift_store_endpoint = swift.example", "write https://HOST/v1/ACCOUNT"),
            (f"swift_store_endpoint = http://u:{SECRET}@a/v1/A", "without a user"),
            ("swift_store_endpoint_type = public", "must be one of publicURL"),
            ("swift_store_large_object_chunk_size = 6000", "from 1 to 5120"),
            ("swift_store_idle_timeout = 0", "a number of seconds"),
            ("swift_store_application_credential_id = 7", "credential_secret is mis"),
            (
                "swift_store_application_credential_id = 7\n"
                "swift_store_application_credential_secret = 8",
                "need Keystone",
            ),
        ):
            self.assertIn(told, self.refused(f"{PLAIN}{line}\n"))
