"""
Tests for L{glance.client.cloud}.
"""

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from glance.client import Cloud, Invalid
from glance.identity.local.first import clouds_yaml

TWO = """\
clouds:
  one:
    auth:
      auth_url: http://keystone.example:5000
      username: eva
      password: 12345
      project_name: acme
      domain_name: Here
    region_name: West
    interface: internalURL
    cacert: ca.pem
    verify: false
  two:
    auth_type: none
    auth: {endpoint: "http://glance.example:9292"}
"""


class CloudTests(SynchronousTestCase):
    """
    Where somebody logs in is found where OpenStack's clients find it.
    """

    def setUp(self):
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir()
        self.file = self.write("told.yaml", TWO)
        self.told = {"OS_CLIENT_CONFIG_FILE": str(self.file)}
        # The working directory and the home directory are looked into.
        self.addCleanup(os.chdir, Path.cwd())
        os.chdir(self.directory)
        self.patch(os, "environ", {**os.environ, "HOME": str(self.directory)})

    def write(self, name, text):
        """
        Write a file.
        """
        path = self.directory / name
        path.write_text(text)
        return path

    def refusal(self, name, environ):
        """
        Get why nobody can log in.
        """
        return str(self.assertRaises(Invalid, Cloud.find, name, environ))

    def test_nothing(self):
        """
        Nobody logs in where nothing says so.
        """
        self.assertIsNone(Cloud.find(None, {}))
        self.assertIsNone(Cloud.find(None, {"OS_USERNAME": "eva"}))
        self.assertIsNone(Cloud.find(None, self.told))

    def test_file(self):
        """
        A cloud in a file has its names, of which some stand for others.
        """
        cloud = Cloud(
            auth_url="http://keystone.example:5000",
            username="eva",
            password="12345",
            user_domain_name="Here",
            project_name="acme",
            project_domain_name="Here",
            region="West",
            interface="internal",
            ca_file="ca.pem",
            insecure=True,
        )
        self.assertEqual(Cloud.find("one", self.told), cloud)
        self.assertEqual(Cloud.find(None, {**self.told, "OS_CLOUD": "one"}), cloud)
        self.assertNotIn("12345", repr(cloud))
        two = Cloud(endpoint="http://glance.example:9292")
        self.assertEqual(Cloud.find("two", self.told), two)

    def test_searched(self):
        """
        Unless a file is named, it is looked for.
        """
        self.assertIn("no clouds.yaml", self.refusal("two", {}))
        home = self.directory / ".config" / "openstack"
        home.mkdir(parents=True)
        (home / "clouds.yml").write_text(TWO)
        self.assertIsNotNone(Cloud.find("two", {}))
        self.write("clouds.yaml", "clouds: {}")
        self.assertIn("'two' in clouds.yaml", self.refusal("two", {}))

    def test_only_one(self):
        """
        Of the file that is named, the only cloud is meant.
        """
        text = clouds_yaml("http://h:1", "RegionOne", "'\"{}: #")
        said = {"OS_CLIENT_CONFIG_FILE": str(self.write("our.yaml", text))}
        cloud = Cloud.find(None, said)
        self.assertEqual((cloud.username, cloud.password), ("admin", "'\"{}: #"))
        self.assertEqual(cloud, Cloud.find("glance", said))

    def test_secrets_apart(self):
        """
        What is secret may be in a file of its own.
        """
        self.write("secure.yaml", "clouds: {one: {auth: {password: other}}}")
        cloud = Cloud.find("one", self.told)
        self.assertEqual((cloud.username, cloud.password), ("eva", "other"))

    def test_environment(self):
        """
        Without a file the environment says all.
        """
        said = {
            "OS_AUTH_URL": "http://k/v3",
            "OS_USERNAME": "eva",
            "OS_PASSWORD": "secret",
            "OS_TENANT_NAME": "acme",
            "OS_USER_DOMAIN_ID": "here",
            "OS_REGION_NAME": "West",
            "OS_CACERT": "ca.pem",
        }
        cloud = Cloud.find(None, said)
        self.assertEqual(
            cloud,
            Cloud(
                auth_url="http://k/v3",
                username="eva",
                password="secret",
                project_name="acme",
                user_domain_id="here",
                region="West",
                ca_file="ca.pem",
            ),
        )
        key = {
            "OS_AUTH_URL": "http://k/v3",
            "OS_APPLICATION_CREDENTIAL_ID": "id",
            "OS_APPLICATION_CREDENTIAL_SECRET": "secret",
        }
        self.assertEqual(Cloud.find(None, key).application_credential_id, "id")

    def test_mistakes(self):
        """
        What cannot be understood is said, without what is secret.
        """
        for text, why in (
            ("{", "is no YAML"),
            ("a: b", "has no clouds"),
            ("clouds: {x: {auth: secret}}", "auth is no mapping"),
            ("clouds: {x: {auth: {password: secret}}}", "no auth_url"),
            (
                "clouds: {x: {auth_type: v3kerberos, auth: {auth_url: u}}}",
                "v3kerberos is not known",
            ),
            ("clouds: {x: {auth: {auth_url: u}, interface: y}}", "interface is one of"),
            ("clouds: {y: 1}", "no cloud 'x' in"),
        ):
            file = self.write("wrong.yaml", text)
            said = self.refusal("x", {"OS_CLIENT_CONFIG_FILE": str(file)})
            self.assertIn(why, said)
            self.assertNotIn("secret", said)
        said = self.refusal("x", {"OS_CLIENT_CONFIG_FILE": "/nowhere"})
        self.assertIn("/nowhere cannot be read", said)
