"""
Copy an image from one server to another, without a file between:
C{python copy_image.py http://one:9292 ID http://other:9292}.

This uses the client class: a body that comes from one server goes to the other
as it is.  Each server reads no faster than the other can take it.
"""

import sys

from twisted.internet.defer import ensureDeferred
from twisted.internet.task import react

from glance.client import Client

COPIED = ("name", "disk_format", "container_format", "min_disk", "min_ram")


async def copy(reactor, source, image_id, target):
    """
    Copy an image, and print its new id.
    """
    one = Client.from_url(source, reactor=reactor)
    other = Client.from_url(target, reactor=reactor)
    meta, body = await one.get_image(image_id)
    known = {key: meta[key] for key in COPIED if meta.get(key) is not None}
    # The other server refuses data that isn't this.
    known["checksum"] = meta["checksum"]
    known["properties"] = meta["properties"]
    image = await other.add_image(known, body)
    print(image["id"])
    await one.close()
    await other.close()


if __name__ == "__main__":
    react(lambda *args: ensureDeferred(copy(*args)), sys.argv[1:])
