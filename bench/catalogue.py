"""
Registries of many images, as a cloud has them.
"""

from datetime import UTC, datetime, timedelta
from hashlib import md5, sha512
from uuid import UUID, uuid5

from twisted.internet.defer import maybeDeferred
from twisted.internet.task import Clock

from glance.image import Consent, Image, Location, Member, Status, Visibility
from glance.registry.database import DatabaseRegistry
from glance.registry.engine import open_engines
from glance.registry.migrate import sync
from glance.registry.rows import children_of, row_of
from glance.registry.schema import images

THEN = datetime(2026, 1, 1, tzinfo=UTC)

BATCH = 1000
"""How many images are written at once."""

VISIBILITIES = (
    Visibility.PUBLIC,
    Visibility.COMMUNITY,
    *[Visibility.SHARED] * 4,
    *[Visibility.PRIVATE] * 4,
)


def rare(total):
    """
    Get the numbers of three images, far from either end of a list.
    """
    return {total // 3, total // 2, total // 2 + total // 7}


def image_id(number):
    """
    Get the id of an image.
    """
    return str(uuid5(UUID(int=0), str(number)))


def image(number, total):
    """
    Make one of C{total} images, the one of the C{number}th second.
    """
    few = number in rare(total)
    created = THEN + timedelta(seconds=number)
    recent = total // 2 <= number < total // 2 + 20
    return Image(
        id=image_id(number),
        name=_name(number, few),
        status=Status.QUEUED if few else Status.ACTIVE,
        visibility=VISIBILITIES[number % 10],
        owner="busy" if number % 3 == 0 else f"project-{number % (total // 50)}",
        disk_format="qcow2",
        container_format="bare",
        size=None if few else number * 7919 % total << 20,
        virtual_size=10 << 30,
        checksum=None if few else md5(b"%d" % number).hexdigest(),
        os_hash_algo="sha256" if few else "sha512",
        os_hash_value=None if few else sha512(b"%d" % number).hexdigest(),
        os_hidden=number + 1 in rare(total),
        created_at=created,
        updated_at=THEN + timedelta(days=9, seconds=number) if recent else created,
        properties=_properties(number, few),
        tags=frozenset(_tags(number, few)),
        members=_members(number, few),
        locations=(Location(store="file", key=f"{image_id(number)}.once"),),
    )


def _name(number, few):
    if few:
        return "rare"
    return "ubuntu" if number % 4 == 0 else f"image-{number * 7919 % 1_000_003}"


def _properties(number, few):
    return {
        "os_distro": "ubuntu" if number // 10 % 2 else "debian",
        "hw_disk_bus": "virtio",
        "hw_machine_type": "q35",
        "hw_vif_model": "virtio",
        "image_type": "rare" if few else "snapshot",
        "instance_uuid": image_id(number + 1),
        "owner_project_name": "some",
        "user_id": f"user-{number % 100}",
    }


def _tags(number, few):
    yield "common"
    if number // 10 % 2:
        yield "half"
    if number % 2:
        yield "never public"
    if number % 100 == 7:
        yield "hundredth"
    if few:
        yield "rare"


def _members(number, few):
    if VISIBILITIES[number % 10] is not Visibility.SHARED:
        return ()
    who = "guest" if few or number < 40 else f"project-{number % 10}"
    return (Member(id=who, status=Consent.ACCEPTED, created_at=THEN, updated_at=THEN),)


def fill(url, total):
    """
    Make the tables, and images in them.

    @return: the registry, and its engines.
    """
    sync(url)
    engines = open_engines(url, 2)
    for first in range(0, total, BATCH):
        numbers = range(first, min(first + BATCH, total))
        made = [image(number, total) for number in numbers]
        rows = {}
        for each in made:
            for table, children in children_of(each):
                rows.setdefault(table, []).extend(children.values())
        with engines.writer.begin() as db:
            db.execute(images.insert(), [row_of(each) for each in made])
            for table, some in rows.items():
                if some:
                    db.execute(table.insert(), some)
    return open_registry(engines), engines


def open_registry(engines):
    """
    Get the registry of a database, which answers at once.
    """
    return DatabaseRegistry(engines, maybeDeferred, maybeDeferred, Clock())
