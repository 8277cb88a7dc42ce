"""
Tests for L{glance.config.loading}.
"""

import logging
import os
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

import glance
from glance.config.files import usual_directories
from glance.config.loading import load, reload, renew
from glance.config.settings import ConfigurationError, Endpoint, RegistryAddress
from glance.limits import Limits, Quota
from tests.config.files import FilesMixin


class NothingWrittenTests(SynchronousTestCase):
    """
    No configuration at all is a configuration.
    """

    def test_api(self):
        """
        The API listens to its own machine, and knows where all is.
        """
        settings = load("api", directories=())
        self.assertEqual(settings.api, Endpoint("127.0.0.1", 9292, 4096))
        self.assertIsNone(settings.registry_listen)
        self.assertEqual(
            settings.registry,
            RegistryAddress(host="127.0.0.1", port=9191, path=None, timeout=600),
        )
        self.assertIsNone(settings.registry_secret)
        self.assertEqual(settings.stores.default, "file")
        self.assertEqual(
            settings.stores.backends[0].of.directory, "/var/lib/glance/images"
        )
        self.assertFalse(settings.stores.backends[0].of.thin)
        self.assertEqual(settings.identity.auth_strategy, "local")
        local = settings.identity.local
        self.assertEqual(local.file, Path("/var/lib/glance/users.sqlite"))
        self.assertEqual((local.token_life, local.region), (3600, "RegionOne"))
        self.assertFalse(local.anonymous)
        self.assertEqual(settings.identity.admin_role, "admin")
        self.assertEqual((settings.files, settings.warnings), ((), ()))
        [note] = settings.notes
        self.assertIn("127.0.0.1", note)

    def test_registry(self):
        """
        The registry listens to its own machine, and has a database.
        """
        settings = load("registry", directories=())
        self.assertIsNone(settings.api)
        self.assertEqual(settings.registry_listen, Endpoint("127.0.0.1", 9191, 4096))
        self.assertEqual(
            settings.database.url, "sqlite:////var/lib/glance/glance.sqlite"
        )
        self.assertEqual(settings.database.idle_timeout, 3600)

    def test_both(self):
        """
        In one process the API needs no port of the registry.
        """
        settings = load("all", directories=())
        self.assertEqual(settings.api, Endpoint("127.0.0.1", 9292, 4096))
        self.assertIsNone(settings.registry_listen)

    def test_defaults(self):
        """
        The rest has the defaults operators know.
        """
        settings = load("api", directories=())
        self.assertEqual(settings.limits, Limits())
        self.assertEqual(settings.limits.image_size_cap, 2**40)
        self.assertEqual(settings.limits.page_default, 25)
        self.assertEqual(settings.limits.page_max, 1000)
        self.assertEqual(settings.limits.properties, 128)
        self.assertIn("qcow2", settings.limits.disk_formats)
        self.assertIn("bare", settings.limits.container_formats)
        self.assertEqual(settings.upload.hashing_algorithm, "sha512")
        self.assertEqual(settings.upload.memory, 32 * 2**20)
        self.assertEqual(settings.upload.lease_duration, 60)
        self.assertEqual(settings.graceful_shutdown_timeout, 60)
        self.assertEqual(settings.http.client_socket_timeout, 900)
        self.assertEqual(settings.http.client_header_timeout, 60)
        self.assertEqual(settings.http.max_header_line, 16384)
        self.assertEqual(settings.http.minimum_upload_rate, 0)
        self.assertEqual(settings.http.minimum_download_rate, 0)
        self.assertIsNone(settings.http.public_endpoint)
        self.assertFalse(settings.http.proxy_headers)
        self.assertFalse(settings.deletion.delayed)
        self.assertEqual(settings.log.level, "info")
        self.assertEqual(settings.log.format, "text")
        self.assertIsNone(settings.log.file)

    def test_light(self):
        """
        Who only needs the settings does not load what reads them.
        """
        code = (
            "import sys, glance.config.settings\n"
            "sys.exit(any(m.startswith('oslo') for m in sys.modules))"
        )
        root = Path(glance.__file__).parents[1]
        done = subprocess.run([sys.executable, "-c", code], cwd=root)
        self.assertEqual(done.returncode, 0)


CACTUS = """
[DEFAULT]
verbose = True
debug = False

[app:glance-api]
paste.app_factory = glance.server:app_factory
log_file = {directory}/api.log
default_store = file
bind_host = 127.0.0.1
bind_port = 9393
registry_host = 0.0.0.0
registry_port = 9494
filesystem_store_datadir = {directory}/images/

[app:glance-registry]
log_file = {directory}/registry.log
bind_host = 127.0.0.2
bind_port = 9494
sql_connection = sqlite:///glance.sqlite
sql_idle_timeout = 60
"""


class ReleasesTests(FilesMixin, SynchronousTestCase):
    """
    Files of all releases are understood.
    """

    def setUp(self):
        self.file = self.write(CACTUS.format(directory=self.directory))

    def test_cactus_api(self):
        """
        The API reads its section of the one file of Cactus.
        """
        settings = load("api", config_files=[self.file])
        self.assertEqual(settings.api, Endpoint("127.0.0.1", 9393, 4096))
        self.assertIsNone(settings.registry_listen)
        self.assertEqual(settings.registry.url, "http://127.0.0.1:9494")
        self.assertEqual(settings.log.file, f"{self.directory}/api.log")
        self.assertEqual(
            settings.stores.backends[0].of.directory, f"{self.directory}/images"
        )
        [warning] = settings.warnings
        self.assertIn("paste.app_factory", warning)

    def test_cactus_registry(self):
        """
        The registry reads its own; a path in a URL does not depend on where the
        daemon goes to.
        """
        settings = load("registry", config_files=[self.file])
        self.assertIsNone(settings.api)
        self.assertEqual(settings.registry_listen, Endpoint("127.0.0.2", 9494, 4096))
        self.assertEqual(settings.log.file, f"{self.directory}/registry.log")
        self.assertEqual(settings.database.url, f"sqlite:///{Path.cwd()}/glance.sqlite")
        self.assertEqual(settings.database.idle_timeout, 60)

    def test_cactus_both(self):
        """
        One process reads both; the registry is served where it was before.
        """
        settings = load("all", config_files=[self.file])
        self.assertEqual(settings.api, Endpoint("127.0.0.1", 9393, 4096))
        self.assertEqual(settings.registry_listen, Endpoint("127.0.0.2", 9494, 4096))
        self.assertEqual(settings.log.file, f"{self.directory}/api.log")
        self.assertEqual(settings.database.idle_timeout, 60)

    def test_later_api(self):
        """
        Options are found in the sections of later releases.
        """
        settings = self.load(
            """
            [DEFAULT]
            bind_host = ::1
            bind_port = 1
            log_dir = /var/log/glance
            public_endpoint = https://images.example.com/
            [glance_store]
            default_store = filesystem
            filesystem_store_datadir = /srv/images
            filesystem_thin_provisioning = true
            [image_format]
            disk_formats = raw,qcow2
            require_image_format_match = false
            vmdk_allowed_types = streamOptimized
            gpt_safety_checks_nonfatal = true
            [oslo_middleware]
            enable_proxy_headers_parsing = true
            trusted_proxies = 10.0.0.0/8, ::1
            """
        )
        self.assertEqual(settings.api, Endpoint("::1", 1, 4096))
        self.assertEqual(settings.stores.default, "file")
        self.assertEqual(settings.stores.backends[0].of.directory, "/srv/images")
        self.assertTrue(settings.stores.backends[0].of.thin)
        self.assertEqual(settings.limits.disk_formats, ("raw", "qcow2"))
        self.assertFalse(settings.limits.require_format_match)
        self.assertEqual(settings.limits.vmdk_types, ("streamOptimized",))
        self.assertTrue(settings.limits.gpt_faults_pass)
        self.assertEqual(settings.http.public_endpoint, "https://images.example.com")
        self.assertTrue(settings.http.proxy_headers)
        self.assertEqual(
            settings.http.trusted_proxies, (ip_network("10.0.0.0/8"), ip_network("::1"))
        )
        self.assertEqual(settings.log.file, "/var/log/glance/glance-api.log")
        self.assertEqual(settings.warnings, ())

    def test_later_registry(self):
        """
        The registry's own file has its address in the first section.
        """
        settings = self.load(
            """
            [DEFAULT]
            bind_host = 127.0.0.1
            bind_port = 2
            [database]
            connection = mysql://glance:s$$cret@db/glance
            idle_timeout = 7
            """,
            "registry",
        )
        self.assertEqual(settings.registry_listen, Endpoint("127.0.0.1", 2, 4096))
        self.assertEqual(settings.database.url, "mysql://glance:s$cret@db/glance")
        self.assertEqual(settings.database.idle_timeout, 7)
        self.assertNotIn("cret", repr(settings))
        self.assertEqual(settings.warnings, ())

    def test_names(self):
        """
        An option has the same meaning by each of its names, and no name is
        complained of.
        """
        said = []

        class Ear(logging.Handler):
            def emit(self, record):
                said.append(record.getMessage())

        ear = Ear()
        logging.getLogger().addHandler(ear)
        self.addCleanup(logging.getLogger().removeHandler, ear)
        for name, other, value in (
            ("bind_port", "api_port", 5),
            ("bind_host", "api_host", "127.0.0.3"),
            ("log_file", "logfile", "/x"),
            ("log_dir", "logdir", "/x"),
        ):
            settings = [
                self.load(f"[DEFAULT]\n{spelling} = {value}\n")
                for spelling in (name, other)
            ]
            self.assertEqual(settings[0], settings[1])
            self.assertNotEqual(settings[0].values, self.load().values)
        self.assertEqual(said, [])

    def test_precedence(self):
        """
        A daemon's own section counts more than the first, and a later file
        more than an earlier one.
        """
        one = self.write("[DEFAULT]\napi_port=1\n[app:glance-api]\nbind_port=2\n", "1")
        two = self.write("[DEFAULT]\nbind_port=3\n", "2")
        self.assertEqual(load("api", config_files=[one]).api.port, 2)
        self.assertEqual(load("api", config_files=[one, two]).api.port, 3)
        self.assertEqual(load("api", config_files=[two, one]).api.port, 2)

    def test_directory(self):
        """
        Files of a directory are read by their names, after other files.
        """
        one = self.write("[DEFAULT]\nbind_port = 1\nbacklog = 1\n", "a.conf")
        self.write("[DEFAULT]\nbind_port = 3\n", "d/20.conf")
        self.write("[DEFAULT]\nbind_port = 2\n", "d/10.conf")
        self.write("[DEFAULT]\nbind_port = 4\n", "d/30.txt")
        settings = load("api", config_files=[one], config_dirs=[f"{self.directory}/d"])
        self.assertEqual((settings.api.port, settings.api.backlog), (3, 1))
        self.assertEqual(
            [Path(file).name for file in settings.files],
            ["a.conf", "10.conf", "20.conf"],
        )

    def test_references(self):
        """
        An option can be named in the value of another.
        """
        settings = self.load(
            """
            [DEFAULT]
            log_dir = /srv/glance
            [glance_store]
            filesystem_store_datadir = $log_dir/images
            """
        )
        self.assertEqual(settings.stores.backends[0].of.directory, "/srv/glance/images")

    def test_empty(self):
        """
        An option without a value has its default.
        """
        settings = self.load(
            "[DEFAULT]\nbind_port =\nbind_host =\nregistry_secret =\nlog_file=\n"
            "[image_format]\ndisk_formats =\n"
        )
        self.assertEqual(
            evolve(settings, files=(), source=None, values={}),
            evolve(load("api", directories=()), source=None, values={}),
        )


class SearchTests(FilesMixin, SynchronousTestCase):
    """
    Without a file being named, files are looked for.
    """

    def found(self, service):
        """
        Say which files of this test are read.
        """
        directories = [f"{self.directory}/{d}" for d in ("1", "2")]
        files = load(service, directories=directories).files
        return [str(Path(file).relative_to(self.directory)) for file in files]

    def test_first(self):
        """
        The first directory that has a file of that name is where it is read.
        """
        self.write("", "2/glance.conf")
        self.assertEqual(self.found("api"), ["2/glance.conf"])
        self.write("", "1/glance.conf")
        self.assertEqual(self.found("api"), ["1/glance.conf"])

    def test_own(self):
        """
        A daemon's own file comes after the one that is shared, and directories
        beside them after both.
        """
        for name in (
            *("2/glance.conf", "1/glance-api.conf", "1/glance-registry.conf"),
            *("2/glance.conf.d/x.conf", "2/glance-api.conf.d/y.conf"),
        ):
            self.write("", name)
        self.assertEqual(
            self.found("api"),
            [
                *("2/glance.conf", "1/glance-api.conf"),
                *("2/glance.conf.d/x.conf", "2/glance-api.conf.d/y.conf"),
            ],
        )
        self.assertEqual(
            self.found("registry"),
            ["2/glance.conf", "1/glance-registry.conf", "2/glance.conf.d/x.conf"],
        )

    def test_both(self):
        """
        Both daemons in one process read the shared file, or the API's.
        """
        self.write("", "1/glance-api.conf")
        self.assertEqual(self.found("all"), ["1/glance-api.conf"])
        self.write("", "2/glance.conf")
        self.assertEqual(self.found("all"), ["2/glance.conf"])

    def test_closed(self):
        """
        A directory that cannot be looked into has no files.
        """
        self.write("", "glance.conf")
        settings = load("api", directories=["x" * 300, self.directory])
        self.assertEqual(len(settings.files), 1)

    def test_usual(self):
        """
        The working directory comes first, and C{/etc} last.
        """
        directories = usual_directories()
        self.assertEqual(directories[0], str(Path.cwd()))
        self.assertEqual(directories[-2:], ("/etc/glance", "/etc"))
        self.assertIn(str(Path.home() / ".glance"), directories)


class WorkersTests(FilesMixin, SynchronousTestCase):
    """
    How many processes there are is a number, or as many as processors.
    """

    def test_count(self):
        """
        It is one unless it is said.
        """
        self.assertEqual(self.load("").workers, 1)
        self.assertEqual(self.load("[DEFAULT]\nworkers = 3\n").workers, 3)
        many = len(os.sched_getaffinity(0))
        for auto in ("auto", "AUTO"):
            settings = self.load(f"[DEFAULT]\nworkers = {auto}\n")
            self.assertEqual(settings.workers, many)


class RenewTests(FilesMixin, SynchronousTestCase):
    """
    L{renew} reads again for new processes.
    """

    def test_changes(self):
        """
        All changes but what the processes share, which is named.
        """
        old = self.load("[DEFAULT]\nbind_port = 1\nworkers = 2\nlog_file = /a\n")
        self.write(
            """
            [DEFAULT]
            bind_port = 2
            workers = 3
            log_file = /b
            sql_connection = sqlite:////else
            debug = true
            upload_memory = 7
            registry_secret = x
            """
        )
        for _ in range(2):
            new, restart = renew(old)
            self.assertEqual(
                sorted(restart), ["bind_port", "connection", "log_file", "workers"]
            )
            self.assertEqual(new.api, old.api)
            self.assertEqual((new.workers, new.log.file), (2, "/a"))
            self.assertEqual(new.database, old.database)
            self.assertEqual(new.upload.memory, 7 << 20)
            self.assertEqual((new.log.level, new.registry_secret), ("debug", "x"))
            old = new


class ReloadTests(FilesMixin, SynchronousTestCase):
    """
    L{reload} reads again, and tells what can change from what cannot.
    """

    def test_changes(self):
        """
        Levels and limits change; the rest is named, and stays.
        """
        old = self.load("[DEFAULT]\nbind_port = 1\nimage_size_cap = 5\n")
        self.write(
            """
            [DEFAULT]
            bind_port = 2
            debug = true
            registry_secret = x
            default_log_levels = a=ERROR
            image_member_quota = -1
            user_storage_quota = 5GB
            oops = 1
            """
        )
        new, restart = reload(old)
        self.assertEqual(sorted(restart), ["bind_port", "registry_secret"])
        self.assertEqual(new.api, old.api)
        self.assertIsNone(new.registry_secret)
        self.assertEqual((new.log.level, new.log.levels), ("debug", {"a": "error"}))
        self.assertEqual(new.limits.image_size_cap, 2**40)
        self.assertEqual(new.limits.members, -1)
        self.assertEqual(new.limits.quota, Quota(size=5 << 30))
        self.assertEqual(len(new.warnings), 1)

    def test_quotas(self):
        """
        Data has units as with Glance; nothing means no bound, but for counts.
        """
        for said, size in (
            ("0", -1),
            ("0GB", -1),
            ("7", 7),
            ("7B", 7),
            ("7KB", 7 << 10),
            ("7MB", 7 << 20),
            ("7GB", 7 << 30),
            ("7TB", 7 << 40),
        ):
            settings = self.load(f"[DEFAULT]\nuser_storage_quota = {said}\n")
            self.assertEqual(settings.limits.quota, Quota(size=size))
        counts = "image_count_total = 0\nimage_count_uploading = 5\n"
        settings = self.load(f"[DEFAULT]\n{counts}")
        self.assertEqual(settings.limits.quota, Quota(images=0, uploads=5))

    def test_again(self):
        """
        What needs a restart is named again by the next reload, and what has
        changed is not.
        """
        settings = self.load()
        self.write("[DEFAULT]\nbind_port = 2\ndebug = true\n")
        for _ in range(2):
            settings, restart = reload(settings)
            self.assertEqual(restart, ("bind_port",))
        self.write("")
        settings, restart = reload(settings)
        self.assertEqual((restart, settings.log.level), ((), "info"))

    def test_wrong(self):
        """
        A file that has become wrong is refused.
        """
        settings = self.load()
        self.write("[DEFAULT]\nimage_size_cap = much\n")
        self.assertRaises(ConfigurationError, reload, settings)
