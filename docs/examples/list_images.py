"""
List images: C{python list_images.py http://127.0.0.1:9292}.

This talks to the API by treq alone, page by page.
"""

import sys

import treq
from twisted.internet.defer import ensureDeferred
from twisted.internet.task import react


async def show(reactor, url):
    """
    Print the id, the size and the name of each image.
    """
    params = {"limit": "20", "sort_key": "name", "sort_dir": "asc"}
    while True:
        response = await treq.get(f"{url}/v1/images", params=params, reactor=reactor)
        images = (await treq.json_content(response))["images"]
        for image in images:
            print(image["id"], image["size"], image["name"])
        if len(images) < 20:
            return
        params["marker"] = images[-1]["id"]


if __name__ == "__main__":
    react(lambda *args: ensureDeferred(show(*args)), sys.argv[1:])
