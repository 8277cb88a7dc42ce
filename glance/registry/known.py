"""
L{KnownImages}: images that were read lately.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select

from glance.image import Image
from glance.recent import Recent
from glance.registry.rows import WANTED, image_of
from glance.registry.schema import images

ROOM = 8 << 20
"""How many bytes of images are kept, more or less."""

WEIGHT = 2000
"""How many bytes an image takes, more or less, beside its properties and the like."""

Key = tuple[str, int, datetime]

_KEY = [images.c.id, images.c.revision, images.c.updated_at]

_BY_IDS = select(*WANTED).where(images.c.id.in_(bindparam("ids", expanding=True)))


class KnownImages:
    """
    Reads the images of a list, but of those that were read before only whether
    they have changed.

    An image is a value, and its revision counts its changes: what was made of a
    row once is the same as long as the revision is.  So nothing is ever shown that
    isn't so in the database at that moment.
    """

    def __init__(self) -> None:
        self._recent: Recent[Key, Image] = Recent(ROOM)

    def read(self, db: Connection, statement: Select[Any]) -> Sequence[Image]:
        """
        Read images.  Blocks.

        @param statement: finds rows of the columns L{WANTED}.
        """
        # It is written out because lists do this a thousand times.
        listed: list[Key] = [
            (row[0], row[1], row[2])
            for row in db.execute(statement.with_only_columns(*_KEY))
        ]
        known = self._recent.get(listed)
        missing = [key[0] for key in listed if key not in known]
        if missing:
            for row in db.execute(_BY_IDS, {"ids": missing}):
                image = self._keep(row)
                known[image.version] = image
        try:
            return [known[key] for key in listed]
        except KeyError:
            # Some have changed meanwhile, and may not belong here any more.
            return [self._keep(row) for row in db.execute(statement)]

    def _keep(self, row: Row[Any]) -> Image:
        image = image_of(row)
        self._recent.put(image.version, image, WEIGHT + 3 * len(row.details))
        return image
