"""
L{HTTPRegistry}: a registry that another process has.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import quote, urlencode

from attrs import evolve
from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent
from zope.interface import implementer

from glance import errors
from glance.errors import (
    ImageChanged,
    ImageExists,
    ImageNotFound,
    Invalid,
    RegistryRefused,
    RegistryUnavailable,
)
from glance.image import Image
from glance.interfaces import IRegistry
from glance.limits import UNBOUNDED, Quota, Usage
from glance.log import request_id
from glance.query import Query
from glance.registry import wire
from glance.registry.peer import (
    CONNECTIONS,
    Lost,
    Peer,
    TooLong,
    Unreachable,
    collect,
    failing,
)
from glance.streams.bodies import BytesBody
from glance.validation import is_image_id

P = ParamSpec("P")
T = TypeVar("T")

ANSWER_LIMIT = 64 << 20
"""
The most bytes that an answer of the registry may have.
"""

RAISED: dict[str, type[errors.GlanceError]] = {
    kind.__name__: kind
    for kind in (
        errors.Invalid,
        errors.InvalidImage,
        errors.MarkerNotFound,
        errors.ImageNotFound,
        errors.ImageExists,
        errors.ImageChanged,
        errors.ImagesWaiting,
        errors.ImageTooLarge,
        errors.TooMany,
        errors.QuotaExceeded,
        errors.UploadSuperseded,
        errors.TooBusy,
        errors.RegistryUnavailable,
    )
}
"""
What a registry may raise, by the names that it travels under.
"""


UNAVAILABLE = "The registry cannot be asked at present.  Try again later."
"""
What users are told; the log says why.
"""

_NONE: Mapping[str, str] = {}

_log = Logger()


def _in_time(
    f: Callable[Concatenate[HTTPRegistry, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[HTTPRegistry, P], Deferred[T]]:
    """
    Let C{f} be written as a coroutine, called for a L{Deferred}, and given up
    when it takes too long.
    """

    @wraps(f)
    def start(self: HTTPRegistry, /, *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        return self.within_time_limit(f(self, *args, **kwargs))

    return start


@implementer(IRegistry)
class HTTPRegistry:
    """
    A registry that is asked over HTTP.

    A request whose connection is lost is sent once more, on a new connection:
    the registry may have closed the old one just then.  Where it may have done
    what was asked before, that is found out.
    """

    def __init__(
        self, peer: Peer, clock: IReactorTime, *, time_limit: float, secret: str | None
    ) -> None:
        """
        @param time_limit: how many seconds each call may take, all in all.
        @param secret: the registry's key; L{None} if it needs none.
        """
        self._peer = peer
        self._clock = clock
        self._time_limit = time_limit
        self._turns = DeferredSemaphore(CONNECTIONS)
        self._authorization = None if secret is None else f"Bearer {secret}"

    def within_time_limit(self, asking: Coroutine[Any, Any, T]) -> Deferred[T]:
        """
        Let a call run, as long as it may take.
        """

        def late(failure: Failure) -> T:
            failure.trap(TimedOut)
            _log.warn("The registry did not answer in time.")
            raise RegistryUnavailable(UNAVAILABLE)

        answer = Deferred.fromCoroutine(asking)
        answer.addTimeout(self._time_limit, self._clock)
        return answer.addErrback(late)

    @_in_time
    async def create(self, image: Image, quota: Quota = UNBOUNDED) -> Image:
        packed = _bounded(image, quota)
        try:
            answer = await self._ask("POST", "images", packed)
        except Lost:
            try:
                answer = await self._again("POST", "images", packed)
            except ImageExists:
                kept = await self.get(image.id)
                if evolve(kept, revision=image.revision) != image:
                    raise
                return kept
        return _understand(wire.read_image, answer)

    @_in_time
    async def get(self, image_id: str) -> Image:
        if not is_image_id(image_id):
            raise ImageNotFound("No image with that ID was found.")
        answer = await self._ask_safely("GET", f"images/{image_id}")
        return _understand(wire.read_image, answer)

    @_in_time
    async def find(self, query: Query) -> Sequence[Image]:
        answer = await self._ask_safely("POST", "find", wire.pack(query))
        return _understand(wire.read_images, answer)

    @_in_time
    async def replace(self, old: Image, new: Image, quota: Quota = UNBOUNDED) -> Image:
        path, packed = f"images/{quote(old.id, safe='')}", _bounded(new, quota)
        match = {"If-Match": f'"{old.revision}"'}
        try:
            answer = await self._ask("PUT", path, packed, match)
        except Lost:
            try:
                answer = await self._again("PUT", path, packed, match)
            except ImageChanged:
                kept = await self.get(old.id)
                if kept != evolve(new, revision=old.revision + 1):
                    raise
                return kept
        return _understand(wire.read_image, answer)

    @_in_time
    async def book(
        self, image_id: str, attempt_id: str, size: int, quota: Quota = UNBOUNDED
    ) -> int:
        asked = {"attempt": attempt_id, "size": size, "quota": wire.pack(quota)}
        path = f"images/{quote(image_id, safe='')}/booking"
        answer = await self._ask_safely("PUT", path, asked)
        return _number(answer, "size")

    @_in_time
    async def usage(self, owner: str | None) -> Usage:
        answer = await self._ask_safely("POST", "usage", {"owner": owner})
        return _understand(wire.read_usage, answer)

    @_in_time
    async def renew(self, instance: str, seconds: float) -> None:
        path = f"leases/{quote(instance, safe='')}"
        await self._ask_safely("PUT", path, {"seconds": seconds})

    @_in_time
    async def unsettled(self, limit: int, after: str | None = None) -> Sequence[Image]:
        asked = {"limit": str(limit)} | ({} if after is None else {"after": after})
        answer = await self._ask_safely("GET", f"unsettled?{urlencode(asked)}")
        return _understand(wire.read_images, answer)

    @_in_time
    async def purge(self, before: datetime, limit: int) -> int:
        asked = {"before": wire.pack(before), "limit": limit}
        answer = await self._ask_safely("POST", "purge", asked)
        return _number(answer, "purged")

    @_in_time
    async def check(self) -> None:
        await self._ask_safely("GET", "health")

    async def _ask_safely(self, method: str, path: str, body: Any = None) -> Any:
        """
        Ask what does no harm if it is asked twice.
        """
        try:
            return await self._ask(method, path, body)
        except Lost:
            return await self._again(method, path, body)

    async def _ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] = _NONE,
    ) -> Any:
        """
        Send a request over a connection that is there, perhaps.

        @raise Lost: the connection was lost in the middle.
        """
        return await self._send(self._peer.kept, method, path, body, headers)

    async def _again(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] = _NONE,
    ) -> Any:
        """
        Send a request over a new connection.
        """
        try:
            return await self._send(self._peer.fresh, method, path, body, headers)
        except Lost as lost:
            _log.warn("The registry does not answer: {lost}", lost=lost)
            raise RegistryUnavailable(UNAVAILABLE) from lost

    async def _send(
        self,
        agent: IAgent,
        method: str,
        path: str,
        body: Any,
        headers: Mapping[str, str],
    ) -> Any:
        data = None
        sent = Headers({name: [value] for name, value in headers.items()})
        if body is not None:
            data = BytesBody(wire.dump(body))
            sent.setRawHeaders("Content-Type", ["application/json"])
        if self._authorization is not None:
            sent.setRawHeaders("Authorization", [self._authorization])
        current = request_id.get()
        if current is not None:
            sent.setRawHeaders("X-Openstack-Request-Id", [current])
        url = f"{self._peer.url}/registry/1/{path}".encode("ascii")
        try:
            async with self._turns:
                with failing():
                    response = await agent.request(method.encode(), url, sent, data)
                    answered = await collect(response, ANSWER_LIMIT)
        except (Unreachable, TooLong) as error:
            _log.warn("The registry cannot be asked: {error!r}", error=error)
            raise RegistryUnavailable(UNAVAILABLE) from error
        return self._result(response.code, answered)

    def _result(self, code: int, answered: bytes) -> Any:
        """
        Get the value that was answered, or raise the error.
        """
        if code in (401, 403):
            raise RegistryRefused(
                "The registry does not take the API's key.  The administrator has "
                "to give both the same registry_secret."
            )
        value = _understand(wire.load, answered)
        if code == 200:
            return value
        name = value.get("error") if isinstance(value, dict) else None
        kind = RAISED.get(name) if isinstance(name, str) else None
        if kind is None:
            _log.warn("The registry answered {code} {name}", code=code, name=name)
            raise RegistryUnavailable(UNAVAILABLE)
        raise kind(str(value.get("message")))


def _bounded(image: Image, quota: Quota) -> Any:
    return {"image": wire.pack(image), "quota": wire.pack(quota)}


def _number(answer: Any, name: str) -> int:
    """
    Read an answer that is one number.
    """
    readers = {name: wire.read_whole}
    fields = _understand(lambda value: wire.read_fields(value, readers), answer)
    number: int = fields[name]
    return number


def _understand(read: Callable[[Any], T], answer: Any) -> T:
    """
    Read an answer.

    @raise RegistryUnavailable: it makes no sense.
    """
    try:
        return read(answer)
    except Invalid as error:
        _log.warn("The registry's answer makes no sense: {error}", error=error)
        raise RegistryUnavailable(UNAVAILABLE) from error
