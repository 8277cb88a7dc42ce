"""
A daemon that has users of its own.
"""

import base64
import json
import time
import urllib.error

from glance.identity.local.known import FRESH
from tests.functional.admitting import UsersCase
from tests.functional.daemons import get


class UsersDaemonTests(UsersCase):
    """
    C{auth_strategy = local}.
    """

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
        made = {
            visibility: self.create(visibility, visibility, **self.admin())
            for visibility in ("public", "community", "shared", "private")
        }
        self.assertEqual(self.images(), (200, ["public"]))
        for query in ("visibility=community", "visibility=all", "owner=x", ""):
            body = get(f"{self.place.api}/v2/images?{query}")[2]
            names = [image["name"] for image in json.loads(body)["images"]]
            self.assertIn(names, ([], ["public"]), query)
        for visibility, image in made.items():
            seen = 200 if visibility == "public" else 404
            for method, path in (("GET", "v2"), ("HEAD", "v1")):
                url = f"{self.place.api}/{path}/images/{image}"
                self.assertEqual(get(url, method)[0], seen, visibility)
            shared = get(f"{self.place.api}/v2/images/{image}/members")[0]
            self.assertIn(shared, (401, 403, 404))
        error = self.assertRaises(
            urllib.error.HTTPError, self.create, "theirs", "private"
        )
        self.assertIn(error.code, (401, 403))
        error.close()

    def test_usual(self):
        """
        Where nothing is said of who may come in, there are users, beside the
        database, and the operator is told what to do; an administrator sees
        what was made before.
        """
        self.place.configure(auth_strategy="noauth")
        running = self.start()
        image = self.create("old", "private")
        running.stop()
        self.place.configure(auth_strategy="")
        running = self.start()
        for said in ("OS_CLIENT_CONFIG_FILE", "auth_strategy = noauth", "glance list"):
            self.assertIn(said, running.log)
        self.assertEqual(self.images(), (401, []))
        self.assertEqual(self.images(**self.admin()), (200, ["old"]))
        url = f"{self.place.api}/v2/images"
        status, _, body = get(f"{url}/{image}", **self.admin())
        self.assertEqual((status, json.loads(body)["owner"]), (200, None))
        self.file.add_user("eva", "eva's password", "acme", "member")
        self.assertEqual(self.log_in("eva", "eva's password")[0], 201)

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
