"""
How a program of ours ends where something went wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from glance.errors import GlanceError
from glance.registry.engine import DatabaseUnusable
from glance.tap.options import refusal

MANAGE = "glance-manage"


@contextmanager
def one_line(status: int = 1) -> Iterator[None]:
    """
    Have what is expected to go wrong end the program, with one line.

    @param status: what the program then exits with.
    """
    try:
        yield
    except DatabaseUnusable as error:
        raise _ended(f"sql_connection: {error}", status) from None
    except GlanceError as error:
        raise _ended(error, status) from None


def _ended(error: object, status: int) -> SystemExit:
    click.echo(refusal(MANAGE, error).code, err=True)
    return SystemExit(status)
