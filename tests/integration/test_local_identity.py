"""
OpenStack's clients, curl and qemu-img, with users of this service's own.

What they talk to is the API in memory, over a real socket.
"""

import json
import os
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import TestCase

from glance.api.keystone.face import IdentityAPI
from glance.api.links import Links, peer_address
from glance.api.site import context_of
from glance.identity.local.file import AccountsFile
from glance.identity.local.first import first_start
from glance.streams.site import StreamingSite
from glance.tap.local import local_identity
from glance.tap.pools import Pools
from tests.api.assembly import Service
from tests.integration.provided import (
    disk_images,
    need_curl_in_qemu,
    openstack_client,
    program,
)

EVA = "eva's password"


class LocalService(Service):
    """
    An API whose users are in a file.
    """

    def __init__(self, case, path):
        """
        @param path: the file of users.
        """
        pools = Pools(reactor)
        local = local_identity(
            reactor, pools, path, life=3600, owner_is_tenant=True, anonymous=False
        )
        pools.start()
        case.addCleanup(pools.stop)
        self.logins = local.logins
        self.identify = context_of(local.identity, peer_address)
        super().__init__(case)

    def _context_of(self, request):
        return self.identify(request)

    def _trees(self, links):
        face = IdentityAPI(self.logins, Links(None, None), "RegionOne")
        return {"v3": face.app.resource()}


class LocalIdentityTests(TestCase):
    """
    Clients log in.
    """

    timeout = 300

    async def setUp(self):
        self.here = Path(self.mktemp()).absolute()
        self.here.mkdir()
        self.image = next(i for i in disk_images() if i.name == "disk.qcow2")
        file = AccountsFile(self.here / "users.sqlite")
        service = LocalService(self, file.path)
        self.asked = []
        site = StreamingSite(
            service.root, reactor, idle_timeout=60, finished=self.finished
        )
        endpoint = serverFromString(reactor, "tcp:0:interface=127.0.0.1")
        port = await endpoint.listen(site)

        async def stop():
            site.abort()
            await port.stopListening()
            await site.drained()

        self.addCleanup(stop)
        self.url = f"http://127.0.0.1:{port.getHost().port}"
        self.clouds = self.here / "clouds.yaml"
        first_start(file, self.clouds, self.url, "RegionOne")
        file.add_user("eva", EVA, "acme", "member")
        file.add_user("bob", "bob's password", "acme", "reader")
        file.add_user("zoe", "zoe's password", "other", "member")
        self.file = file

    def finished(self, request):
        """
        Remember what was asked.
        """
        path = request.uri.decode()
        self.asked.append((request.method.decode(), path, request.code))

    async def run_client(self, *command, status=0, **environment):
        """
        Run a program to its end, see what it exits with, and get what it prints.
        """
        kept = {k: v for k, v in os.environ.items() if not k.startswith("OS_")}
        out, err, ended = await getProcessOutputAndValue(
            str(command[0]),
            [str(argument) for argument in command[1:]],
            env={**kept, "HOME": str(self.here), **environment},
            path=str(self.here),
        )
        self.assertEqual(ended, status, (command, out, err, self.asked))
        return out.decode() if status == 0 else err.decode()

    async def openstack(self, *arguments, status=0, **environment):
        """
        Run the command C{openstack}, as the administrator if nobody is named.
        """
        if not environment:
            environment = {
                "OS_CLIENT_CONFIG_FILE": str(self.clouds),
                "OS_CLOUD": "glance",
            }
        binary = openstack_client() / "openstack"
        return await self.run_client(binary, *arguments, status=status, **environment)

    def as_user(self, name, password, project, **more):
        """
        Get the environment of a user.
        """
        return {
            "OS_AUTH_URL": f"{self.url}/v3",
            "OS_USERNAME": name,
            "OS_PASSWORD": password,
            "OS_PROJECT_NAME": project,
            "OS_USER_DOMAIN_NAME": "Default",
            "OS_PROJECT_DOMAIN_NAME": "Default",
            "OS_IDENTITY_API_VERSION": "3",
            **more,
        }

    async def test_openstack(self):
        """
        The command does what an administrator does, with the file of the first
        start.
        """
        create = ("image", "create", "--disk-format", "qcow2", "--file")
        told = await self.openstack(*create, self.image.path, "a disk", "-f", "json")
        self.assertEqual(json.loads(told)["status"], "active")
        listed = json.loads(await self.openstack("image", "list", "-f", "json"))
        self.assertEqual([image["Name"] for image in listed], ["a disk"])
        issued = json.loads(await self.openstack("token", "issue", "-f", "json"))
        admin = self.file.read().user_named("admin")
        self.assertEqual(issued["user_id"], admin.id)
        catalogue = json.loads(await self.openstack("catalog", "list", "-f", "json"))
        self.assertEqual({one["Type"] for one in catalogue}, {"image", "identity"})
        projects = json.loads(await self.openstack("project", "list", "-f", "json"))
        self.assertEqual({one["Name"] for one in projects}, {"acme", "admin", "other"})
        users = json.loads(await self.openstack("user", "list", "-f", "json"))
        self.assertEqual({one["Name"] for one in users}, {"admin", "bob", "eva", "zoe"})
        acme = json.loads(await self.openstack("project", "show", "acme", "-f", "json"))
        await self.openstack("image", "set", "--project", "acme", "a disk")
        shown = json.loads(
            await self.openstack("image", "show", "a disk", "-f", "json")
        )
        self.assertEqual(shown["owner"], acme["id"])
        await self.openstack("token", "revoke", issued["id"])

    async def test_members(self):
        """
        A member shares an image with another project, which takes it; a reader
        may look only.
        """
        eva = self.as_user("eva", EVA, "acme")
        bob = self.as_user("bob", "bob's password", "acme")
        zoe = self.as_user("zoe", "zoe's password", "other")
        other = self.file.read().project_named("other").id
        create = ("image", "create", "--disk-format", "qcow2", "--file")
        await self.openstack(*create, self.image.path, "shared", **eva)
        told = await self.openstack("image", "show", "shared", "-f", "json", **eva)
        image = json.loads(told)["id"]
        self.assertNotIn("shared", await self.openstack("image", "list", **zoe))
        await self.openstack("image", "add", "project", image, other, **eva)
        await self.openstack("image", "set", "--accept", image, **zoe)
        self.assertIn("shared", await self.openstack("image", "list", **zoe))
        self.assertIn("shared", await self.openstack("image", "list", **bob))
        create = ("image", "create", "mine")
        said = await self.openstack(*create, status=1, **bob)
        self.assertIn("403", said)
        own = json.loads(await self.openstack("project", "list", "-f", "json", **eva))
        self.assertEqual([one["Name"] for one in own], ["acme"])

    async def test_refused(self):
        """
        Who doesn't belong is told so.
        """
        for user in (
            self.as_user("eva", "wrong", "acme"),
            self.as_user("nobody", EVA, "acme"),
            self.as_user("eva", EVA, "other"),
            self.as_user("eva", EVA, "acme", OS_USER_DOMAIN_NAME="elsewhere"),
        ):
            said = await self.openstack("image", "list", status=1, **user)
            self.assertIn("401", said)

    async def test_libraries(self):
        """
        So do the libraries log in, and again when a token ends.
        """
        script = Path(__file__).parent / "with_users.py"
        python = openstack_client() / "python"
        await self.run_client(python, "-P", script, self.url, EVA, self.image.path)

    async def test_application_credential(self):
        """
        An API token is an application credential, and a token as it is.
        """
        key = self.file.add_key("eva", None, "for Terraform", None)
        _, key_id, secret = key.split("_", 2)
        by_parts = {
            "OS_AUTH_TYPE": "v3applicationcredential",
            "OS_AUTH_URL": f"{self.url}/v3",
            "OS_APPLICATION_CREDENTIAL_ID": key_id,
            "OS_APPLICATION_CREDENTIAL_SECRET": secret,
        }
        as_token = {
            "OS_AUTH_TYPE": "admin_token",
            "OS_ENDPOINT": self.url,
            "OS_TOKEN": key,
        }
        for user in (by_parts, as_token):
            self.assertEqual(await self.openstack("image", "list", **user), "\n")

    async def test_curl(self):
        """
        curl comes in with Basic, or an API token.
        """
        key = self.file.add_key("eva", None, "", None)
        for how in (
            ("-u", f"eva:{EVA}"),
            ("-u", f"eva:{key}"),
            ("-H", f"X-Auth-Token: {key}"),
            ("-H", f"Authorization: Bearer {key}"),
        ):
            command = ("curl", "-sf", *how, f"{self.url}/v2/images")
            told = json.loads(await self.run_client(program(command[0]), *command[1:]))
            self.assertEqual(told["images"], [])
        command = ("-sf", f"{self.url}/v2/images")
        await self.run_client(program("curl"), *command, status=22)

    async def test_qemu_img(self):
        """
        qemu-img reads an image with Basic.
        """
        need_curl_in_qemu()
        eva = self.as_user("eva", EVA, "acme")
        create = ("image", "create", "--disk-format", "qcow2", "--file")
        told = await self.openstack(*create, self.image.path, "d", "-f", "json", **eva)
        secret = self.file.add_key("eva", None, "", None)
        url = f"{self.url}/v2/images/{json.loads(told)['id']}/file"
        file = {"driver": "http", "url": url, "username": "eva"}
        secrets = ("--object", "secret,id=key,file=key")
        (self.here / "key").write_text(secret)
        file["password-secret"] = "key"
        source = json.dumps({"driver": "qcow2", "file": file})
        compare = ("compare", *secrets, f"json:{source}", self.image.path)
        await self.run_client(program("qemu-img"), *compare)
