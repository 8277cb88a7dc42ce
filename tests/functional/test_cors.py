"""
Tests of what a daemon tells browsers.
"""

import json
import urllib.request

from tests.functional.daemons import get
from tests.functional.operating import run_program
from tests.functional.test_daemons import DaemonCase

SITE = "https://dashboard.example.com"

ALLOW = "Access-Control-Allow-"


class CorsCase(DaemonCase):
    """
    A daemon that lets scripts of another site ask.
    """

    def begin(self, *lines, **options):
        """
        Start it.

        @param lines: what is in [cors], beside the site.
        """
        config = self.place.configure(**options)
        told = "\n".join(["[cors]", f"allowed_origin = {SITE}", *lines, ""])
        config.write_text(config.read_text() + told)
        self.start("glance")

    def ask(self, path, method="GET", origin=SITE, **headers):
        """
        Get the status and the headers of an answer.
        """
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return get(f"{self.place.api}{path}", method, Origin=origin, **given)[:2]

    def asked(self, path, status, method="GET", **headers):
        """
        See that a script may read an answer, and that caches are told so.
        """
        got, said = self.ask(path, method, **headers)
        self.assertEqual(got, status, path)
        self.assertEqual(said[f"{ALLOW}Origin"], SITE)
        self.assertEqual(said[f"{ALLOW}Credentials"], "true")
        self.assertIn("X-Subject-Token", said["Access-Control-Expose-Headers"])
        self.assertIn("Origin", said.get_all("Vary"))
        got, said = self.ask(path, method, origin="https://evil.example", **headers)
        self.assertEqual(got, status)
        self.assertNotIn("Access-Control", str(said))
        self.assertIn("Origin", said.get_all("Vary"))


class CorsTests(CorsCase):
    """
    Scripts of a site that is named may read what is answered.
    """

    def test_answers(self):
        """
        Lists, data whole and in part, that it hasn't changed, and mistakes.
        """
        self.begin()
        image = self.post(b"data")
        path = f"/v2/images/{image['id']}"
        self.asked("/v2/images", 200)
        self.asked("/v2/images?limit=x", 400)
        self.asked("/v2/images/none", 404)
        self.asked("/nothing", 404)
        self.asked("/v2/images", 405, "DELETE")
        self.asked(path, 200)
        self.asked(f"{path}/file", 200)
        self.asked(f"{path}/file", 200, "HEAD")
        self.asked(f"{path}/file", 206, Range="bytes=1-2")
        self.asked(f"{path}/file", 416, Range="bytes=9-")
        tag = self.ask(f"{path}/file")[1]["ETag"]
        self.asked(f"{path}/file", 304, If_None_Match=tag)
        self.asked(f"/v1/images/{image['id']}", 200)
        self.asked("/healthcheck", 200)
        self.asked("/", 300)

    def test_preflight(self):
        """
        A browser asks beforehand, without a token, on any path.
        """
        users = self.place.path / "users.sqlite"
        self.begin("max_age = 60", auth_strategy="local", users_file=users)
        for path in ("/v2/images", "/v2/images/a/file", "/v3/auth/tokens", "/none"):
            got, said = self.ask(
                path,
                "OPTIONS",
                Access_Control_Request_Method="PATCH",
                Access_Control_Request_Headers="x-auth-token,content-type",
            )
            self.assertEqual(got, 200)
            self.assertEqual(said[f"{ALLOW}Origin"], SITE)
            self.assertEqual(said[f"{ALLOW}Methods"], "PATCH")
            self.assertEqual(said[f"{ALLOW}Headers"], "x-auth-token,content-type")
            self.assertEqual(said["Access-Control-Max-Age"], "60")
            self.assertIn("Origin", said.get_all("Vary"))
            for refused in (
                {"Access_Control_Request_Method": "TRACE"},
                {
                    "Access_Control_Request_Method": "PUT",
                    "Access_Control_Request_Headers": "x-other",
                },
            ):
                got, said = self.ask(path, "OPTIONS", **refused)
                self.assertEqual(got, 200)
                self.assertNotIn("Access-Control", str(said))

    def test_unknown(self):
        """
        Who isn't known is told so, readably; and who logs in gets a token that the
        script can see.
        """
        users = self.place.path / "users.sqlite"
        self.begin(auth_strategy="local", users_file=users)
        self.asked("/v2/images", 401)
        self.asked("/v3/auth/tokens", 401)
        done = run_program(
            "glance.tap.manage",
            "--config-file",
            self.place.path / "glance.conf",
            *("user", "add", "eva", "--project", "acme"),
            cwd=self.place.path,
            said="eva's password\n",
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        user = {
            "name": "eva",
            "domain": {"id": "default"},
            "password": "eva's password",
        }
        asked = {"methods": ["password"], "password": {"user": user}}
        request = urllib.request.Request(
            f"{self.place.api}/v3/auth/tokens",
            json.dumps({"auth": {"identity": asked}}).encode(),
            {"Content-Type": "application/json", "Origin": SITE},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            self.assertEqual(answer.status, 201)
            self.assertEqual(answer.headers[f"{ALLOW}Origin"], SITE)
            self.assertTrue(answer.headers["X-Subject-Token"])

    def test_any(self):
        """
        Any site may be let in, without credentials.
        """
        config = self.place.configure()
        config.write_text(f"{config.read_text()}[cors]\nallowed_origin = *\n")
        self.start("glance")
        said = self.ask("/v2/images", origin="https://evil.example")[1]
        self.assertEqual(said[f"{ALLOW}Origin"], "*")
        self.assertNotIn(f"{ALLOW}Credentials", said)

    def test_none(self):
        """
        Unless a site is named, nothing is said.
        """
        self.place.configure()
        self.start("glance")
        for method in ("GET", "OPTIONS"):
            said = self.ask("/v2/images", method, Access_Control_Request_Method="GET")[
                1
            ]
            self.assertNotIn("Access-Control", str(said))
            self.assertNotIn("Origin", str(said["Vary"]))
