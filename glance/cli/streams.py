"""
The standard streams, however the command was started.
"""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))
"""Their names and modes, in the order of their descriptors."""


def prepare() -> None:
    """
    Put nothing where a stream is closed, or what is opened next would be taken
    for it; and have what cannot be shown be shown somehow.
    """
    for fd, (name, mode) in enumerate(STREAMS):
        try:
            os.fstat(fd)
        except OSError:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
