"""
gophercloud, with users of the service's own, and what Terraform asks it for.
"""

import json

from twisted.trial.unittest import TestCase

from tests.integration.provided import with_gophercloud
from tests.integration.test_local_identity import EVA, Users

CLOUD = """
  {name}:
    auth:
      auth_url: {url}/v3
      username: {name}
      password: {name}'s password
      project_name: {project}
      user_domain_name: Default
      project_domain_name: Default
    region_name: RegionOne
"""


class Gophercloud(Users):
    """
    Runs a program that uses it.
    """

    def setUp(self):
        self.program = with_gophercloud()
        super().setUp()
        self.eva = self.in_default("eva", EVA)
        file = self.place.path / "others.yaml"
        others = [("eva", "acme"), ("zoe", "other")]
        said = (CLOUD.format(name=n, project=p, url=self.url) for n, p in others)
        file.write_text(f"clouds:\n{''.join(said)}")
        self.others = {"OS_CLIENT_CONFIG_FILE": str(file)}

    def in_default(self, name, password, project="acme"):
        """
        Get the environment of a user, with the one domain that gophercloud reads
        from there.
        """
        return self.as_user(name, password, project, OS_DOMAIN_NAME="Default")

    def does(self, *deed, **user):
        """
        Let a user do something, and get what is printed.
        """
        self.user = user
        return self.run_client(self.program, *deed)

    def logs_in(self, *cloud, **user):
        """
        Let a user log in, and get the user, the project and the roles.
        """
        told = json.loads(self.does("login", *cloud, **user))
        return told["user"], told["project"], set(told["roles"])

    def test_deeds(self):
        """
        By the way in that Terraform's provider has, an image is planned, applied,
        changed and destroyed; an image is shared, and taken; a client whose token was
        revoked logs in anew, also amid an upload; images are filled in three ways,
        listed page by page and by what they are, and what fails is told by its own
        error.
        """
        file = (self.image.path, self.image.disk_format)
        self.does("terraform", "eva", *file, **self.others)
        self.does("sharing", "eva", "zoe", **self.others)
        self.does("reauth", **self.eva)
        self.assert_empty()
        self.does("images", *file, **self.eva)


class GophercloudTests(Gophercloud, TestCase):
    """
    A service in one process.
    """

    def test_login(self):
        """
        Users log in by the environment or by clouds.yaml, with a password or with an
        API token as application credential; who doesn't belong is told so.
        """
        member = ("eva", "acme", {"member", "reader"})
        self.assertEqual(self.logs_in(**self.eva), member)
        self.assertEqual(self.logs_in("eva", **self.others), member)
        _, key_id, secret = self.manage("token", "add", "eva").split("_", 2)
        key = {
            "OS_AUTH_URL": f"{self.url}/v3",
            "OS_APPLICATION_CREDENTIAL_ID": key_id,
            "OS_APPLICATION_CREDENTIAL_SECRET": secret,
        }
        self.assertEqual(self.logs_in(**key), member)
        first = {"OS_CLIENT_CONFIG_FILE": str(self.clouds)}
        self.assertEqual(self.logs_in("glance", **first)[:2], ("admin", "admin"))
        for user in (
            self.in_default("eva", "wrong"),
            self.in_default("nobody", EVA),
            self.in_default("eva", EVA, "other"),
        ):
            self.user = user
            said = self.refuse_client(self.program, "login")
            self.assertIn(b"Authentication failed", said)


class WorkersTests(Gophercloud, TestCase):
    """
    A service in two.
    """

    def options(self):
        """
        Have two processes.
        """
        return {**super().options(), "workers": 2}
