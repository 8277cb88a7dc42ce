"""
What stores say where something isn't to be had, as users read it.

Operators find in the log why it is so.
"""

from __future__ import annotations

from glance.errors import DataExists, DataNotFound, StoreFull, StoreUnavailable


def missing() -> DataNotFound:
    """
    Get the error for data that isn't there.
    """
    return DataNotFound("The data of this image is missing from the store.")


def taken() -> DataExists:
    """
    Get the error for a key that has data.
    """
    return DataExists("There is data for this key already.")


def full() -> StoreFull:
    """
    Get the error for data that there is no room for.
    """
    return StoreFull(
        "There is no room for this data. Delete images that are not needed, or ask the "
        "operator for more room."
    )


def unavailable(problem: str) -> StoreUnavailable:
    """
    Get the error for a store that cannot be used at present.

    @param problem: what is wrong with which store, as a sentence without its end.
    """
    return StoreUnavailable(
        f"{problem}. Try again later; the operator finds the reason in the log."
    )
