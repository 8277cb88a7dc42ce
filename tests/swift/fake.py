"""
A Swift of little, which can be told to fail.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Coroutine
from urllib.parse import unquote

from attrs import define, field
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.web.iweb import UNKNOWN_LENGTH
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from glance.streams.bodies import BytesBody, pump, read_all

USER, KEY = "test:tester", "secret-of-the-tester"
STEM = "AUTH_tk-secret-"
"""What all tokens begin with."""

LIMIT = 64 << 20


def md5(data):
    """
    Get the MD5 of some data, in hexadecimal digits.
    """
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@define
class Stored:
    """
    An object.
    """

    data: bytes = b""
    segments: list | None = None
    headers: dict = field(factory=dict)


@define
class Fault:
    """
    Something to go wrong, at the next request of a kind.
    """

    method: str
    part: str
    """What the path has in it."""
    happens: Callable
    """
    Gets the request; returns a status to answer at once, or L{None} to go on; or
    is a coroutine that does.
    """
    times: int = 1


class Refusal(Exception):
    """
    A status that isn't one of success.
    """

    def __init__(self, status, body=b""):
        super().__init__(status)
        self.status = status
        self.body = body


class FakeSwift(Resource):
    """
    Swift with tempauth, and a Keystone.
    """

    isLeaf = True

    def __init__(self):
        super().__init__()
        self.root = ""
        """The URL of it, without a path."""
        self.containers = {}
        self.tokens = set()
        self.authentications = 0
        self.life = 3600
        """For how many seconds a token is said to be good; L{None} for nothing."""
        self.catalog = []
        self.faults = []
        self.seen = []
        """The method and path, with its query, of each request."""
        self.credentials = []
        """What Keystone was asked for."""
        self.most = 0
        """How many objects came in at the same time, at the most."""
        self.undeletable = set()
        self.forgetful = set()
        """The names of what is stored once without saying so."""
        self.max_file_size = 1 << 30
        self.puts = 0
        self.pause = 0
        """How many seconds pass before data is wanted."""
        self.etag = None
        """What is said to be the MD5 of what is put; L{None} for the truth."""

    def fail(self, method, part, happens, times=1):
        """
        Have the next requests of a kind go wrong.

        @param happens: a status, or what is called with the request.
        """
        if isinstance(happens, int):
            status = happens
            happens = lambda request: status  # noqa: E731
        self.faults.append(Fault(method, part, happens, times))

    def asked(self, method):
        """
        List the paths of what was asked for by a method.
        """
        return [path for what, path in self.seen if what == method]

    def render(self, request):
        running = Deferred.fromCoroutine(self._render(request))
        request.notifyFinish().addErrback(lambda _: running.cancel())
        running.addErrback(lambda _: None)
        return NOT_DONE_YET

    async def _render(self, request):
        method, uri = request.method.decode(), request.uri.decode()
        self.seen.append((method, uri))
        request.setHeader("X-Trans-Id", f"tx{len(self.seen)}")
        try:
            status, data = await self._answer(method, uri, request)
        except Refusal as refusal:
            status, data = refusal.status, refusal.body
        if request.finished or request.channel is None:
            return
        if not isinstance(data, bytes):
            await data
            request.finish()
            return
        request.setResponseCode(status)
        if method != "HEAD":
            request.setHeader("Content-Length", str(len(data)))
            request.write(data)
        request.finish()

    async def _answer(self, method, uri, request):
        for fault in self.faults:
            if fault.times and fault.method == method and fault.part in uri:
                fault.times -= 1
                status = fault.happens(request)
                if isinstance(status, Coroutine):
                    status = await status
                if status is not None:
                    raise Refusal(status, b"<html>no</html>")
        path = unquote(uri.partition("?")[0])
        if path == "/auth/v1.0":
            return self._tempauth(request)
        if path == "/v3/auth/tokens":
            return await self._keystone(request)
        token = request.getHeader("x-auth-token")
        if token not in self.tokens:
            raise Refusal(401)
        names = path.removeprefix("/v1/AUTH_test").lstrip("/")
        container, _, name = names.partition("/")
        if not name:
            return self._container(method, container, request)
        objects = self.containers.get(container)
        if objects is None:
            raise Refusal(404)
        return await self._object(method, objects, name, request)

    def _new_token(self):
        self.authentications += 1
        token = f"{STEM}{self.authentications}"
        self.tokens.add(token)
        return token

    def _tempauth(self, request):
        given = request.getHeader("x-auth-user"), request.getHeader("x-auth-key")
        if given != (USER, KEY):
            raise Refusal(401)
        request.setHeader("X-Auth-Token", self._new_token())
        request.setHeader("X-Storage-Url", f"{self.root}/v1/AUTH_test")
        if self.life is not None:
            request.setHeader("X-Auth-Token-Expires", str(self.life))
        return 200, b""

    async def _keystone(self, request):
        data = json.loads(await read_all(request.body, LIMIT))
        self.credentials.append(data["auth"])
        if KEY not in json.dumps(data):
            raise Refusal(401)
        request.setHeader("X-Subject-Token", self._new_token())
        token = {
            "issued_at": "2026-11-26T04:00:00.000000Z",
            "expires_at": "2026-11-26T05:00:00.000000Z",
            "catalog": self.catalog,
        }
        return 201, json.dumps({"token": token}).encode()

    def _container(self, method, container, request):
        if method == "PUT":
            self.containers.setdefault(container, {})
            return 201, b""
        if container not in self.containers:
            raise Refusal(404)
        if method == "HEAD":
            return 204, b""
        args = {
            key: request.args.get(key, [b""])[0].decode()
            for key in (b"prefix", b"marker", b"limit", b"delimiter")
        }
        objects = self.containers[container]
        delimiter = args[b"delimiter"]
        names = dict.fromkeys(
            "".join(name.partition(delimiter)[:2]) if delimiter else name
            for name in sorted(objects)
            if name.startswith(args[b"prefix"]) and name > args[b"marker"]
        )
        names.pop(args[b"marker"], None)
        listed = [
            {
                "name": name,
                "bytes": len(objects[name].data),
                "hash": md5(objects[name].data),
                "last_modified": "2026-11-26T04:05:06.123450",
            }
            if name in objects
            else {"subdir": name}
            for name in list(names)[: int(args[b"limit"])]
        ]
        return 200, json.dumps(listed).encode()

    async def _object(self, method, objects, name, request):
        if method == "PUT":
            return await self._put(objects, name, request)
        if name not in objects:
            raise Refusal(404)
        if method == "DELETE":
            if b"multipart-manifest" in request.args:
                return self._delete_all(objects, name)
            del objects[name]
            return 204, b""
        if b"multipart-manifest" in request.args and objects[name].segments is not None:
            request.setHeader("X-Static-Large-Object", "True")
            return 200, json.dumps(
                [{"name": path} for path in objects[name].segments]
            ).encode()
        return self._get(method, objects[name], request)

    async def _put(self, objects, name, request):
        body = request.body
        if request.getHeader("if-none-match") and name in objects:
            raise Refusal(412)
        known = body is not None and body.length is not UNKNOWN_LENGTH
        if known and body.length > self.max_file_size:
            raise Refusal(413)
        self.puts += 1
        self.most = max(self.most, self.puts)
        try:
            if self.pause:
                await deferLater(reactor, self.pause)
            data = await read_all(body, LIMIT)
        finally:
            self.puts -= 1
        stored = Stored(data)
        if b"multipart-manifest" in request.args:
            stored = self._joined(json.loads(data))
        elif manifest := request.getHeader("x-object-manifest"):
            stored.headers["X-Object-Manifest"] = manifest
        if request.getHeader("if-none-match") and name in objects:
            raise Refusal(412)
        objects[name] = stored
        request.setHeader("ETag", self.etag or md5(data))
        if name in self.forgetful:
            self.forgetful.remove(name)
            raise Refusal(503)
        return 201, b""

    def _joined(self, manifest):
        stored = Stored(segments=[], headers={"X-Static-Large-Object": "True"})
        for one in manifest:
            found = self._at(one["path"])
            if found is None or md5(found.data) != one["etag"]:
                raise Refusal(400, b"Errors:\n")
            if len(found.data) != one["size_bytes"]:
                raise Refusal(400, b"Errors:\n")
            stored.data += found.data
            stored.segments.append(one["path"])
        return stored

    def _at(self, path):
        container, _, name = path.lstrip("/").partition("/")
        return self.containers.get(container, {}).get(name)

    def _delete_all(self, objects, name):
        errors = []
        deleted = 0
        for path in objects[name].segments:
            container, _, segment = path.lstrip("/").partition("/")
            if segment in self.undeletable:
                errors.append([path, "409 Conflict"])
            elif self.containers[container].pop(segment, None) is not None:
                deleted += 1
        del objects[name]
        told = {
            "Response Status": "400 Bad Request" if errors else "200 OK",
            "Number Deleted": deleted + 1,
            "Number Not Found": 0,
            "Errors": errors,
        }
        return 200, b"  \r\n" + json.dumps(told).encode()

    def _get(self, method, stored, request):
        for key, value in stored.headers.items():
            request.setHeader(key, value)
        data = stored.data
        if "X-Object-Manifest" in stored.headers:
            container, _, prefix = stored.headers["X-Object-Manifest"].partition("/")
            data = b"".join(
                one.data
                for name, one in sorted(self.containers[container].items())
                if name.startswith(prefix)
            )
        request.setHeader("ETag", md5(data))
        status = 200
        if asked := request.getHeader("range"):
            first, _, last = asked.removeprefix("bytes=").partition("-")
            first = int(first)
            if first >= len(data):
                raise Refusal(416)
            end = min(int(last) + 1 if last else len(data), len(data))
            request.setHeader("Content-Range", f"bytes {first}-{end - 1}/{len(data)}")
            data, status = data[first:end], 206
        request.setHeader("Content-Length", str(len(data)))
        if method == "HEAD":
            return status, b""
        request.setResponseCode(status)
        pieces = [data[at : at + 65536] for at in range(0, len(data), 65536)]
        return status, pump(BytesBody(pieces), request)
