"""
Clients of all kinds, by TLS.
"""

import json
import sys

from twisted.trial.unittest import TestCase

from tests.functional.certifying import Authority
from tests.functional.operating import run_program
from tests.integration.provided import (
    disk_images,
    need_curl_in_qemu,
    openstack_client,
    program,
)
from tests.integration.running import Clients


class TLSTests(Clients, TestCase):
    """
    Clients come in by TLS, if they know the authority, and don't if not.
    """

    daemons = ("glance",)

    def setUp(self):
        self.variables = {}
        super().setUp()
        self.url = f"https://localhost:{self.place.api_port}"
        self.image = next(i for i in disk_images() if i.name == "disk.qcow2")
        said = (self.place.path / "clouds.yaml").read_text()
        self.assertIn(f'auth_url: "{self.url}/v3"', said)

    def options(self):
        """
        Have a certificate, and users in a file.
        """
        authority = Authority(self.place.path / "authority")
        self.authority = authority.file
        cert, key = authority.issue("localhost")
        return {
            "auth_strategy": "local",
            "users_file": self.place.path / "users.sqlite",
            "cert_file": cert,
            "key_file": key,
        }

    def start(self, name):
        """
        Run a daemon until the end of the test.
        """
        running = self.place.start(name, wait=False)
        self.addCleanup(self.stop, running)
        running.wait_for_log("Listening at https")

    def environment(self):
        """
        Get the environment of clients, with who logs in.
        """
        return {
            **super().environment(),
            "OS_CLIENT_CONFIG_FILE": str(self.place.path / "clouds.yaml"),
            "OS_CLOUD": "glance",
            **self.variables,
        }

    def trust(self):
        """
        Have all that are run from now on believe the authority.
        """
        self.variables["OS_CACERT"] = str(self.authority)

    def key(self):
        """
        Get an API token of the administrator.
        """
        config = ("--config-file", self.place.path / "glance.conf")
        done = run_program(
            "glance.tap.manage", *config, "token", "add", "admin", cwd=self.place.path
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def create(self):
        """
        Store a disk image with OpenStack's command; get its id.
        """
        self.trust()
        create = ("image", "create", "--disk-format", "qcow2", "--file")
        told = self.run_client(
            openstack_client() / "openstack",
            *create,
            self.image.path,
            "a",
            "-f",
            "json",
        )
        image = json.loads(told)
        self.assertEqual(image["status"], "active")
        return image["id"]

    def test_openstack(self):
        """
        OpenStack's command does, both ways.
        """
        command = openstack_client() / "openstack"
        said = self.refuse_client(command, "image", "list")
        self.assertIn(b"certificate verify failed", said.lower())
        image_id = self.create()
        copy = self.place.path / "copy"
        self.run_client(command, "image", "save", "--file", copy, image_id)
        self.assertEqual(copy.read_bytes(), self.image.path.read_bytes())
        self.run_client(command, "image", "delete", image_id)

    def test_curl(self):
        """
        curl does, and goes on where it was cut.
        """
        curl, image_id = program("curl"), self.create()
        url = f"{self.url}/v2/images/{image_id}/file"
        header = f"X-Auth-Token: {self.key()}"
        copy = self.place.path / "copy"
        self.run_client(curl, "-sS", "-H", header, "-o", copy, url, status=60)
        data = self.image.path.read_bytes()
        copy.write_bytes(data[:1000])
        trusting = ("-sS", "--fail", "--cacert", self.authority, "-H", header)
        self.run_client(curl, *trusting, "-C", "-", "-o", copy, url)
        self.assertEqual(copy.read_bytes(), data)

    def test_qemu_img(self):
        """
        qemu-img reads what is there, if the system knows the authority, or nobody
        has to be known; nbdkit knows authorities itself.
        """
        need_curl_in_qemu()
        url = f"{self.url}/v2/images/{self.create()}/file"
        key = self.place.path / "key"
        key.write_text(self.key())
        secret = ("--object", f"secret,id=key,file={key}")
        known = {"driver": "https", "url": url, "username": "admin"}
        known["password-secret"] = "key"

        def disk(**more):
            file = {**known, **more}
            return f"json:{json.dumps({'driver': 'qcow2', 'file': file})}"

        info = (program("qemu-img"), "info", *secret)
        said = self.refuse_client(*info, disk())
        self.assertIn(b"certificate verification failed", said)
        said = self.run_client(*info, disk(sslverify="off"))
        self.assertIn(b"file format: qcow2", said)
        served = (program("nbdkit"), "-U", "-", "-r", "curl", url)
        self.run_client(
            *served,
            f"cainfo={self.authority}",
            f"header=X-Auth-Token: {key.read_text()}",
            "--run",
            "qemu-img convert -f raw -O raw $uri copy",
        )
        copy = (self.place.path / "copy").read_bytes()
        self.assertEqual(copy, self.image.path.read_bytes())

    def test_own(self):
        """
        Our own command does, and believes anybody where that is said.
        """

        def glance(*arguments, status=0):
            code = "from glance.cli.main import main; main()"
            command = (sys.executable, "-P", "-c", code, *arguments)
            return self.run_to_end(command, status, {})

        image_id = self.create()
        self.assertIn(image_id, glance("list").stdout.decode())
        copy = self.place.path / "copy"
        glance("download", image_id, "--file", copy)
        self.assertEqual(copy.read_bytes(), self.image.path.read_bytes())
        del self.variables["OS_CACERT"]
        self.assertIn(b"certificate", glance("list", status=4).stderr)
        self.assertIn(image_id, glance("--insecure", "list").stdout.decode())
        told = glance("--os-cacert", self.authority, "list").stdout.decode()
        self.assertIn(image_id, told)
