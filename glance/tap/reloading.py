"""
What a process does with settings that it has read, at its start and later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.logger import Logger

from glance.config.settings import ConfigurationError, Settings
from glance.log import Logs, redirect_stdlib

Reading = Callable[[Settings], tuple[Settings, Sequence[str]]]
"""
Reads settings again, beside those that hold; gets them, and the names of the
options that have changed and wait for a restart.

It may raise L{ConfigurationError}.
"""


def heed(log: Logger, settings: Settings) -> None:
    """
    Log as much as settings say, and what is to be said of them.
    """
    redirect_stdlib(settings.log.level, settings.log.levels)
    for line in settings.warnings:
        log.warn("{line}", line=line)


def introduce(log: Logger, settings: Settings) -> None:
    """
    Heed settings at the start, and log what else is good to know of them.
    """
    heed(log, settings)
    for line in settings.notes:
        log.info("{line}", line=line)


def read_again(
    log: Logger, logs: Logs, settings: Settings, reading: Reading
) -> Settings | None:
    """
    Open the log files anew, read settings again, and heed what they say.

    @return: the settings; L{None} if those that held before still do.
    """
    try:
        logs.reopen()
        fresh, waiting = reading(settings)
    except (ConfigurationError, OSError) as error:
        log.error("Nothing was reloaded: {error}", error=error)
        return None
    logs.set_level(fresh.log.level, fresh.log.levels)
    heed(log, fresh)
    for name in waiting:
        log.warn("{name} takes effect after a restart only.", name=name)
    return fresh
