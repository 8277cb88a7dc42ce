"""
Calling version 1.
"""

import hashlib

import orjson
from twisted.trial.unittest import SynchronousTestCase

from tests.api.assembly import Service

DATA = b"chunk00000remainder"
MD5 = hashlib.md5(DATA).hexdigest()
NOTHING_MD5 = hashlib.md5(b"").hexdigest()
OCTETS = ("Content-Type", "application/octet-stream")
ID = "71c675ab-d94f-49cd-a114-e12490b328d9"


def meta(**attributes):
    """
    Get the headers that say so of an image; C{property_a} is a property.
    """
    return [
        (f"x-image-meta-{name.replace('property_', 'property-')}", str(value))
        for name, value in attributes.items()
    ]


def raw(**attributes):
    """
    Get the headers of an image that can be filled, and of its data.
    """
    formats = {"disk_format": "raw", "container_format": "bare"}
    return [OCTETS, *meta(**(formats | attributes))]


class CallingTestCase(SynchronousTestCase):
    """
    A test of one view of version 1.
    """

    base = "/v1"
    """What stands before C{/images}."""

    def setUp(self):
        self.service = Service(self)

    def ask(self, method, path="", headers=(), body=None, chunks=None):
        """
        Ask for something at or below C{/images}.
        """
        path = f"{self.base}/images{path}"
        return self.service.ask(method, path, headers, body, chunks)

    def create(self, headers=(), body=None):
        """
        Make an image.

        @return: its id.
        """
        answer = self.ask("POST", "", headers, body)
        self.assertEqual(answer.status, 201, answer)
        return orjson.loads(answer.body)["image"]["id"]

    def known(self, image_id):
        """
        Get an image as the registry knows it.
        """
        return self.successResultOf(self.service.registry.get(image_id))

    def keys(self):
        """
        Get what is in the store.
        """
        return self.successResultOf(self.service.store.keys())

    def listed(self, query="", path=""):
        """
        Get the ids in a list.
        """
        answer = self.ask("GET", f"{path}?{query}")
        self.assertEqual(answer.status, 200, answer)
        return [image["id"] for image in orjson.loads(answer.body)["images"]]

    def assert_refused(self, answer, status, message=b""):
        """
        Check that a request was refused, and how.
        """
        self.assertEqual(answer.status, status, answer)
        self.assertIn(message, answer.body)
