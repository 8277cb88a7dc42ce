"""
A program that uses python-glanceclient against version 2 of the API:
C{with_glanceclient.py URL FILE}.  It runs where that is installed, and this project
isn't.

C{FILE} is any file; it goes in as raw images.
"""

import hashlib
import io
import sys
from pathlib import Path

from glanceclient import Client, exc

RAW = {"disk_format": "raw", "container_format": "bare"}

GONE = "71c675ab-d94f-49cd-a114-e12490b328d9"
"""The id of no image."""


def refused(error, said, f, *arguments, **more):
    """
    See that something is refused, and that its user is told why.
    """
    try:
        f(*arguments, **more)
    except error as problem:
        assert said in str(problem), problem
    else:
        raise AssertionError(f)


def try_data(images, path):
    """
    Put data in and get it back, which verifies it.

    @return: an image.
    """
    data = path.read_bytes()
    made = images.create(name="a", k="v", tags=["x"], os_distro="debian", **RAW)
    assert made.status == "queued", made
    assert made.size is None, made
    assert images.data(made.id).wrapped is None
    with path.open("rb") as file:
        images.upload(made.id, file)
    got = images.get(made.id)
    assert (got.status, got.size) == ("active", len(data)), got
    assert got.checksum == hashlib.md5(data).hexdigest(), got
    assert got.os_hash_algo == "sha512", got
    assert got.os_hash_value == hashlib.sha512(data).hexdigest(), got
    assert (got.name, got.k, got.tags) == ("a", "v", ["x"]), got
    assert got.visibility == "shared", got
    assert b"".join(images.data(made.id)) == data
    refused(exc.HTTPConflict, made.id, images.upload, made.id, io.BytesIO(data))
    return got


def try_changes(client, made):
    """
    Change an image: its attributes and properties, its tags, who may have it.
    """
    images = client.images
    changed = images.update(made.id, ["k"], name="b", min_ram=64, new="1")
    assert (changed.name, changed.min_ram, changed.new) == ("b", 64, "1"), changed
    assert "k" not in changed, changed
    client.image_tags.update(made.id, "y")
    client.image_tags.delete(made.id, "x")
    assert images.get(made.id).tags == ["y"]
    refused(exc.HTTPNotFound, "tag", client.image_tags.delete, made.id, "x")
    images.deactivate(made.id)
    assert images.get(made.id).status == "deactivated"
    images.reactivate(made.id)
    assert images.get(made.id).status == "active"
    members = client.image_members
    assert members.create(made.id, "beta").status == "pending"
    assert members.update(made.id, "beta", "accepted").status == "accepted"
    assert members.get(made.id, "beta").status == "accepted"
    assert [member.member_id for member in members.list(made.id)] == ["beta"]
    members.delete(made.id, "beta")
    assert list(members.list(made.id)) == []
    images.update(made.id, protected=True)
    refused(exc.HTTPForbidden, "protected", images.delete, made.id)
    images.update(made.id, protected=False)


def try_lists(images):
    """
    List by what images are, and page by page.
    """
    for number in range(5):
        images.create(
            name=f"list {number}",
            tags=["list", f"n{number}"],
            rack=str(number % 2),
            os_hidden=number == 4,
            protected=number == 3,
            min_disk=number,
            owner="beta" if number == 2 else None,
        )

    def names(filters=None, **how):
        filters = {"tag": ["list"], **(filters or {})}
        return [found.name[-1] for found in images.list(filters=filters, **how)]

    assert sorted(names()) == ["0", "1", "2", "3"]
    assert sorted(names(page_size=1)) == ["0", "1", "2", "3"]
    assert names(sort="name:asc", page_size=3) == ["0", "1", "2", "3"]
    assert names(sort_key=["name"], sort_dir=["desc"], limit=2) == ["3", "2"]
    assert names({"os_hidden": True}) == ["4"]
    assert names({"protected": True}) == ["3"]
    assert names({"name": "list 2"}) == ["2"]
    assert sorted(names({"name": 'in:"list 1","list 2"'})) == ["1", "2"]
    assert sorted(names({"rack": "1"})) == ["1", "3"]
    assert names({"owner": "beta"}) == ["2"]
    assert names({"tag": ["list", "n1"]}, page_size=1) == ["1"]
    assert names({"status": "active"}) == []
    refused(exc.HTTPBadRequest, "size_min", names, {"size_min": "x"})


def main():
    """
    Do it all.
    """
    url, path = sys.argv[1:]
    client = Client("2", endpoint=url, token="x")
    made = try_data(client.images, Path(path))
    try_changes(client, made)
    try_lists(client.images)
    assert client.schemas.get("image").name == "image"
    assert client.images.get_import_info()["import-methods"]["value"] == []
    refused(exc.HTTPNotFound, GONE, client.images.get, GONE)
    refused(exc.HTTPNotFound, GONE, client.images.delete, GONE)
    for filters in ({}, {"os_hidden": True}):
        for image in list(client.images.list(filters=filters)):
            client.images.update(image.id, protected=False)
            client.images.delete(image.id)
    assert list(client.images.list()) == []


if __name__ == "__main__":
    main()
