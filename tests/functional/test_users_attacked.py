"""
Somebody tries to get in who doesn't belong.
"""

import base64
import http.client
import json
import signal
import threading
import time
from pathlib import Path

from glance.identity.local import passwords
from tests.functional.admitting import UsersCase
from tests.functional.daemons import get

EVA = "eva's very own password"

WRONG = "none of the passwords"

FLOOD = 200
"""How many try a wrong password at once."""


class Asking(threading.Thread):
    """
    A user who is logged in, and asks one small thing after the other.
    """

    def __init__(self, port, token):
        super().__init__()
        self._port = port
        self._token = token
        self.over = threading.Event()
        self.took = []
        self.statuses = set()

    def run(self):
        """
        Ask, until it is over.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        while not self.over.is_set():
            begun = time.monotonic()
            connection.request(
                "GET", "/v2/images", headers={"X-Auth-Token": self._token}
            )
            answer = connection.getresponse()
            answer.read()
            self.statuses.add(answer.status)
            self.took.append(time.monotonic() - begun)
            time.sleep(0.005)
        connection.close()


def encoded(data):
    """
    Write bytes as tokens have them.
    """
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class AttackedTests(UsersCase):
    """
    Nobody gets in who doesn't belong, and nobody suffers from those who try.
    """

    def setUp(self):
        super().setUp()
        self.configure(debug="true")
        self.running = self.start()
        self.file.add_user("eva", EVA, "acme", "member")
        self.key = self.file.add_key("eva", None, "", None)

    def raw(self, *headers, path="/v2/images"):
        """
        Ask with just these headers; get the status.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.place.api_port)
        self.addCleanup(connection.close)
        connection.putrequest("GET", path)
        for name, value in headers:
            connection.putheader(name, value.encode())
        connection.endheaders()
        return connection.getresponse().status

    def unread(self):
        """
        Count the connections on which something has come that the daemon has yet to
        read.
        """
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
        local = f"0100007F:{self.place.api_port:04X}"
        return sum(row[1] == local and row[4][9:] != "00000000" for row in rows)

    def test_tokens(self):
        """
        A token that differs in anything from one that was given out is none.
        """
        status, token = self.log_in("eva", EVA)
        self.assertEqual(status, 201)
        text, mac = token.removeprefix("gat_").split(".")
        said = json.loads(base64.urlsafe_b64decode(text + "=="))
        later = encoded(json.dumps({**said, "e": said["e"] + 1e6}).encode())
        unsigned = encoded(b'{"alg":"none","typ":"JWT"}')
        _, key_id, secret = self.key.split("_", 2)
        self.assertEqual(self.raw(("X-Auth-Token", token)), 200)
        self.assertEqual(self.raw(("X-Auth-Token", self.key)), 200)
        for wrong in (
            f"gat_{later}.{mac}",
            f"gat_{text}.",
            f"gat_{text}",
            f"gat_{text}.{mac[::-1]}",
            f"gat_{unsigned}.{text}.",
            f"{unsigned}.{text}.{mac}",
            f"{token}=",
            f"{token}, {token}",
            "gat_.",
            "gat_" + "A" * 5000,
            "gak_",
            f"gak_{key_id}_",
            f"gak_{key_id}_{passwords.key_digest(secret)}",
            f"gak__{secret}",
            f"{self.key}x",
            "é",
        ):
            self.assertEqual(self.raw(("X-Auth-Token", wrong)), 401, wrong)
            self.assertEqual(self.raw(("Authorization", f"Bearer {wrong}")), 401, wrong)

    def test_headers(self):
        """
        What is said twice, in another spelling, or in the name of a proxy is
        no login.
        """
        good = ("X-Auth-Token", self.key)
        bearer = ("Authorization", f"Bearer {self.key}")
        for headers in (
            (good, good),
            (("X-Auth-Token", "x"), good),
            (("X-Auth-Token", "x"), bearer),
            (bearer, bearer),
            (("X_Auth_Token", self.key),),
            (("X-Service-Token", self.key),),
            (("Cookie", f"X-Auth-Token={self.key}"),),
            (
                ("X-Identity-Status", "Confirmed"),
                ("X-User-Id", "a"),
                ("X-Roles", "admin"),
            ),
        ):
            self.assertEqual(self.raw(*headers), 401, headers)
        self.assertEqual(self.raw(path=f"/v2/images?X-Auth-Token={self.key}"), 401)

    def test_log(self):
        """
        The log has no password and no token, also where it tells everything.
        """
        _, token = self.log_in("eva", EVA)
        self.log_in("eva", WRONG)
        self.log_in(WRONG, EVA)
        for headers in ((("X-Auth-Token", token),), (("X-Auth-Token", f"{token}x"),)):
            self.raw(*headers, path=f"/v2/images?token={token}")
        pair = base64.b64encode(f"eva:{EVA}".encode()).decode()
        self.assertEqual(self.raw(("Authorization", f"Basic {pair}")), 200)
        self.assertEqual(self.raw(("Authorization", f"Bearer {self.key}")), 200)
        self.running.stop()
        log = self.running.log
        self.assertIn("A wrong password for eva", log)
        for secret in (EVA, WRONG, token, token[-43:], self.key[-43:], pair):
            self.assertNotIn(secret, log)

    def test_same_answer(self):
        """
        Who isn't there is answered as who has another password.
        """
        answers = set()
        for name in ("eva", "nobody"):
            pair = base64.b64encode(f"{name}:{WRONG}".encode()).decode()
            headers = {"Authorization": f"Basic {pair}"}
            status, _, body = get(f"{self.place.api}/v2/images", **headers)
            answers.add((status, body))
        self.assertEqual(len(answers), 1)

    def test_flood(self):
        """
        While many try wrong passwords, those who are logged in are served, and
        who has the right password gets in afterwards.
        """
        asking = Asking(self.place.api_port, self.key)
        asking.start()
        statuses = []

        def attempt(number):
            name = "eva" if number % 2 else f"nobody{number}"
            statuses.append(self.log_in(name, f"{WRONG} {number}")[0])

        flood = [threading.Thread(target=attempt, args=(n,)) for n in range(FLOOD)]
        self.running.signal(signal.SIGSTOP)
        for each in flood:
            each.start()
        self.running.wait_for(lambda: self.unread() >= FLOOD)
        self.running.signal(signal.SIGCONT)
        for each in flood:
            each.join()
        asking.over.set()
        asking.join()
        self.assertEqual(len(statuses), FLOOD)
        self.assertLessEqual(set(statuses), {401, 429, 503})
        # No more were hashed than may wait.
        self.assertLess(statuses.count(401), FLOOD / 2)
        self.assertEqual(asking.statuses, {200})
        took = sorted(asking.took)
        self.assertLess(took[int(len(took) * 0.9)], 1)
        self.assertIn(self.log_in("eva", EVA)[0], (201, 429))
