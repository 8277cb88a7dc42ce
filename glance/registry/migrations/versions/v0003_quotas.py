"""
Add what quotas are kept with.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def _text(length: int) -> sa.types.TypeEngine[str]:
    ordered = postgresql.VARCHAR(length, collation="C")
    return sa.String(length).with_variant(ordered, "postgresql")


def upgrade() -> None:
    """
    Add how much each image has stored, what uploads book, and whose turn it is.
    """
    # MySQL cannot take a step back when the next fails: what is there from
    # a try before is taken as it is.
    there = sa.inspect(op.get_bind())
    if "stored" not in {each["name"] for each in there.get_columns("images")}:
        column = sa.Column(
            "stored", sa.BigInteger(), nullable=False, server_default=sa.text("0")
        )
        op.add_column("images", column)
    _fill()
    if "ix_images_usage" not in {each["name"] for each in there.get_indexes("images")}:
        op.create_index("ix_images_usage", "images", ["owner", "deleted", "stored"])
    tables = there.get_table_names()
    if "bookings" not in tables:
        _table(
            "bookings",
            sa.Column(
                "image_id",
                _text(36),
                sa.ForeignKey("images.id", ondelete="CASCADE"),
                primary_key=True,
            ),
            sa.Column("key", _text(255), primary_key=True),
            sa.Column("owner", _text(255)),
            sa.Column("size", sa.BigInteger(), nullable=False),
        )
    if "owners" not in tables:
        _table("owners", sa.Column("owner", _text(255), primary_key=True))


def _table(name: str, *columns: sa.Column[Any]) -> None:
    mariadb = getattr(op.get_bind().dialect, "is_mariadb", False)
    op.create_table(
        name,
        *columns,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin" if mariadb else "utf8mb4_0900_bin",
    )


def _fill() -> None:
    images = sa.table("images", sa.column("id"), sa.column("size"), sa.column("stored"))
    places = sa.table("image_locations", sa.column("image_id"))
    copies = (
        sa.select(sa.func.count())
        .select_from(places)
        .where(places.c.image_id == images.c.id)
        .scalar_subquery()
    )
    having = sa.select(places.c.image_id)
    op.execute(
        images.update()
        .where(images.c.size.is_not(None), images.c.id.in_(having))
        .values(stored=images.c.size * copies)
    )
