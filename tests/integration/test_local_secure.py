"""
OpenStack's clients, curl, qemu-img and our own command, with users of the service's
own, by TLS.
"""

import json
import sys

from twisted.trial.unittest import TestCase

from tests.functional.certifying import Authority
from tests.integration.provided import need_curl_in_qemu, program
from tests.integration.test_local_identity import EVA, Users


class SecureTests(Users, TestCase):
    """
    Clients log in where nobody can listen.
    """

    def options(self):
        """
        Have a certificate.
        """
        self.authority = Authority(self.place.path / "authority")
        cert, key = self.authority.issue("localhost", "127.0.0.1")
        return {**super().options(), "cert_file": cert, "key_file": key}

    def start(self, name):
        """
        Run a daemon that speaks TLS, until the end of the test.
        """
        self.running = self.place.start(name, wait=False)
        self.addCleanup(self.stop, self.running)
        self.running.wait_for_log("Listening at https")

    def setUp(self):
        super().setUp()
        self.url = self.url.replace("http://", "https://")
        self.trust = {"OS_CACERT": str(self.authority.file)}

    def test_all(self):
        """
        They do with the file of the first start, or by name and password.
        """
        admin = {
            "OS_CLIENT_CONFIG_FILE": str(self.clouds),
            "OS_CLOUD": "glance",
            **self.trust,
        }
        eva = self.as_user("eva", EVA, "acme", **self.trust)
        create = ("image", "create", "--disk-format", "qcow2", "--file")
        told = self.openstack(*create, self.image.path, "a", "-f", "json", **eva)
        path = f"/v2/images/{json.loads(told)['id']}/file"
        self.assertIn("a", self.openstack("image", "list", **admin))
        copy = self.place.path / "copy"
        own = (sys.executable, "-m", "glance.cli.main", "download", "a", "--file", copy)
        self.user = admin
        self.run_client(*own)
        self.assertTrue(copy.read_bytes() == self.image.path.read_bytes())
        key = self.manage("token", "add", "eva")
        host = self.url.removeprefix("https://")
        url = f"https://eva:{key}@{host}{path}"
        trusting = (program("curl"), "-sf", "--cacert", self.authority.file)
        self.run_client(*trusting, "-o", copy, url)
        self.assertTrue(copy.read_bytes() == self.image.path.read_bytes())
        need_curl_in_qemu()
        file = {"driver": "https", "url": url, "sslverify": "off"}
        source = f"json:{json.dumps({'driver': 'qcow2', 'file': file})}"
        self.run_client(program("qemu-img"), "compare", source, self.image.path)
