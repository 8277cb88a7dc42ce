"""
The options of other Glances that have no effect here.
"""

from __future__ import annotations


def is_known(section: str, name: str) -> bool:
    """
    Tell whether some Glance had such an option.
    """
    return False
