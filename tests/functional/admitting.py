"""
Daemons that have users of their own.
"""

import base64
import json
import urllib.error
import urllib.request

import yaml
from twisted.trial.unittest import SynchronousTestCase

from glance.identity.local.file import AccountsFile
from tests.functional.daemons import Place, get


class UsersCase(SynchronousTestCase):
    """
    A place for a daemon that has users, and what is asked of it.
    """

    def setUp(self):
        self.place = Place(self.mktemp())
        self.users = self.place.path / "users.sqlite"
        self.clouds = self.place.path / "clouds.yaml"
        self.configure()

    def configure(self, **options):
        """
        Write the configuration.
        """
        self.place.configure(auth_strategy="local", users_file=self.users, **options)

    def start(self, name="glance"):
        """
        Run a daemon.
        """
        running = self.place.start(name)
        self.addCleanup(running.stop)
        return running

    def admin(self):
        """
        Get the header that the first administrator logs in with.
        """
        auth = yaml.safe_load(self.clouds.read_text())["clouds"]["glance"]["auth"]
        self.assertEqual(auth["auth_url"], f"{self.place.api}/v3")
        pair = f"{auth['username']}:{auth['password']}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def images(self, **headers):
        """
        List images: the status, and their names.
        """
        status, _, body = get(f"{self.place.api}/v2/images", **headers)
        listed = json.loads(body)["images"] if status == 200 else []
        return status, [image["name"] for image in listed]

    def create(self, name, visibility, **headers):
        """
        Make an image; get its id.
        """
        request = urllib.request.Request(
            f"{self.place.api}/v2/images",
            json.dumps({"name": name, "visibility": visibility}).encode(),
            {"Content-Type": "application/json", **headers},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["id"]

    @property
    def file(self):
        """
        The file of users.
        """
        return AccountsFile(self.users)

    def log_in(self, name, password):
        """
        Log in as OpenStack's clients do.

        @return: the status, and the token, if there is one.
        """
        user = {"name": name, "password": password, "domain": {"id": "default"}}
        said = {"identity": {"methods": ["password"], "password": {"user": user}}}
        request = urllib.request.Request(
            f"{self.place.api}/v3/auth/tokens",
            json.dumps({"auth": said}).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            # Many wait for their password to be hashed, which gives way to all else.
            with urllib.request.urlopen(request, timeout=300) as answer:
                return answer.status, answer.headers["X-Subject-Token"]
        except urllib.error.HTTPError as error:
            with error:
                return error.code, None
