"""
What comes before a body: the first line of a request and its headers (RFC 9112
sections 2 to 6).

Nothing is taken here that a proxy in front could take for something else.  Twisted
is told only of what has been looked at.
"""

from __future__ import annotations

import re
from http import HTTPStatus

from attrs import frozen

FIELDS = 500
"""How many headers a request may have."""

SEVERAL = 8
"""How many times as long as one of its lines all of a head may be."""

HANDSHAKE = b"\x16"
"""What one who speaks TLS where HTTP is spoken begins with: no line may follow."""

METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
"""What is understood, somewhere here."""

REFUSED_LATER = frozenset({b"TRACE", b"QUERY"})
"""What other servers understand, and is allowed nowhere here: each answer says what is
(RFC 9110, 15.5.6)."""

_LABEL = "[A-Za-z0-9_-]{1,63}"

HOST = re.compile(
    rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]{{2,45}}\])(?::[0-9]{{1,5}})?"
)
"""
A host, with a port or without, as a C{Host} header has it.
"""

ABSOLUTE = re.compile(rb"https?://([^/?]+)([/?].*)?", re.IGNORECASE)
"""A target that is a whole URL: its host, and what follows that."""

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
"""A name, in HTTP."""

FIELD = re.compile(rb"(" + TOKEN + rb"):([\t\x20-\x7e\x80-\xff]*)")
"""A header: its name, and its value with the blanks around it."""

FRAMING = frozenset({b"content-length", b"transfer-encoding", b"host"})
"""The headers that say where a request ends, and whose it is."""

_TOKEN = re.compile(TOKEN)

# No fragment: some take it for part of the path, and some do not.
_TARGET = re.compile(rb"[!-\"$-~]+")

_VERSION = re.compile(rb"HTTP/[0-9]\.[0-9]")

_LENGTH = re.compile(rb"0|[1-9][0-9]{0,18}")

_CODINGS = re.compile(rb"(?:(?!chunked)" + TOKEN + rb"[ \t]*,[ \t]*)+chunked", re.I)
"""Other codings than we know, below the one that says where a body ends."""

_OURS = b"x-image-meta-"
"""How headers begin whose names may have any form: they are names of users."""


@frozen
class Refusal:
    """
    Why a request is none.
    """

    status: HTTPStatus
    message: str

    def answer(self) -> bytes:
        """
        Get all that the client is told.
        """
        title = f"{self.status.value} {self.status.phrase}"
        body = f"{title}\n\n{self.message}\n"
        return (
            f"HTTP/1.1 {title}\r\nConnection: close\r\n"
            "Content-Type: text/plain; charset=UTF-8\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


def _bad(message: str) -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, message)


MALFORMED = _bad("That is no request of HTTP/1.1.")

_LINE = _bad("The first line is a method, a target and HTTP/1.1, each after one space.")
_TARGETS = _bad(
    "What is asked for is a path, or the URL of one, in printable ASCII without #. "
    "Write anything else as % and two hexadecimal digits."
)
_VERSIONS = Refusal(
    HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "HTTP/1.1 and HTTP/1.0 are spoken here."
)
_UNKNOWN = Refusal(
    HTTPStatus.NOT_IMPLEMENTED,
    f"The methods here are {b', '.join(sorted(METHODS)).decode()}.",
)
_SYNTAX = _bad(
    "A header is a name, a colon and a value, in one line, and without control "
    "characters."
)
_COUNT = Refusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    f"A request has at most {FIELDS} headers.",
)
_ALIKE = _bad("Two headers differ only in _ and -. Send one of them.")
_NO_HOST = _bad("A request of HTTP/1.1 needs a Host header.")
_HOSTS = _bad("A request has one Host header.")
_BAD_HOST = _bad("The Host header is not the name of a host.")
_LENGTHS = _bad(
    "Content-Length is one number, once, without a sign or zeros before it."
)
_CODING = _bad(
    "Transfer-Encoding is chunked, once, in HTTP/1.1, and without Content-Length."
)
_OTHER_CODING = Refusal(
    HTTPStatus.NOT_IMPLEMENTED, "The one Transfer-Encoding known here is chunked."
)
_EXPECT = Refusal(
    HTTPStatus.EXPECTATION_FAILED, "All that can be expected is 100-continue, once."
)


class Head:
    """
    The lines before the body of one request, as they come.
    """

    __slots__ = (
        "_codings",
        "_count",
        "_expected",
        "_hosts",
        "_left",
        "_lengths",
        "_line",
        "_names",
        "_underscored",
        "_version",
    )

    def __init__(self, line: int) -> None:
        """
        @param line: how many bytes a line may have.
        """
        self._line = line
        self._left = SEVERAL * line
        self._version = b""
        self._count = 0
        self._names: set[bytes] = set()
        self._underscored: set[bytes] = set()
        self._hosts: list[bytes] = []
        self._lengths: list[bytes] = []
        self._codings: list[bytes] = []
        self._expected: list[bytes] = []

    def too_long(self, line: bytes) -> Refusal:
        """
        Get what is wrong with a line that is too long.

        @param line: as much of it as has come.
        """
        if self._version:
            return self._large(f"A header has at most {self._line} bytes.")
        problem = _method_problem(line.partition(b" ")[0])
        if problem is not None:
            return problem
        return Refusal(
            HTTPStatus.REQUEST_URI_TOO_LONG,
            f"The first line of a request has at most {self._line} bytes. Ask for less "
            "at once, or have max_header_line raised.",
        )

    def problem(self, line: bytes) -> Refusal | None:
        """
        Find what is wrong with the next line, which is empty at the end.
        """
        self._left -= len(line)
        if self._left < 0:
            return self._large(
                f"All headers together have at most {SEVERAL * self._line} bytes."
            )
        if not self._version:
            return self._first_problem(line)
        return self._field_problem(line) if line else self._whole_problem()

    def _large(self, limit: str) -> Refusal:
        return Refusal(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"{limit} Send less, or have max_header_line raised.",
        )

    def _first_problem(self, line: bytes) -> Refusal | None:
        method, target, version, *rest = [*line.split(b" "), b"", b""]
        if rest != [b"", b""] or not _VERSION.fullmatch(version):
            return _LINE
        if version not in (b"HTTP/1.1", b"HTTP/1.0"):
            return _VERSIONS
        self._version = version
        return _method_problem(method) or _target_problem(method, target)

    def _field_problem(self, line: bytes) -> Refusal | None:
        self._count += 1
        if self._count > FIELDS:
            return _COUNT
        match = FIELD.fullmatch(line)
        if match is None:
            return _SYNTAX
        name = match[1].lower()
        self._names.add(name)
        if b"_" in name and not name.startswith(_OURS):
            self._underscored.add(name.replace(b"_", b"-"))
        values = self._kept(name)
        if values is not None:
            values.append(match[2].strip(b" \t"))
        return None

    def _kept(self, name: bytes) -> list[bytes] | None:
        if name == b"host":
            return self._hosts
        if name == b"content-length":
            return self._lengths
        if name == b"transfer-encoding":
            return self._codings
        return self._expected if name == b"expect" else None

    def _whole_problem(self) -> Refusal | None:
        # Some take one for the other, and then it may be what a proxy has removed,
        # or has set by itself.
        if self._underscored and self._underscored & (self._names | FRAMING):
            return _ALIKE
        if [value.lower() for value in self._expected] not in ([], [b"100-continue"]):
            return _EXPECT
        return self._host_problem() or self._length_problem()

    def _host_problem(self) -> Refusal | None:
        if len(self._hosts) > 1:
            return _HOSTS
        if not self._hosts:
            return _NO_HOST if self._version == b"HTTP/1.1" else None
        [host] = self._hosts
        return None if not host or is_host(host) else _BAD_HOST

    def _length_problem(self) -> Refusal | None:
        lengths, codings = self._lengths, self._codings
        if len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
            return _LENGTHS
        if not codings:
            return None
        if lengths or len(codings) > 1 or self._version == b"HTTP/1.0":
            return _CODING
        [coding] = codings
        if coding.lower() == b"chunked":
            return None
        return _OTHER_CODING if _CODINGS.fullmatch(coding) else _CODING


def is_host(said: bytes) -> bool:
    """
    Tell whether something can be a host, with a port or without.
    """
    return HOST.fullmatch(said.decode("latin-1")) is not None


def _method_problem(method: bytes) -> Refusal | None:
    if method in METHODS or method in REFUSED_LATER:
        return None
    return _UNKNOWN if _TOKEN.fullmatch(method) else _LINE


def _target_problem(method: bytes, target: bytes) -> Refusal | None:
    if not _TARGET.fullmatch(target):
        return _TARGETS
    if target.startswith(b"/") or (target == b"*" and method == b"OPTIONS"):
        return None
    match = ABSOLUTE.fullmatch(target)
    return None if match is not None and is_host(match[1]) else _TARGETS
