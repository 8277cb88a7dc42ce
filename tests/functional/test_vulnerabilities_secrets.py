"""
Secrets that came out of Glance don't come out here: neither in answers nor in logs.

The table of C{docs/security.md} names these tests, and says what it was.
"""

import base64
import time
from pathlib import Path
from typing import ClassVar

from glance.identity.keystone.holders import RESTING
from glance.keystone.errors import NoAnswer
from tests.functional.daemons import get
from tests.functional.echoing import TOKEN, Echo
from tests.functional.operating import run_program
from tests.functional.personas import (
    ADMIN,
    ALICE,
    DATA,
    FACES,
    OCTETS,
    V1,
    HalfUpload,
    PersonasCase,
    ask,
)
from tests.functional.test_daemons import DaemonCase
from tests.functional.working import children

KEY = "pa55-of/swift%key"
SECRET = "wJalr/s3cret%key"
ACCESS = "AKIDEXAMPLE7"
REGISTRY = "the-registry-secret"

WHOLE = {**V1, **OCTETS}


def spellings(secret):
    """
    List how a secret may be written.
    """
    quoted = secret.replace("%", "%25").replace("/", "%2F")
    coded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return {secret, quoted, quoted.lower(), coded}


def command_lines(pid):
    """
    Get what the system shows everybody of a process and its children.
    """
    texts = []
    for each in (pid, *children(pid)):
        texts.append(Path(f"/proc/{each}/cmdline").read_bytes().decode())
        texts.append(Path(f"/proc/{each}/comm").read_text())
    return "\n".join(texts)


class SecretsCase(PersonasCase):
    """
    A daemon whose store is a server that tells everybody all it was told.
    """

    secrets: ClassVar[tuple] = ()

    def setUp(self):
        self.echo = Echo()
        self.echo.start()
        self.addCleanup(self.echo.stop)
        self.options = {"debug": "true", **self.store()}
        super().setUp()

    def store(self):
        """
        Get the options of the store.
        """
        raise NotImplementedError

    def assert_kept(self, *texts):
        """
        See that no secret is in texts, in the log, or shown by the system.
        """
        shown = command_lines(self.daemon.process.pid)
        for secret in self.secrets:
            for spelled in spellings(secret):
                for text in (*texts, self.daemon.log, shown):
                    self.assertNotIn(spelled, text)

    def try_all(self):
        """
        Do whatever asks the store, and get what was answered.
        """
        answers = []
        for face in FACES:
            answers.append(self.say(ALICE, "POST", face, WHOLE, DATA))
        image_id = self.make()
        answers.append(self.fill(image_id))
        for location in self.locations():
            for name in ("Location", "Copy-From"):
                said = {**V1, f"X-Image-Meta-{name}": location}
                for who in (ALICE, ADMIN):
                    answers.append(self.say(who, "POST", "/v1/images", said))
        for answer in answers:
            self.assertGreaterEqual(answer.status, 400, answer.text)
        for path in ("/healthcheck", "/metrics", "/v2/info/stores/detail"):
            for kind in ("application/json", "text/plain"):
                answers.append(self.ask(ADMIN, "GET", path, Accept=kind))
        return [answer.text for answer in answers]

    def locations(self):
        """
        List locations with credentials in them.
        """
        raise NotImplementedError

    def provoke(self):
        """
        See that whatever goes wrong in the store, nobody is told its secrets.
        """
        texts = []
        for status in (403, 302):
            self.echo.status = status
            texts += self.try_all()
        for status in (401, 404, 409, 500):
            self.echo.status = status
            texts.append(self.say(ALICE, "POST", "/v1/images", WHOLE, DATA).text)
        self.echo.stop()
        texts.append(self.say(ALICE, "POST", "/v1/images", WHOLE, DATA).text)
        self.assert_kept(*texts)
        self.assertEqual(self.place.files(), [])


class SwiftTests(SecretsCase):
    """
    The key, tokens and URLs of Swift.
    """

    secrets: ClassVar[tuple] = (KEY, TOKEN)

    def store(self):
        return {
            "default_store": "swift",
            "swift_store_auth_address": f"{self.echo.url}/auth/v1.0",
            "swift_store_auth_version": "1",
            "swift_store_user": "account:user",
            "swift_store_key": KEY,
        }

    def locations(self):
        key = KEY.replace("/", "%2F")
        rest = f"127.0.0.1:{self.echo.port}/auth/v1.0/glance/object"
        return (
            f"swift+http://account:user:{key}@{rest}",
            f"swift+http://account%3Auser:{key}@{rest}",
            f"http://user:{key}@127.0.0.1:{self.echo.port}/object",
        )

    def test_broken(self):
        """
        Not where its endpoint is broken, in whatever way.
        """
        self.provoke()
        self.assertTrue([path for _, path, _ in self.echo.seen if "AUTH_" in path])

    def test_locked(self):
        """
        Nor where it gives no token.
        """
        self.echo.locked = True
        self.provoke()
        self.assertTrue(any(KEY in headers for _, _, headers in self.echo.seen))


class S3Tests(SecretsCase):
    """
    The keys and signatures of S3.
    """

    secrets: ClassVar[tuple] = (SECRET, "Signature=")

    def store(self):
        return {
            "default_store": "s3",
            "s3_store_host": self.echo.url,
            "s3_store_access_key": ACCESS,
            "s3_store_secret_key": SECRET,
            "s3_store_bucket": "images",
        }

    def locations(self):
        rest = f"127.0.0.1:{self.echo.port}/images/object"
        return (f"s3+http://{ACCESS}:{SECRET}@{rest}", f"s3://{ACCESS}:{SECRET}@{rest}")

    def test_broken(self):
        """
        Not where it refuses, or fails, in whatever way.
        """
        self.provoke()
        self.assertTrue(any(ACCESS in headers for _, _, headers in self.echo.seen))


class KeystoneTests(DaemonCase):
    """
    The password that the service has at Keystone, and tokens that go there.
    """

    ASKED = "gAAAAABtoken0of0a0user"

    def setUp(self):
        super().setUp()
        self.echo = Echo()
        self.echo.start()
        self.addCleanup(self.echo.stop)
        path = self.place.configure(debug="true", auth_strategy="keystone")
        section = {
            "auth_url": self.echo.url,
            "username": "glance",
            "password": KEY,
            "project_name": "service",
            "http_request_max_retries": 0,
        }
        lines = [f"{name} = {value}" for name, value in section.items()]
        text = "\n".join(["", "[keystone_authtoken]", *lines, ""])
        path.write_text(path.read_text() + text)

    def provoke(self, *statuses):
        """
        See that nobody is told of them, whatever Keystone answers.
        """
        daemon = self.start("glance")
        texts = []
        for status in statuses:
            self.echo.status = status
            # It isn't asked again at once.
            time.sleep(RESTING[NoAnswer] + 0.1)
            said = {"X-Auth-Token": f"{self.ASKED}{status}"}
            said["X-Service-Token"] = f"{self.ASKED}{status}s"
            for path in ("/v2/images", "/v1/images", "/healthcheck"):
                answer = ask(self.place.api_port, "GET", path, headers=said)
                if path != "/healthcheck":
                    self.assertIn(answer.status, (401, 503), answer.text)
                texts.append(answer.text)
        seen = "".join(headers for _, _, headers in self.echo.seen)
        texts += [daemon.log, command_lines(daemon.process.pid)]
        for secret in (KEY, TOKEN, self.ASKED):
            for spelled in spellings(secret):
                for text in texts:
                    self.assertNotIn(spelled, text)
        self.assertNotIn("Traceback", daemon.log)
        return seen

    def test_broken(self):
        """
        Not where it fails to look at tokens.
        """
        seen = self.provoke(404, 500, 401, 403)
        self.assertIn(TOKEN, seen)
        self.assertIn(f"{self.ASKED}500", seen)

    def test_locked(self):
        """
        Nor where it gives the service no token.
        """
        self.echo.locked = True
        self.assertNotIn(TOKEN, self.provoke(500, 400, 401))


class WorkersTests(PersonasCase):
    """
    What processes tell each other.
    """

    options: ClassVar[dict] = {
        "workers": 2,
        "debug": "true",
        "registry_secret": REGISTRY,
    }

    def test_command_lines(self):
        """
        Nobody sees the keys of the registry in lists of processes, or in the
        environment of one.
        """
        self.daemon.wait_for_log("2 processes serve.")
        self.keep()
        port = self.place.registry_port
        answers = [
            ask(port, "GET", path, headers={"Authorization": f"Bearer {key}"})
            for key in (REGISTRY, f"x{REGISTRY}")
            for path in ("/images", "/healthcheck", "/registry/1/x", "/metrics", "/%ff")
        ]
        texts = [answer.text for answer in answers]
        shown = command_lines(self.daemon.process.pid)
        for pid in (self.daemon.process.pid, *children(self.daemon.process.pid)):
            shown += Path(f"/proc/{pid}/environ").read_bytes().decode()
        for text in (shown, self.daemon.log, *texts):
            self.assertNotIn(REGISTRY, text)


class UsersCase(DaemonCase):
    """
    A daemon that has users of its own.
    """

    PASSWORD = "correct-h0rse-battery"
    options: ClassVar[dict] = {}

    def setUp(self):
        super().setUp()
        self.place.configure(
            auth_strategy="local",
            users_file=self.place.path / "users.sqlite",
            debug="true",
            **self.options,
        )
        self.daemon = self.start("glance")
        self.manage("user", "add", "alice", said=f"{self.PASSWORD}\n")

    def manage(self, *arguments, said=""):
        """
        Run the operators' program, and get what it says.
        """
        conf = self.place.path / "glance.conf"
        command = ("glance.tap.manage", "--config-file", conf, *arguments)
        done = run_program(*command, said=said)
        self.assertEqual(done.returncode, 0, done)
        return done.stdout

    def log_in(self, password=PASSWORD, name="alice"):
        """
        Ask for a token.
        """
        user = {"name": name, "domain": {"id": "default"}, "password": password}
        who = {"methods": ["password"], "password": {"user": user}}
        port = self.place.api_port
        return ask(port, "POST", "/v3/auth/tokens", {"auth": {"identity": who}})

    def token(self):
        """
        Get a token of Alice's.
        """
        answer = self.log_in()
        self.assertEqual(answer.status, 201, answer.text)
        return {"X-Auth-Token": answer.headers["X-Subject-Token"]}

    def ask(self, who, method, path, body=None, **headers):
        """
        Ask the API.
        """
        return ask(self.place.api_port, method, path, body, {**who, **headers})

    def make(self, who):
        """
        Make an image without data, and get its id.
        """
        said = {"name": "x", "disk_format": "raw", "container_format": "bare"}
        answer = self.ask(who, "POST", "/v2/images", said)
        self.assertEqual(answer.status, 201, answer.text)
        return answer.json["id"]


class ExpiryTests(UsersCase):
    """
    A token that ends amid an upload.
    """

    options: ClassVar[dict] = {"token_expiration": 6}

    def test_deleted(self):
        """
        When the image is deleted then, nothing of the data stays; otherwise it goes
        on to its end.
        """
        first = self.token()
        ids = [self.make(first) for _ in range(2)]
        uploads = [
            HalfUpload(self, f"/v2/images/{image_id}/file", first) for image_id in ids
        ]
        self.daemon.wait_for(lambda: self.ask(first, "GET", "/v2/images").status == 401)
        self.assertEqual(len(self.place.files()), 2)
        path = f"/v2/images/{ids[0]}"
        self.assertEqual(self.ask(first, "DELETE", path).status, 401)
        second = self.token()
        self.assertEqual(self.ask(second, "DELETE", path).status, 204)
        self.assertEqual([upload.end() for upload in uploads], [410, 204])
        self.daemon.wait_for(lambda: len(self.place.files()) == 1)
        self.assertTrue(self.place.files()[0].startswith(ids[1]))


class PasswordsTests(UsersCase):
    """
    Passwords and tokens.
    """

    def test_kept(self):
        """
        They are in no log, answer or file that others read, whichever way they come
        and whatever goes wrong.
        """
        token = self.token()["X-Auth-Token"]
        key = self.manage("token", "add", "alice").strip()
        clouds = (self.place.path / "clouds.yaml").read_text()
        [admin] = [
            line.partition(":")[2].strip().strip("\"'")
            for line in clouds.splitlines()
            if "password:" in line
        ]
        wrong = "wr0ng-passw0rd-typed"
        basic = base64.b64encode(f"alice:{self.PASSWORD}".encode()).decode()
        wrong_basic = base64.b64encode(f"alice:{wrong}".encode()).decode()
        texts = [self.log_in(wrong).text, self.log_in(wrong, self.PASSWORD[::-1]).text]
        for value in (token, key, token + "x", key + "x"):
            for said in (
                {"X-Auth-Token": value},
                {"Authorization": f"Bearer {value}"},
                {"Authorization": f"bearer  {value}"},
                {"Authorization": value},
                {"X-Subject-Token": value, "X-Auth-Token": value},
                {"X-Service-Token": value},
                {"X-Auth-Token": value, "Authorization": f"Bearer {value}"},
            ):
                for path in (
                    "/v2/images",
                    "/v1/images/detail",
                    "/v3/auth/catalog",
                    f"/v2/images?token={value}",
                    f"/v2/images?limit=x&X-Auth-Token={value}",
                ):
                    answer = self.ask(said, "GET", path)
                    if "?token" not in path and "&X-Auth" not in path:
                        texts.append(answer.text)
        for coded in (basic, wrong_basic, f"{basic}x"):
            for path in ("/v2/images", "/v1/images", "/v3/auth/tokens", "/nowhere"):
                said = {"Authorization": f"Basic {coded}"}
                texts.append(self.ask(said, "GET", path).text)
        for body in (b"{", b"[]", b'{"auth": {"identity": {"methods": []}}}'):
            answer = self.ask(
                {"Content-Type": "application/json"},
                *("POST", "/v3/auth/tokens", body[:-1] + self.PASSWORD.encode()),
            )
            texts.append(answer.text)
        for path in ("/healthcheck", "/metrics"):
            texts.append(get(f"{self.place.api}{path}")[2].decode())
        texts.append(self.manage("user", "list") + self.manage("token", "list"))
        texts += [self.daemon.log, command_lines(self.daemon.process.pid)]
        secrets = (self.PASSWORD, wrong, token, key, admin, basic, wrong_basic)
        for text in texts:
            for secret in secrets:
                self.assertNotIn(secret, text)
        users = (self.place.path / "users.sqlite").read_bytes()
        for path in self.place.path.glob("users.sqlite*"):
            users += path.read_bytes()
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)
        for secret in secrets:
            self.assertNotIn(secret.encode(), users)

    def test_nobody(self):
        """
        Headers of a proxy make nobody somebody here; nor does the name of a user
        who isn't there take another time to be refused.
        """
        for said in (ADMIN, {**ADMIN, "X-Is-Admin": "true"}, {"X-Roles": "admin"}):
            for path in ("/v2/images", "/v1/images", "/images", "/v3/users"):
                self.assertEqual(self.ask(said, "GET", path).status, 401)
        took = {}
        for name in ("alice", "nobody") * 3:
            began = self.daemon.cpu_seconds()
            self.assertEqual(self.log_in("wrong password", name).status, 401)
            took.setdefault(name, []).append(self.daemon.cpu_seconds() - began)
        self.assertGreater(min(took["nobody"]), min(took["alice"]) / 3)
        self.assertEqual(self.place.litter(), [])
