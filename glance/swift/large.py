"""
Objects that are larger than Swift takes at once: in segments.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from attrs import frozen
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer

from glance.deferreds import deferred
from glance.swift.account import Sent, Stream
from glance.swift.client import SwiftClient
from glance.swift.errors import (
    BadAnswer,
    Corrupt,
    NotAllDeleted,
    NotFound,
    PreconditionFailed,
    SwiftError,
    TooManySegments,
    Unreachable,
    WrongLength,
)
from glance.swift.pulling import Pulled, Segment
from glance.swift.sending import IHashed
from glance.swift.several import Several

SEGMENTS = 1000
"""How many segments an object may have; Swift's own limit, unless it is set."""

ANYTHING = re.compile(".*", re.DOTALL)

NEW = {"If-None-Match": "*"}
"""Has Swift refuse an object where there is one of its name."""


@frozen(kw_only=True)
class Cutting:
    """
    Which objects are cut into segments, and how.
    """

    above: int
    """The most bytes that an object has without being cut."""
    size: int
    """
    How many bytes a segment has.  Objects that are known to be larger than a
    thousand of them have larger ones.
    """
    memory: int
    """
    How many bytes an upload may keep in memory.  If two segments are no more
    than that, so many as are go out at the same time, and one that fails is sent
    again.  If not, they go out one after the other, as the data comes.
    """

    @property
    def first(self) -> int:
        """
        How many bytes the first segment of an object has of which nobody knows how
        large it is, where all of it is hashed anyway: no others need be, then, unless
        it is cut.
        """
        return max(self.above, self.size)

    def size_for(self, length: int | None) -> int:
        """
        Get how many bytes a segment of an object has.

        @param length: how many the object has; L{None} if nobody knows.
        """
        if length is None:
            return self.size
        return max(self.size, -(-length // SEGMENTS))


@frozen
class Place:
    """
    Where the segments of an object are.
    """

    container: str
    prefix: str
    """What their names begin with."""

    def name(self, number: int) -> str:
        """
        Get the name of a segment, counted from 1.
        """
        return f"{self.prefix}-{number:05}"


class LargeObjects:
    """
    Objects of any size.
    """

    _log = Logger()

    def __init__(self, client: SwiftClient, cutting: Cutting) -> None:
        self._client = client
        self._cutting = cutting

    @deferred
    async def put(
        self,
        container: str,
        name: str,
        body: IBodyProducer,
        place: Place,
        expected: int | None = None,
    ) -> int:
        """
        Put an object where there is none, in segments if it is large or if
        nobody knows how large it is.

        When this fails or is cancelled, the object and its segments are
        deleted.  Of two that put the same at the same time, both may succeed:
        Swift has what comes last.

        @param body: the data; its length may be unknown.  It is started, or told
            to stop.
        @param place: where its segments go; nothing else has that prefix.
        @param expected: how many bytes it will likely be, where its length is
            unknown.

        @return: how many bytes were kept.

        @raise PreconditionFailed: there is an object of that name.
        @raise Corrupt: Swift has got something else.
        @raise TooManySegments: it is larger than Swift can hold in segments of
            that size.
        @raise NotFound: there is no such container.
        """
        length = body.length if isinstance(body.length, int) else expected
        stream = Stream(body)
        upload = _Upload(self._client, self._cutting, place, stream, length)
        touched = False
        try:
            if length is not None and length <= self._cutting.above:
                touched = True
                sent = await self._client.put_object(container, name, stream, NEW)
                return sent.size
            segments = await upload.run()
            touched = True
            await self._put_manifest(container, name, segments)
        except Exception as error:
            if stream.started:
                ours = touched and not isinstance(error, PreconditionFailed)
                await self._undo([(container, name)] if ours else [], upload.objects)
            raise
        return upload.size

    async def _put_manifest(
        self, container: str, name: str, segments: Sequence[dict[str, Any]]
    ) -> None:
        try:
            await self._client.put_manifest(container, name, segments, NEW)
        except PreconditionFailed as refused:
            # It may be there since an attempt whose answer was lost.
            try:
                there = await self._client.get_manifest(container, name)
            except (NotFound, BadAnswer):
                raise refused from None
            if there != [one["path"] for one in segments]:
                raise

    async def _undo(self, *groups: Sequence[tuple[str, str]]) -> None:
        """
        Delete what a failed upload may have left, one group after the other: an
        object never lacks segments.
        """

        async def delete(container: str, name: str) -> None:
            try:
                await self._client.delete_object(container, name)
            except NotFound:
                pass
            except Unreachable:
                raise
            except SwiftError as error:
                tell(error)

        def tell(error: SwiftError) -> None:
            # What the upload failed with matters more.
            self._log.warn(
                "What a failed upload left in Swift could not all be deleted: {error}",
                error=error,
            )

        try:
            for group in groups:
                async with Several(4) as several:
                    for one in group:
                        await several.start(delete(*one))
        except Unreachable as error:
            tell(error)

    @deferred
    async def delete(self, container: str, name: str) -> None:
        """
        Delete an object and its segments, whatever kind it is.

        @raise NotFound: there is no such object.
        @raise NotAllDeleted: some segments could not be deleted.
        """
        found = await self._client.head_object(container, name)
        if found.static:
            await self._delete_static(container, name)
            return
        if found.dynamic is not None:
            within, prefix = found.dynamic
            await self._delete_segments(name, Place(within, prefix))
        await self._client.delete_object(container, name)

    async def _delete_static(self, container: str, name: str) -> None:
        bulk = await self._client.delete_manifest(container, name)
        if bulk.failed or not (200 <= bulk.status < 300 or bulk.status == 404):
            raise NotAllDeleted(
                f"Swift could not delete {bulk.failed} of the segments.", bulk.status
            )

    async def _delete_segments(self, name: str, place: Place) -> None:
        """
        Delete the segments that an object has by their prefix.
        """
        if not place.prefix.startswith(name):
            # Whoever wrote that may have meant what others have, even all.
            self._log.warn(
                "What a manifest in Swift calls segments is left alone: it isn't "
                "named as segments of its object are."
            )
            return
        # The beginning of its own name is that of others' names, too.
        rest = ANYTHING if place.prefix != name else re.compile("[-/].*", re.DOTALL)
        await self.delete_all(place.container, place.prefix, rest)

    @deferred
    async def delete_all(
        self, container: str, prefix: str, rest: re.Pattern[str] = ANYTHING
    ) -> int:
        """
        Delete all objects whose names begin so.

        @param rest: what follows in their names; others are left alone.

        @return: how many there were.
        """

        async def delete(name: str) -> None:
            with suppress(NotFound):
                await self._client.delete_object(container, name)

        count = 0
        try:
            async with Several(4) as several:
                async for one in self._client.all_objects(container, prefix):
                    if rest.fullmatch(one.name, len(prefix)):
                        await several.start(delete(one.name))
                        count += 1
        except NotFound:
            return 0
        return count


@implementer(IHashed)
class _First(Segment):
    """
    The first segment of data that is hashed as a whole.  What the hash is of its
    bytes is known for sure when all the data has come.
    """

    def remember(self, first: int) -> None:
        """
        Do nothing: what is hashed is the data that it belongs to.
        """

    def md5(self, first: int | None = None) -> None:
        """
        Have it compared then.
        """


class _Upload:
    """
    The segments of one object, on their way.
    """

    def __init__(
        self,
        client: SwiftClient,
        cutting: Cutting,
        place: Place,
        body: IBodyProducer,
        expected: int | None,
    ) -> None:
        self.objects: list[tuple[str, str]] = []
        """The containers and names of the objects that there may be."""
        self.size = 0
        self._client = client
        self._place = place
        self._length = body.length
        self._pulled = Pulled(body)
        self._segment = cutting.size_for(expected)
        self._several = cutting.memory // self._segment
        self._kept: dict[str, Sent] = {}
        self._first = cutting.first
        self._hashed: Any = None
        if expected is None and self._several < 2:
            self._hashed = IHashed(body, None)

    async def run(self) -> list[dict[str, Any]]:
        """
        Put them all.

        @return: what the manifest says of them.
        """
        try:
            if self._several >= 2:
                await self._buffered()
            else:
                await self._passed_through()
        finally:
            self._pulled.stop()
        if self._hashed is not None and self.objects:
            self._compare_first()
        if isinstance(self._length, int) and self.size != self._length:
            raise WrongLength("The data isn't as long as it said.")
        return [
            {
                "path": f"/{container}/{name}",
                "etag": self._kept[name].etag,
                "size_bytes": self._kept[name].size,
            }
            for container, name in self.objects
        ]

    def _next_name(self) -> str:
        if len(self.objects) == SEGMENTS:
            raise TooManySegments("The object has more segments than Swift takes.")
        name = self._place.name(len(self.objects) + 1)
        self.objects.append((self._place.container, name))
        return name

    async def _buffered(self) -> None:
        # One is being filled while the others are on their way.
        async with Several(self._several - 1) as several:
            while pieces := await self._filled():
                await several.start(self._put(self._next_name(), pieces))
                del pieces

    async def _filled(self) -> list[bytes]:
        pieces: list[bytes] = []
        left = self._segment
        while left and (piece := await self._pulled.take(left)):
            pieces.append(piece)
            left -= len(piece)
        return pieces

    async def _put(self, name: str, pieces: list[bytes]) -> None:
        try:
            sent = await self._client.put_bytes(self._place.container, name, pieces)
        except Exception:
            # Who waits for data need not wait for it any more.
            self._pulled.fail(Failure())
            raise
        finally:
            # A request and its answer hold on to each other, and to these: the
            # memory would wait for the cyclic collector.
            pieces.clear()
        self._count(name, sent)

    async def _passed_through(self) -> None:
        if self._hashed is not None:
            self._hashed.remember(self._first)
        while await self._pulled.more():
            name = self._next_name()
            segment = self._next_segment()
            sent = await self._client.put_object(self._place.container, name, segment)
            self._count(name, sent)

    def _next_segment(self) -> Segment:
        if self._hashed is not None and len(self.objects) == 1:
            return _First(self._pulled, self._first, UNKNOWN_LENGTH)
        length: int | str = UNKNOWN_LENGTH
        if isinstance(self._length, int):
            length = min(self._segment, self._length - self.size)
        return Segment(self._pulled, self._segment, length)

    def _compare_first(self) -> None:
        _, name = self.objects[0]
        if self._kept[name].etag != self._hashed.md5(self._first):
            raise Corrupt("Swift has other bytes than were sent.")

    def _count(self, name: str, sent: Sent) -> None:
        self._kept[name] = sent
        self.size += sent.size
