"""
Programs that know nothing of images but their URL read them.
"""

import json

from twisted.trial.unittest import TestCase

from tests.integration.provided import disk_images, need_curl_in_qemu, program
from tests.integration.running import Clients

OCTETS = ("-H", "Content-Type: application/octet-stream")

PARTS = 4
"""How many parts are fetched at once."""


class PlainHTTPTests(Clients, TestCase):
    """
    A disk image is read from where it is stored, and fetched in parts.
    """

    daemons = ("glance",)

    def setUp(self):
        [self.image] = [i for i in disk_images() if i.name == "disk.qcow2"]
        super().setUp()
        said = {"disk_format": "qcow2", "container_format": "bare", "name": "disk"}
        url = f"{self.place.api}/v2/images"
        made = json.loads(self.curl("--json", json.dumps(said), url))
        self.url = self.place.api + made["file"]
        self.curl("-T", self.image.path, *OCTETS, self.url)
        self.copy = self.place.path / "copy"

    def curl(self, *arguments, **how):
        """
        Run curl, which fails where the server refuses.
        """
        command = (program("curl"), "-sS", "--fail-with-body")
        return self.run_client(*command, *arguments, **how)

    def assert_copied(self):
        """
        See that the copy is the image, byte for byte.
        """
        self.assertTrue(self.copy.read_bytes() == self.image.path.read_bytes())
        self.copy.unlink()

    def begin_copy(self):
        """
        Have the first part of the image, as if a transfer had been cut.

        @return: how many bytes are missing.
        """
        data = self.image.path.read_bytes()
        self.copy.write_bytes(data[: len(data) // 3])
        return len(data) - len(data) // 3

    def qemu_img(self, *arguments):
        """
        Run qemu-img.
        """
        return self.run_client(program("qemu-img"), *arguments)

    def test_qemu_img(self):
        """
        qemu-img tells what an image is, converts it, and compares it, from its
        URL.
        """
        need_curl_in_qemu()
        info = ("info", "--output=json")
        here = json.loads(self.qemu_img(*info, self.image.path))
        there = json.loads(self.qemu_img(*info, self.url))
        self.assertEqual(there["format"], "qcow2")
        self.assertEqual(there["virtual-size"], here["virtual-size"])
        self.qemu_img("compare", self.url, self.image.path)
        self.qemu_img("convert", "-O", "raw", self.image.path, "raw")
        # With several requests at once, qemu-img 7.2 sometimes waits for ever,
        # with any server.
        self.qemu_img("convert", "-m", "1", "-O", "raw", self.url, self.copy)
        raw = self.place.path / "raw"
        self.assertTrue(self.copy.read_bytes() == raw.read_bytes())

    def test_nbdkit(self):
        """
        nbdkit serves an image from its URL as a block device, also to who reads
        several parts of it at once.
        """
        nbdkit = (program("nbdkit"), "-U", "-", "-r", "curl", self.url, "--run")
        program("nbdcopy")
        self.run_client(*nbdkit, f"nbdcopy $uri {self.copy}")
        self.assert_copied()
        info = self.run_client(*nbdkit, "qemu-img info --output=json $uri")
        self.assertEqual(json.loads(info)["format"], "qcow2")
        self.run_client(*nbdkit, f"qemu-img convert -O qcow2 $uri {self.copy}")
        self.qemu_img("compare", self.copy, self.image.path)

    def test_resume(self):
        """
        curl and wget go on where they were cut, and fetch only what is missing.
        """
        commands = (
            (program("curl"), "-sS", "--fail", "-C", "-", "-o", self.copy, self.url),
            (program("wget"), "-q", "-c", "-O", self.copy, self.url),
        )
        for number, command in enumerate(commands, 1):
            missing = self.begin_copy()
            self.run_client(*command)
            self.assert_copied()
            self.assertEqual(self.sent(number), ("206", missing))

    def sent(self, number):
        """
        Get the status of a download, and how many bytes it had.

        @param number: how many there were by then.
        """
        before = f"GET {self.path} "
        self.running.wait_for(lambda: self.running.log.count(before) == number)
        words = self.running.log.rpartition(before)[2].split()
        return words[0], int(words[2].removeprefix("out="))

    @property
    def path(self):
        """
        Where the data is.
        """
        return self.url.removeprefix(self.place.api)

    def test_parts(self):
        """
        Parts that are fetched at once are the image, and belong to the same.
        """
        size, arguments = self.image.size, []
        for number in range(PARTS):
            first, end = (size * n // PARTS for n in (number, number + 1))
            arguments += ["-r", f"{first}-{end - 1}", "-o", f"part{number}"]
            arguments += ["-D", f"head{number}", self.url, "--next"]
        self.run_client(program("curl"), "-sS", "-Z", *arguments[:-1])
        parts = [self.place.path / f"part{number}" for number in range(PARTS)]
        self.copy.write_bytes(b"".join(part.read_bytes() for part in parts))
        self.assert_copied()
        heads = [(self.place.path / f"head{n}").read_text() for n in range(PARTS)]
        tags = {line for head in heads for line in head.splitlines() if "ETag" in line}
        self.assertEqual(tags, {f'ETag: "{self.image.sha512}"'})

    def test_changed(self):
        """
        Who goes on with what is not the same any more gets it all.
        """
        part = ("-r", "100-199", "-H")
        got = self.curl(*part, f'If-Range: "{self.image.sha512}"', self.url)
        self.assertTrue(got == self.image.path.read_bytes()[100:200])
        got = self.curl(*part, 'If-Range: "other"', self.url)
        self.assertTrue(got == self.image.path.read_bytes())
