"""
Several processes that have the same users.
"""

import signal
import time

from glance.identity.local.known import FRESH
from tests.functional.admitting import UsersCase
from tests.functional.daemons import get

EVA = "eva's password"


class UsersWorkersTests(UsersCase):
    """
    What is changed while they run holds in all of them.
    """

    def setUp(self):
        super().setUp()
        self.configure(workers=2)
        self.running = self.start()
        self.running.wait_for_log("2 processes serve.")
        self.file.add_user("eva", EVA, "acme", "member")

    def statuses(self, token):
        """
        Ask so often that each process is asked; get what is answered.
        """
        url = f"{self.place.api}/v2/images"
        return {get(url, **{"X-Auth-Token": token})[0] for _ in range(20)}

    def test_taken_away(self):
        """
        A password that is changed, a user that is removed, and a secret that is
        renewed end tokens within a second.
        """
        _, token = self.log_in("eva", EVA)
        self.assertEqual(self.statuses(token), {200})
        self.file.set_password("eva", f"{EVA}, another one")
        time.sleep(FRESH)
        self.assertEqual(self.statuses(token), {401})
        self.assertEqual(self.log_in("eva", EVA)[0], 401)
        _, token = self.log_in("eva", f"{EVA}, another one")
        key = self.file.add_key("eva", None, "", None)
        self.file.change_secret()
        time.sleep(FRESH)
        self.assertEqual(self.statuses(token), {401})
        self.assertEqual(self.statuses(key), {200})
        self.file.withdraw("eva", "acme", "member")
        time.sleep(FRESH)
        self.assertEqual(self.statuses(key), {401})
        self.file.grant("eva", "acme", "reader")
        time.sleep(FRESH)
        self.assertEqual(self.statuses(key), {200})
        self.file.remove_user("eva")
        time.sleep(FRESH)
        self.assertEqual(self.statuses(key), {401})

    def test_added(self):
        """
        Who is added is let in at once.
        """
        for number in range(5):
            self.file.add_user(f"bob{number}", EVA, "acme", "member")
            time.sleep(0.1)
            self.assertEqual(self.log_in(f"bob{number}", EVA)[0], 201)

    def test_reload(self):
        """
        A token is good also for the processes that take the place of those
        that gave it out.
        """
        _, token = self.log_in("eva", EVA)
        self.running.signal(signal.SIGHUP)
        self.running.wait_for_log("Supervisor] Reloaded.")
        self.assertEqual(self.statuses(token), {200})
