"""
OpenStack's clients, with users of a real Keystone.
"""

import http.client
import json
import sys
import threading
import time
from pathlib import Path
from uuid import uuid4

from twisted.trial.unittest import TestCase

from glance.cli.statuses import DENIED
from tests.functional.daemons import PATIENCE, get
from tests.integration.keystone import Keystone
from tests.integration.provided import disk_images, openstack_client
from tests.integration.running import Clients
from tests.integration.servers import keystone_server, needed

LIFE = 15
"""For how many seconds tokens are good that end soon."""

MUCH = 64 << 20
"""How many bytes no socket holds."""

BOSS = {"system": {"all": True}}, {"domain": {"id": "default"}}, "unscoped"
"""What tokens are for that are for no project."""


class KeystoneUsers(Clients):
    """
    Mixed in: a daemon that knows users by a Keystone.
    """

    daemons = ("glance",)
    life = 3600
    """For how many seconds tokens are good."""
    password = "nova-secret"
    """What the daemon says to Keystone."""
    fresh = 300
    """For how many seconds it believes a token."""

    def setUp(self):
        self.keystone = self.server()
        self.secrets = [f"{name}-secret" for name in ("eva", "bob", "zoe", "nova")]
        self.user = {}
        super().setUp()
        self.url = self.place.api
        self.region = f"region-{uuid4()}"
        self.keystone.offer_images(self.region, self.url)

    def server(self):
        """
        Get the Keystone.
        """
        return keystone_server(token_life=self.life)

    def options(self):
        """
        Have the strategy be what the flavor says.
        """
        return {"auth_strategy": ""}

    def sections(self):
        """
        Have what operators have.
        """
        return {
            "keystone_authtoken": {
                "www_authenticate_uri": "https://keystone.example",
                "auth_url": self.keystone.url,
                "memcached_servers": "127.0.0.1:1",
                "auth_type": "password",
                "project_domain_name": "Default",
                "user_domain_name": "Default",
                "project_name": Keystone.SERVICES,
                "username": "nova",
                "password": self.password,
                "token_cache_time": self.fresh,
            },
            "paste_deploy": {"flavor": "keystone"},
        }

    def stop(self, running):
        """
        See that nobody's secret is in the log.
        """
        super().stop(running)
        for secret in self.secrets:
            self.assertNotIn(secret, running.log)

    def environment(self):
        """
        Get the environment of clients, with who logs in.
        """
        return {**super().environment(), **self.user}

    def openstack(self, who, *arguments, refused=False):
        """
        Run the command C{openstack}.
        """
        self.user = self.of(who)
        run = self.refuse_client if refused else self.run_client
        return run(openstack_client() / "openstack", *arguments).decode()

    def of(self, who):
        """
        Get the environment of a user.
        """
        projects = {"eva": "acme", "bob": "acme", "zoe": "other", "admin": "admin"}
        return {
            "OS_AUTH_URL": f"{self.keystone.url}/v3",
            "OS_USERNAME": who,
            "OS_PASSWORD": f"{who}-secret",
            "OS_PROJECT_NAME": projects[who],
            "OS_USER_DOMAIN_NAME": "Default",
            "OS_PROJECT_DOMAIN_NAME": "Default",
            "OS_IDENTITY_API_VERSION": "3",
            "OS_REGION_NAME": self.region,
        }

    def token(self, who="eva", project="acme", scope=None):
        """
        Get a token.
        """
        token = self.keystone.token(project, who, f"{who}-secret", scope)
        self.secrets.append(token)
        return token

    def service_token(self):
        """
        Get a token of a service.
        """
        return self.token("nova", Keystone.SERVICES)

    def status(self, token=None, path="/v2/images", **headers):
        """
        Ask for something, and get the status.
        """
        said = {} if token is None else {"X-Auth-Token": token}
        status, self.answered, _ = get(f"{self.url}{path}", **said, **headers)
        return status

    def connect(self):
        """
        Get a connection to the daemon.
        """
        return http.client.HTTPConnection(
            "127.0.0.1", self.place.api_port, timeout=PATIENCE
        )

    def make(self, token):
        """
        Make an image without data; get the path of its data.
        """
        connection = self.connect()
        told = json.dumps({"container_format": "bare", "disk_format": "raw"})
        headers = {"X-Auth-Token": token, "Content-Type": "application/json"}
        connection.request("POST", "/v2/images", told, headers)
        answer = connection.getresponse()
        made = json.load(answer)
        connection.close()
        self.assertEqual(answer.status, 201, made)
        return f"{made['self']}/file"

    def upload(self, token, path, pieces):
        """
        Send data; get the status.
        """
        connection = self.connect()
        headers = {"X-Auth-Token": token, "Content-Type": "application/octet-stream"}
        connection.request("PUT", path, pieces, headers, encode_chunked=True)
        status = connection.getresponse().status
        connection.close()
        return status


class ClientTests(KeystoneUsers, TestCase):
    """
    Clients log in at Keystone, and use images.
    """

    fresh = 0

    def setUp(self):
        super().setUp()
        self.image = next(i for i in disk_images() if i.name == "disk.qcow2")
        self.create = ("image", "create", "--disk-format", "qcow2", "--file")
        self.create = (*self.create, self.image.path)

    def test_openstack(self):
        """
        The command does what an administrator does.
        """
        told = self.openstack("admin", *self.create, "--public", "all", "-f", "json")
        self.assertEqual(json.loads(told)["status"], "active")
        self.openstack("admin", "image", "set", "--project", "acme", "all")
        told = self.openstack("zoe", "image", "show", "all", "-f", "json")
        self.assertEqual(json.loads(told)["owner"], self.keystone.projects["acme"])
        self.openstack("eva", "image", "set", "--property", "a=b", "all")
        self.openstack("admin", "image", "delete", "all")

    def test_members(self):
        """
        A member shares an image with another project, which takes it or not; a
        reader may look only.
        """
        other = self.keystone.projects["other"]
        told = self.openstack("eva", *self.create, "shared", "-f", "json")
        image = json.loads(told)["id"]
        self.assertNotIn("shared", self.openstack("zoe", "image", "list"))
        self.openstack("eva", "image", "add", "project", image, other)
        self.openstack("zoe", "image", "set", "--accept", image)
        self.assertIn("shared", self.openstack("zoe", "image", "list"))
        self.openstack("zoe", "image", "set", "--reject", image)
        self.assertNotIn("shared", self.openstack("zoe", "image", "list"))
        self.assertIn("shared", self.openstack("bob", "image", "list"))
        for who, *command in (
            ("bob", "image", "create", "mine"),
            ("bob", "image", "set", "--name", "x", image),
            ("zoe", "image", "set", "--name", "x", image),
            ("eva", "image", "set", "--public", image),
        ):
            self.assertIn("403", self.openstack(who, *command, refused=True))
        self.openstack("eva", "image", "save", "--file", "saved", image)
        saved = Path(self.place.path, "saved").read_bytes()
        self.assertEqual(saved, self.image.path.read_bytes())

    def test_glance(self):
        """
        So does the command of OpenStack's client of images.
        """
        self.user = self.of("eva")
        glance = openstack_client() / "glance"
        about = ("--disk-format", "raw", "--container-format", "bare")
        told = self.run_at_terminal(glance, "image-create", "--name", "g", *about)
        self.assertIn(self.keystone.projects["acme"], told.decode())
        self.assertIn("| g ", self.run_client(glance, "image-list").decode())

    def test_own_command(self):
        """
        So does our own command.
        """
        self.user = self.of("eva")
        command = (sys.executable, "-m", "glance.cli.main")
        told = self.run_client(*command, "list", "-o", "json")
        self.assertEqual(json.loads(told), [])
        token = self.run_client(*command, "token").decode().strip()
        self.secrets.append(token)
        self.assertEqual(self.status(token), 200)
        about = ("--name", "own", "--disk-format", "qcow2")
        self.run_client(*command, "create", *about, "--file", self.image.path)
        self.assertIn("own", self.run_client(*command, "list").decode())
        self.user = {**self.of("eva"), "OS_PASSWORD": "wrong"}
        self.run_client(*command, "list", status=DENIED)

    def test_libraries(self):
        """
        So do libraries, which log in again when a token isn't good any more.
        """
        script = Path(__file__).parent / "with_keystone.py"
        python = openstack_client() / "python"
        about = (self.keystone.url, self.region, self.image.path)
        self.run_client(python, "-P", script, *about)


class TokenTests(KeystoneUsers, TestCase):
    """
    Tokens of all kinds.
    """

    def test_tokens(self):
        """
        Who has none that is good is told where to get one.
        """
        token = self.token()
        for path in ("/v2/images", "/v1/images", "/images/detail"):
            self.assertEqual(self.status(token, path), 200)
        for headers in (
            {},
            {"X-Auth-Token": f"{token}x"},
            {"X-Auth-Token": "none"},
            {"X-User-Id": "eva", "X-Roles": "admin", "X-Identity-Status": "Confirmed"},
            {"Authorization": "Basic ZXZhOmV2YS1zZWNyZXQ="},
            {"Authorization": f"Bearer {token}"},
            {"X-Service-Token": self.service_token()},
        ):
            for path in ("/v2/images", "/v1/images"):
                self.assertEqual(self.status(path=path, **headers), 401, headers)
                challenge = 'Keystone uri="https://keystone.example"'
                self.assertEqual(self.answered["WWW-Authenticate"], challenge)
        self.assertEqual(self.status(token, **{"X-Service-Token": "none"}), 401)
        self.assertEqual(self.status(token, "/v3/auth/tokens"), 404)

    def test_no_project(self):
        """
        A token that is for no project is of no use, whatever its roles.
        """
        self.keystone.let_be_boss()
        for scope in BOSS:
            token = self.token("admin", None, scope)
            self.assertEqual(self.status(token), 403, scope)
        self.assertEqual(self.status(self.token("admin", "admin")), 200)

    def test_application_credential(self):
        """
        A token of an application credential is one; with rules of access, which
        nobody looks at here, it is none.
        """
        made = self.keystone.credential(self.region)
        self.assertEqual(self.status(self.keystone.token_of(made)), 200)
        rule = {"path": "/v2/images", "method": "GET", "service": "image"}
        made = self.keystone.credential(f"{self.region}-2", access_rules=[rule])
        self.assertEqual(self.status(self.keystone.token_of(made)), 401)

    def test_revoked(self):
        """
        A token that is revoked is believed for no longer than operators want.
        """
        token = self.token()
        self.assertEqual(self.status(token), 200)
        self.keystone.revoke(token)
        self.assertEqual(self.status(token), 200)
        again = self.token()
        self.keystone.revoke(again)
        self.assertEqual(self.status(again), 401)


class WorkersTests(KeystoneUsers, TestCase):
    """
    Several processes.
    """

    def options(self):
        """
        Have two of them.
        """
        return {**super().options(), "workers": 2}

    def test_tokens(self):
        """
        Each knows a token.
        """
        token = self.token()
        self.assertEqual({self.status(token) for _ in range(20)}, {200})
        self.assertEqual({self.status(f"{token}x") for _ in range(20)}, {401})


class ExpiringTests(KeystoneUsers, TestCase):
    """
    Tokens that end soon.
    """

    life = LIFE

    def end(self, token):
        """
        Wait until a token isn't good any more.
        """
        self.running.wait_for(lambda: self.status(token) == 401)

    def test_upload(self):
        """
        An upload that has begun goes on to its end when the token ends; what comes
        after that is refused.
        """
        path = self.make(self.token())
        token = self.token()

        def pieces():
            yield b"the beginning"
            self.end(token)
            yield b"the end"

        self.assertEqual(self.upload(token, path, pieces()), 204)
        self.assertEqual(self.status(token, path), 401)
        fresh = self.token()
        status, _, data = get(f"{self.url}{path}", **{"X-Auth-Token": fresh})
        self.assertEqual((status, data[-7:]), (200, b"the end"))

    def test_download(self):
        """
        So does a download.
        """
        path = self.make(self.token())
        self.assertEqual(self.upload(self.token(), path, iter([b"x" * MUCH])), 204)
        token = self.token()
        connection = self.connect()
        connection.request("GET", path, headers={"X-Auth-Token": token})
        answer = connection.getresponse()
        data = answer.read(1)
        self.end(token)
        self.assertEqual(len(data + answer.read()), MUCH)
        connection.close()

    def test_service(self):
        """
        A service may go on with what it began for a user whose token has ended.
        """
        token = self.token()
        self.assertEqual(self.status(token), 200)
        self.end(token)
        service = self.service_token()
        self.assertEqual(self.status(token, **{"X-Service-Token": service}), 200)
        self.assertEqual(self.status(token), 401)
        zoe = self.token("zoe", "other")
        self.assertEqual(self.status(token, **{"X-Service-Token": zoe}), 401)

    def test_own_token(self):
        """
        The daemon's own token is had anew before its end.
        """
        for seconds in (0, LIFE * 0.7, LIFE * 0.7):
            time.sleep(seconds)
            self.assertEqual(self.status(self.token()), 200)


class StoppedTests(KeystoneUsers, TestCase):
    """
    A Keystone that is not always there.
    """

    def server(self):
        """
        Get one that nobody else has.
        """
        keystone = Keystone()
        self.addCleanup(keystone.remove)
        needed("Keystone", keystone.start)
        return keystone

    def test_stopped(self):
        """
        Without it, those go on whose tokens are known, and others are to come
        again; which they do when it is there again.
        """
        known, other = self.token(), self.token()
        self.assertEqual(self.status(known), 200)
        self.keystone.stop()
        for _ in range(2):
            self.assertEqual(self.status(other), 503)
            self.assertGreater(int(self.answered["Retry-After"]), 0)
            self.assertEqual(self.status(known), 200)
        path = self.make(known)
        self.assertEqual(self.upload(known, path, iter([b"data"])), 204)
        status, _, said = get(f"{self.url}/healthcheck", Accept="application/json")
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(said)["status"], "degraded")
        self.running.wait_for_log("cannot be looked up: Keystone cannot be reached")
        self.keystone.start_again()
        deadline = time.monotonic() + PATIENCE
        while self.status(other) != 200:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.2)
        self.running.wait_for_log("Keystone answers again")

    def test_many(self):
        """
        Many who come at once with a token that nobody knows yet have it looked up
        once, and all get in.
        """
        token, statuses = self.token(), []

        def ask():
            statuses.append(get(f"{self.url}/v2/images", **{"X-Auth-Token": token})[0])

        threads = [threading.Thread(target=ask) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(statuses, [200] * 30)


class WrongPasswordTests(KeystoneUsers, TestCase):
    """
    A daemon that Keystone doesn't know.
    """

    password = "the-wrong-password"

    def test_refused(self):
        """
        The operator is told, and users are to come again.
        """
        self.secrets.append(self.password)
        self.running.wait_for_log("Keystone refuses the user of this service")
        self.assertEqual(self.status(self.token()), 503)
