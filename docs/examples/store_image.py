"""
Store an image: C{python store_image.py http://127.0.0.1:9292 FILE NAME}.

This talks to the API by treq alone: metadata is headers, data is the body.
"""

import sys
from pathlib import Path

import treq
from twisted.internet.defer import ensureDeferred
from twisted.internet.task import react


async def store(reactor, url, file, name):
    """
    Store a file as an image, and print the image's id.
    """
    headers = {
        "Content-Type": "application/octet-stream",
        "X-Image-Meta-Name": name,
        "X-Image-Meta-Disk-Format": "raw",
        "X-Image-Meta-Container-Format": "bare",
        "X-Image-Meta-Is-Public": "true",
        "X-Image-Meta-Property-Source": Path(file).name,
    }
    with Path(file).open("rb") as data:
        # treq sends a file piece by piece, and its size before.
        response = await treq.post(
            f"{url}/v1/images", headers=headers, data=data, reactor=reactor
        )
        answer = await treq.text_content(response)
    if response.code != 201:
        raise SystemExit(f"{response.code}: {answer}")
    image = await treq.json_content(response)
    print(image["image"]["id"])


if __name__ == "__main__":
    react(lambda *args: ensureDeferred(store(*args)), sys.argv[1:])
