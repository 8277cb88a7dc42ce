"""
Version 2, put together.
"""

from __future__ import annotations

from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from glance.api.links import Links
from glance.api.site import ContextOf
from glance.api.v2.data import DataAPI
from glance.api.v2.images import ImagesAPI
from glance.api.v2.info import InfoAPI
from glance.api.v2.marks import MarksAPI
from glance.api.v2.members import MembersAPI
from glance.api.v2.schemas import Schemas
from glance.api.v2.stores import StoresAPI
from glance.copies import Copies
from glance.images import Images
from glance.sharing import Sharing
from glance.storage import Storage
from glance.transfers import Transfers


class _V2(Resource):
    """
    Sends a request on by what of an image it is about.
    """

    isLeaf = True

    def __init__(
        self,
        images: IResource,
        below: dict[bytes, IResource],
        stores: IResource,
        info: IResource,
    ) -> None:
        super().__init__()
        self._images = images
        self._below = below
        self._stores = stores
        self._info = info

    def render(self, request: Request) -> int | bytes:
        path = request.postpath or []
        answering = self._info
        if path[:1] == [b"images"]:
            answering = self._images
            if len(path) > 2:
                answering = self._below.get(path[2], self._images)
        elif b"stores" in path[:2]:
            answering = self._stores
        answered: int | bytes = answering.render(request)
        return answered


def v2_resource(
    images: Images,
    transfers: Transfers,
    sharing: Sharing,
    copies: Copies,
    storage: Storage,
    schemas: Schemas,
    context_of: ContextOf,
    links: Links,
) -> IResource:
    """
    Get what is below C{/v2} and its minor versions; it is a leaf.

    @param context_of: finds out who sent a request.
    """
    marks = MarksAPI(images, context_of).app.resource()
    return _V2(
        ImagesAPI(images, storage, schemas, context_of, links).app.resource(),
        {
            b"file": DataAPI(transfers, context_of).app.resource(),
            b"members": MembersAPI(sharing, context_of).app.resource(),
            b"tags": marks,
            b"actions": marks,
        },
        StoresAPI(storage, copies, context_of).app.resource(),
        InfoAPI(images, schemas, context_of).app.resource(),
    )
