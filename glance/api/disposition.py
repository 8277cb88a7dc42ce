"""
What a browser calls a file that it is sent (RFC 6266).
"""

from __future__ import annotations

import re
from urllib.parse import quote

from glance.image import Image

LONGEST = 200
"""The most characters of a name: file systems take 255 bytes."""

_UNSAFE = re.compile("[^A-Za-z0-9._ -]")
_SEPARATOR = re.compile("[\x00-\x1f\x7f-\x9f/\\\\]")


def attachment(image: Image) -> str:
    """
    Get the Content-Disposition of an image's data: its name or id, ending in
    its format.
    """
    name = _SEPARATOR.sub("_", image.name or image.id).strip(" .")[:LONGEST]
    name = name or image.id
    ending = f".{image.disk_format}"
    if image.disk_format is not None and not name.lower().endswith(ending):
        name += ending
    plain = _UNSAFE.sub("_", name)
    said = f'attachment; filename="{plain}"'
    if plain != name:
        said += f"; filename*=UTF-8''{quote(name, safe='')}"
    return said
