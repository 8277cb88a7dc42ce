"""
Add what keeps lists of many images fast.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

NAME = sa.String(255).with_variant(postgresql.VARCHAR(255, collation="C"), "postgresql")


def upgrade() -> None:
    """
    Add columns to sort by, and indexes.
    """
    _column("ranked_name", NAME, "''", "name")
    _column("ranked_size", sa.BigInteger(), "0", "size")
    for name, *columns in (
        ("name", "deleted", "ranked_name", "created_at", "id"),
        ("size", "deleted", "ranked_size", "created_at", "id"),
        ("updated", "deleted", "updated_at", "created_at", "id"),
        ("checksum", "checksum"),
        ("hash", "os_hash_value"),
        ("algorithm", "deleted", "os_hash_algo"),
        ("format", "deleted", "disk_format"),
        ("hidden", "deleted", "os_hidden"),
    ):
        _index(f"ix_images_{name}", columns)


def _column(name: str, kind: sa.types.TypeEngine[Any], none: str, of: str) -> None:
    # MySQL cannot take a step back when the next fails: what is there from
    # a try before is taken as it is.
    there = {each["name"] for each in sa.inspect(op.get_bind()).get_columns("images")}
    if name not in there:
        default = sa.text(none)
        op.add_column(
            "images", sa.Column(name, kind, nullable=False, server_default=default)
        )
    images = sa.table("images", sa.column(name), sa.column(of))
    value = images.c[of]
    op.execute(images.update().where(value.is_not(None)).values({name: value}))


def _index(name: str, columns: list[str]) -> None:
    there = {each["name"] for each in sa.inspect(op.get_bind()).get_indexes("images")}
    if name not in there:
        op.create_index(name, "images", columns)
