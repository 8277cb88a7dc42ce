"""
A daemon that has rules of its operator, from the outside.
"""

import json
import signal
import urllib.error
import urllib.request

from tests.functional.test_daemons import DaemonCase


class PolicyTests(DaemonCase):
    """
    Operators say who may do what.
    """

    def ask(self, method, path, body=None, roles="member", project="acme"):
        """
        Ask for something, as a proxy does for a user.

        @return: the status, and what was answered in JSON.
        """
        request = urllib.request.Request(
            f"{self.place.api}/v2/images{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={
                "X-Identity-Status": "Confirmed",
                "X-User-Id": "user",
                "X-Project-Id": project,
                "X-Roles": roles,
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, None

    def say(self, name, text):
        """
        Write a file beside the configuration.
        """
        (self.place.path / name).write_text(text)

    def test_hangup(self):
        """
        C{policy.yaml} holds from the start, and anew on SIGHUP; one that makes no
        sense changes nothing.  So do protected properties.
        """
        self.say("policy.yaml", "delete_image: role:admin\nhelper: '@'\n")
        self.place.configure(auth_strategy="trusted_headers")
        running = self.start("glance")
        self.assertIn("Rule helper in", running.log)
        status, image = self.ask("POST", "", {"billing": "7"})
        self.assertEqual((status, image["billing"]), (201, "7"))
        path = f"/{image['id']}"
        self.assertEqual(self.ask("DELETE", path)[0], 403)
        self.assertEqual(self.ask("GET", path, project="other")[0], 404)
        self.assertEqual(self.ask("GET", path, roles="unknown")[0], 404)

        self.say("policy.yaml", "delete_image: role:admin and\n")
        running.signal(signal.SIGHUP)
        running.wait_for_log("Nothing was reloaded: ")
        self.assertIn("rule delete_image makes no sense: it ends too soon", running.log)
        self.assertEqual(self.ask("DELETE", path)[0], 403)

        self.say("policy.yaml", "add_image: '!'\n")
        self.say(
            "protections.conf",
            "[billing]\ncreate = !\nread = admin\nupdate = !\ndelete = !\n",
        )
        self.place.configure(
            auth_strategy="trusted_headers", property_protection_file="protections.conf"
        )
        running.signal(signal.SIGHUP)
        running.wait_for_log("] Reloaded.")
        self.assertNotIn("billing", self.ask("GET", path)[1])
        self.assertEqual(self.ask("GET", path, roles="admin")[1]["billing"], "7")
        self.assertEqual(self.ask("POST", "", {})[0], 403)
        self.assertEqual(self.ask("DELETE", path)[0], 204)

    def test_workers(self):
        """
        Processes that serve beside each other all heed them.
        """
        self.say("policy.yaml", "add_image: '!'\n")
        self.place.configure(workers=2, auth_strategy="trusted_headers")
        running = self.start("glance")
        for _ in range(8):
            self.assertEqual(self.ask("POST", "", {})[0], 403)
        self.say("policy.yaml", "add_image: '@'\n")
        running.signal(signal.SIGHUP)
        running.wait_for_log("Supervisor] Reloaded.")
        for _ in range(8):
            self.assertEqual(self.ask("POST", "", {})[0], 201)
        running.stop()

    def test_refused(self):
        """
        A daemon doesn't start with rules that make no sense, and says which.
        """
        self.say("policy.yaml", "delete_image: role:admin)\n")
        done = self.place.run(self.place.twistd("glance"))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("rule delete_image makes no sense", done.stdout + done.stderr)
