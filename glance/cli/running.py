"""
Runs a command under Twisted.
"""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import react

from glance.cli import statuses
from glance.cli.session import (
    Command,
    Session,
    Settings,
    ask_terminal,
    client_of,
    perform,
    standard_input,
    status_of,
)
from glance.cli.showing import Output
from glance.client import Error, Invalid


def run(settings: Settings, doing: str, command: Command) -> NoReturn:
    """
    Run a command, and exit.

    @param doing: what it does, for C{Failed to ...}.
    """

    def begin(reactor: Any) -> Deferred[None]:
        ended: Deferred[None] = Deferred()

        def start() -> None:
            running = Deferred.fromCoroutine(_run(reactor, settings, doing, command))
            over: Deferred[None] = Deferred()

            def interrupted() -> Deferred[None] | None:
                if running.called:
                    return None
                running.cancel()
                return over

            def end(status: Any) -> None:
                over.callback(None)
                ended.callback(status)

            reactor.addSystemEventTrigger("before", "shutdown", interrupted)
            running.addBoth(end)

        # Not before: an interrupt would come as an exception, anywhere.
        reactor.callWhenRunning(start)
        return ended

    react(begin)


async def _run(
    reactor: Any, settings: Settings, doing: str, command: Command
) -> NoReturn:
    try:
        client = await client_of(settings, reactor)
    except Invalid as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(statuses.USAGE) from None
    except Error as error:
        sys.stderr.write(f"Failed to {doing}. Got error:\n{error}\n")
        raise SystemExit(status_of(error)) from None
    except CancelledError:
        raise SystemExit(statuses.INTERRUPTED) from None
    except Exception as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        raise SystemExit(statuses.FAILURE) from None
    session: Session[Any] = Session(
        settings=settings,
        client=client,
        output=Output(sys.stdout, settings.output),
        errors=sys.stderr,
        stdin=standard_input(),
        stdout=1,
        reactor=reactor,
        ask=ask_terminal,
        attended=os.isatty(0) and os.isatty(1),
    )
    try:
        status = await perform(session, doing, command)
    except CancelledError:
        status = statuses.INTERRUPTED
    await client.close()
    if status == statuses.CLOSED:
        # Or Python would complain when it flushes what nobody reads.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    raise SystemExit(status)
