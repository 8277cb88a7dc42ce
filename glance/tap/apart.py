"""
What a daemon does once at its start, in a process that ends with it.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable

from glance.config.settings import ConfigurationError

_REFUSED = 3
"""The exit status of a process whose function has said what is wrong."""


def apart(f: Callable[[], None]) -> None:
    """
    Call a function in a process of its own, and wait for its end: what it imports
    takes no memory afterwards.

    There must be no threads yet.

    @raise ConfigurationError: the function has raised one.
    @raise SystemExit: it has failed otherwise, and standard error says how.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os._exit(_called(f, writing))
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as said:
        text = said.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status == _REFUSED:
        raise ConfigurationError(text)
    if status != 0:
        raise SystemExit(1)


def _called(f: Callable[[], None], said: int) -> int:
    try:
        f()
    except ConfigurationError as error:
        os.write(said, str(error).encode())
        return _REFUSED
    except BaseException:
        os.write(2, traceback.format_exc().encode())
        return 1
    return 0
