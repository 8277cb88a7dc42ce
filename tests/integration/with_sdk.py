"""
A program that uses openstacksdk against the API: C{with_sdk.py URL FILE}.  It runs
where that is installed, and this project isn't.

C{FILE} is any file; it goes in as raw images.
"""

import hashlib
import io
import sys
from pathlib import Path

import openstack
from openstack import exceptions

RAW = {"disk_format": "raw", "container_format": "bare"}


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


def try_data(image, path):
    """
    Put data in from a file and from memory, and get it in three ways.

    @return: an image.
    """
    data = path.read_bytes()
    first = image.create_image("a", filename=str(path), wait=True, k="v", **RAW)
    second = image.create_image("b", data=data, validate_checksum=True, **RAW)
    for made in (image.get_image(first), second):
        assert made.status == "active", made
        assert made.size == len(data), made
        assert made.checksum == hashlib.md5(data).hexdigest(), made
        assert made.hash_algo == "sha512", made
        assert made.hash_value == hashlib.sha512(data).hexdigest(), made
        assert made.visibility == "shared", made
    assert image.get_image(first).properties["k"] == "v"
    assert image.download_image(first).content == data
    streamed = image.download_image(first, stream=True)
    assert b"".join(streamed.iter_content(65536)) == data
    saved = io.BytesIO()
    image.download_image(first, output=saved)
    assert saved.getvalue() == data
    # The same file under the same name is the same image.
    again = image.create_image("b", data=data, validate_checksum=True, **RAW)
    assert again.id == second.id, again
    # An image may get its data later.
    later = image.create_image("later", **RAW)
    assert later.status == "queued", later
    assert later.size is None, later
    later.upload(image, data=io.BytesIO(data))
    assert image.get_image(later).status == "active"
    image.delete_image(later)
    return image.get_image(first)


def try_changes(image, made):
    """
    Change an image by its id, which adds all that there is already, and as it
    was fetched, which replaces.
    """
    changed = image.update_image(
        made.id,
        name="debian:12",
        min_ram=5,
        min_disk=2,
        tags=["x", "y"],
        visibility="private",
        is_protected=True,
        os_distro="debian",
        hw_disk_bus="virtio",
    )
    assert changed.name == "debian:12", changed
    assert (changed.min_ram, changed.min_disk) == (5, 2), changed
    assert sorted(changed.tags) == ["x", "y"], changed
    assert changed.visibility == "private", changed
    assert changed.is_protected is True, changed
    assert changed.os_distro == "debian", changed
    assert changed.hw_disk_bus == "virtio", changed
    refused(exceptions.ForbiddenException, "protected", image.delete_image, made)
    changed = image.update_image(changed, min_ram=6, is_protected=False)
    assert (changed.min_ram, changed.is_protected) == (6, False), changed
    assert image.get_image(made.id).min_ram == 6
    assert image.find_image("debian:12").id == made.id
    image.add_tag(made.id, "z")
    image.remove_tag(made.id, "x")
    assert sorted(image.get_image(made.id).tags) == ["y", "z"]
    image.deactivate_image(made)
    assert image.get_image(made).status == "deactivated"
    image.reactivate_image(made)
    assert image.get_image(made).status == "active"
    bad = (exceptions.BadRequestException, "min_disk", image.update_image)
    refused(*bad, made.id, min_disk=-1)
    fixed = (exceptions.ForbiddenException, "disk_format", image.update_image)
    refused(*fixed, made.id, disk_format="qcow2")


def try_members(image, made):
    """
    Share an image.
    """
    image.update_image(made.id, visibility="shared")
    added = image.add_member(made.id, member_id="beta")
    assert (added.member_id, added.status) == ("beta", "pending"), added
    changed = image.update_member("beta", made.id, status="accepted")
    assert changed.status == "accepted", changed
    assert image.get_member("beta", made.id).status == "accepted"
    image.add_member(made.id, member_id="gamma")
    listed = {member.id: member.status for member in image.members(made.id)}
    assert listed == {"beta": "accepted", "gamma": "pending"}, listed
    image.remove_member("beta", made.id)
    assert [member.id for member in image.members(made.id)] == ["gamma"]
    again = (exceptions.ConflictException, "gamma", image.add_member)
    refused(*again, made.id, member_id="gamma")


def try_lists(image):
    """
    List by what images are, and page by page.
    """
    for number in range(5):
        made = image.create_image(
            f"list {number}",
            allow_duplicates=True,
            tags=["list", f"n{number}"],
            rack=str(number % 2),
            min_disk=number,
            **RAW,
        )
        flags = {"is_hidden": number == 4, "is_protected": number == 3}
        image.update_image(made.id, **flags)

    def names(**query):
        return [found.name[-1] for found in image.images(tag="list", **query)]

    assert sorted(names()) == ["0", "1", "2", "3"]
    assert sorted(names(limit=1)) == ["0", "1", "2", "3"]
    assert names(sort="name:asc", limit=3) == ["0", "1", "2", "3"]
    assert names(sort_key="name", sort_dir="desc") == ["3", "2", "1", "0"]
    assert names(is_hidden=True) == ["4"]
    assert names(is_protected=True) == ["3"]
    assert names(name="list 2") == ["2"]
    assert sorted(names(name='in:"list 1","list 2"')) == ["1", "2"]
    assert sorted(names(properties={"rack": "1"})) == ["1", "3"]
    assert names(min_disk=2) == ["2"]
    assert names(status="active") == []
    assert names(status="queued", visibility="private") == []
    assert len(names(created_at="gt:2011-04-15T12:00:00Z")) == 4
    assert names(created_at="lt:2011-04-15T12:00:00Z") == []
    both = [found.name for found in image.images(tag=["list", "n1"])]
    assert both == ["list 1"], both
    hidden = image.find_image("list 4", ignore_missing=False)
    assert hidden.is_hidden is True, hidden
    refused(exceptions.BadRequestException, "sorted", names, sort="x:asc")


def try_what_there_is(image):
    """
    Ask what the service has: schemas, and ways of import, of which there are
    none yet.
    """
    schema = image.get_image_schema()
    assert schema.properties["os_hidden"]["type"] == "boolean", schema
    for schema in (
        image.get_images_schema(),
        image.get_member_schema(),
        image.get_members_schema(),
    ):
        assert schema.properties, schema
    assert image.get_import_info().import_methods["value"] == []


def main():
    """
    Do it all.
    """
    url, path = sys.argv[1:]
    options = {"load_envvars": False, "load_yaml_config": False}
    connection = openstack.connect(auth_type="none", endpoint=url, **options)
    image = connection.image
    made = try_data(image, Path(path))
    try_changes(image, made)
    try_members(image, made)
    try_lists(image)
    try_what_there_is(image)
    gone = "71c675ab-d94f-49cd-a114-e12490b328d9"
    refused(exceptions.NotFoundException, gone, image.get_image, gone)
    bad = (exceptions.BadRequestException, "disk_format", image.create_image)
    refused(*bad, "bad", disk_format="none such", container_format="bare")
    image.update_image(image.find_image("list 3").id, is_protected=False)
    for hidden in (False, True):
        for listed in image.images(is_hidden=hidden):
            image.delete_image(listed, ignore_missing=False)
    assert list(image.images()) == []


if __name__ == "__main__":
    main()
