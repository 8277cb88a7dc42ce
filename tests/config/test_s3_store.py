"""
Tests of how an S3 store is configured and made.
"""

from pathlib import Path

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from glance.config.settings import ConfigurationError
from glance.stores.s3 import S3Store
from glance.streams.strands import Window
from glance.tap.stores import s3
from glance.tap.stores.made import Tools
from tests.config.files import FilesMixin

PLAIN = """
[glance_store]
stores = s3
default_store = s3
s3_store_host = s3.example.org:9000
s3_store_access_key = AKIDEXAMPLE
s3_store_secret_key = wJalr/secret%key
s3_store_bucket = images
"""

OF_OLD = """
[DEFAULT]
default_store = s3
s3_store_host = https://s3.example.org
s3_store_access_key = AKIDEXAMPLE
s3_store_secret_key = wJalr/secret%key
s3_store_bucket = images
s3_store_create_bucket_on_put = True
"""

SEVERAL = """
[DEFAULT]
enabled_backends = far:s3
[far]
s3_store_host = https://s3.eu-west-1.amazonaws.com
s3_store_access_key = AKIDEXAMPLE
s3_store_secret_key = wJalr/secret%key
s3_store_bucket = images
s3_store_bucket_url_format = path
s3_store_large_object_chunk_size = 16
s3_store_upload_memory = 128
s3_store_idle_timeout = 7.5
"""


class S3Tests(FilesMixin, SynchronousTestCase):
    """
    An S3 store is made of its options.
    """

    def setUp(self):
        self.patch(s3.os, "environ", {"HOME": self.directory})

    def backend(self, text):
        """
        Load settings, and get those of the S3 store.
        """
        settings = self.load(text)
        self.assertEqual(settings.warnings, ())
        (backend,) = [b for b in settings.stores.backends if b.kind == "s3"]
        return backend

    def make(self, text):
        """
        Make the store.
        """
        backend = self.backend(text)
        s3.check(backend)
        tools = Tools(
            reactor=MemoryReactorClock(), in_thread=None, window=Window(1 << 20)
        )
        return s3.make(backend, tools)

    def wrong(self, text):
        """
        Get what is said where it cannot be made.
        """
        error = self.assertRaises(ConfigurationError, self.make, text)
        self.assertNotIn("wJalr", str(error))
        self.assertNotIn("AKID", str(error))
        return str(error)

    def test_plain(self):
        """
        The usual options are those of other Glances.
        """
        of = self.backend(PLAIN).of
        self.assertEqual(of.url, "http://s3.example.org:9000")
        self.assertEqual((of.bucket, of.create_bucket), ("images", False))
        self.assertEqual((of.part_size, of.memory), (10 << 20, 64 << 20))
        self.assertNotIn("AKID", repr(of))
        self.assertNotIn("wJalr", repr(of))
        self.assertIsInstance(self.make(PLAIN).store, S3Store)

    def test_of_old(self):
        """
        The first files are read, too; nobody need name the store twice.
        """
        of = self.backend(OF_OLD).of
        self.assertEqual(of.url, "https://s3.example.org")
        self.assertTrue(of.create_bucket)

    def test_meant(self):
        """
        Who names a server has a use for the store, though new data goes elsewhere.
        """
        text = OF_OLD.replace("default_store = s3", "default_store = file")
        self.assertEqual(self.backend(text).name, "s3")

    def test_several(self):
        """
        A store may have a section of its own, and all that can be said is heard.
        """
        made = self.make(SEVERAL)
        client = made.store._client
        limits = client._service.limits
        self.assertEqual(client._service.region_of("images"), "eu-west-1")
        self.assertEqual((limits.part_size, limits.memory), (16 << 20, 128 << 20))
        self.assertEqual((limits.idle, limits.answer), (7.5, 37.5))
        target = client.endpoint.target("images", None, ())
        self.assertEqual(target.url, "https://s3.eu-west-1.amazonaws.com/images")
        self.assertEqual(made.properties["s3_store_large_object_chunk_size"], 16)
        self.successResultOf(made.close())

    def test_missing(self):
        """
        What has to be said is asked for by its name.
        """
        for name in ("s3_store_host", "s3_store_bucket"):
            lines = [line for line in PLAIN.splitlines() if name not in line]
            self.assertIn(f"{name} is missing", self.wrong("\n".join(lines)))
        for name in ("s3_store_access_key", "s3_store_secret_key"):
            lines = [line for line in SEVERAL.splitlines() if name not in line]
            said = self.wrong("\n".join(lines))
            self.assertIn(f"{name} in [far] is missing", said)

    def test_credentials_elsewhere(self):
        """
        The access key may be in the environment or in a file; where it is nowhere,
        that is said.
        """
        key = ("s3_store_access_key", "s3_store_secret_key")
        lines = [line for line in PLAIN.splitlines() if not line.startswith(key)]
        text = "\n".join(lines)
        self.assertIn("s3_store_access_key is missing", self.wrong(text))
        path = Path(self.write("[default]\naws_access_key_id = AKIDEXAMPLE\n", "keys"))
        s3.os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(path)
        self.assertIn("one half", self.wrong(text))
        path.write_text(path.read_text() + "aws_secret_access_key = wJalr\n")
        self.make(text)
        del s3.os.environ["AWS_SHARED_CREDENTIALS_FILE"]
        s3.os.environ.update(
            AWS_ACCESS_KEY_ID="AKIDEXAMPLE",
            AWS_SECRET_ACCESS_KEY="wJalr",
            AWS_SESSION_TOKEN="token",
        )
        credentials = self.make(text).store._client._service._credentials
        self.assertEqual(credentials.session_token, "token")

    def test_wrong(self):
        """
        What cannot be is refused at the start, by its name, and without what may
        be secret.
        """
        for name, value in (
            ("s3_store_host", "ftp://AKIDEXAMPLE:wJalr@h"),
            ("s3_store_host", "http://AKIDEXAMPLE:wJalr@h"),
            ("s3_store_bucket", "a/b"),
            ("s3_store_cacert", "/nowhere/ca.pem"),
            ("s3_store_cacert", self.write("nothing", "ca.pem")),
            ("s3_store_bucket_url_format", "else"),
            ("s3_store_large_object_chunk_size", "4"),
            ("s3_store_idle_timeout", "0"),
        ):
            lines = [line for line in PLAIN.splitlines() if not line.startswith(name)]
            said = self.wrong("\n".join([*lines, f"{name} = {value}"]))
            self.assertIn(name, said)
            self.assertNotIn("\n", said)
