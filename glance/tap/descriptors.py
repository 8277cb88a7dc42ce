"""
How many files and connections a process may have open.
"""

from __future__ import annotations

import resource

FILES = 32_768
"""How many a daemon has use for."""


def allow_many() -> None:
    """
    Let this process have many, as far as it is for us to decide.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = FILES if hard == unlimited else min(FILES, hard)
    if soft != unlimited and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
