"""
How often somebody may try a password.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from ipaddress import ip_address

from twisted.internet.interfaces import IReactorTime

from glance.errors import TooManyAttempts

ROOM = 10_000
"""How many of those who tried are remembered."""

OF_USER = 10
"""How many wrong passwords of one user an address may send in a row."""

OF_ADDRESS = 100
"""How many wrong passwords an address may send in a row."""

REFILL = 60.0
"""After how many seconds without any, all of them may be tried again."""

NETWORK = 64
"""So many bits of an IPv6 address are those of one client."""


class _Buckets:
    """
    A bucket for each of those who try.  Each try takes a drop out, and the
    drops come back in time.
    """

    def __init__(self, clock: IReactorTime, size: int) -> None:
        self._clock = clock
        self._size = size
        # What is missing in each, and at what time it was so.
        self._missing: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, who: str) -> float:
        """
        Tell how many seconds it takes until there is a drop.
        """
        short = self._now(who) + 1 - self._size
        return max(0.0, short * REFILL / self._size)

    def take(self, who: str, drops: int = 1) -> None:
        """
        Take a drop out, or, where they are less than none, put one back.
        """
        missing = max(0.0, self._now(who) + drops)
        self._missing.pop(who, None)
        if missing > 0:
            self._missing[who] = (missing, self._clock.seconds())
        while len(self._missing) > ROOM:
            self._missing.popitem(last=False)

    def _now(self, who: str) -> float:
        missing, then = self._missing.get(who, (0.0, 0.0))
        now = self._clock.seconds()
        if now < then:
            # The clock was set back: what is missing comes back from now on.
            self._missing[who], then = (missing, now), now
        return max(0.0, missing - (now - then) * self._size / REFILL)


class Attempts:
    """
    Counts wrong passwords.

    Those of one user are counted for each address on its own, so that nobody
    can lock others out.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._of_user = _Buckets(clock, OF_USER)
        self._of_address = _Buckets(clock, OF_ADDRESS)

    def begin(self, address: str | None, user: str) -> None:
        """
        Count a try, before anybody knows whether the password is right.

        @param address: where it comes from; L{None} for a UNIX socket.

        @raise TooManyAttempts: there were too many of late.
        """
        network, pair = _who(address, user)
        seconds = max(self._of_user.wait(pair), self._of_address.wait(network))
        if seconds > 0:
            raise TooManyAttempts(
                "There were too many wrong passwords: wait before the next try.",
                math.ceil(seconds),
            )
        self._of_user.take(pair)
        self._of_address.take(network)

    def forget(self, address: str | None, user: str) -> None:
        """
        Count a try no more: the password was right, or not looked at.
        """
        network, pair = _who(address, user)
        self._of_user.take(pair, -1)
        self._of_address.take(network, -1)


def _who(address: str | None, user: str) -> tuple[str, str]:
    network = network_of(address)
    # A name may be as long as a request.
    return network, f"{network} {hash(user)}"


def network_of(address: str | None) -> str:
    """
    Get what stands for all addresses that one client has for sure.

    @param address: an IP address; L{None} for a UNIX socket.
    """
    if address is None:
        return ""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if ip.version == 4:
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return (ip.packed[: NETWORK // 8]).hex()
