"""
Tests for what L{glance.config.loading} refuses, and what it warns of.
"""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from glance.config.loading import load
from glance.config.settings import ConfigurationError, Endpoint
from tests.config.files import FilesMixin

NOBODY = "[DEFAULT]\nauth_strategy = noauth\n"
"""Nobody is asked who they are."""


class RefusalTests(FilesMixin, SynchronousTestCase):
    """
    A wrong value is refused by one line, that names the option and the cure.
    """

    def refusal(self, text, service="api"):
        """
        Load what cannot be, and say how it was refused.
        """
        error = self.assertRaises(ConfigurationError, self.load, text, service)
        self.assertEqual(len(str(error).splitlines()), 1)
        return str(error).replace(self.directory, "")

    def test_values(self):
        """
        Each kind of value has its own refusal.
        """
        for section, assignment, cure in (
            ("DEFAULT", "bind_port = many", "a whole number from 0 to 65535"),
            ("DEFAULT", "api_port = 65536", "a whole number from 0 to 65535"),
            ("DEFAULT", "backlog = 0", "a whole number from 1 to 65535"),
            ("DEFAULT", "workers = many", "a whole number from 1 to 1024, or auto"),
            ("DEFAULT", "workers = 0", "a whole number from 1 to 1024, or auto"),
            ("DEFAULT", "workers = 1025", "a whole number from 1 to 1024, or auto"),
            ("DEFAULT", "backlog = 99999999999", "a whole number from 1 to 65535"),
            ("DEFAULT", f"upload_memory = {10**12}", "a whole number from 1 to 21474"),
            ("DEFAULT", f"image_tag_quota = {10**12}", "a whole number from -1 to 2"),
            ("DEFAULT", "user_storage_quota = 5 GB", "an amount of data such as 5"),
            ("DEFAULT", "user_storage_quota = -1", "an amount of data such as 5"),
            ("DEFAULT", "user_storage_quota = 1.5GB", "an amount of data such as "),
            ("DEFAULT", "user_storage_quota = 9999999TB", "an amount of data such"),
            ("DEFAULT", "image_count_total = -2", "a whole number from -1 to 2"),
            ("DEFAULT", "scrub_time = 1e300", "a number of seconds from 0 to 31536"),
            ("DEFAULT", "lease_duration = inf", "a number of seconds from 0.01 to 3"),
            ("DEFAULT", "reaper_interval = nan", "a number of seconds from 0.01 to "),
            ("DEFAULT", "client_socket_timeout = nan", "a number of seconds from 0 "),
            ("DEFAULT", "debug = perhaps", "true or false"),
            ("DEFAULT", "lease_duration = -1", "a number of seconds from 0.01 to 3"),
            ("DEFAULT", "hashing_algorithm = md4", "one of sha256, sha384, sha512"),
            ("DEFAULT", "hashing_algorithm = md5", "one of sha256, sha384, sha512"),
            ("DEFAULT", "registry_client_protocol = ftp", "one of http, https"),
            ("app:glance-api", "bind_host = example.com", "use an IP address"),
            ("DEFAULT", "bind_host = unix:x", "begins with a slash"),
            ("DEFAULT", f"bind_host = unix:/{'x' * 200}", "100 bytes"),
            ("DEFAULT", "registry_host = unix:x", "begins with a slash"),
            ("DEFAULT", "registry_host = no host", "use a host name"),
            ("DEFAULT", "registry_host = http://registry", "use a host name"),
            ("DEFAULT", "registry_host = registry:9191", "use a host name"),
            (
                "DEFAULT",
                "auth_strategy = magic",
                "is unknown; use one of local, keystone, trusted_headers, noauth",
            ),
            ("DEFAULT", "default_store = rbd", "store rbd is not there yet; use"),
            ("glance_store", "default_store = floppy", "store floppy is unknown"),
            ("glance_store", "stores = file, cinder", "cinder is not there yet"),
            ("DEFAULT", "enabled_backends = fast", "write NAME:KIND"),
            ("DEFAULT", "enabled_backends = a b:file", "write NAME:KIND"),
            ("DEFAULT", "enabled_backends = fast:rbd", "rbd is not there yet"),
            ("DEFAULT", "enabled_backends = web:http", "none of them takes data"),
            ("DEFAULT", "enabled_backends = Database:file", "that is taken"),
            ("DEFAULT", "enabled_backends = a:file, A:file", "two stores A"),
            ("DEFAULT", "enabled_backends = a:file, b:file", "say with default_bac"),
            ("DEFAULT", "public_endpoint = example.com", "https://"),
            ("DEFAULT", "public_endpoint = http://me:you@h/", "https://"),
            ("DEFAULT", "public_endpoint = http://[::1", "https://"),
            ("DEFAULT", "public_endpoint = http://h:99999/", "https://"),
            ("DEFAULT", "public_endpoint = http://h:0/", "https://"),
            ("DEFAULT", "public_endpoint = http://h:x/", "https://"),
            ("DEFAULT", "public_endpoint = http://h/ or this", "https://"),
            ("DEFAULT", "public_endpoint = http://h/\n  and/that", "https://"),
            ("DEFAULT", "public_endpoint = http://h/?a=b", "https://"),
            ("DEFAULT", "public_endpoint = http://h/\xfc", "https://"),
            ("oslo_middleware", "trusted_proxies = proxy", "10.0.0.0/8"),
            ("DEFAULT", "default_log_levels = a=LOUD", "NAME=LEVEL"),
            ("DEFAULT", "image_size_cap = 0", "a whole number from 1 to"),
            ("DEFAULT", "bind_host = $nowhere", "$$"),
            ("DEFAULT", "bind_host = ${nowhere.to}", "$$"),
            ("DEFAULT", "admin_role = $admin_role", "$$"),
        ):
            said = self.refusal(f"[{section}]\n{assignment}\n")
            name = assignment.partition(" ")[0]
            self.assertIn(f"{name} in [{section}] of /some.conf", said)
            self.assertIn(cure, said)

    def test_secrets(self):
        """
        A refusal shows no password.
        """
        said = self.refusal("[DEFAULT]\nsql_connection = oracle://me:you@db/x\n")
        self.assertIn("sql_connection in [DEFAULT] of /some.conf", said)
        self.assertIn("postgresql://", said)
        self.assertNotIn("you", said)
        said = self.refusal("[database]\nconnection = mysql://me:y$ou@db/x\n")
        self.assertIn("$$", said)
        self.assertNotIn("me:", said)

    def test_database_in_memory(self):
        """
        A database that is no file would be lost, and is refused.
        """
        for url in (
            "sqlite://",
            "sqlite:///",
            "sqlite:///:memory:",
            "sqlite+pysqlite://?timeout=3",
            "sqlite:///file::memory:?uri=true&cache=shared",
            "sqlite:///file:x?mode=memory&uri=true",
        ):
            said = self.refusal(f"[database]\nconnection = {url}\n", "registry")
            self.assertIn("connection in [database] of /some.conf", said)
            self.assertIn("write sqlite:////PATH", said)
        for url in ("sqlite:////x?timeout=3", "sqlite:////file:x?uri=true"):
            settings = self.load(f"[database]\nconnection = {url}\n", "registry")
            self.assertEqual(settings.database.url, url)

    def test_files(self):
        """
        A file that makes no sense is named, with the line, which is not shown.
        """
        self.assertIn("/some.conf, line 2", self.refusal("[DEFAULT]\nyou\n"))
        self.assertNotIn("you", self.refusal("[DEFAULT]\nyou\n"))
        self.assertIn("/some.conf, line 1", self.refusal("a = 1\n"))
        Path(self.directory, "some.conf").write_bytes(b"[DEFAULT]\na = \xff\n")
        file = f"{self.directory}/some.conf"
        error = self.assertRaises(ConfigurationError, load, "api", config_files=[file])
        self.assertIn("UTF-8", str(error))

    def test_missing(self):
        """
        A file or directory that is named has to be there.
        """
        missing = f"{self.directory}/none"
        for arguments in ({"config_files": [missing]}, {"config_dirs": [missing]}):
            error = self.assertRaises(ConfigurationError, load, "api", **arguments)
            self.assertIn(missing, str(error))

    def test_api_open(self):
        """
        Without identities the API listens to others only when told twice.
        """
        for address in ("0.0.0.0", "::", "192.0.2.1", "::ffff:192.0.2.1"):
            said = self.refusal(f"{NOBODY}bind_host = {address}\n")
            self.assertIn("noauth_anywhere = true", said)
        text = f"{NOBODY}bind_host = 0.0.0.0\nnoauth_anywhere = true\n"
        settings = self.load(text)
        self.assertEqual(settings.api, Endpoint("0.0.0.0", 9292, 4096))
        self.assertIn("may do everything", settings.notes[0])

    def test_api_behind_proxy(self):
        """
        Where only a proxy is believed, and others get nothing, it listens to
        all.
        """
        for text in (
            "auth_strategy = trusted_headers",
            "trust_identity_headers = true",
            "trust_identity_headers = true\nauth_strategy = noauth",
            "auth_strategy = trusted_headers\nbind_host = 0.0.0.0",
        ):
            settings = self.load(f"[DEFAULT]\n{text}\n")
            self.assertEqual(settings.identity.auth_strategy, "trusted_headers")
            self.assertEqual(settings.api, Endpoint("0.0.0.0", 9292, 4096))
            self.assertEqual(settings.notes, ())

    def test_users(self):
        """
        Where users log in it listens to all, and no proxy says who asks.
        """
        text = "[DEFAULT]\nauth_strategy = local\n"
        settings = self.load(text)
        self.assertEqual(settings.api, Endpoint("0.0.0.0", 9292, 4096))
        self.assertEqual(settings.notes, ())
        said = self.refusal(f"{text}trust_identity_headers = true\n")
        self.assertIn("trust_identity_headers", said)
        self.assertIn("drop one of them", said)

    def test_api_anywhere(self):
        """
        Being allowed to listen to others is not being told to.
        """
        settings = self.load(f"{NOBODY}noauth_anywhere = true\n")
        self.assertEqual(settings.api.host, "127.0.0.1")

    def test_unsaid(self):
        """
        Where nobody has said how to log in, it listens where it did before
        there were users, and says so.
        """
        settings = self.load("[DEFAULT]\n")
        self.assertEqual(settings.identity.auth_strategy, "local")
        self.assertEqual(settings.api.host, "127.0.0.1")
        self.assertIn("set it to local", settings.notes[0])
        self.assertIn("127.0.0.1", settings.notes[0])
        settings = self.load("[DEFAULT]\nbind_host = 0.0.0.0\n")
        self.assertEqual(settings.api.host, "0.0.0.0")
        self.assertNotIn("127.0.0.1", settings.notes[0])
        settings = self.load("[DEFAULT]\ntrust_identity_headers = true\n")
        self.assertEqual(settings.identity.auth_strategy, "trusted_headers")

    def test_users_file(self):
        """
        Users are beside the database that is a file, whatever reads it.
        """
        for line, file in (
            (
                "[DEFAULT]\nusers_file = /u\n[database]\nconnection = sqlite:////d/e",
                "/u",
            ),
            ("[database]\nconnection = sqlite:////d/e?x=y", "/d/users.sqlite"),
            ("[DEFAULT]\nsql_connection = sqlite:////d/e", "/d/users.sqlite"),
            (
                "[app:glance-registry]\nsql_connection = sqlite:////d/e",
                "/d/users.sqlite",
            ),
            (
                "[database]\nconnection = postgresql://u:p@h/d",
                "/var/lib/glance/users.sqlite",
            ),
        ):
            for service in ("api", "all"):
                local = self.load(f"{line}\n", service).identity.local
                self.assertEqual(str(local.file), file, line)

    def test_api_near(self):
        """
        Addresses of this machine, and sockets, are as good as any.
        """
        for address, endpoint in (
            ("127.1.2.3", Endpoint("127.1.2.3", 9292, 4096)),
            ("localhost", Endpoint("127.0.0.1", 9292, 4096)),
            ("[::1]", Endpoint("::1", 9292, 4096)),
            ("::ffff:127.0.0.1", Endpoint("::ffff:127.0.0.1", 9292, 4096)),
            ("unix:/run/g.sock", Endpoint("", 0, 4096, "/run/g.sock")),
        ):
            settings = self.load(f"{NOBODY}bind_host = {address}\n")
            self.assertEqual(settings.api, endpoint)
            self.assertTrue(endpoint.is_local)
            self.assertEqual(settings.notes, ())

    def test_registry_open(self):
        """
        Without a secret the registry listens to its own machine only.
        """
        wide = "[DEFAULT]\nbind_host = 0.0.0.0\n"
        self.assertIn("registry_secret", self.refusal(wide, "registry"))
        settings = self.load(wide + "registry_secret = s\n", "registry")
        self.assertEqual(settings.registry_listen.host, "0.0.0.0")
        settings = self.load("[DEFAULT]\nregistry_secret = s\n", "registry")
        self.assertEqual(settings.registry_listen.host, "0.0.0.0")
        settings = self.load("[DEFAULT]\nbind_host = unix:/s\n", "registry")
        self.assertEqual(str(settings.registry_listen), "unix:/s")

    def test_registry_open_in_one(self):
        """
        So does the registry of both in one process, whose API has its own
        address.
        """
        text = "[app:glance-registry]\nbind_host = 0.0.0.0\n"
        self.assertIn("registry_secret", self.refusal(text, "all"))
        settings = self.load("[DEFAULT]\nregistry_bind_port = 3\n", "all")
        self.assertEqual(str(settings.registry_listen), "127.0.0.1:3")
        self.assertEqual(str(settings.api), "127.0.0.1:9292")

    def test_same_place_in_one(self):
        """
        The API and the registry of one process listen at two places.
        """
        both = "[app:glance-{}]\nbind_host = {}\nbind_port = {}\n"
        for one, other, option in (
            (("127.0.0.1", 3), ("127.0.0.1", 3), "bind_port"),
            (("127.0.0.1", 3), ("0.0.0.0", 3), "bind_port"),
            (("::", 3), ("127.0.0.1", 3), "bind_port"),
            (("unix:/s", 3), ("unix:/s", 4), "bind_host"),
        ):
            text = "[DEFAULT]\nnoauth_anywhere = true\nregistry_secret = s\n"
            text += both.format("api", *one) + both.format("registry", *other)
            said = self.refusal(text, "all")
            self.assertIn(f"{option} in [app:glance-registry] of /some.conf", said)
            self.assertIn("the API listens there", said)
        for one, other in (
            (("127.0.0.1", 3), ("127.0.0.1", 4)),
            (("127.0.0.1", 3), ("127.0.0.2", 3)),
            (("127.0.0.1", 0), ("127.0.0.1", 0)),
            (("unix:/s", 3), ("unix:/t", 3)),
            (("unix:/s", 3), ("127.0.0.1", 3)),
        ):
            self.load(both.format("api", *one) + both.format("registry", *other), "all")

    def test_other_daemon(self):
        """
        What only the API needs does not stop the registry.
        """
        for line in (
            "default_store = rbd",
            "enabled_backends = x",
        ):
            self.load(f"[DEFAULT]\n{line}\n", "registry")


class RegistryAddressTests(FilesMixin, SynchronousTestCase):
    """
    The API finds the registry where it can be reached.
    """

    def test_addresses(self):
        """
        An address to listen at is one of this machine to connect to.
        """
        for host, url in (
            ("0.0.0.0", "http://127.0.0.1:9191"),
            ("::", "http://[::1]:9191"),
            ("[2001:db8::1]", "http://[2001:db8::1]:9191"),
            ("registry.example.com", "http://registry.example.com:9191"),
        ):
            settings = self.load(f"[DEFAULT]\nregistry_host = {host}\n")
            self.assertEqual(settings.registry.url, url)
            self.assertIsNone(settings.registry.path)

    def test_socket(self):
        """
        It may be a socket.
        """
        settings = self.load("[DEFAULT]\nregistry_host = unix:/run/r.sock\n")
        self.assertEqual(settings.registry.path, "/run/r.sock")
        self.assertEqual(settings.registry.url, "http://localhost:9191")


class WarningTests(FilesMixin, SynchronousTestCase):
    """
    An option that does nothing is warned of, once.
    """

    def warnings(self, text, service="api"):
        """
        Say what is warned of.
        """
        return [
            warning.replace(self.directory, "")
            for warning in self.load(text, service).warnings
        ]

    def test_unknown(self):
        """
        One that nobody knows may be misspelled.
        """
        self.assertEqual(
            self.warnings("[DEFAULT]\nbind_prot = 1\nzyx = 2\n[zyx]\na = 1\na = 2\n"),
            [
                "bind_prot in [DEFAULT] of /some.conf is not an option of Glance: "
                "did you mean bind_port?",
                "zyx in [DEFAULT] of /some.conf is not an option of Glance: "
                "check its name and section",
                "a in [zyx] of /some.conf is not an option of Glance: "
                "check its name and section",
            ],
        )

    def test_wrong_section(self):
        """
        Of one that is in a wrong section the right ones are named.
        """
        self.assertEqual(
            self.warnings("[glance-api]\nbind_port = 1\n"),
            [
                "bind_port in [glance-api] of /some.conf is not an option of "
                "Glance: it belongs in [DEFAULT] or [app:glance-api]"
            ],
        )

    def test_known(self):
        """
        One that other Glances know is not said to be wrong.
        """
        text = """
            [DEFAULT]
            metadata_encryption_key = 4
            rabbit_password = x
            swift_store_multi_tenant = x
            image_cache_max_size = 1
            [keystone_authtoken]
            memcached_servers = x
            [paste_deploy]
            config_file = x
            [oslo_policy]
            enforce_scope = x
            [oslo_middleware]
            max_request_body_size = 1
            [database]
            max_overflow = 3
            [glance_store]
            swift_buffer_on_upload = x
            rbd_store_pool = x
            [app:glance-api]
            pipeline = x
            metadata_encryption_key = 5
            [composite:glance-api]
            use = x
            """
        warnings = self.warnings(text)
        self.assertEqual(len(warnings), 14)
        for warning in warnings:
            self.assertIn("has no effect here", warning)
            self.assertNotIn("= x", warning)

    def test_misplaced(self):
        """
        One in the wrong section is not an option there.
        """
        [warning] = self.warnings("[glance_store]\nbind_port = 1\n")
        self.assertIn("is not an option of Glance", warning)
        [warning] = self.warnings("[app:glance-api]\nwrokers = 1\n")
        self.assertIn("is not an option of Glance", warning)

    def test_other_daemon(self):
        """
        One that only the other daemon reads is warned of, except where files
        are shared.
        """
        text = "[database]\nconnection = sqlite:////x\n"
        [warning] = self.warnings(text)
        self.assertIn("connection in [database]", warning)
        self.assertIn("this daemon does not need it", warning)
        self.assertEqual(self.warnings(text, "registry"), [])
        self.assertEqual(self.warnings(text, "all"), [])
        self.assertEqual(
            self.warnings(f"{text}[app:glance-registry]\nbind_port = 1\n"), []
        )
        shared = self.write(text, "glance.conf")
        self.assertEqual(load("api", config_files=[shared]).warnings, ())

    def test_identity(self):
        """
        Who is an administrator is of use to the registry, too: callers of old
        ask it.
        """
        text = """
            [DEFAULT]
            trust_identity_headers = true
            admin_role = root
            owner_is_tenant = false
            [oslo_middleware]
            trusted_proxies = 10.0.0.1
            """
        for service in ("api", "registry", "all"):
            self.assertEqual(self.warnings(text, service), [])

    def test_once(self):
        """
        One that is in several files is warned of once.
        """
        files = [self.write("[DEFAULT]\nstate_path = 1\n", name) for name in "ab"]
        self.assertEqual(len(load("api", config_files=files).warnings), 1)
