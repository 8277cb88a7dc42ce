"""
What can be done with containers and objects.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import unquote

from attrs import field, frozen
from twisted.web.http_headers import Headers
from twisted.web.iweb import IBodyProducer

from glance.deferreds import deferred
from glance.receiving import ReceivedBody
from glance.swift.account import Account, Sent, Stream
from glance.swift.errors import BadAnswer, Corrupt, NotFound
from glance.swift.exchanges import Answer
from glance.swift.sending import BytesBody

R = TypeVar("R")

PAGE = 1000
"""How many objects are asked for at a time."""


@frozen(kw_only=True)
class Found:
    """
    What Swift says of an object.
    """

    size: int
    etag: str
    """The MD5 of the data; of an object in segments, something else."""
    static: bool
    """Whether it is in segments that a manifest lists (SLO)."""
    dynamic: tuple[str, str] | None
    """
    The container and the prefix of its segments, where those are all that are
    called so (DLO); L{None} for any other object.
    """
    headers: Headers = field(repr=False)


@frozen(kw_only=True)
class Listed:
    """
    An object in a list.
    """

    name: str
    size: int
    etag: str
    modified: str
    """When, in UTC, as in C{2026-11-26T04:05:06.123450}."""


@frozen(kw_only=True)
class BulkDeleted:
    """
    What came of deleting many objects at once.
    """

    status: int
    """The status that it would have had alone."""
    deleted: int
    missing: int
    """How many were not there."""
    failed: int
    """How many are still there."""


class SwiftClient:
    """
    A client of Swift.

    Its methods return a L{Deferred}, which fails with a L{SwiftError
    <glance.swift.errors.SwiftError>} where Swift refuses or cannot be asked.
    """

    def __init__(self, account: Account) -> None:
        self._account = account

    @deferred
    async def put_object(
        self,
        container: str,
        name: str,
        body: IBodyProducer,
        headers: Mapping[str, str] | None = None,
    ) -> Sent:
        """
        Put an object, in the place of one that may be there.

        The data goes through as it comes.  When this fails after the data has
        begun it isn't known whether there is an object now.

        @param body: the data; its length may be unknown.  It is started, or told
            to stop.  One that is L{IHashed <glance.swift.sending.IHashed>} isn't
            hashed again, and not compared here if its MD5 isn't known yet.
        @param headers: more of them, such as C{X-Object-Meta-Name}.

        @raise Corrupt: Swift has got something else.
        @raise NotFound: there is no such container.
        @raise TooLarge: it is more than one object may have.
        """
        stream = Stream(body)
        try:
            return await self._account.send(
                lambda: stream, False, container, name, dict(headers or {})
            )
        except Exception:
            stream.give_up()
            raise

    @deferred
    async def put_bytes(
        self, container: str, name: str, pieces: Sequence[bytes]
    ) -> Sent:
        """
        Put an object whose data is in memory, which is tried again where it
        fails.

        @param pieces: the data, in any number of pieces.
        """
        made: list[BytesBody] = []

        def make() -> BytesBody:
            made.append(BytesBody(pieces))
            return made[-1]

        try:
            return await self._account.send(make, True, container, name, {})
        finally:
            for body in made:
                body.stopProducing()

    @deferred
    async def get_object(
        self, container: str, name: str, offset: int = 0, length: int | None = None
    ) -> ReceivedBody:
        """
        Get the data of an object.

        @param offset: the first byte wanted, counted from 0.
        @param length: how many bytes are wanted, at least one; L{None} for all
            that follow.  Fewer come where there are fewer.

        @return: a body that is to be started, or stopped.

        @raise NotFound: there is no such object.
        @raise RangeNotSatisfiable: it ends before C{offset}.
        """
        headers = {}
        if offset or length is not None:
            last = "" if length is None else str(offset + length - 1)
            headers["Range"] = f"bytes={offset}-{last}"
        answer, body = await self._account.open(container, name, headers)
        if headers and not _begins_at(answer, offset):
            body.stopProducing()
            raise BadAnswer(
                "Swift gave another part of the object.",
                answer.status,
                answer.transaction,
            )
        return body

    @deferred
    async def head_object(self, container: str, name: str) -> Found:
        """
        Ask what an object is.

        @raise NotFound: there is no such object.
        """
        answer = await self._account.ask("HEAD", container, name)
        try:
            size = int(answer.header("content-length") or "")
        except ValueError:
            raise BadAnswer(
                "Swift does not say how large an object is.",
                answer.status,
                answer.transaction,
            ) from None
        manifest = answer.header("x-object-manifest")
        dynamic = None
        if manifest is not None:
            within, _, prefix = unquote(manifest).lstrip("/").partition("/")
            dynamic = (within, prefix)
        static = (answer.header("x-static-large-object") or "").lower() == "true"
        return Found(
            size=size,
            etag=(answer.header("etag") or "").strip('"'),
            static=static,
            dynamic=dynamic,
            headers=answer.headers,
        )

    @deferred
    async def delete_object(self, container: str, name: str) -> None:
        """
        Delete an object, without the segments that it may have.

        @raise NotFound: there is no such object.
        """
        await self._account.ask("DELETE", container, name)

    @deferred
    async def list_objects(
        self,
        container: str,
        prefix: str = "",
        marker: str = "",
        limit: int = PAGE,
    ) -> Sequence[Listed]:
        """
        List objects, in the order of their names.

        @param prefix: what their names begin with.
        @param marker: the name that theirs come after.
        @param limit: how many at the most.

        @raise NotFound: there is no such container.
        """
        query = {"prefix": prefix, "marker": marker, "limit": str(limit)}
        return await self._page(container, query, _listed)

    async def _page(
        self, container: str, query: dict[str, str], read: Callable[[Any], R]
    ) -> list[R]:
        """
        Get a part of a list.

        @param read: makes something of each entry.
        """
        asked = {
            "format": "json",
            **{key: value for key, value in query.items() if value},
        }
        answer = await self._account.ask("GET", container, query=asked)
        try:
            return [read(one) for one in json.loads(answer.data or b"[]")]
        except (ValueError, KeyError, TypeError):
            raise BadAnswer(
                "Swift's list makes no sense.", answer.status, answer.transaction
            ) from None

    async def all_objects(
        self, container: str, prefix: str = ""
    ) -> AsyncIterator[Listed]:
        """
        List all objects, page by page, each of which is asked for when it is
        wanted.

        @param prefix: what their names begin with.
        """
        marker = ""
        while page := await self.list_objects(container, prefix, marker):
            for one in page:
                yield one
            marker = page[-1].name

    async def all_names(self, container: str, delimiter: str) -> AsyncIterator[str]:
        """
        List the names of all objects, page by page.  Of those that have a
        delimiter only what comes until then is given, with it, and once.

        @param delimiter: one character.
        """
        query = {"delimiter": delimiter, "limit": str(PAGE)}
        while page := await self._page(container, query, _name_of):
            for name in page:
                yield name
            query["marker"] = page[-1]

    @deferred
    async def create_container(self, container: str) -> None:
        """
        Create a container, unless it is there.

        @raise Forbidden: the user may not.
        """
        try:
            await self._account.ask("HEAD", container)
        except NotFound:
            await self._account.ask("PUT", container)

    @deferred
    async def check(self, container: str) -> None:
        """
        See whether a container can be used.

        @raise NotFound: there is no such container.
        """
        await self._account.ask("HEAD", container)

    @deferred
    async def put_manifest(
        self,
        container: str,
        name: str,
        segments: Sequence[Mapping[str, Any]],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """
        Put an object that consists of others (SLO).  Swift compares what is
        said of each of them.

        @param segments: for each C{path} (a slash, container, slash, name),
            C{etag} and C{size_bytes}.

        @raise Corrupt: a segment is not what was said.
        """
        answer = await self._account.ask(
            "PUT",
            container,
            name,
            query={"multipart-manifest": "put"},
            headers={"Content-Type": "application/octet-stream", **(headers or {})},
            data=json.dumps(list(segments)).encode(),
            allowed=(400,),
        )
        if answer.status == 400:
            raise Corrupt(
                "Swift does not find the segments as they were sent.",
                answer.status,
                answer.transaction,
            )

    @deferred
    async def get_manifest(self, container: str, name: str) -> Sequence[str]:
        """
        Ask which objects an object consists of (SLO).

        @return: for each a slash, its container, a slash, its name.

        @raise NotFound: there is no such object.
        @raise BadAnswer: it isn't of that kind.
        """
        answer = await self._account.ask(
            "GET", container, name, query={"multipart-manifest": "get"}
        )
        try:
            if answer.header("x-static-large-object") is not None:
                return [str(one["name"]) for one in json.loads(answer.data)]
        except (ValueError, KeyError, TypeError):
            pass
        raise BadAnswer(
            "Swift gave no manifest of an object.", answer.status, answer.transaction
        )

    @deferred
    async def delete_manifest(self, container: str, name: str) -> BulkDeleted:
        """
        Delete an object that a manifest makes of others (SLO), and those.

        @return: what came of it: that it was answered says nothing.

        @raise NotFound: there is no such object.
        """
        answer = await self._account.ask(
            "DELETE",
            container,
            name,
            query={"multipart-manifest": "delete"},
            headers={"Accept": "application/json"},
        )
        return _bulk(answer)


def _listed(entry: Any) -> Listed:
    return Listed(
        name=entry["name"],
        size=entry["bytes"],
        etag=entry["hash"],
        modified=entry["last_modified"],
    )


def _name_of(entry: Any) -> str:
    return str(entry["subdir"] if "subdir" in entry else entry["name"])


def _bulk(answer: Answer) -> BulkDeleted:
    try:
        told = json.loads(answer.data)
        return BulkDeleted(
            status=int(str(told["Response Status"]).split()[0]),
            deleted=int(told.get("Number Deleted", 0)),
            missing=int(told.get("Number Not Found", 0)),
            failed=len(told.get("Errors", ())),
        )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        raise BadAnswer(
            "Swift does not say what it deleted.", answer.status, answer.transaction
        ) from None


def _begins_at(answer: Answer, offset: int) -> bool:
    """
    Tell whether an answer has the bytes from C{offset} on.
    """
    told = answer.header("content-range") or ""
    return answer.status == 206 and told.startswith(f"bytes {offset}-")
