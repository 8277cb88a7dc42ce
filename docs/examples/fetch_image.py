"""
Fetch an image: C{python fetch_image.py http://127.0.0.1:9292 ID FILE}.

This talks to the API by treq alone, and checks that all data has come whole.
"""

import hashlib
import sys
from pathlib import Path

import treq
from twisted.internet.defer import ensureDeferred
from twisted.internet.task import react


async def fetch(reactor, url, image_id, file):
    """
    Fetch an image's data into a file, and print how much it is.
    """
    # Unbuffered: else treq keeps all of it in memory.
    response = await treq.get(
        f"{url}/v1/images/{image_id}", unbuffered=True, reactor=reactor
    )
    if response.code != 200:
        raise SystemExit(f"{response.code}: {await treq.text_content(response)}")
    [checksum] = response.headers.getRawHeaders("x-image-meta-checksum")
    digest = hashlib.md5(usedforsecurity=False)
    with Path(file).open("wb") as target:

        def take(data):
            digest.update(data)
            target.write(data)

        await treq.collect(response, take)
        size = target.tell()
    if digest.hexdigest() != checksum:
        raise SystemExit("The data that came is not the data that was stored.")
    print(size)


if __name__ == "__main__":
    react(lambda *args: ensureDeferred(fetch(*args)), sys.argv[1:])
