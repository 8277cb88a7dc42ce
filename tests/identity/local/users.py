"""
Files of users, whose passwords cost little.
"""

from pathlib import Path

from twisted.internet.defer import maybeDeferred
from twisted.internet.task import Clock

from glance.identity.local import passwords
from glance.identity.local.attempts import Attempts
from glance.identity.local.file import AccountsFile
from glance.identity.local.known import Known
from glance.identity.local.logins import Logins
from glance.identity.local.verifying import Verifier
from glance.identity.turns import Turns

NOON = 1_302_868_800
"""
The time at which tests begin, in seconds since 1970: 2011-04-15, 12:00 UTC.
"""

EVA, BOB, BOSS = "eva's password", "bob's password", "boss's password"
"""The passwords of users."""


def cheap(case):
    """
    Have passwords cost little in a test.
    """
    case.patch(passwords, "COST", 2)
    case.patch(passwords, "PARALLEL", 1)


def users_file(case):
    """
    Make a file with eva, a member of acme, bob, who only reads there, and boss,
    an administrator.
    """
    cheap(case)
    file = AccountsFile(Path(case.mktemp()))
    file.create()
    file.add_user("eva", EVA, "acme", "member")
    file.add_user("bob", BOB, "acme", "reader")
    file.add_user("boss", BOSS, "admin", "admin")
    return file


class Service:
    """
    What logs users in.
    """

    def __init__(self, case, hashing=maybeDeferred, in_thread=maybeDeferred):
        """
        @param hashing: calls what hashes passwords.
        @param in_thread: calls what reads the file.
        """
        self.clock = Clock()
        self.clock.advance(NOON)
        self.file = users_file(case)
        self.known = Known(self.file, in_thread, self.clock)
        self.verifier = Verifier(
            hashing,
            Turns(at_once=1, waiting=64, each=4),
            Attempts(self.clock),
            self.clock,
        )
        self.logins = Logins(
            self.known, self.file, self.verifier, self.clock, life=3600
        )

    def later(self):
        """
        Let so much time pass that the file is looked at again.
        """
        self.clock.advance(2)
