"""
OpenStack's clients, curl and qemu-img, with users of the service's own.
"""

import json
import sys
import time
from pathlib import Path

from twisted.trial.unittest import TestCase

from glance.identity.local.file import AccountsFile
from glance.identity.local.known import FRESH
from tests.functional.daemons import get
from tests.functional.operating import run_program
from tests.integration.provided import (
    disk_images,
    need_curl_in_qemu,
    openstack_client,
    program,
)
from tests.integration.running import Clients

EVA = "eva's password"


class Users(Clients):
    """
    Have a daemon that knows users.
    """

    daemons = ("glance",)

    def setUp(self):
        self.image = next(i for i in disk_images() if i.name == "disk.qcow2")
        self.user = {}
        super().setUp()
        self.url = self.place.api
        self.clouds = self.place.path / "clouds.yaml"
        self.file = AccountsFile(self.place.path / "users.sqlite")
        self.manage("user", "add", "eva", "--project", "acme", said=EVA)
        reader = ("bob", "--project", "acme", "--role", "reader")
        self.manage("user", "add", *reader, said="bob's password")
        self.manage("user", "add", "zoe", "--project", "other", said="zoe's password")

    def options(self):
        """
        Have users in a file.
        """
        return {
            "auth_strategy": "local",
            "users_file": Path(self.place.path, "users.sqlite"),
        }

    def environment(self):
        """
        Get the environment of clients, with who logs in.
        """
        return {**super().environment(), **self.user}

    def manage(self, *arguments, said=""):
        """
        Run C{glance-manage}, and get what it prints.
        """
        config = ("--config-file", self.place.path / "glance.conf")
        done = run_program(
            "glance.tap.manage",
            *config,
            *arguments,
            cwd=self.place.path,
            said=f"{said}\n",
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout.strip()

    def openstack(self, *arguments, refused=False, **user):
        """
        Run the command C{openstack}, as the administrator if nobody is named.
        """
        self.user = user or {
            "OS_CLIENT_CONFIG_FILE": str(self.clouds),
            "OS_CLOUD": "glance",
        }
        run = self.refuse_client if refused else self.run_client
        return run(openstack_client() / "openstack", *arguments).decode()

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


class LocalIdentityTests(Users, TestCase):
    """
    Clients log in.
    """

    def test_openstack(self):
        """
        The command does what an administrator does, with the file of the first
        start.
        """
        create = ("image", "create", "--disk-format", "qcow2", "--file")
        told = self.openstack(*create, self.image.path, "a disk", "-f", "json")
        self.assertEqual(json.loads(told)["status"], "active")
        listed = json.loads(self.openstack("image", "list", "-f", "json"))
        self.assertEqual([image["Name"] for image in listed], ["a disk"])
        issued = json.loads(self.openstack("token", "issue", "-f", "json"))
        admin = self.file.read().user_named("admin")
        self.assertEqual(issued["user_id"], admin.id)
        catalogue = json.loads(self.openstack("catalog", "list", "-f", "json"))
        self.assertEqual({one["Type"] for one in catalogue}, {"image", "identity"})
        projects = json.loads(self.openstack("project", "list", "-f", "json"))
        self.assertEqual({one["Name"] for one in projects}, {"acme", "admin", "other"})
        users = json.loads(self.openstack("user", "list", "-f", "json"))
        self.assertEqual({one["Name"] for one in users}, {"admin", "bob", "eva", "zoe"})
        acme = json.loads(self.openstack("project", "show", "acme", "-f", "json"))
        self.openstack("image", "set", "--project", "acme", "a disk")
        shown = json.loads(self.openstack("image", "show", "a disk", "-f", "json"))
        self.assertEqual(shown["owner"], acme["id"])
        self.openstack("token", "revoke", issued["id"])

    def test_members(self):
        """
        A member shares an image with another project, which takes it; a reader
        may look only.
        """
        eva = self.as_user("eva", EVA, "acme")
        bob = self.as_user("bob", "bob's password", "acme")
        zoe = self.as_user("zoe", "zoe's password", "other")
        other = self.file.read().project_named("other").id
        create = ("image", "create", "--disk-format", "qcow2", "--file")
        self.openstack(*create, self.image.path, "shared", **eva)
        told = self.openstack("image", "show", "shared", "-f", "json", **eva)
        image = json.loads(told)["id"]
        self.assertNotIn("shared", self.openstack("image", "list", **zoe))
        self.openstack("image", "add", "project", image, other, **eva)
        self.openstack("image", "set", "--accept", image, **zoe)
        self.assertIn("shared", self.openstack("image", "list", **zoe))
        self.assertIn("shared", self.openstack("image", "list", **bob))
        create = ("image", "create", "mine")
        said = self.openstack(*create, refused=True, **bob)
        self.assertIn("403", said)
        own = json.loads(self.openstack("project", "list", "-f", "json", **eva))
        self.assertEqual([one["Name"] for one in own], ["acme"])

    def test_refused(self):
        """
        Who doesn't belong is told so.
        """
        for user in (
            self.as_user("eva", "wrong", "acme"),
            self.as_user("nobody", EVA, "acme"),
            self.as_user("eva", EVA, "other"),
            self.as_user("eva", EVA, "acme", OS_USER_DOMAIN_NAME="elsewhere"),
        ):
            said = self.openstack("image", "list", refused=True, **user)
            self.assertIn("401", said)

    def test_libraries(self):
        """
        So do the libraries log in, and again when a token ends.
        """
        script = Path(__file__).parent / "with_users.py"
        python = openstack_client() / "python"
        self.run_client(python, "-P", script, self.url, EVA, self.image.path)

    def test_application_credential(self):
        """
        An API token is an application credential, and a token as it is.
        """
        key = self.manage("token", "add", "eva", "--label", "for Terraform")
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
            self.assertEqual(self.openstack("image", "list", **user), "\n")

    def test_curl(self):
        """
        curl comes in with Basic, or an API token.
        """
        key = self.manage("token", "add", "eva")
        for how in (
            ("-u", f"eva:{EVA}"),
            ("-u", f"eva:{key}"),
            ("-H", f"X-Auth-Token: {key}"),
            ("-H", f"Authorization: Bearer {key}"),
        ):
            command = ("curl", "-sf", *how, f"{self.url}/v2/images")
            told = json.loads(self.run_client(program(command[0]), *command[1:]))
            self.assertEqual(told["images"], [])
        for how in ((), ("-u", "eva:wrong"), ("-H", f"X-Auth-Token: {key}x")):
            command = (program("curl"), "-sf", *how, f"{self.url}/v2/images")
            self.run_client(*command, status=22)

    def test_qemu_img(self):
        """
        qemu-img reads an image with Basic.
        """
        need_curl_in_qemu()
        eva = self.as_user("eva", EVA, "acme")
        create = ("image", "create", "--disk-format", "qcow2", "--file")
        told = self.openstack(*create, self.image.path, "d", "-f", "json", **eva)
        secret = self.manage("token", "add", "eva")
        url = f"{self.url}/v2/images/{json.loads(told)['id']}/file"
        file = {"driver": "http", "url": url, "username": "eva"}
        secrets = ("--object", "secret,id=key,file=key")
        (self.place.path / "key").write_text(secret)
        file["password-secret"] = "key"
        source = json.dumps({"driver": "qcow2", "file": file})
        compare = ("compare", *secrets, f"json:{source}", self.image.path)
        self.run_client(program("qemu-img"), *compare)


class ProgramsTests(Users, TestCase):
    """
    Programs that know a URL, a name and a password.
    """

    def setUp(self):
        super().setUp()
        eva = self.as_user("eva", EVA, "acme")
        create = ("image", "create", "--disk-format", "qcow2", "--file")
        told = self.openstack(*create, self.image.path, "d", "-f", "json", **eva)
        self.path = f"/v2/images/{json.loads(told)['id']}/file"
        self.key = self.manage("token", "add", "eva")
        self.copy = self.place.path / "copy"

    def assert_copied(self):
        """
        See that the copy is the image, byte for byte.
        """
        self.assertTrue(self.copy.read_bytes() == self.image.path.read_bytes())
        self.copy.unlink()

    def test_in_url(self):
        """
        Name and API token may stand in the URL.
        """
        host = self.url.removeprefix("http://")
        url = f"http://eva:{self.key}@{host}{self.path}"
        self.run_client(program("curl"), "-sf", "-o", self.copy, url)
        self.assert_copied()
        need_curl_in_qemu()
        compare = (program("qemu-img"), "compare", "-F", "raw", "-f", "raw")
        self.run_client(*compare, url, self.image.path)
        wrong = url.replace("eva:", "bob:")
        self.run_client(program("qemu-img"), "info", wrong, status=1)

    def test_netrc(self):
        """
        curl finds them in its file.
        """
        netrc = self.place.path / "netrc"
        netrc.write_text(f"machine 127.0.0.1 login eva password {self.key}\n")
        told = (program("curl"), "-sf", "--netrc-file", netrc)
        self.run_client(*told, "-o", self.copy, f"{self.url}{self.path}")
        self.assert_copied()

    def test_challenge(self):
        """
        wget, which says who asks only once it is asked, and browsers, are.
        """
        login = ("--user", "eva", "--password", EVA, "--tries", "1")
        url = f"{self.url}{self.path}"
        self.run_client(program("wget"), "-q", *login, "-O", self.copy, url)
        self.assert_copied()

    def test_nbdkit(self):
        """
        nbdkit makes a block device of an image.
        """
        how = ("user=eva", f"password={self.key}")
        url = f"{self.url}{self.path}"
        run = ("--run", f"{program('nbdcopy')} $uri {self.copy}")
        self.run_client(program("nbdkit"), "-U", "-", "-r", "curl", *how, url, *run)
        self.assert_copied()


class SharingTests(Users, TestCase):
    """
    Those of several projects, with several roles, each by an own command.
    """

    def names(self, *arguments, **user):
        """
        List the names of images.
        """
        listed = self.openstack("image", "list", *arguments, "-f", "json", **user)
        return {image["Name"] for image in json.loads(listed)}

    def test_all(self):
        """
        An administrator makes an image public; a member shares one, which the
        other project takes, and rejects; a reader fetches nothing.
        """
        eva = self.as_user("eva", EVA, "acme")
        bob = self.as_user("bob", "bob's password", "acme")
        zoe = self.as_user("zoe", "zoe's password", "other")
        create = ("image", "create", "--disk-format", "qcow2", "--file")
        self.openstack(*create, self.image.path, "--public", "for all")
        said = self.openstack(
            "image", "set", "--name", "x", "for all", refused=True, **eva
        )
        self.assertIn("403", said)
        self.openstack(*create, self.image.path, "mine", **eva)
        self.openstack(*create, self.image.path, "--community", "ours", **eva)
        self.assertEqual(self.names(**eva), {"for all", "mine", "ours"})
        self.assertEqual(self.names(**bob), {"for all", "mine", "ours"})
        self.assertEqual(self.names(**zoe), {"for all"})
        self.assertEqual(self.names("--community", **zoe), {"ours"})
        shown = self.openstack("image", "show", "mine", "-f", "json", **eva)
        mine = json.loads(shown)["id"]
        self.openstack("image", "show", mine, refused=True, **zoe)
        other = self.file.read().project_named("other").id
        self.openstack("image", "add", "project", mine, other, **eva)
        self.openstack("image", "set", "--accept", mine, **zoe)
        self.assertEqual(self.names(**zoe), {"for all", "mine"})
        copy = self.place.path / "copy"
        self.openstack("image", "save", "--file", copy, mine, **zoe)
        self.assertTrue(copy.read_bytes() == self.image.path.read_bytes())
        self.openstack("image", "set", "--reject", mine, **zoe)
        self.assertEqual(self.names(**zoe), {"for all"})
        self.openstack("image", "remove", "project", mine, other, **eva)
        self.openstack("image", "show", mine, refused=True, **zoe)
        save = ("image", "save", "--file", self.place.path / "none", mine)
        # It takes the refusal for the data, and says that it is other data.
        self.openstack(*save, refused=True, **bob)
        self.openstack("image", "delete", mine, refused=True, **bob)
        self.assertEqual(self.names(), {"for all", "mine"})
        self.openstack("image", "delete", mine)

    def glance(self, *arguments, status=0, **user):
        """
        Run our own command.
        """
        self.user = user
        command = (sys.executable, "-m", "glance.cli.main", *arguments)
        return self.run_client(*command, status=status).decode()

    def test_own_command(self):
        """
        Our own command logs in likewise.
        """
        eva = self.as_user("eva", EVA, "acme")
        zoe = self.as_user("zoe", "zoe's password", "other")
        named = ("-o", "value", "list", "-c", "name")
        form = ("--disk-format", "qcow2", "--file", self.image.path)
        self.glance("create", "--name", "mine", *form, **eva)
        image = self.glance("-o", "value", "list", "-c", "id", **eva).strip()
        self.assertEqual(self.glance(*named, **zoe), "")
        other = self.file.read().project_named("other").id
        self.glance("share", image, other, **eva)
        self.glance("share", image, other, "--accept", **zoe)
        self.assertEqual(self.glance(*named, **zoe), "mine\n")
        self.glance("share", image, other, "--reject", **zoe)
        self.assertEqual(self.glance(*named, **zoe), "")
        admin = {"OS_CLIENT_CONFIG_FILE": str(self.clouds)}
        self.assertEqual(self.glance(*named, **admin), "mine\n")
        self.assertEqual(self.glance("--os-cloud", "glance", *named, **admin), "mine\n")
        token = self.glance("token", **admin).strip()
        known = {"OS_AUTH_TOKEN": token, "OS_IMAGE_URL": self.url}
        self.assertEqual(
            self.glance("--api-version", "1", "index", **known).count("mine"), 0
        )
        self.assertEqual(self.glance(*named, **known), "mine\n")
        wrong = {**eva, "OS_PASSWORD": "wrong password"}
        self.glance("list", status=5, **wrong)

    def test_python_glanceclient(self):
        """
        So does the command of python-glanceclient.
        """
        self.user = self.as_user("eva", EVA, "acme")
        listed = self.run_client(openstack_client() / "glance", "image-list")
        self.assertIn(b"ID", listed)
        self.user = {**self.user, "OS_PASSWORD": "wrong"}
        self.refuse_client(openstack_client() / "glance", "image-list")


class WorkersTests(Users, TestCase):
    """
    Several processes, which know the same tokens.
    """

    def options(self):
        """
        Have two of them.
        """
        return {**super().options(), "workers": 2}

    def test_tokens(self):
        """
        A token that one of them gave out is good for all, and when it is
        revoked for none.
        """
        issued = json.loads(self.openstack("token", "issue", "-f", "json"))
        asking = {"X-Auth-Token": issued["id"]}

        def statuses():
            asked = (get(f"{self.url}/v2/images", **asking) for _ in range(20))
            return {status for status, _, _ in asked}

        self.assertEqual(statuses(), {200})
        self.openstack("token", "revoke", issued["id"])
        time.sleep(FRESH)
        self.assertEqual(statuses(), {401})
