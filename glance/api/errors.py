"""
Errors as HTTP answers.

Domain errors know no HTTP: L{STATUS} is the one table that gives each its
status.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from attrs import field, frozen
from klein import Klein
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import Request
from werkzeug.exceptions import HTTPException

from glance import errors

Statuses = Mapping[type[errors.GlanceError], HTTPStatus]

STATUS: Statuses = {
    errors.Invalid: HTTPStatus.BAD_REQUEST,
    errors.UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.ContentRefused: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.RangeNotSatisfiable: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.TooManyAttempts: HTTPStatus.TOO_MANY_REQUESTS,
    errors.AccountsUnusable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.ImageNotFound: HTTPStatus.NOT_FOUND,
    errors.MemberNotFound: HTTPStatus.NOT_FOUND,
    errors.MemberExists: HTTPStatus.CONFLICT,
    errors.TagNotFound: HTTPStatus.NOT_FOUND,
    errors.NoSuchProperty: HTTPStatus.CONFLICT,
    errors.PropertyExists: HTTPStatus.CONFLICT,
    errors.ImageExists: HTTPStatus.CONFLICT,
    errors.ImageChanged: HTTPStatus.CONFLICT,
    errors.BadTransition: HTTPStatus.CONFLICT,
    errors.SourceOfOtherSize: HTTPStatus.CONFLICT,
    errors.ImageNotActive: HTTPStatus.NOT_FOUND,
    errors.ImageGone: HTTPStatus.PRECONDITION_FAILED,
    errors.UploadSuperseded: HTTPStatus.CONFLICT,
    errors.ImagesWaiting: HTTPStatus.CONFLICT,
    errors.TooBusy: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ImageTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.TooMany: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.QuotaExceeded: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.BodyTooLong: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.BodyTimeout: HTTPStatus.REQUEST_TIMEOUT,
    errors.OnlyOneStore: HTTPStatus.NOT_FOUND,
    errors.StoreReadOnly: HTTPStatus.GONE,
    errors.StoreFull: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DataExists: HTTPStatus.CONFLICT,
    errors.DataNotFound: HTTPStatus.NOT_FOUND,
    errors.DataDamaged: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.RegistryUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.RegistryRefused: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""
The status of each error; one that isn't here has that of its base class.
"""

RETRY_AFTER = 5
"""
Seconds after which a client may try again what could not be done now.
"""

LONGEST = 2000
"""
How many characters a message may have.
"""

CHALLENGE = b'Keystone realm="glance"'
"""
How clients of the API are told to say who they are.
"""

_log = Logger()


def status_of(error: errors.GlanceError, statuses: Statuses = STATUS) -> HTTPStatus:
    """
    Get the HTTP status that says what went wrong.
    """
    known = (statuses[base] for base in type(error).__mro__ if base in statuses)
    return next(known, HTTPStatus.INTERNAL_SERVER_ERROR)


@frozen
class Fault:
    """
    What is answered instead of what was asked for.
    """

    status: HTTPStatus
    name: str
    """What went wrong, for programs: the name of a domain error, or none."""
    message: str
    """What went wrong, for people."""
    headers: Mapping[str, str] = field(factory=dict)
    """What is sent along."""


Form = Callable[[Request, Fault], tuple[str, bytes]]
"""
Puts a fault into a body: its content type, and the bytes.
"""


def as_html(fault: Fault) -> tuple[str, bytes]:
    """
    Put a fault into a page.
    """
    title = f"{fault.status.value} {fault.status.phrase}"
    # An apostrophe does no harm between tags, and clients look for the text.
    message = html.escape(fault.message, quote=False).replace("\n", "<br>\n")
    page = (
        f"<!DOCTYPE html>\n<html>\n <head>\n  <title>{title}</title>\n </head>\n"
        f" <body>\n  <h1>{title}</h1>\n  <p>{message}</p>\n </body>\n</html>\n"
    )
    return "text/html; charset=UTF-8", page.encode(errors="replace")


def as_text(fault: Fault) -> tuple[str, bytes]:
    """
    Put a fault into plain text: status, an empty line, what went wrong.
    """
    text = f"{fault.status.value} {fault.status.phrase}\n\n{fault.message}\n"
    return "text/plain; charset=UTF-8", text.encode(errors="replace")


def as_json(fault: Fault) -> tuple[str, bytes]:
    """
    Put a fault into JSON, as OpenStack's clients expect it: flat.
    """
    error = {
        "message": fault.message.encode(errors="replace").decode(),
        "code": f"{fault.status.value} {fault.status.phrase}",
        "title": fault.status.phrase,
    }
    return "application/json", orjson.dumps(error)


_FORMS: dict[str, Callable[[Fault], tuple[str, bytes]]] = {
    "text/html": as_html,
    "application/json": as_json,
    "text/plain": as_text,
}

_QUALITY = re.compile(r"[01](\.[0-9]{0,3})?")


def _wish(accept: str, media_type: str) -> tuple[float, int]:
    """
    Tell how much a client wants a media type, and how exactly it says so.
    """
    wanted, exactness = 0.0, -1
    major = media_type.partition("/")[0]
    ranges = {"*/*": 0, f"{major}/*": 1, media_type: 2}
    for item in accept.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        exact = ranges.get(name, -1)
        if exact < exactness or exact < 0:
            continue
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q" and _QUALITY.fullmatch(value.strip()):
                quality = float(value)
        wanted, exactness = quality, exact
    return (wanted, exactness) if wanted else (0.0, -1)


def as_accepted(request: Request, fault: Fault) -> tuple[str, bytes]:
    """
    Put a fault into what the client likes best: a page, JSON or plain text;
    text where it does not say.
    """
    accept = request.getHeader("accept") or ""
    if not accept and request.requestHeaders.hasHeader("accept"):
        # So openstacksdk asks when it sends data; it reads JSON only.
        return as_json(fault)
    wishes = {name: _wish(accept, name) for name in _FORMS}
    best = max(_FORMS, key=lambda name: wishes[name])
    if not wishes[best][0]:
        best = "text/plain"
    return _FORMS[best](fault)


def answer_fault(
    request: Request,
    fault: Fault,
    form: Form = as_accepted,
    challenge: bytes = CHALLENGE,
) -> bytes:
    """
    Begin the answer that says what went wrong, and get its body.
    """
    content_type, body = form(request, fault)
    request.setResponseCode(fault.status.value, fault.status.phrase.encode())
    for name in ("etag", "last-modified", "content-range", "content-md5", "location"):
        request.responseHeaders.removeHeader(name)
    request.setHeader("content-type", content_type)
    request.setHeader("content-length", str(len(body)))
    for name, value in fault.headers.items():
        request.setHeader(name, value)
    if fault.status is HTTPStatus.UNAUTHORIZED:
        own: bytes | None = getattr(request, "challenge", None)
        request.setHeader("www-authenticate", own or challenge)
    if fault.status is HTTPStatus.SERVICE_UNAVAILABLE:
        request.setHeader("retry-after", str(RETRY_AFTER))
    return body


def fault_of(error: errors.GlanceError, statuses: Statuses = STATUS) -> Fault:
    """
    Describe a domain error.
    """
    headers = {}
    if isinstance(error, errors.RangeNotSatisfiable):
        headers["content-range"] = f"bytes */{error.size}"
    if isinstance(error, errors.TooManyAttempts):
        headers["retry-after"] = str(error.seconds)
    status = status_of(error, statuses)
    message = _shorten(str(error))
    return Fault(status, type(error).__name__, message, headers)


def _shorten(text: str) -> str:
    """
    Cut what quotes a client, who may have said very much.
    """
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def _fault_of_route(error: HTTPException) -> Fault:
    methods = getattr(error, "valid_methods", None)
    if not methods:
        message = "There is nothing at that path."
        return Fault(HTTPStatus.NOT_FOUND, "NotFound", message)
    allow = ", ".join(sorted(methods))
    message = f"That cannot be done here.  What can: {allow}."
    headers = {"allow": allow}
    return Fault(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", message, headers)


def _name(request: Request) -> dict[str, str]:
    return {
        "method": request.method.decode(errors="backslashreplace"),
        "uri": request.uri.decode(errors="backslashreplace"),
    }


_BAD_PATH = Fault(HTTPStatus.BAD_REQUEST, "BadPath", "The path is not in UTF-8.")

_BAD_HEADER = Fault(HTTPStatus.BAD_REQUEST, "BadHeader", "A header is not in UTF-8.")


def encoding_fault(request: Request, path: Sequence[bytes]) -> Fault | None:
    """
    Find what a request has that is no text, which Klein or a handler would
    stumble over.

    @param path: the segments of its path.

    @return: what to answer; L{None} if all is well.
    """
    try:
        b"/".join(path).decode()
    except UnicodeDecodeError:
        return _BAD_PATH
    try:
        for _, values in request.requestHeaders.getAllRawHeaders():
            b" ".join(values).decode()
    except UnicodeDecodeError:
        return _BAD_HEADER
    return None


def break_off(request: Request) -> Deferred[bytes]:
    """
    Drop the connection: where part of an answer has gone out, that is the only
    way to tell that the rest won't come.

    @return: a L{Deferred} that fires when the request is over, so that nobody
        ends the answer as if it were whole.
    """
    over: Deferred[bytes] = request.notifyFinish().addBoth(lambda _: b"")
    if request.channel is not None:
        transport: Any = request.channel.transport
        transport.abortConnection()
    return over


@frozen
class _Answers:
    """
    Answers the errors of an app.  What Klein passes first is the object that
    the app is bound to.
    """

    form: Form
    challenge: bytes
    statuses: Statuses

    def known(self, _: object, request: Request, failure: Failure) -> Any:
        assert isinstance(failure.value, errors.GlanceError)
        fault = fault_of(failure.value, self.statuses)
        if request.startedWriting or fault.status >= 500:
            _log.warn(
                "{request[method]} {request[uri]}: {fault.name}: {fault.message}",
                fault=fault,
                request=_name(request),
            )
        return self._say(request, fault)

    def unrouted(self, _: object, request: Request, failure: Failure) -> Any:
        assert isinstance(failure.value, HTTPException)
        return self._say(request, _fault_of_route(failure.value))

    def gone(self, _: object, request: Request, failure: Failure) -> Any:
        return break_off(request)

    def unknown(self, _: object, request: Request, failure: Failure) -> Any:
        _log.failure(
            "{request[method]} {request[uri]} failed", failure, request=_name(request)
        )
        message = "Something went wrong here.  The log of the server says more."
        return self._say(request, Fault(HTTPStatus.INTERNAL_SERVER_ERROR, "", message))

    def _say(self, request: Request, fault: Fault) -> Any:
        if request.startedWriting:
            return break_off(request)
        return answer_fault(request, fault, self.form, self.challenge)


def answer_errors(
    app: Klein,
    form: Form = as_accepted,
    challenge: bytes = CHALLENGE,
    statuses: Statuses = STATUS,
) -> None:
    """
    Have C{app} answer each L{GlanceError<errors.GlanceError>} with its status,
    an unknown path with 404 and a wrong method with 405; and log any other
    failure and answer 500, saying nothing of it.

    @param app: a class's attribute, not a module's.
    @param challenge: what is sent along with 401.
    @param statuses: the status of each error.
    """
    answers = _Answers(form, challenge, statuses)
    # Klein asks them in this order, and the first that fits answers.
    order: list[tuple[type[Exception], Any]] = [
        (errors.GlanceError, answers.known),
        (HTTPException, answers.unrouted),
        (CancelledError, answers.gone),
        (Exception, answers.unknown),
    ]
    for error, answer in order:
        app.handle_errors(error)(answer)
