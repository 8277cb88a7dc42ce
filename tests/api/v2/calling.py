"""
Calling version 2.
"""

import orjson
from twisted.trial.unittest import SynchronousTestCase

from tests.api.assembly import NOBODY, Service, member_of

DATA = b"0123456789"
OCTETS = {"Content-Type": "application/octet-stream"}
NAMING = "application/openstack-images-v2.1-json-patch"
KEYED = "application/openstack-images-v2.0-json-patch"
RAW = {"disk_format": "raw", "container_format": "bare"}

ADMIN = NOBODY
"""An administrator without a project."""

MEMBER = member_of("alpha", roles=frozenset({"member", "reader"}))
"""A member of a project."""

READER = member_of("alpha", roles=frozenset({"reader"}))
"""One of the same project that only reads."""

OTHER = member_of("beta", roles=frozenset({"member", "reader"}))
"""A member of another project."""


class CallingTestCase(SynchronousTestCase):
    """
    A test of version 2.
    """

    def setUp(self):
        self.service = Service(self)
        self.service.context = MEMBER

    def ask(self, method, path="", headers=None, body=None, chunks=None, who=None):
        """
        Ask for something.

        @param path: what follows C{/v2}.
        @param body: bytes as they are, or what becomes JSON.
        @param who: who asks; who asked before, if not given.
        """
        if who is not None:
            self.service.context = who
        if body is not None and not isinstance(body, bytes):
            body = orjson.dumps(body)
        return self.service.ask(method, f"/v2{path}", headers or {}, body, chunks)

    def create(self, who=None, **said):
        """
        Make an image.

        @return: its path below C{/v2}.
        """
        answer = self.ask("POST", "/images", body=said, who=who)
        self.assertEqual(answer.status, 201, answer)
        return f"/images/{orjson.loads(answer.body)['id']}"

    def stored(self, data=DATA, who=None, **said):
        """
        Make an image that has data.

        @return: its path below C{/v2}.
        """
        path = self.create(who, **{**RAW, **said})
        answer = self.ask("PUT", f"{path}/file", OCTETS, data)
        self.assertEqual(answer.status, 204, answer)
        return path

    def shown(self, path):
        """
        Get an image as it is shown.
        """
        answer = self.ask("GET", path)
        self.assertEqual(answer.status, 200, answer)
        return orjson.loads(answer.body)

    def patch(self, path, *operations, media_type=NAMING):
        """
        Change an image.

        @return: the status.
        """
        headers = {"Content-Type": media_type}
        return self.ask("PATCH", path, headers, list(operations)).status

    def listed(self, query=""):
        """
        Get the paths of the images in a list.
        """
        answer = self.ask("GET", f"/images?{query}")
        self.assertEqual(answer.status, 200, answer)
        images = orjson.loads(answer.body)["images"]
        return [f"/images/{image['id']}" for image in images]

    def known(self, path):
        """
        Get an image as the registry knows it.
        """
        return self.successResultOf(self.service.registry.get(path[8:44]))

    def keys(self):
        """
        Get what is in the store.
        """
        return self.successResultOf(self.service.store.keys())
