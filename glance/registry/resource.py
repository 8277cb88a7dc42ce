"""
What a registry daemon serves: its own face, below C{/registry/1}, and beside
it what callers of old know.
"""

from __future__ import annotations

import hmac
from typing import Any

import orjson
from klein import Klein
from twisted.web.http import Request
from twisted.web.resource import IResource, Resource
from zope.interface import implementer

from glance.api.errors import (
    Fault,
    answer_errors,
    answer_fault,
    as_accepted,
    encoding_fault,
    fault_of,
)
from glance.errors import ImageChanged, Invalid, Unauthenticated
from glance.interfaces import IRegistry
from glance.registry import wire
from glance.streams.request import StreamingRequest

REQUEST_LIMIT = 16 << 20
"""
The most bytes that the body of a request may have.
"""

CHALLENGE = b'Bearer realm="glance-registry"'
"""
How callers of the registry are told to say who they are.
"""

_KEYLESS = fault_of(
    Unauthenticated("Give the registry's key, as Authorization: Bearer.")
)


async def read_json(request: StreamingRequest) -> Any:
    """
    Read the body of a request as JSON.

    @raise Invalid: it is none.
    @raise ImageTooLarge: it is longer than L{REQUEST_LIMIT}.
    """
    return wire.load(await request.read_all(REQUEST_LIMIT))


def answer_json(request: Request, value: Any) -> bytes:
    """
    Begin an answer in JSON, and get its body.
    """
    body = wire.dump(value)
    request.setHeader("content-type", "application/json")
    request.setHeader("content-length", str(len(body)))
    return body


def as_named(request: Request, fault: Fault) -> tuple[str, bytes]:
    """
    Put a fault into JSON that L{HTTPRegistry<glance.registry.http.HTTPRegistry>}
    makes the same error of again.
    """
    message = fault.message.encode(errors="replace").decode()
    return "application/json", orjson.dumps({"error": fault.name, "message": message})


class OwnFace:
    """
    A registry over HTTP: each method of L{IRegistry} has a path.
    """

    app = Klein()
    app.url_map.merge_slashes = False
    answer_errors(app, as_named, CHALLENGE)

    def __init__(self, registry: IRegistry) -> None:
        self._registry = registry

    @app.route("/registry/1/images", methods=["POST"])
    async def create(self, request: StreamingRequest) -> bytes:
        """
        Keep a new image.
        """
        image, quota = wire.read_bounded(await read_json(request))
        created = await self._registry.create(image, quota)
        return answer_json(request, wire.pack(created))

    @app.route("/registry/1/images/<image_id>", methods=["GET"])
    async def get(self, request: StreamingRequest, image_id: str) -> bytes:
        """
        Send an image.
        """
        image = await self._registry.get(image_id)
        return answer_json(request, wire.pack(image))

    @app.route("/registry/1/images/<image_id>", methods=["PUT"])
    async def replace(self, request: StreamingRequest, image_id: str) -> bytes:
        """
        Put a new image in the place of an old one, if that is at the revision
        which the caller knows.
        """
        revision = _revision(request)
        new, quota = wire.read_bounded(await read_json(request))
        if new.id != image_id:
            raise Invalid("The id of an image cannot be changed.")
        old = await self._registry.get(image_id)
        if old.revision != revision:
            raise ImageChanged(f"Image {image_id} is at revision {old.revision}.")
        replaced = await self._registry.replace(old, new, quota)
        return answer_json(request, wire.pack(replaced))

    @app.route("/registry/1/images/<image_id>/booking", methods=["PUT"])
    async def book(self, request: StreamingRequest, image_id: str) -> bytes:
        """
        Book room for the data of an attempt.
        """
        asked = wire.read_booking(await read_json(request))
        booked = await self._registry.book(
            image_id, asked["attempt"], asked["size"], asked["quota"]
        )
        return answer_json(request, {"size": booked})

    @app.route("/registry/1/usage", methods=["POST"])
    async def usage(self, request: StreamingRequest) -> bytes:
        """
        Tell how much the images of an owner are.
        """
        owner = wire.read_owner(await read_json(request))
        used = await self._registry.usage(owner)
        return answer_json(request, wire.pack(used))

    @app.route("/registry/1/find", methods=["POST"])
    async def find(self, request: StreamingRequest) -> bytes:
        """
        List images.
        """
        query = wire.read_query(await read_json(request))
        images = await self._registry.find(query)
        return answer_json(request, wire.pack(list(images)))

    @app.route("/registry/1/leases/<path:name>", methods=["PUT"])
    async def renew(self, request: StreamingRequest, name: str) -> bytes:
        """
        Renew a lease, or end it.
        """
        asked = wire.read_fields(
            await read_json(request), {"seconds": wire.read_seconds}
        )
        await self._registry.renew(name, asked["seconds"])
        return answer_json(request, {})

    @app.route("/registry/1/unsettled", methods=["GET"])
    async def unsettled(self, request: StreamingRequest) -> bytes:
        """
        List images that need settling.
        """
        text = request.args.get(b"limit", [b""])[-1]
        if not text.isdigit():
            raise Invalid("limit: A whole number was expected, from 0.")
        limit = wire.read_whole(int(text[:20]))
        after = request.args.get(b"after")
        images = await self._registry.unsettled(
            limit, None if after is None else after[-1].decode(errors="replace")
        )
        return answer_json(request, wire.pack(list(images)))

    @app.route("/registry/1/purge", methods=["POST"])
    async def purge(self, request: StreamingRequest) -> bytes:
        """
        Forget images that were deleted long ago.
        """
        asked = wire.read_fields(
            await read_json(request),
            {"before": wire.read_moment, "limit": wire.read_whole},
        )
        purged = await self._registry.purge(asked["before"], asked["limit"])
        return answer_json(request, {"purged": purged})

    @app.route("/registry/1/health", methods=["GET"])
    async def health(self, request: StreamingRequest) -> bytes:
        """
        See whether the registry works.
        """
        await self._registry.check()
        return answer_json(request, {})


def _revision(request: Request) -> int:
    given = request.getHeader("if-match") or ""
    digits = given[1:-1]
    quoted = given[:1] == given[-1:] == '"' and digits.isascii() and digits.isdigit()
    if not quoted or len(digits) > 18:
        raise Invalid("If-Match: The revision of an image was expected, in quotes.")
    return int(digits)


@implementer(IResource)
class RegistryRoot(Resource):
    """
    The root of what a registry daemon serves.

    Whoever doesn't bring the key gets nothing but the health check.
    """

    def __init__(
        self,
        registry: IRegistry,
        *,
        old: IResource,
        health: IResource,
        metrics: IResource,
        secret: str | None,
    ) -> None:
        """
        @param old: what is served at all other paths.
        @param health: what is served at C{/healthcheck}.
        @param metrics: what is served at C{/metrics}.
        @param secret: the key; L{None} to take every caller for an API, as a
            daemon may that only its own machine can reach.
        """
        super().__init__()
        self._own = OwnFace(registry).app.resource()
        self._health = health
        self._metrics = metrics
        self._old = old
        self._key = None if secret is None else secret.encode()

    def getChild(self, name: bytes, request: Any) -> Any:
        """
        Find what answers a request.
        """
        # What answers is asked by the whole path.
        request.postpath.insert(0, request.prepath.pop())
        own = name == b"registry"
        problem = encoding_fault(request, request.postpath)
        if problem is not None:
            return _Refusal(problem, own)
        if name == b"healthcheck":
            return self._health
        if not self._knows(request):
            return _Refusal(_KEYLESS, own)
        if name == b"metrics":
            return self._metrics
        return self._own if own else self._old

    def _knows(self, request: Request) -> bool:
        if self._key is None:
            return True
        given = request.requestHeaders.getRawHeaders(b"authorization", [b""])
        scheme, _, key = given[0].strip().partition(b" ")
        right = hmac.compare_digest(key.strip(), self._key)
        return right and scheme.lower() == b"bearer" and len(given) == 1


class _Refusal(Resource):
    """
    Answers who does not bring the key, or what makes no sense.
    """

    isLeaf = True

    def __init__(self, fault: Fault, own: bool) -> None:
        super().__init__()
        self._fault = fault
        self._form = as_named if own else as_accepted

    def render(self, request: Any) -> bytes:
        return answer_fault(request, self._fault, self._form, CHALLENGE)
