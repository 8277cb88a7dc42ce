"""
A daemon that has users of its own.
"""

import base64
import json
import time
import urllib.error
import urllib.request

import yaml
from twisted.trial.unittest import SynchronousTestCase

from glance.identity.local.known import FRESH
from tests.functional.daemons import Place, get


class UsersDaemonTests(SynchronousTestCase):
    """
    C{auth_strategy = local}.
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
        Make an image.
        """
        request = urllib.request.Request(
            f"{self.place.api}/v2/images",
            json.dumps({"name": name, "visibility": visibility}).encode(),
            {"Content-Type": "application/json", **headers},
        )
        urllib.request.urlopen(request).close()

    def test_first_start(self):
        """
        The first start tells how to log in, with no password in the log; the
        next says nothing of it, and who was let in still is.
        """
        running = self.start()
        said = f"OS_CLIENT_CONFIG_FILE={self.clouds}"
        self.assertIn(said, running.log)
        self.assertEqual(self.clouds.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.users.stat().st_mode & 0o777, 0o600)
        headers = self.admin()
        self.assertEqual(self.images(**headers), (200, []))
        self.assertEqual(self.images(), (401, []))
        _, answer, _ = get(f"{self.place.api}/v2/images")
        self.assertTrue(answer["WWW-Authenticate"].startswith("Basic realm="))
        password = base64.b64decode(headers["Authorization"].split()[1]).decode()
        running.stop()
        self.assertNotIn(password.partition(":")[2], running.log)
        running = self.start()
        self.assertEqual(running.log.count(said), 1)
        self.assertEqual(self.images(**headers), (200, []))

    def test_health(self):
        """
        A service that knows nobody is not well.
        """
        self.start()
        health = f"{self.place.api}/healthcheck"
        self.assertEqual(get(health)[0], 200)
        self.users.chmod(0o644)
        time.sleep(FRESH)
        status, _, body = get(health)
        self.assertEqual((status, self.images(**self.admin())), (503, (503, [])))
        self.assertIn(b"users", body)

    def test_apart(self):
        """
        The API alone knows users, too.
        """
        self.start("glance-registry")
        self.start("glance-api")
        self.assertEqual(self.images(**self.admin()), (200, []))
        self.assertEqual(self.images(), (401, []))

    def test_anonymous(self):
        """
        Those who don't log in see what is public, where they are let in, and
        nothing else; nor can they change anything.
        """
        self.configure(allow_anonymous_read="true")
        self.start()
        self.create("for all", "public", **self.admin())
        self.create("hidden", "private", **self.admin())
        self.assertEqual(self.images(), (200, ["for all"]))
        error = self.assertRaises(
            urllib.error.HTTPError, self.create, "theirs", "private"
        )
        self.assertIn(error.code, (401, 403))
        error.close()

    def test_unusable(self):
        """
        A file that cannot be used is refused before the daemon is in the
        background, with one line.
        """
        self.users.write_text("no database")
        self.users.chmod(0o600)
        for name, workers in (("glance", 1), ("glance", 2), ("glance-api", 1)):
            self.configure(workers=workers)
            done = self.place.run(self.place.twistd(name))
            self.assertEqual(done.returncode, 1, done)
            last = (done.stdout + done.stderr).splitlines()[-1]
            self.assertIn("users_file: ", last)
            self.assertNotIn("Traceback", done.stdout + done.stderr)
