"""
Each hash that can be configured, from the upload to what is shown.
"""

import hashlib
import json
import urllib.request

from twisted.trial.unittest import SynchronousTestCase

from tests.functional.daemons import Place

DATA = bytes(range(256)) * 9000


class HashTests(SynchronousTestCase):
    """
    C{hashing_algorithm}.
    """

    def ask(self, method, path, kind, data=None):
        headers = {"Content-Type": kind}
        request = urllib.request.Request(
            f"{self.place.api}/v2/images{path}", data, headers, method=method
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def test_each(self):
        """
        The image shows the hash, and which it is.
        """
        for name in ("sha256", "sha384", "sha512", "blake2b"):
            self.place = Place(self.mktemp())
            self.place.configure(hashing_algorithm=name)
            daemon = self.place.start("glance")
            self.addCleanup(daemon.stop)
            about = {"disk_format": "raw", "container_format": "bare"}
            made = self.ask("POST", "", "application/json", json.dumps(about).encode())
            path = f"/{json.loads(made)['id']}"
            self.ask("PUT", f"{path}/file", "application/octet-stream", DATA)
            image = json.loads(self.ask("GET", path, "application/json"))
            self.assertEqual(image["os_hash_algo"], name)
            expected = hashlib.new(name, DATA).hexdigest()
            self.assertEqual(image["os_hash_value"], expected)
            self.assertEqual(image["checksum"], hashlib.md5(DATA).hexdigest())
            daemon.stop()
