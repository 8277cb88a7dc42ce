"""
The tables that L{glance.registry.database} keeps images in.

They are made and changed by L{glance.registry.migrations}, and nowhere else;
a test sees that both agree.  What only the making of tables needs to know of one
kind of database is said there: to import all kinds takes time and memory.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

metadata = MetaData()


class Moment(TypeDecorator[datetime]):
    """
    A time, aware of being in UTC, exact to the microsecond.
    """

    impl = DateTime
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        """
        Make a time what a database keeps: without a zone.
        """
        if value is None:
            return None
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        """
        Give a time that was kept its zone again.
        """
        return None if value is None else value.replace(tzinfo=UTC)


def text(length: int) -> TypeEngine[str]:
    """
    Get the type of a string that is compared and sorted by code points.

    @param length: how many characters it may have.
    """
    ordered = String(length, collation="C")
    return String(length).with_variant(ordered, "postgresql")


def long_text() -> TypeEngine[str]:
    """
    Get the type of a string of up to 65,535 bytes.
    """
    return Text().with_variant(Text(collation="C"), "postgresql")


images = Table(
    "images",
    metadata,
    Column("id", text(36), primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("name", text(255)),
    Column("status", text(30), nullable=False),
    Column("visibility", text(30), nullable=False),
    Column("owner", text(255)),
    Column("disk_format", text(255)),
    Column("container_format", text(255)),
    Column("size", BigInteger),
    Column("virtual_size", BigInteger),
    Column("checksum", text(32)),
    Column("os_hash_algo", text(64)),
    Column("os_hash_value", text(128)),
    Column("min_disk", Integer, nullable=False),
    Column("min_ram", Integer, nullable=False),
    Column("protected", Boolean, nullable=False),
    Column("os_hidden", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("deleted_at", Moment),
    Column("deleted", Boolean, nullable=False),
    Column("attempt_instance", text(255)),
    Column("has_doomed", Boolean, nullable=False),
    Column("ranked_name", text(255), nullable=False, server_default=""),
    Column("ranked_size", BigInteger, nullable=False, server_default="0"),
    Column("stored", BigInteger, nullable=False, server_default="0"),
    Column("details", Text(), nullable=False),
    Index("ix_images_created", "deleted", "created_at", "id"),
    Index("ix_images_visibility", "deleted", "visibility", "created_at", "id"),
    Index("ix_images_owner", "deleted", "owner", "created_at", "id"),
    Index("ix_images_status", "status", "id"),
    Index("ix_images_doomed", "has_doomed", "id"),
    Index("ix_images_name", "deleted", "ranked_name", "created_at", "id"),
    Index("ix_images_size", "deleted", "ranked_size", "created_at", "id"),
    Index("ix_images_updated", "deleted", "updated_at", "created_at", "id"),
    Index("ix_images_checksum", "checksum"),
    Index("ix_images_hash", "os_hash_value"),
    Index("ix_images_algorithm", "deleted", "os_hash_algo"),
    Index("ix_images_format", "deleted", "disk_format"),
    Index("ix_images_hidden", "deleted", "os_hidden"),
    Index("ix_images_usage", "owner", "deleted", "stored"),
)
"""
Images, also deleted ones.  C{details} is all of an image that is no column
here, as JSON, so that a list is one query; what lists are filtered by is in
the tables below as well.  C{ranked_name} and C{ranked_size} are what these sort
by: no index has an expression for that on MySQL.  C{stored} is how many bytes an
image has in all its locations.
"""


def _image_id() -> Column[str]:
    return Column(
        "image_id",
        text(36),
        ForeignKey("images.id", ondelete="CASCADE"),
        primary_key=True,
    )


image_properties = Table(
    "image_properties",
    metadata,
    _image_id(),
    Column("name", text(255), primary_key=True),
    Column("value", long_text()),
    Column("digest", text(16)),
    Index("ix_image_properties_name", "name", "digest", "image_id"),
)
"""
Custom properties.  C{digest} stands for the value in the index, because no
database but SQLite has indexes of long strings.
"""

image_tags = Table(
    "image_tags",
    metadata,
    _image_id(),
    Column("tag", text(255), primary_key=True),
    Index("ix_image_tags_tag", "tag", "image_id"),
)

image_members = Table(
    "image_members",
    metadata,
    _image_id(),
    Column("member", text(255), primary_key=True),
    Column("status", text(30), nullable=False),
    Column("can_share", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index("ix_image_members_member", "member", "status", "image_id"),
)

image_locations = Table(
    "image_locations",
    metadata,
    _image_id(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("store", text(255), nullable=False),
    Column("key", long_text(), nullable=False),
    Column("metadata", long_text(), nullable=False),
)

bookings = Table(
    "bookings",
    metadata,
    _image_id(),
    Column("key", text(255), primary_key=True),
    Column("owner", text(255)),
    Column("size", BigInteger, nullable=False),
)
"""
How many bytes the data may have that attempts bring, or have left, by its key in the
store.
"""

owners = Table("owners", metadata, Column("owner", text(255), primary_key=True))
"""
Who has a quota; its row is locked while it is seen whether there is room.  What has no
owner is the empty name's.
"""

used_ids = Table("used_ids", metadata, Column("id", text(36), primary_key=True))
"""
The ids of images that were purged.
"""

leases = Table(
    "leases",
    metadata,
    Column("instance", text(255), primary_key=True),
    Column("expires", BigInteger, nullable=False),
)
"""
Which processes live, and until when: in microseconds of UNIX time.
"""


def try_writing(db: Connection) -> None:
    """
    Write something into a database, and take it out again.

    @raise DBAPIError: it cannot be written.
    """
    lease = uuid4().hex
    db.execute(leases.insert().values(instance=lease, expires=0))
    db.execute(leases.delete().where(leases.c.instance == lease))
