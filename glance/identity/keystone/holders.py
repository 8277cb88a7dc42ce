"""
L{Holders}: whose tokens are.
"""

from __future__ import annotations

from twisted.internet.defer import TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from glance.deferreds import deferred
from glance.errors import AccountsUnusable, TooBusy, Unauthenticated
from glance.identity.remembering import Remembered
from glance.identity.turns import Turns
from glance.keystone.client import Keystone
from glance.keystone.errors import (
    KeystoneError,
    LoginRefused,
    NoAnswer,
    NotAllowed,
    TokenRefused,
)
from glance.keystone.shared import Shared
from glance.keystone.words import Holder, Issued
from glance.together import Together

ROOM = 10_000
"""How many tokens are remembered; of those that aren't good, apart, as many."""

WRONG = 10.0
"""For how many seconds it is remembered that a token isn't good."""

LONGEST = 8192
"""How many characters a token has at most."""

RESTING = {LoginRefused: 10.0, NotAllowed: 10.0, NoAnswer: 2.0}
"""
For how many seconds Keystone isn't asked again after something went wrong: who
says a wrong password too often is locked out, and who waits for nothing keeps
others waiting.
"""

TOLD = 60.0
"""After how many seconds the operator is told again what goes on being wrong."""

_STALE = "The token is not valid, or not any more: log in again."

_CURES: dict[type[KeystoneError], str] = {
    LoginRefused: (
        "Keystone refuses the user of this service: check its name, password, project "
        "and domains in [keystone_authtoken]"
    ),
    NotAllowed: (
        "Keystone doesn't let the user of this service look at tokens: give it the "
        "role service, or admin, in its project"
    ),
    TokenRefused: "Keystone refuses the token that it gave to this service",
}


class Holders:
    """
    Finds out at Keystone whose tokens are, and remembers it for a while.
    """

    _log = Logger()

    def __init__(
        self,
        keystone: Keystone,
        own: Shared[Issued],
        turns: Turns,
        clock: IReactorTime,
        *,
        patience: float,
        kept: float,
    ) -> None:
        """
        @param own: our own token, which we ask with.
        @param turns: lets a few ask at a time.
        @param patience: for how many seconds others may wait for their turn.
        @param kept: for how many seconds a token that is good is believed.
        """
        self._keystone = keystone
        self._own = own
        self._turns = turns
        self._clock = clock
        self._patience = patience
        self._kept = kept
        self._good: Remembered[Holder] = Remembered(clock, ROOM)
        # Those that somebody makes up drive none out that is good.
        self._wrong: Remembered[bool] = Remembered(clock, ROOM)
        self._together: Together[bytes, Holder] = Together()
        self._resting: tuple[float, float, KeystoneError] | None = None
        self._told = (float("-inf"), "")
        self._ill = False

    @deferred
    async def get(
        self, token: str, client: str | None, expired: bool = False
    ) -> Holder:
        """
        Find out whose a token is.

        @param client: the address of who shows it; L{None} for a UNIX socket.
        @param expired: whether it may have ended.

        @raise Unauthenticated: nobody's.
        @raise TooBusy: too many want that at this moment.
        @raise AccountsUnusable: nobody can tell at present.
        """
        proof = self._good.proof(f"{expired} {token}")
        holder = self._good.get(proof)
        if holder is not None:
            return holder
        if self._wrong.get(proof) or not _is_token(token):
            raise Unauthenticated(_STALE)
        return await self._together.find(
            proof, lambda: self._find(proof, token, client, expired)
        )

    @deferred
    async def check(self) -> None:
        """
        See whether Keystone answers, and knows us.

        @raise AccountsUnusable: it doesn't.
        """
        try:
            self._let_rest()
            await self._keystone.check()
            await self._own.get()
        except KeystoneError as error:
            raise self._unusable(error) from None
        self._well()

    def look(self) -> None:
        """
        Let the operator know if it doesn't.
        """
        self.check().addErrback(lambda failure: failure.trap(AccountsUnusable))

    async def _find(
        self, proof: bytes, token: str, client: str | None, expired: bool
    ) -> Holder:
        turn = self._turns.take(client or "unix:")
        turn.addTimeout(self._patience, self._clock)
        try:
            await turn
        except TimeoutError:
            raise TooBusy(
                "Too many log in at this moment: try again in a while."
            ) from None
        try:
            holder = await self._validated(token, expired)
        except KeystoneError as error:
            raise self._unusable(error) from None
        finally:
            self._turns.done()
        self._well()
        if holder is None:
            self._wrong.keep(proof, True, WRONG)
            raise Unauthenticated(_STALE)
        kept = self._kept
        if holder.life is not None and not expired:
            kept = min(kept, holder.life)
        if kept > 0:
            self._good.keep(proof, holder, kept)
        return holder

    async def _validated(self, token: str, expired: bool) -> Holder | None:
        self._let_rest()
        own = await self._own.get()
        try:
            return await self._keystone.holder(token, own, expired)
        except TokenRefused:
            own = await self._own.get(own)
        return await self._keystone.holder(token, own, expired)

    def _let_rest(self) -> None:
        if self._resting is not None and self._rests():
            raise self._resting[2]

    def _rests(self) -> bool:
        if self._resting is None:
            return False
        since, seconds, _ = self._resting
        # The clock may have been set back.
        return 0 <= self._clock.seconds() - since < seconds

    def _unusable(self, error: KeystoneError) -> AccountsUnusable:
        """
        Tell the operator what is wrong, and get what users are told.
        """
        now = self._clock.seconds()
        rest = RESTING.get(type(error))
        if rest is not None and not self._rests():
            self._resting = (now, rest, error)
        cure = _CURES.get(type(error), str(error))
        if not 0 <= now - self._told[0] < TOLD or cure != self._told[1]:
            self._told, self._ill = (now, cure), True
            self._log.error("Tokens cannot be looked up: {cure}", cure=cure)
        return AccountsUnusable("Nobody can log in at present: try again later.")

    def _well(self) -> None:
        self._resting = None
        if self._ill:
            self._ill = False
            self._log.info("Keystone answers again")


def _is_token(text: str) -> bool:
    return len(text) <= LONGEST and text.isascii() and text.isprintable()
