"""
Asks a registry as callers of old do.
"""

import orjson
from attrs import evolve
from twisted.internet.defer import succeed
from twisted.internet.task import Clock

from glance.api.v1 import filters
from glance.api.v1.members import MembersAPI
from glance.context import Context
from glance.image import Location
from glance.images import Images
from glance.limits import Limits
from glance.registry.cactus import OldFace, OldRoot
from glance.revisions import Revisions
from glance.settling import Settler
from glance.sharing import Sharing
from glance.storage import Storage
from glance.stores.memory import MemoryStore
from tests.http import stub_client
from tests.registry.served import IMAGE, memory_registry, registry_root

UNKNOWN = "00000000-0000-4000-8000-000000000000"

PLACE = Location(store="memory", key=f"{IMAGE.id}.1")


class Asking:
    """
    Asks a registry as callers of old do.
    """

    context = Context(is_admin=True)

    def setUp(self):
        self.clock = Clock()
        self.clock.advance(1_300_000_000)
        self.registry = memory_registry(self, self.clock)
        revisions = Revisions(self.registry, self.clock)
        settler = Settler(revisions, Storage({"memory": MemoryStore()}, "memory"))
        images = Images(revisions, settler, Limits, delayed_delete=True)

        def context_of(request):
            return succeed(self.context)

        old = OldRoot(
            OldFace(images, context_of, filters.all_public, cactus=True),
            OldFace(images, context_of, filters.query, cactus=False),
            MembersAPI(Sharing(images), context_of).app.resource(),
        )
        self.client = stub_client(registry_root(self.registry, old))

    def have(self, image=IMAGE, **attributes):
        """
        Have an image in the registry.
        """
        return self.successResultOf(self.registry.create(evolve(image, **attributes)))

    def kept(self, image_id=IMAGE.id):
        """
        Get an image from the registry.
        """
        return self.successResultOf(self.registry.get(image_id))

    def ask(self, method, path, value=None, headers=()):
        """
        Send a request.

        @return: the status, and the body.
        """
        data = None if value is None else orjson.dumps(value)
        self.response = self.successResultOf(
            self.client.request(
                method, f"http://registry{path}", data=data, headers=dict(headers)
            )
        )
        return self.response.code, self.successResultOf(self.response.content())

    def get(self, path):
        """
        Get the JSON that is at a path.
        """
        code, body = self.ask("GET", path)
        self.assertEqual(code, 200, body)
        return orjson.loads(body)

    def put(self, path, fields, headers=(), **more):
        """
        Change an image.

        @return: the status, and the body.
        """
        return self.ask("PUT", path, {"image": fields, **more}, headers)

    def post(self, fields, path="/images"):
        """
        Make an image.

        @return: what the registry says that it is like.
        """
        code, body = self.ask("POST", path, {"image": fields})
        self.assertEqual(code, 200, body)
        return orjson.loads(body)["image"]
