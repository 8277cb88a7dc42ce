"""
Tests of requests to version 1 that meet.
"""

import hashlib

from twisted.trial.unittest import SynchronousTestCase

from glance.image import Status
from tests.api.assembly import Service, answer_of
from tests.api.v1.calling import DATA, ID, MD5, OCTETS, meta, raw
from tests.bodies import ManualThreads

OTHER = b"other data, as long"
assert len(OTHER) == len(DATA)


class RaceTests(SynchronousTestCase):
    """
    Of two who fill an image, the first does, and the second changes nothing.
    """

    def setUp(self):
        self.threads = ManualThreads()
        self.service = Service(self, in_thread=self.threads)
        self.send("POST", "", raw(id=ID))
        self.threads.run_all()

    def send(self, method, path, headers, length=0):
        """
        Send the headers of a request.

        @return: the protocol and the transport.
        """
        protocol, transport = self.service.connect()
        lines = [f"{method} /v1/images{path} HTTP/1.1", "Host: a"]
        lines += [f"Content-Length: {length}", *(f"{n}: {v}" for n, v in headers)]
        protocol.dataReceived("\r\n".join([*lines, "", ""]).encode())
        return protocol, transport

    def finish(self, sent, data):
        """
        Send the data that follows headers.

        @return: the answer.
        """
        protocol, transport = sent
        protocol.dataReceived(data)
        self.threads.run_all()
        return answer_of(transport)

    def image(self, image_id=ID):
        """
        Get an image as the registry knows it.
        """
        getting = self.service.registry.get(image_id)
        self.threads.run_all()
        return self.successResultOf(getting)

    def keys(self):
        """
        Get what is in the store.
        """
        return self.successResultOf(self.service.store.keys())

    def test_second_changes_nothing(self):
        """
        What the second says of the image, and of its own data, does not count.
        """
        first = self.send("PUT", f"/{ID}", raw(name="first", checksum=MD5), len(DATA))
        checksum = hashlib.md5(OTHER).hexdigest()
        said = [OCTETS, *meta(name="second", checksum=checksum, protected="true")]
        second = self.send("PUT", f"/{ID}", said, len(OTHER))
        self.threads.run_all()
        self.assertEqual(self.finish(second, OTHER).status, 409)
        self.assertEqual(self.finish(first, DATA).status, 200)
        image = self.image()
        self.assertEqual((image.name, image.checksum), ("first", MD5))
        self.assertIs(image.status, Status.ACTIVE)
        self.assertFalse(image.protected)

    def test_checksum_counts(self):
        """
        The checksum that came with data counts, whatever others say of it
        meanwhile.
        """
        new = ID.replace("7", "8")
        first = self.send("POST", "", raw(id=new, checksum=MD5), len(DATA))
        self.threads.run()
        self.send("PUT", f"/{new}", meta(checksum=""))
        self.threads.run_all()
        self.assertEqual(self.finish(first, OTHER).status, 400)
        self.assertIs(self.image(new).status, Status.KILLED)
        self.assertEqual(self.keys(), [])

    def test_wrong_type(self):
        """
        Who sends something else than image data does not stop an upload.
        """
        first = self.send("PUT", f"/{ID}", raw(), len(DATA))
        self.threads.run_all()
        said = [("Content-Type", "text/plain")]
        second = self.send("PUT", f"/{ID}", said, 3)
        self.threads.run_all()
        self.assertEqual(self.finish(second, b"abc").status, 409)
        self.assertEqual(self.finish(first, DATA).status, 200)
        self.assertIs(self.image().status, Status.ACTIVE)

    def test_deleted_before_data(self):
        """
        An image that is deleted between its creation and its data is gone.
        """
        other = ID.replace("7", "8")
        first = self.send("POST", "", raw(id=other), len(DATA))
        self.threads.run()
        self.send("DELETE", f"/{other}", [])
        self.threads.run_all()
        self.assertEqual(self.finish(first, DATA).status, 412)
        self.assertEqual(self.keys(), [])
