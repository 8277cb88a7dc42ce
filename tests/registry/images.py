"""
Images for tests of registries.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from glance.image import (
    Attempt,
    Consent,
    Image,
    Location,
    Member,
    Status,
    Visibility,
)

NOON = datetime(2011, 4, 15, 12, 0, 0, 123457, tzinfo=UTC)
"""
When images of these tests begin to be made.
"""


def image(number, **attributes):
    """
    Make an image of an id and a time of its own.
    """
    then = NOON + timedelta(seconds=number)
    usual = {"id": str(UUID(int=number)), "created_at": then, "updated_at": then}
    return Image(**(usual | attributes))


def member(name, **attributes):
    """
    Make a member.
    """
    return Member(**({"id": name, "created_at": NOON, "updated_at": NOON} | attributes))


def attempt(instance):
    """
    Make an attempt of a process.
    """
    return Attempt(
        id="once",
        instance=instance,
        location=Location(store="file", key="a.once"),
        fallback=Status.KILLED,
    )


WHOLE = image(
    1,
    name="Tiny \N{SNOWMAN} \N{GRINNING FACE} ' \" % \\ ",
    status=Status.SAVING,
    visibility=Visibility.COMMUNITY,
    owner="pattieblack",
    disk_format="vhd",
    container_format="ovf",
    size=(1 << 63) - 1,
    virtual_size=1 << 40,
    checksum="d41d8cd98f00b204e9800998ecf8427e",
    os_hash_algo="sha512",
    os_hash_value="0f" * 64,
    min_disk=(1 << 31) - 1,
    min_ram=256,
    protected=True,
    os_hidden=True,
    updated_at=NOON + timedelta(days=1, microseconds=1),
    deleted_at=NOON + timedelta(days=2),
    properties={"type": "kernel", "Type": "", "nothing": None, "long": "\xe9" * 32_000},
    tags=frozenset({"a", "A", "a ", "\N{GRINNING FACE}"}),
    members=(
        member("one", status=Consent.REJECTED, can_share=True),
        member("another", updated_at=NOON + timedelta(hours=1)),
    ),
    locations=(
        Location(store="file", key="b.1", metadata={"deep": [{"er": 1.5}, None]}),
        Location(store="swift", key="a.1"),
    ),
    attempt=attempt("process-1"),
    doomed=(Location(store="file", key="b.0", metadata={"a": True}),),
)
"""
An image that has everything.
"""
