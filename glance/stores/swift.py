"""
A store that keeps image data in OpenStack Swift.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.web.iweb import IBodyProducer
from zope.interface import alsoProvides, implementer

from glance.deferreds import deferred
from glance.errors import (
    BodyStopped,
    DataDamaged,
    GlanceError,
    StoreUnavailable,
)
from glance.interfaces import IStore
from glance.stores.keys import checked, demand_size, is_key
from glance.stores.refusals import full, missing, taken, unavailable
from glance.stores.swift_uris import Origin, is_place
from glance.stores.wrapping import expected_length, translating, unmeasured
from glance.streams.bodies import BytesBody, IHashedBody
from glance.swift.client import SwiftClient
from glance.swift.errors import (
    Full,
    NotAllDeleted,
    NotFound,
    PreconditionFailed,
    Stopped,
    SwiftError,
    TooLarge,
    TooManySegments,
)
from glance.swift.large import LargeObjects, Place
from glance.swift.sending import IHashed

P = ParamSpec("P")
R = TypeVar("R")

_log = Logger()

_FAILING = "The Swift store does not work at present"

_SEGMENT = re.compile("[0-9a-f]+-[0-9]{5}")
"""What follows the key and the slash in the names of segments."""

_OLD_SEGMENT = re.compile("-[0-9]{5}$")
"""How the names of segments end that older Glances made, beside their object."""


def _translating(
    f: Callable[Concatenate[SwiftStore, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[SwiftStore, P], Deferred[R]]:
    """
    Let C{f} be written as a coroutine that fails with errors of Swift, and
    called for a L{Deferred} that fails with errors of stores.
    """

    @wraps(f)
    async def translate(self: SwiftStore, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await f(self, *args, **kwargs)
        except SwiftError as error:
            raise translated(error) from error

    return deferred(translate)


def translated(error: SwiftError) -> GlanceError:
    """
    Get what a store raises for an error of Swift.
    """
    if isinstance(error, NotFound):
        return missing()
    if isinstance(error, PreconditionFailed):
        return taken()
    _log.warn("Swift: {kind}: {error}", kind=type(error).__name__, error=str(error))
    if isinstance(error, TooLarge | Full | TooManySegments):
        return full()
    return unavailable(_FAILING)


def _translated_reading(error: BaseException) -> BaseException:
    if isinstance(error, Stopped):
        return BodyStopped(str(error))
    return translated(error) if isinstance(error, SwiftError) else error


def _sent(body: IBodyProducer) -> IBodyProducer:
    """
    Get what is sent for a body: all that it gives, and hashed once.
    """
    sent = unmeasured(body)
    if IHashedBody.providedBy(sent):
        alsoProvides(sent, IHashed)
    return sent


@implementer(IStore)
class SwiftStore:
    """
    Keeps the data of each key as an object of that name, in one container.

    Segments are in the same container.  Their names begin with the key and a
    slash, so whoever knows a key finds all that belongs to it.

    The key of what an older Glance has left in another container is that
    container, a slash, and the object.
    """

    kind = "swift"

    def __init__(
        self,
        client: SwiftClient,
        large: LargeObjects,
        container: str,
        *,
        create: bool,
        unique: Callable[[], str],
        origin: Origin,
    ) -> None:
        """
        @param create: whether the container is created when it is missing.
        @param unique: gets a word that is another each time.
        """
        self._client = client
        self._large = large
        self._container = container
        self._create = create
        self._unique = unique
        self._origin = origin

    @_translating
    async def add(self, key: str, body: IBodyProducer) -> int:
        try:
            place = Place(self._container, f"{checked(key)}/{self._unique()}")
            await self._prepare()
            await self._refuse_taken(key)
        except Exception:
            body.stopProducing()
            raise
        return await self._large.put(
            self._container, key, _sent(body), place, expected_length(body)
        )

    async def _prepare(self) -> None:
        """
        Have the container there.
        """
        if self._create:
            await self._client.create_container(self._container)
        else:
            await self._demand_container()

    async def _demand_container(self) -> None:
        """
        Refuse to say that data is missing where the whole container is.
        """
        if self._create:
            return
        try:
            await self._client.check(self._container)
        except NotFound as error:
            raise _no_container() from error

    async def _refuse_taken(self, key: str) -> None:
        try:
            await self._client.head_object(self._container, key)
        except NotFound:
            return
        raise taken()

    @_translating
    async def get(
        self,
        key: str,
        offset: int = 0,
        length: int | None = None,
        size: int | None = None,
    ) -> IBodyProducer:
        found = await self.size(key)
        demand_size(found, size)
        end = found if length is None else min(found, offset + length)
        if offset >= end:
            return BytesBody(b"")
        whole = offset == 0 and end == found
        body = await self._client.get_object(
            *self._place(key), offset, None if whole else end - offset
        )
        if body.length != end - offset:
            body.stopProducing()
            raise DataDamaged("The data has become another meanwhile. Try again.")
        return translating(body, _translated_reading)

    @_translating
    async def size(self, key: str) -> int:
        place = self._place(key)
        try:
            return (await self._client.head_object(*place)).size
        except NotFound:
            await self._demand_container()
            raise

    def _place(self, key: str) -> tuple[str, str]:
        """
        Get the container and the name of the object that has the data.
        """
        if is_key(key):
            return self._container, key
        container, _, name = key.partition("/")
        if not is_place(container, name):
            raise missing()
        return container, name

    @_translating
    async def delete(self, key: str) -> None:
        container, name = self._place(key)
        missing = None
        try:
            await self._large.delete(container, name)
        except NotAllDeleted as error:
            _log.warn("Swift: {error}", error=str(error))
        except NotFound as error:
            missing = error
        # Segments that no manifest lists: of a process that was killed.
        count = await self._large.delete_all(container, f"{name}/", _SEGMENT)
        if missing is not None and not count:
            await self._demand_container()
            raise missing

    @_translating
    async def keys(self) -> Sequence[str]:
        names = set(await self._names())
        return [
            name
            for name in names
            if is_key(name) and not (_OLD_SEGMENT.search(name) and name[:-6] in names)
        ]

    async def _names(self) -> Sequence[str]:
        """
        List the objects in the container, and the keys of segments with a slash.
        """
        try:
            return [name async for name in self._client.all_names(self._container, "/")]
        except NotFound as error:
            if self._create:
                return []
            raise _no_container() from error

    @_translating
    async def sweep(self) -> int:
        # What an attempt has left is found by its key, once it is settled.
        return 0

    @_translating
    async def unfinished(self) -> Sequence[str]:
        names = await self._names()
        of_segments = {name.removesuffix("/") for name in names if name.endswith("/")}
        return [key for key in of_segments.difference(names) if is_key(key)]

    def adopt(self, uri: str) -> str | None:
        place = self._origin.find(uri)
        if place is None:
            return None
        container, name = place
        return name if container == self._container else f"{container}/{name}"

    @_translating
    async def check(self) -> None:
        try:
            await self._client.check(self._container)
        except NotFound as error:
            if not self._create:
                raise _no_container() from error


def _no_container() -> StoreUnavailable:
    _log.warn("The container of the Swift store is missing.")
    return unavailable(_FAILING)
