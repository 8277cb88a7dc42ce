"""
L{Verifier}: whether a password is right.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from glance.deferreds import InThread
from glance.errors import TooBusy
from glance.identity.local import passwords
from glance.identity.local.accounts import User
from glance.identity.local.attempts import Attempts, network_of
from glance.identity.remembering import Remembered
from glance.identity.turns import Turns
from glance.together import Together

REMEMBERED = 60.0
"""For how many seconds a password that was right need not be hashed again."""

ROOM = 1000
"""How many passwords are remembered."""


class Verifier:
    """
    Checks passwords, but not as many as somebody may like.
    """

    _log = Logger()

    def __init__(
        self, hashing: InThread, turns: Turns, attempts: Attempts, clock: IReactorTime
    ) -> None:
        """
        @param hashing: calls what hashes, in threads that nothing else waits
            for.
        @param turns: lets as many hash at a time as there are threads.
        """
        self._hashing = hashing
        self._turns = turns
        self._attempts = attempts
        self._remembered: Remembered[bool] = Remembered(clock, ROOM)
        self._together: Together[tuple[str, str, bytes], bool] = Together()

    def verify(
        self, user: User | None, said: str, password: str, address: str | None
    ) -> Deferred[bool]:
        """
        Tell whether a user has that password.  Who says the same several times at
        once has tried once.

        @param user: L{None} if there is none; to tell takes as long.
        @param said: who somebody says it is.
        @param address: where it comes from; L{None} for a UNIX socket.

        @raise TooManyAttempts: there were too many wrong passwords of late.
        @raise TooBusy: too many log in at this moment.
        """
        who = said if user is None else user.id
        # What is kept is unlike that of any other user, and another after each
        # change of the password.
        kept = "" if user is None else user.password
        proof = self._remembered.proof(f"{kept} {password}")
        if self._remembered.get(proof):
            return succeed(True)
        return self._together.find(
            (network_of(address), who, proof),
            lambda: self._tried(user, who, password, proof, address),
        )

    async def _tried(
        self,
        user: User | None,
        who: str,
        password: str,
        proof: bytes,
        address: str | None,
    ) -> bool:
        kept = passwords.of_nobody() if user is None else user.password
        # One who leaves before the answer has tried all the same.
        self._attempts.begin(address, who)
        try:
            right = await self._in_turn(password, kept, proof, network_of(address))
        except TooBusy:
            self._attempts.forget(address, who)
            raise
        if right:
            self._attempts.forget(address, who)
        else:
            # What isn't the name of a user may be a password.
            self._log.warn(
                "A wrong password for {user} from {client}",
                user="nobody" if user is None else user.name,
                client=address or "unix:",
            )
        return right

    async def _in_turn(
        self, password: str, kept: str, proof: bytes, client: str
    ) -> bool:
        await self._turns.take(client)
        try:
            # Others may have asked the same while this waited.
            if self._remembered.get(proof):
                return True
            right: bool = await self._hashing(passwords.matches, password, kept)
            if right:
                self._remembered.keep(proof, True, REMEMBERED)
            return right
        finally:
            self._turns.done()
