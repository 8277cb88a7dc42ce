"""
Tests for which stores there are.
"""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from glance.config.backends.file import FileBackend
from glance.config.loading import reload
from glance.config.settings import Backend, ConfigurationError
from tests.config.files import FilesMixin

SEVERAL = """
[DEFAULT]
enabled_backends = fast:file, Archive : filesystem, os_glance_staging_store:file
[glance_store]
default_backend = fast
[fast]
filesystem_store_datadir = /srv/fast
store_description = NVMe
weight = 10
[Archive]
filesystem_store_datadir = /srv/archive
filesystem_thin_provisioning = yes
"""


def file_at(directory, thin=False):
    """
    Get the settings of a filesystem store.
    """
    return FileBackend(directory=directory, thin=thin)


class PlainTests(FilesMixin, SynchronousTestCase):
    """
    One store of each kind.
    """

    def kinds(self, text):
        """
        Load settings, and get the kinds of the stores and the default one.
        """
        stores = self.load(text).stores
        self.assertFalse(stores.several)
        self.assertEqual(
            [backend.name for backend in stores.backends],
            [backend.kind for backend in stores.backends],
        )
        return [backend.kind for backend in stores.backends], stores.default

    def test_usual(self):
        """
        There is a filesystem store.
        """
        self.assertIn("file", self.kinds("")[0])
        self.assertEqual(self.kinds("")[1], "file")

    def test_named(self):
        """
        Stores may be named, also as the first lists did.
        """
        for line in (
            "stores = file",
            "stores = filesystem",
            "known_stores = glance.store.filesystem.Store",
        ):
            for section in ("DEFAULT", "glance_store"):
                self.assertEqual(
                    self.kinds(f"[{section}]\n{line}\n"), (["file"], "file")
                )

    def test_registry(self):
        """
        The registry has none.
        """
        self.assertIsNone(self.load("", "registry").stores)
        self.assertIsNone(self.load(SEVERAL, "registry").stores)


class SeveralTests(FilesMixin, SynchronousTestCase):
    """
    Stores with names and sections of their own.
    """

    def test_all(self):
        """
        Each has its own options; those that other Glances have for themselves
        are left out.
        """
        settings = self.load(SEVERAL)
        self.assertEqual(settings.warnings, ())
        self.assertTrue(settings.stores.several)
        self.assertEqual(settings.stores.default, "fast")
        self.assertEqual(
            settings.stores.backends,
            (
                Backend(
                    name="fast",
                    kind="file",
                    section="fast",
                    description="NVMe",
                    weight=10,
                    of=file_at("/srv/fast"),
                ),
                Backend(
                    name="Archive",
                    kind="file",
                    section="archive",
                    of=file_at("/srv/archive", thin=True),
                ),
            ),
        )

    def test_former(self):
        """
        What was stored when there was one store of a kind is in the default one of
        that kind, or else in the first.
        """
        text = (
            "[DEFAULT]\nenabled_backends = {}\n[glance_store]\ndefault_backend = b\n"
            "[b]\nfilesystem_store_datadir = /srv/b"
        )
        stores = self.load(text.format("a:file, b:file")).stores
        self.assertEqual(stores.former, {"file": "b"})
        stores = self.load(text.format("file:file, b:file")).stores
        self.assertEqual(stores.former, {})

    def test_default(self):
        """
        One alone is the default.
        """
        stores = self.load("[DEFAULT]\nenabled_backends = one:file\n").stores
        self.assertEqual(stores.default, "one")
        self.assertTrue(stores.several)

    def test_one_place(self):
        """
        No two have one place, however that is written; with different ones all is
        well, and so it is with HTTP stores, which keep nothing.
        """
        both = "[DEFAULT]\nenabled_backends = a:{0}, b:{0}\n[glance_store]\n"
        both += "default_backend = a\n[a]\n{1}\n[b]\n{2}\n"
        images, link = Path(self.directory, "images"), Path(self.directory, "link")
        link.symlink_to(images)
        directory = "filesystem_store_datadir = "
        server = "s3_store_host = http{}\ns3_store_bucket = {}"
        account = "swift_store_auth_address = https://k/v3{}\nswift_store_key = k\n"
        account += "swift_store_user = {}\nswift_store_container = {}"
        for kind, one, same, other in [
            ("file", "", "", f"{directory}/srv"),
            ("file", f"{directory}{images}", f"{directory}{link}/", directory + "/srv"),
            (
                "s3",
                server.format("://s", "images"),
                server.format("s://S/", "images"),
                server.format("://s", "others"),
            ),
            (
                "swift",
                account.format("", "p:a", "images"),
                account.format("/", "p:b", "images"),
                account.format("", "p:a", "others"),
            ),
        ]:
            text = both.format(kind, one, same)
            error = self.assertRaises(ConfigurationError, self.load, text)
            self.assertIn("a and b keep their data in one place", str(error))
            self.load(both.format(kind, one, other))
        one = account.format("", "p:a", "images")
        for other in ("project_domain_name = other", "region = south"):
            self.load(both.format("swift", one, f"{one}\nswift_store_{other}"))
        at = "\nswift_store_endpoint = http://s/v1/AUTH_1"
        other = account.format("", "q:a", "images")
        text = both.format("swift", f"{one}{at}", f"{other}{at}/")
        self.assertRaises(ConfigurationError, self.load, text)
        self.load("[DEFAULT]\nenabled_backends = a:file, b:http, c:http\n")

    def test_unknown_default(self):
        """
        The default has to be one of them.
        """
        text = SEVERAL.replace("default_backend = fast", "default_backend = slow")
        error = self.assertRaises(ConfigurationError, self.load, text)
        self.assertIn("none of enabled_backends", str(error))
        self.assertIn("fast, Archive", str(error))

    def test_wrong_value(self):
        """
        A wrong value is told with its section.
        """
        text = SEVERAL.replace("= yes", "= perhaps")
        error = self.assertRaises(ConfigurationError, self.load, text)
        self.assertIn("filesystem_thin_provisioning in [Archive] of", str(error))

    def test_no_effect(self):
        """
        What is written in the section for all stores does nothing then, nor do
        options of other kinds.
        """
        text = f"""{SEVERAL}
[glance_store]
filesystem_store_datadir = /srv/images
[fast]
filesystem_store_chunk_size = 4
wieght = 5
"""
        found = self.load(text).warnings
        self.assertEqual(len(found), 3)
        joined = "\n".join(found)
        self.assertIn("with enabled_backends each store has a section", joined)
        self.assertIn("filesystem_store_chunk_size in [fast]", joined)
        self.assertIn("did you mean weight?", joined)

    def test_reload(self):
        """
        Stores stay as they are while the daemon runs, and that is said.
        """
        settings = self.load(SEVERAL)
        self.write(SEVERAL.replace("/srv/fast", "/srv/faster").replace("[Arch", "[B"))
        fresh, staying = reload(settings)
        self.assertEqual(fresh.stores, settings.stores)
        self.assertIn("filesystem_store_datadir in [fast]", staying)
        self.write("")
        fresh, staying = reload(settings)
        self.assertEqual(fresh.stores, settings.stores)
        self.assertIn("enabled_backends", staying)
        self.assertIn("weight in [fast]", staying)
