"""
Puts data where older Glances put it, with OpenStack's client of Swift, in the way
that they called it.

Usage: with_swiftclient.py AUTH_URL USER KEY CONTAINER, with a JSON object on standard
input that has for each name a list of segments, and how the prefix in the manifest
ends; without a prefix there is one segment, which is the object.
"""

import io
import json
import sys

import swiftclient

url, user, key, container = sys.argv[1:]
connection = swiftclient.Connection(url, user, key, auth_version="1")
connection.put_container(container)
for name, (segments, ending) in json.load(sys.stdin).items():
    if ending is None:
        connection.put_object(container, name, io.BytesIO(segments[0].encode()))
        continue
    for number, segment in enumerate(segments, 1):
        data = io.BytesIO(segment.encode())
        connection.put_object(container, f"{name}-{number:05d}", data)
    headers = {
        "ETag": "d41d8cd98f00b204e9800998ecf8427e",
        "X-Object-Manifest": f"{container}/{name}{ending}",
    }
    connection.put_object(container, name, None, headers=headers)
