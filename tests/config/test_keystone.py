"""
Tests for the options of a Keystone.
"""

from twisted.trial.unittest import SynchronousTestCase

from glance.config.settings import ConfigurationError
from glance.keystone.credentials import ApplicationCredential, Password
from tests.config.files import FilesMixin

SECRET = "the-password-of-the-user"

OPERATORS = f"""
[DEFAULT]
bind_host = 0.0.0.0
bind_port = 9292
[keystone_authtoken]
www_authenticate_uri = http://controller:5000
auth_url = http://controller:5000/
memcached_servers = controller:11211
auth_type = password
project_domain_name = Default
user_domain_name = People
project_name = service
username = glance
password = {SECRET}
region_name = RegionOne
interface = internal
delay_auth_decision = true
service_token_roles_required = True
service_token_roles = admin, Service
[paste_deploy]
flavor = keystone
"""
"""
As the guides of OpenStack have them, and the tools that install it.
"""

OF_OLD = f"""
[keystone_authtoken]
identity_uri = https://controller:35357/v3
auth_uri = https://public.example:5000/v3/
admin_tenant_name = service
admin_user = glance
admin_password = {SECRET}
signing_dir = /var/cache/glance
[paste_deploy]
flavor = keystone+cachemanagement
"""

SHORT = f"""
[DEFAULT]
auth_strategy = keystone
[keystone_authtoken]
auth_url = https://controller:5000
username = glance
password = {SECRET}
project_name = service
"""


class KeystoneTests(FilesMixin, SynchronousTestCase):
    """
    The settings of a Keystone.
    """

    def identity(self, text):
        """
        Load settings, and get those of who somebody is.
        """
        self.settings = self.load(text)
        self.assertNotIn(SECRET, repr(self.settings.identity))
        return self.settings.identity

    def refused(self, text):
        """
        Get why settings are refused.
        """
        with self.assertRaises(ConfigurationError) as caught:
            self.load(text)
        told = str(caught.exception)
        self.assertNotIn(SECRET, told)
        self.assertEqual(len(told.splitlines()), 1)
        return told

    def test_operators(self):
        """
        The files of operators are read as they are.
        """
        identity = self.identity(OPERATORS)
        keystone = identity.keystone
        self.assertEqual(identity.auth_strategy, "keystone")
        self.assertEqual(keystone.url, "http://controller:5000")
        self.assertEqual(keystone.public_url, "http://controller:5000")
        user = Password(
            password=SECRET,
            user="glance",
            user_domain="People",
            project="service",
            project_domain="Default",
        )
        self.assertEqual(keystone.user, user)
        self.assertEqual(keystone.service_roles, ("admin", "Service"))
        self.assertTrue(keystone.service_roles_required)
        self.assertFalse(keystone.insecure)
        self.assertEqual(
            (keystone.patience, keystone.retries, keystone.kept), (10, 3, 300)
        )
        useless = ("memcached_servers", "region_name", "interface", "delay_auth")
        for name, warning in zip(useless, self.settings.warnings, strict=True):
            self.assertTrue(warning.startswith(name), warning)
            self.assertIn("no effect here", warning)
        self.assertEqual(self.settings.api.host, "0.0.0.0")

    def test_of_old(self):
        """
        So are those of old, whose users are in the default domain.
        """
        keystone = self.identity(OF_OLD).keystone
        self.assertEqual(keystone.url, "https://controller:35357/v3")
        self.assertEqual(keystone.public_url, "https://public.example:5000/v3")
        user = Password(
            password=SECRET,
            user="glance",
            user_domain_id="default",
            project="service",
            project_domain_id="default",
        )
        self.assertEqual(keystone.user, user)

    def test_short(self):
        """
        A few lines will do; clients are told the URL that is asked, without its
        version.
        """
        identity = self.identity(SHORT)
        self.assertEqual(identity.keystone.public_url, "https://controller:5000")
        text = SHORT.replace(":5000", ":5000/v3")
        keystone = self.identity(text).keystone
        self.assertEqual(keystone.public_url, "https://controller:5000")
        self.assertEqual(keystone.service_roles, ("service",))
        self.assertEqual(self.settings.warnings, ())

    def test_ids(self):
        """
        Users, projects and domains may be known by their ids.
        """
        more = "user_id = u\nproject_id = p\nuser_domain_name = x\n"
        user = self.identity(SHORT + more).keystone.user
        self.assertEqual(user, Password(password=SECRET, user_id="u", project_id="p"))
        more = "user_domain_id = people\nproject_domain_id = companies\n"
        user = self.identity(SHORT + more).keystone.user
        self.assertEqual(user.user_domain_id, "people")
        self.assertEqual(user.project_domain_id, "companies")

    def test_application_credential(self):
        """
        This service may log in with an application credential.
        """
        text = f"""
            [DEFAULT]
            auth_strategy = keystone
            [keystone_authtoken]
            auth_url = https://controller:5000
            auth_type = v3applicationcredential
            application_credential_id = an-id
            application_credential_secret = {SECRET}
            """
        user = ApplicationCredential(id="an-id", secret=SECRET)
        self.assertEqual(self.identity(text).keystone.user, user)

    def test_flavors(self):
        """
        A flavor of Glance says what a strategy does.
        """
        for flavor, strategy in (
            ("keystone", "keystone"),
            ("keystone+caching", "keystone"),
            ("keystone+cachemanagement", "keystone"),
        ):
            text = OPERATORS.replace("flavor = keystone", f"flavor = {flavor}")
            self.assertEqual(self.identity(text).auth_strategy, strategy)
        for flavor in ("caching", "cachemanagement", ""):
            usual = self.identity("").auth_strategy
            text = f"[paste_deploy]\nflavor = {flavor}\n"
            self.assertEqual(self.identity(text).auth_strategy, usual)
            self.assertIsNone(self.settings.identity.keystone)
        for flavor in ("trusted-auth", "trusted-auth+cachemanagement"):
            text = f"[paste_deploy]\nflavor = {flavor}\n"
            self.assertEqual(self.identity(text).auth_strategy, "trusted_headers")

    def test_contradiction(self):
        """
        Where a file says two things, nobody guesses which is meant.
        """
        for strategy in ("noauth", "local"):
            text = OPERATORS.replace(
                "[DEFAULT]", f"[DEFAULT]\nauth_strategy = {strategy}"
            )
            self.assertIn("drop one of them", self.refused(text))
        text = OPERATORS.replace("[DEFAULT]", "[DEFAULT]\nauth_strategy = keystone")
        self.assertEqual(self.identity(text).auth_strategy, "keystone")
        text = SHORT.replace("[DEFAULT]", "[DEFAULT]\ntrust_identity_headers = true")
        self.assertIn("drop one of them", self.refused(text))
        text = SHORT + "[paste_deploy]\nflavor = trusted-auth\n"
        self.assertIn("flavor in [paste_deploy]", self.refused(text))

    def test_missing(self):
        """
        What is missing is named, with what to do.
        """
        for line, name in (
            ("auth_url = https://controller:5000", "auth_url"),
            ("username = glance", "username"),
            (f"password = {SECRET}", "password"),
            ("project_name = service", "project_name"),
        ):
            told = self.refused(SHORT.replace(line, ""))
            self.assertIn(f"{name} in [keystone_authtoken] is missing: write", told)
        text = SHORT + "auth_type = v3applicationcredential\n"
        self.assertIn("application_credential_id", self.refused(text))

    def test_wrong(self):
        """
        What cannot be is refused.
        """
        for line, told in (
            ("auth_type = v2password", "use password or v3applicationcredential"),
            ("auth_url = controller:5000", "is no URL"),
            ("auth_url = ftp://controller", "is no URL"),
            (f"auth_url = https://glance:{SECRET}@controller", "without a user"),
            (f"auth_url = https://:{SECRET}@controller", "without a user"),
            (f"auth_uri = https://glance:{SECRET}@controller", "without a user"),
            ("www_authenticate_uri = controller", "is no URL"),
            ("auth_url = https://controller/v3?debug", "is no URL"),
            ("http_connect_timeout = 0", "a number of seconds from 0.01"),
            ("token_cache_time = -2", "a whole number from -1"),
            ("insecure = perhaps", "true or false"),
        ):
            self.assertIn(told, self.refused(f"{SHORT}{line}\n"))

    def test_no_memory(self):
        """
        Operators may want each token looked up each time.
        """
        for seconds in ("0", "-1"):
            text = f"{SHORT}token_cache_time = {seconds}\n"
            self.assertEqual(self.identity(text).keystone.kept, 0)

    def test_unused(self):
        """
        Who has the options and another strategy is told so.
        """
        text = SHORT.replace("auth_strategy = keystone", "auth_strategy = local")
        self.assertIsNone(self.identity(text).keystone)
        [note] = [n for n in self.settings.notes if "keystone_authtoken" in n]
        self.assertIn("write auth_strategy = keystone", note)

    def test_misspelt(self):
        """
        What is in its section and isn't known is told.
        """
        self.identity(f"{SHORT}usernam = x\n")
        [warning] = self.settings.warnings
        self.assertIn("did you mean username?", warning)

    def test_registry(self):
        """
        The registry doesn't need it.
        """
        settings = self.load(OPERATORS.replace("[DEFAULT]", "[other]"), "registry")
        self.assertIsNone(settings.identity.keystone)
