"""
Whether the service works, for load balancers and people.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from http import HTTPStatus

import orjson
from attrs import frozen
from klein import Klein
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import Request

from glance.api.errors import answer_errors
from glance.errors import GlanceError

FRESH = 1.0
"""
For how many seconds the state of a part is believed: a flood of questions
costs one look.
"""


class Part:
    """
    Something that the service needs.

    It is looked at once at a time, however often it is asked for: what hangs
    isn't made worse.
    """

    _log = Logger()

    def __init__(
        self,
        name: str,
        check: Callable[[], Deferred[None]],
        clock: IReactorTime,
        timeout: float,
    ) -> None:
        """
        @param check: looks whether it works.
        @param timeout: how many seconds that may take.
        """
        self.name = name
        self._check = check
        self._clock = clock
        self._timeout = timeout
        self._problem: str | None = None
        self._fresh_until = clock.seconds()
        self._checking = False
        self._overdue = False
        self._waiting: list[Deferred[str | None]] = []

    def problem(self) -> Deferred[str | None]:
        """
        Find out what is wrong: a word for it; L{None} if it works.
        """
        if self._overdue:
            return succeed("Timeout")
        # The clock may have been set back.
        if 0 < self._fresh_until - self._clock.seconds() <= FRESH:
            return succeed(self._problem)
        waiting: Deferred[str | None] = Deferred()
        self._waiting.append(waiting)
        if not self._checking:
            self._look()
        return waiting

    def _look(self) -> None:
        def late() -> None:
            self._overdue = True
            self._tell("Timeout")

        def done(result: Failure | None) -> None:
            self._checking = self._overdue = False
            if limit.active():
                limit.cancel()
            self._problem = None if result is None else self._kind(result)
            self._fresh_until = self._clock.seconds() + FRESH
            self._tell(self._problem)

        self._checking = True
        limit = self._clock.callLater(self._timeout, late)
        checking: Deferred[None] = Deferred.fromCoroutine(self._run())
        checking.addBoth(done)

    async def _run(self) -> None:
        await self._check()

    def _kind(self, failure: Failure) -> str:
        # Its text may name paths and hosts, which are nobody's business.
        if failure.check(GlanceError):
            return type(failure.value).__name__
        self._log.failure("Checking the {name} failed", failure, name=self.name)
        return "Failed"

    def _tell(self, problem: str | None) -> None:
        waiting, self._waiting = self._waiting, []
        for answer in waiting:
            answer.callback(problem)


@frozen
class Report:
    """
    How the service is.
    """

    draining: bool
    """Whether it is about to stop, and wants no more work."""
    problems: Mapping[str, str | None]
    """Each part, with a word for what is wrong with it; L{None} for nothing."""
    dispensable: Container[str] = ()
    """The parts that the service is of use without."""

    @property
    def well(self) -> bool:
        """
        Whether it is of use.
        """
        failed = (name for name, problem in self.problems.items() if problem)
        return not self.draining and all(n in self.dispensable for n in failed)

    def as_json(self) -> bytes:
        """
        Describe it for programs.
        """
        status = "degraded" if self.well else "failed"
        if self.draining:
            status = "draining"
        elif not any(self.problems.values()):
            status = "ok"
        parts = {
            name: {"status": "failed", "reason": problem}
            if problem
            else {"status": "ok"}
            for name, problem in self.problems.items()
        }
        return orjson.dumps({"status": status, "parts": parts})

    def as_text(self) -> bytes:
        """
        Describe it for people.
        """
        if self.draining:
            return b"Shutting down\n"
        if not any(self.problems.values()):
            return b"OK"
        lines = (f"{name}: {what}\n" for name, what in self.problems.items() if what)
        return "".join(lines).encode()


class Health:
    """
    The page at C{/healthcheck}.
    """

    app = Klein()
    answer_errors(app)

    def __init__(
        self,
        clock: IReactorTime,
        checks: Mapping[str, Callable[[], Deferred[None]]],
        *,
        timeout: float,
        draining: Callable[[], bool],
        dispensable: Container[str] = (),
    ) -> None:
        """
        @param checks: for each part, what looks whether it works.
        @param timeout: how many seconds each may take.
        @param dispensable: the parts that the service is of use without.
        @param draining: whether the service is about to stop.
        """
        self._parts = [
            Part(name, check, clock, timeout) for name, check in checks.items()
        ]
        self._draining = draining
        self._dispensable = dispensable

    async def report(self) -> Report:
        """
        Find out how the service is.
        """
        if self._draining():
            return Report(True, {})
        looking = {part.name: part.problem() for part in self._parts}
        problems = {name: await found for name, found in looking.items()}
        return Report(False, problems, self._dispensable)

    @app.route("/healthcheck", methods=["GET"])
    async def page(self, request: Request) -> bytes:
        """
        Tell how the service is.
        """
        report = await self.report()
        status = HTTPStatus.OK if report.well else HTTPStatus.SERVICE_UNAVAILABLE
        json = "application/json" in (request.getHeader("accept") or "")
        body = report.as_json() if json else report.as_text()
        request.setResponseCode(status)
        request.setHeader(
            "content-type", "application/json" if json else "text/plain; charset=UTF-8"
        )
        request.setHeader("content-length", str(len(body)))
        request.setHeader("cache-control", "no-store")
        request.responseHeaders.addRawHeader("vary", "Accept")
        return body
