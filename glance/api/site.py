"""
The root of the API: what is asked goes to who answers it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from glance.api.data import keep_private
from glance.api.errors import (
    Fault,
    Form,
    answer_fault,
    as_accepted,
    as_text,
    encoding_fault,
)
from glance.api.links import Links, peer_address
from glance.api.versions import Version, VersionPages
from glance.context import Context
from glance.cors import CORS
from glance.interfaces import Caller, IIdentity
from glance.streams.request import LONGEST_ID

ContextOf = Callable[[Request], Deferred[Context]]
"""
Finds out who sent a request.

@raise Unauthenticated: it does not say, or lies.
"""

_MEDIA_TYPE = re.compile(r"application/vnd\.openstack\.images-(v[0-9.]+)")

_NOT_FOUND = Fault(HTTPStatus.NOT_FOUND, "NotFound", "There is nothing at that path.")

REQUEST_ID = "x-openstack-request-id"

_LONG_ID = Fault(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "LongRequestId",
    f"The id of a request has at most {LONGEST_ID} characters.",
)


def context_of(
    identity: IIdentity,
    client: Callable[[Request], str | None],
    bind: Callable[[Context], Context] = lambda context: context,
    challenge: bytes | None = None,
) -> ContextOf:
    """
    Get a function that finds out who sent a request.

    @param client: tells the address that a request came from.
    @param bind: puts who asks under the rules that hold at present.
    @param challenge: what is sent along with 401; L{None} for the usual.
    """

    def identify(request: Any) -> Deferred[Context]:
        request.challenge = challenge
        caller = Caller(request.requestHeaders, peer_address(request), client(request))
        return identity.identify(caller).addCallback(bind)

    return identify


def api_root(
    *,
    versions: Sequence[Version],
    links: Links,
    majors: Mapping[str, IResource],
    cactus: IResource,
    pages: Mapping[str, IResource],
    trees: Mapping[str, IResource],
    cors: CORS | None = None,
) -> IResource:
    """
    Get the root of the API.

    Each of its parts is a leaf, that finds its own path in
    C{request.postpath}.

    @param versions: all that are served.
    @param majors: answers what is below the path of a version, such as C{v1};
        it finds only what follows that.
    @param cactus: answers C{/images} and what is below it; it finds all of the
        path.
    @param pages: answers a whole path of one piece, such as C{healthcheck}; it
        finds all of the path.
    @param trees: answers a path that begins with a piece, such as C{v3}; it
        finds all of the path.
    @param cors: what scripts of other sites may do; L{None} for nothing.
    """
    described = VersionPages(versions, links).app.resource()
    names = {name: v.path for v in versions for name in (v.id, v.path)}
    return _Root(
        {name.encode(): majors[path] for name, path in names.items()},
        {name.encode(): described for name in names},
        {name.encode(): page for name, page in pages.items()}
        | {b"": described, b"versions": described},
        {name.encode(): tree for name, tree in trees.items()},
        cactus,
        cors,
    )


class _Root(Resource):
    """
    Sends a request on by the first piece of its path.
    """

    def __init__(
        self,
        majors: Mapping[bytes, IResource],
        described: Mapping[bytes, IResource],
        pages: Mapping[bytes, IResource],
        trees: Mapping[bytes, IResource],
        cactus: IResource,
        cors: CORS | None,
    ) -> None:
        super().__init__()
        self._majors = majors
        self._described = described
        self._pages = pages
        self._trees = trees
        self._cactus = cactus
        self._cors = cors

    def getChild(self, name: bytes, request: Request) -> IResource:
        keep_private(request)
        rest = request.postpath or []
        problem = _problem(request, [name, *rest])
        if problem is not None:
            # Of such a request no header is looked at.
            return _Refusal(problem, lambda _, fault: as_text(fault))
        if self._cors is not None:
            self._cors.begin(request)
        if request.method == b"OPTIONS":
            return _Nothing()
        if b"" in rest[:-1] or (rest and not name) or _has_slash([name, *rest]):
            # Klein would take two slashes for one, and one that was escaped for
            # one that wasn't.
            return _Refusal(_NOT_FOUND, as_accepted)
        if name in self._majors and rest not in ([], [b""]):
            return self._majors[name]
        # Those from here on find all of the path.
        request.prepath, request.postpath = [], [name, *rest]
        if name in self._described:
            return self._described[name]
        if name in self._pages and not rest:
            return self._pages[name]
        if name in self._trees:
            return self._trees[name]
        version = _MEDIA_TYPE.match(request.getHeader("accept") or "")
        if version is not None and version[1].encode() in self._majors:
            return self._majors[version[1].encode()]
        return self._cactus if name == b"images" else _Refusal(_NOT_FOUND, as_accepted)


class _Nothing(Resource):
    """
    Answers OPTIONS: whoever asks so asks for CORS.
    """

    isLeaf = True

    def render(self, request: Request) -> bytes:
        request.setHeader("content-length", "0")
        return b""


class _Refusal(Resource):
    """
    Answers what went wrong.
    """

    isLeaf = True

    def __init__(self, fault: Fault, form: Form) -> None:
        super().__init__()
        self._fault = fault
        self._form = form

    def render(self, request: Request) -> bytes:
        body = answer_fault(request, self._fault, self._form)
        return b"" if request.method == b"HEAD" else body


def _values(request: Request, name: str) -> Sequence[str]:
    return request.requestHeaders.getRawHeaders(name, ())


def _has_slash(path: Sequence[bytes]) -> bool:
    return any(b"/" in piece for piece in path)


def _problem(request: Request, path: Sequence[bytes]) -> Fault | None:
    """
    Find what would be a mistake of ours further on, and is one of the client.
    """
    undecodable = encoding_fault(request, path)
    if undecodable is not None:
        return undecodable
    if any(len(name) > LONGEST_ID for name in _values(request, REQUEST_ID)):
        return _LONG_ID
    return None
