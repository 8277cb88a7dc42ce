"""
Real disk images that nobody should open go into a real daemon, and nowhere else.
"""

import json
import subprocess

from twisted.trial.unittest import SynchronousTestCase

from tests.functional.daemons import Place, environment
from tests.integration.provided import disk_images, program


class HostileImageTests(SynchronousTestCase):
    """
    What isn't safe, or isn't what it claims, is refused.
    """

    def setUp(self):
        self.place = Place(self.mktemp())
        self.place.configure()
        self.running = self.place.start("glance")
        self.addCleanup(self.running.stop)

    def post(self, image, *arguments):
        """
        Store an image.

        @return: the status of the answer, and what it says.
        """
        headers = {
            "Content-Type": "application/octet-stream",
            "X-Image-Meta-Name": image.name,
            "X-Image-Meta-Disk-Format": image.disk_format,
            "X-Image-Meta-Container-Format": image.container_format,
        }
        named = [f"-H{name}: {value}" for name, value in headers.items()]
        done = subprocess.run(
            [
                *(program("curl"), "-sS", "-X", "POST", "-w", "\n%{http_code}"),
                *(*named, "-T", image.path, *arguments, f"{self.place.api}/v1/images"),
            ],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        said, _, status = done.stdout.rpartition("\n")
        return int(status), said

    def test_refused(self):
        """
        Each hostile image is refused, and leaves nothing.
        """
        images = disk_images(hostile=True)
        self.assertGreater(len(images), 9)
        for image in images:
            for arguments in ((), ("-H", "Transfer-Encoding: chunked")):
                with self.subTest(image.name):
                    status, said = self.post(image, *arguments)
                    self.assertEqual(status, 415, said)
                    self.assertEqual(self.place.files(), [])
        self.assertNotIn("Traceback", self.running.log)

    def test_taken(self):
        """
        Each of the others is taken, and it is known how large the disk is.
        """
        for image in disk_images():
            status, said = self.post(image)
            self.assertEqual(status, 201, (image.name, said))
            virtual_size = json.loads(said)["image"]["virtual_size"]
            if image.name.startswith("disk.raw"):
                self.assertEqual(virtual_size, image.size, image.name)
            elif image.name.startswith("disk"):
                self.assertEqual(virtual_size, 16 << 20, image.name)
