"""
Make the tables of images.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """
    Make all tables.
    """
    _make_images()
    _make_children()
    _table("used_ids", sa.Column("id", _text(36), primary_key=True))
    _table(
        "leases",
        sa.Column("instance", _text(255), primary_key=True),
        sa.Column("expires", sa.BigInteger, nullable=False),
    )


def _make_images() -> None:
    _table(
        "images",
        sa.Column("id", _text(36), primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("name", _text(255)),
        sa.Column("status", _text(30), nullable=False),
        sa.Column("visibility", _text(30), nullable=False),
        sa.Column("owner", _text(255)),
        sa.Column("disk_format", _text(255)),
        sa.Column("container_format", _text(255)),
        sa.Column("size", sa.BigInteger),
        sa.Column("virtual_size", sa.BigInteger),
        sa.Column("checksum", _text(32)),
        sa.Column("os_hash_algo", _text(64)),
        sa.Column("os_hash_value", _text(128)),
        sa.Column("min_disk", sa.Integer, nullable=False),
        sa.Column("min_ram", sa.Integer, nullable=False),
        sa.Column("protected", sa.Boolean, nullable=False),
        sa.Column("os_hidden", sa.Boolean, nullable=False),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("updated_at", _moment(), nullable=False),
        sa.Column("deleted_at", _moment()),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("attempt_instance", _text(255)),
        sa.Column("has_doomed", sa.Boolean, nullable=False),
        sa.Column(
            "details", sa.Text().with_variant(mysql.LONGTEXT(), "mysql"), nullable=False
        ),
    )
    _index("images", "created", "deleted", "created_at", "id")
    _index("images", "visibility", "deleted", "visibility", "created_at", "id")
    _index("images", "owner", "deleted", "owner", "created_at", "id")
    _index("images", "status", "status", "id")
    _index("images", "doomed", "has_doomed", "id")


def _make_children() -> None:
    _table(
        "image_properties",
        _image_id(),
        sa.Column("name", _text(255), primary_key=True),
        sa.Column("value", _long_text()),
        sa.Column("digest", _text(16)),
    )
    _index("image_properties", "name", "name", "digest", "image_id")
    _table("image_tags", _image_id(), sa.Column("tag", _text(255), primary_key=True))
    _index("image_tags", "tag", "tag", "image_id")
    _table(
        "image_members",
        _image_id(),
        sa.Column("member", _text(255), primary_key=True),
        sa.Column("status", _text(30), nullable=False),
        sa.Column("can_share", sa.Boolean, nullable=False),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("updated_at", _moment(), nullable=False),
    )
    _index("image_members", "member", "member", "status", "image_id")
    _table(
        "image_locations",
        _image_id(),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("store", _text(255), nullable=False),
        sa.Column("key", _long_text(), nullable=False),
        sa.Column("metadata", _long_text(), nullable=False),
    )


def _table(name: str, *columns: sa.Column[Any]) -> None:
    # MySQL cannot take a table back when the next fails: what is there from
    # a try before is taken as it is.
    op.create_table(
        name,
        *columns,
        if_not_exists=True,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate=_collation(),
    )


def _index(table: str, name: str, *columns: str) -> None:
    there = {each["name"] for each in sa.inspect(op.get_bind()).get_indexes(table)}
    if f"ix_{table}_{name}" not in there:
        op.create_index(f"ix_{table}_{name}", table, list(columns))


def _collation() -> str:
    """
    Get the collation of MySQL or MariaDB that compares strings by code points
    and does not ignore spaces at their ends.
    """
    if getattr(op.get_bind().dialect, "is_mariadb", False):
        return "utf8mb4_nopad_bin"
    return "utf8mb4_0900_bin"


def _image_id() -> sa.Column[str]:
    return sa.Column(
        "image_id",
        _text(36),
        sa.ForeignKey("images.id", ondelete="CASCADE"),
        primary_key=True,
    )


def _text(length: int) -> sa.types.TypeEngine[str]:
    ordered = postgresql.VARCHAR(length, collation="C")
    return sa.String(length).with_variant(ordered, "postgresql")


def _long_text() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def _moment() -> sa.types.TypeEngine[Any]:
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql")
