"""
Version 1, put together.
"""

from __future__ import annotations

from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from glance.api.links import Links
from glance.api.site import ContextOf
from glance.api.v1.dialect import CACTUS, LAST
from glance.api.v1.images import ImagesAPI
from glance.api.v1.members import MembersAPI
from glance.images import Images
from glance.sharing import Sharing
from glance.sources import Fetches, Sources
from glance.transfers import Transfers


class _V1(Resource):
    """
    Images, and with whom they are shared.
    """

    isLeaf = True

    def __init__(self, images: IResource, members: IResource) -> None:
        super().__init__()
        self._images = images
        self._members = members

    def render(self, request: Request) -> int | bytes:
        path = request.postpath or []
        shared = path[:1] == [b"shared-images"] or len(path) > 2
        answered: int | bytes = (self._members if shared else self._images).render(
            request
        )
        return answered


def v1_resource(
    images: Images,
    transfers: Transfers,
    sharing: Sharing,
    sources: Sources,
    fetches: Fetches,
    context_of: ContextOf,
    links: Links,
) -> IResource:
    """
    Get what is below C{/v1}, C{/v1.0} and C{/v1.1}; it is a leaf.

    @param context_of: finds out who sent a request.
    """
    api = ImagesAPI(LAST, images, transfers, sources, fetches, context_of, links)
    members = MembersAPI(sharing, context_of)
    return _V1(api.app.resource(), members.app.resource())


def cactus_resource(
    images: Images,
    transfers: Transfers,
    sources: Sources,
    fetches: Fetches,
    context_of: ContextOf,
    links: Links,
) -> IResource:
    """
    Get what is at and below C{/images}; it is a leaf, and finds all of the
    path.

    @param context_of: finds out who sent a request.
    """
    api = ImagesAPI(CACTUS, images, transfers, sources, fetches, context_of, links)
    resource: IResource = api.app.resource()
    return resource
