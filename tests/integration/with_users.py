"""
A program that logs in as OpenStack's libraries do: C{with_users.py URL PASSWORD
FILE}.  It runs where they are installed, and this project isn't.

The password is that of eva, a member of the project acme.  C{FILE} is any file; it
goes in as raw images.
"""

import sys
from pathlib import Path

import openstack
from glanceclient import Client
from keystoneauth1 import exceptions, session
from keystoneauth1.identity import v3

RAW = {"disk_format": "raw", "container_format": "bare"}

IN_DEFAULT = {"user_domain_id": "default", "project_domain_name": "Default"}


def try_sdk(url, password, path):
    """
    Log in as eva, see what a member may, and go on when the token ends.
    """
    cloud = openstack.connect(
        load_yaml_config=False,
        auth_url=f"{url}/v3",
        username="eva",
        password=password,
        project_name="acme",
        region_name="RegionOne",
        **IN_DEFAULT,
    )
    made = cloud.image.create_image("sdk", filename=str(path), wait=True, **RAW)
    assert made.owner == cloud.current_project_id, made
    assert cloud.current_project.name == "acme", cloud.current_project
    assert cloud.identity.find_project("acme").id == cloud.current_project_id
    assert cloud.identity.get_user(cloud.current_user_id).name == "eva"
    assert [one.name for one in cloud.identity.user_projects(cloud.current_user_id)]
    # A session that finds its token isn't good any more logs in again.
    first = cloud.auth_token
    cloud.session.delete(f"{url}/v3/auth/tokens", headers={"X-Subject-Token": first})
    assert cloud.image.get_image(made.id).name == "sdk"
    assert cloud.auth_token != first
    cloud.image.delete_image(made)


def try_unscoped(url, password):
    """
    Log in to nothing, and choose a project, as dashboards do.
    """
    unscoped = v3.Password(
        f"{url}/v3",
        username="eva",
        password=password,
        user_domain_id="default",
        unscoped=True,
    )
    have = session.Session(auth=unscoped)
    told = have.get(f"{url}/v3/auth/projects").json()
    [project] = told["projects"]
    chosen = v3.Token(f"{url}/v3", token=have.get_token(), project_id=project["id"])
    client = Client("2", session=session.Session(auth=chosen))
    assert list(client.images.list()) == []
    for scope in ({"system_scope": "all"}, {"domain_id": "default"}):
        auth = v3.Password(
            f"{url}/v3",
            username="eva",
            password=password,
            user_domain_id="default",
            **scope,
        )
        try:
            session.Session(auth=auth).get_token()
        except exceptions.Unauthorized:
            continue
        raise AssertionError(scope)


def main():
    """
    Do it all.
    """
    url, password, path = sys.argv[1:]
    try_sdk(url, password, Path(path))
    try_unscoped(url, password)


if __name__ == "__main__":
    main()
