"""
A program that uses OpenStack's client against the API: C{openstack.py URL
MANIFEST}.  It runs where that client is installed, and this project isn't.

C{MANIFEST} is JSON, a list of images with path, formats, size and sha512.
"""

import hashlib
import json
import sys
from pathlib import Path

from glanceclient import Client, exc

PAGE = 20
"""
How many images this client asks for at once.
"""


def fetched(client, image_id):
    """
    Fetch an image, which verifies its checksum.

    @return: its hash.
    """
    digest = hashlib.sha512()
    for piece in client.images.data(image_id):
        digest.update(piece)
    return digest.hexdigest()


def try_image(client, image):
    """
    Put an image in, get it back, change and share it.
    """
    with Path(image["path"]).open("rb") as file:
        made = client.images.create(
            name=image["name"],
            disk_format=image["disk_format"],
            container_format=image["container_format"],
            is_public=True,
            properties={"arch": "x86_64", "os": "none"},
            data=file,
        )
    assert made.status == "active", made
    assert made.size == image["size"], made
    assert made.checksum == image["md5"], made
    assert fetched(client, made.id) == image["sha512"]
    got = client.images.get(made.id)
    assert got.name == image["name"], got
    assert got.properties == {"arch": "x86_64", "os": "none"}, got
    changed = client.images.update(got, name="renamed", properties={"new": "1"})
    assert changed.name == "renamed", changed
    assert client.images.get(made.id).properties == {
        "arch": "x86_64",
        "os": "none",
        "new": "1",
    }
    client.images.update(got, properties={"only": "1"}, purge_props=True)
    assert client.images.get(made.id).properties == {"only": "1"}
    return made


def try_later_data(client, image):
    """
    Reserve an image, and give it its data later.
    """
    made = client.images.create(
        name="later", disk_format="raw", container_format="bare"
    )
    assert made.status == "queued", made
    with Path(image["path"]).open("rb") as file:
        filled = client.images.update(made, data=file)
    assert filled.status == "active", filled
    assert fetched(client, made.id) == image["sha512"]
    client.images.delete(made)


def try_members(client, image):
    """
    Share an image, which isn't public.
    """
    client.images.update(image, is_public=False)
    client.image_members.create(image, "tenant-1")
    client.image_members.create(image, "tenant-2", can_share=True)
    members = client.image_members.list(image=image)
    assert {m.member_id: m.can_share for m in members} == {
        "tenant-1": False,
        "tenant-2": True,
    }, members
    shared = client.image_members.list(member="tenant-1")
    assert [m.image_id for m in shared] == [image.id], shared
    client.image_members.delete(image.id, "tenant-1")
    members = client.image_members.list(image=image)
    assert [m.member_id for m in members] == ["tenant-2"], members
    client.images.update(image, is_public=True)


def try_lists(client, known):
    """
    List images page by page.
    """
    ids = set(known)
    for number in range(2 * PAGE + 1 - len(known)):
        ids.add(client.images.create(name=f"n{number}", is_public=True).id)
    assert len(ids) == 2 * PAGE + 1
    listed = [image.id for image in client.images.list()]
    assert len(listed) == len(ids), listed
    assert set(listed) == ids
    found = list(client.images.list(filters={"name": "n0"}))
    assert [image.name for image in found] == ["n0"], found
    assert len(list(client.images.list(limit=3))) == 3
    names = [image.name for image in client.images.list(sort_key="name")]
    assert names == sorted(names, reverse=True), names
    # As many as there are in a whole number of pages.
    client.images.delete(found[0])
    assert len(list(client.images.list())) == 2 * PAGE
    for image_id in ids - {found[0].id}:
        client.images.delete(image_id)
    assert list(client.images.list()) == []


def try_errors(client):
    """
    Meet what isn't there.
    """
    gone = "71c675ab-d94f-49cd-a114-e12490b328d9"
    for deed in (client.images.get, client.images.data, client.images.delete):
        try:
            deed(gone)
        except exc.HTTPNotFound:
            continue
        raise AssertionError(deed)
    try:
        client.images.create(name="x", disk_format="no such format")
    except exc.HTTPBadRequest:
        return
    raise AssertionError("no error")


def main():
    """
    Do it all.
    """
    url, manifest = sys.argv[1:]
    client = Client("1", endpoint=url, token="x")
    images = json.loads(Path(manifest).read_text())
    made = [try_image(client, image) for image in images]
    try_later_data(client, images[0])
    try_members(client, made[0])
    try_lists(client, [image.id for image in made])
    try_errors(client)


if __name__ == "__main__":
    main()
