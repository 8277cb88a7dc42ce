"""
Sends a file to Swift with python-swiftclient, and fetches it: a program for
L{bench.backends}, run by another Python.

It compares MD5s, as the command C{swift} does, and as our store does with uploads.
"""

import hashlib
import json
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import swiftclient
from swiftclient.utils import LengthWrapper

PIECE = 1 << 16


def took(work, *arguments):
    """
    Get what it takes to do something: seconds, and those of processor time.
    """
    began, used = time.monotonic(), time.process_time()
    work(*arguments)
    return time.monotonic() - began, time.process_time() - used


def main(url, user, key, path):
    """
    Do it, and print what it took.
    """
    connection = swiftclient.Connection(url, user, key, auth_version="1")
    container = f"theirs-{uuid4()}"
    connection.put_container(container)

    def put():
        with Path(path).open("rb") as file:
            length = Path(path).stat().st_size
            data = LengthWrapper(file, length, md5=True)
            etag = connection.put_object(container, "data", data, length)
            assert etag == data.get_md5sum()

    def get(fetched):
        headers, data = connection.get_object(container, "data", PIECE)
        with Path(fetched).open("wb") as file:
            md5 = hashlib.md5(usedforsecurity=False)
            for piece in data:
                file.write(piece)
                md5.update(piece)
            assert headers["etag"] == md5.hexdigest()

    with tempfile.TemporaryDirectory(dir=Path(path).parent) as directory:
        told = {"put": took(put), "get": took(get, Path(directory, "fetched"))}
    connection.delete_object(container, "data")
    connection.delete_container(container)
    print(json.dumps(told))


main(*sys.argv[1:])
