"""
A program that uses OpenStack's libraries with users of a Keystone:
C{with_keystone.py URL REGION FILE}.  It runs where they are installed, and this project
isn't.

C{URL} is Keystone's, which has the people of the tests; C{FILE} is any file.
"""

import sys
from pathlib import Path

import openstack
from glanceclient import Client, exc
from keystoneauth1 import session
from keystoneauth1.identity import v3

RAW = {"disk_format": "raw", "container_format": "bare"}


def cloud_of(url, region, name, project):
    """
    Log in.
    """
    return openstack.connect(
        load_yaml_config=False,
        auth_url=url,
        username=name,
        password=f"{name}-secret",
        project_name=project,
        user_domain_id="default",
        project_domain_name="Default",
        region_name=region,
    )


def try_sdk(url, region, path):
    """
    Make an image, share it, and let the other project take it and not.
    """
    eva, zoe = (
        cloud_of(url, region, "eva", "acme"),
        cloud_of(url, region, "zoe", "other"),
    )
    bob = cloud_of(url, region, "bob", "acme")
    made = eva.image.create_image("sdk", filename=str(path), wait=True, **RAW)
    assert made.owner == eva.current_project_id, made
    assert zoe.image.find_image(made.id) is None
    eva.image.add_member(made.id, member_id=zoe.current_project_id)
    assert zoe.image.get_image(made.id).name == "sdk"
    for status, listed in (("rejected", []), ("accepted", ["sdk"])):
        zoe.image.update_member(zoe.current_project_id, made.id, status=status)
        names = [image.name for image in zoe.image.images(visibility="shared")]
        assert names == listed, names
    fetched = zoe.image.download_image(made.id).content
    assert fetched == path.read_bytes()
    for other in (bob, zoe):
        try:
            other.image.delete_image(made.id, ignore_missing=False)
        except openstack.exceptions.ForbiddenException:
            continue
        raise AssertionError(other)
    admin = cloud_of(url, region, "admin", "admin")
    admin.image.update_image(made.id, visibility="public")
    assert zoe.image.get_image(made.id).visibility == "public"
    eva.image.delete_image(made.id)


def try_again(url, region):
    """
    Go on when a token isn't good any more: a session logs in again.
    """
    eva = cloud_of(url, region, "eva", "acme")
    first = eva.auth_token
    assert list(eva.image.images()) == []
    admin = cloud_of(url, region, "admin", "admin")
    keystone = f"{url}/v3/auth/tokens"
    admin.session.delete(keystone, headers={"X-Subject-Token": first})
    assert list(eva.image.images()) == []
    assert eva.auth_token != first


def try_glanceclient(url, region, path):
    """
    Do the like with the client of images.
    """
    auth = v3.Password(
        f"{url}/v3",
        username="eva",
        password="eva-secret",
        user_domain_id="default",
        project_name="acme",
        project_domain_id="default",
    )
    client = Client("2", session=session.Session(auth=auth), region_name=region)
    made = client.images.create(name="client", **RAW)
    with path.open("rb") as file:
        client.images.upload(made.id, file)
    data = b"".join(client.images.data(made.id))
    assert data == path.read_bytes()
    try:
        client.images.update(made.id, visibility="public")
    except exc.HTTPForbidden:
        client.images.delete(made.id)
        return
    raise AssertionError("published")


def main():
    """
    Do it all.
    """
    url, region, path = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    try_sdk(url, region, path)
    try_again(url, region)
    try_glanceclient(url, region, path)


if __name__ == "__main__":
    main()
