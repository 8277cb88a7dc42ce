"""
What the specification of version 1 states, in tables.
"""

from collections.abc import Sequence

from attrs import frozen

from tests.api.v1.calling import (
    DATA,
    ID,
    MD5,
    NOTHING_MD5,
    OCTETS,
    CallingTestCase,
    meta,
    raw,
)


@frozen
class Row:
    """
    A request, and what is answered.
    """

    request: str
    """Method and path; an asterisk stands for the id of a queued image that is
    public and has formats, a plus for that of an active one."""
    status: int
    says: bytes = b""
    """What is in the answer."""
    headers: Sequence = ()
    body: bytes | None = None
    allow: str | None = None


ROUTES = (
    Row("GET /v1/images", 200, b'{"images":['),
    Row("GET /v1.0/images", 200, b'{"images":['),
    Row("GET /v1.1/images/detail", 200, b'"properties":{'),
    Row("HEAD /v1/images/*", 200),
    Row("GET /v1/images/+", 200, DATA),
    Row("PUT /v1/images/*", 200, b'{"image":{'),
    Row("POST /v1/images", 201, b'{"image":{'),
    Row("DELETE /v1/images/*", 200),
    Row("GET /v1/images/", 404),
    Row("GET /v1/images/*/", 404),
    Row("GET /v1/images/detail/", 404),
    Row("GET /v1/images/*/nonsense", 404),
    Row("GET /v1/nonsense", 404),
    Row("HEAD /v1/images", 405, allow="GET, POST"),
    Row("PATCH /v1/images", 405, allow="GET, POST"),
    Row("DELETE /v1/images", 405, allow="GET, POST"),
    Row("HEAD /v1/images/detail", 405, allow="GET"),
    Row("PUT /v1/images/detail", 405, allow="GET"),
    Row("POST /v1/images/*", 405, allow="DELETE, GET, HEAD, PUT"),
    Row("POST /v1/images/*/members", 405, allow="GET, PUT"),
    Row("HEAD /v1/images/*/members", 405, allow="GET, PUT"),
    Row("GET /v1/images/*/members/a", 405, allow="DELETE, PUT"),
    Row("PUT /v1/shared-images/a", 405, allow="GET"),
    Row("GET /v1/images/%FF", 400),
    Row("GET /images", 200, b'{"images":['),
    Row("GET /images/detail", 200, b'"location":null'),
    Row("HEAD /images/*", 200),
    Row("GET /images/+", 200, DATA),
    Row("PUT /images/*", 200, b'{"image":{'),
    Row("POST /images", 201, b'{"image":{'),
    Row("DELETE /images/*", 200),
    Row("GET /images/", 404),
    Row("GET /images/*/members", 404),
    Row("GET /shared-images/a", 404),
    Row("PATCH /images", 405, allow="GET, POST"),
)

NOT_FOUND = tuple(
    Row(f"{method} {base}/images/{image_id}", 404)
    for method in ("HEAD", "GET", "PUT", "DELETE")
    for base in ("/v1", "")
    for image_id in (ID, "1", "..%2F..%2Fetc%2Fpasswd", "%00")
)

CREATIONS = (
    Row("POST /v1/images", 201, b'"status":"queued"', headers=meta(name="a")),
    Row("POST /v1/images", 201, ID.encode(), headers=meta(id=ID.upper())),
    Row("POST /v1/images", 201, MD5.encode(), headers=raw(), body=DATA),
    Row(
        "POST /v1/images",
        201,
        b'"status":"active"',
        headers=raw(size=len(DATA), checksum=MD5.upper()),
        body=DATA,
    ),
    Row("POST /v1/images", 201, b'"status":"active"', headers=meta(size=0)),
    Row("POST /v1/images", 201, NOTHING_MD5.encode(), headers=meta(size=0)),
    Row(
        "POST /v1/images",
        201,
        b'"size":7,"checksum":null,"status":"queued"',
        headers=meta(size=7),
    ),
    Row(
        "POST /v1/images",
        201,
        b'"status":"queued"',
        headers=meta(status="active", created_at="1"),
    ),
    Row(
        "POST /v1/images",
        201,
        b'"container_format":"ami"',
        headers=meta(disk_format="ami"),
    ),
    Row(
        "POST /v1/images",
        201,
        b'"name":"c"',
        headers=meta(property_Distro="B\xfc", property_name="c"),
    ),
    Row("POST /images", 201, b'"status":"active"', headers=[OCTETS], body=DATA),
    Row("POST /images", 201, b'"status":"queued"', headers=meta(size=0, nonsense=1)),
)

REFUSALS = (
    Row(
        "POST /v1/images",
        400,
        b"Image name too long: 256",
        headers=meta(name="a" * 256),
    ),
    Row("POST /v1/images", 400, b"Invalid checksum", headers=meta(checksum="a" * 33)),
    Row(
        "POST /v1/images",
        400,
        b"Bad header: x-image-meta-nonsense",
        headers=meta(nonsense="a"),
    ),
    Row("POST /v1/images", 400, b"size", headers=meta(size="-5")),
    Row(
        "POST /v1/images",
        400,
        b"'min_disk' value out of range",
        headers=meta(min_disk=2**31),
    ),
    Row("POST /v1/images", 400, b"Invalid image id format", headers=meta(id="1")),
    Row(
        "POST /v1/images",
        400,
        b"Invalid disk format 'nonsense' for image.",
        headers=meta(disk_format="nonsense"),
    ),
    Row(
        "POST /v1/images",
        400,
        b"Invalid container format 'nonsense' for image.",
        headers=meta(container_format="nonsense"),
    ),
    Row(
        "POST /v1/images",
        400,
        b"Invalid mix of disk and container formats",
        headers=meta(disk_format="ami", container_format="ovf"),
    ),
    Row(
        "POST /v1/images",
        400,
        b"visibility",
        headers=meta(property_visibility="public"),
    ),
    Row(
        "POST /v1/images",
        400,
        b"External sources are not supported",
        headers=meta(location="http://example.org/"),
    ),
    Row(
        "POST /images",
        400,
        b"External sources are not supported",
        headers=[("x-glance-api-copy-from", "http://example.org/")],
    ),
    Row("POST /v1/images", 400, b"nonsense", headers=raw(store="nonsense"), body=DATA),
    Row(
        "POST /v1/images",
        400,
        b"Container format is not specified.",
        headers=raw()[:2],
        body=DATA,
    ),
    Row(
        "POST /v1/images",
        400,
        b"Disk format is not specified.",
        headers=[OCTETS],
        body=DATA,
    ),
)

CHANGES = (
    Row(
        "PUT /v1/images/*",
        200,
        b'"name":"new"',
        headers=meta(name="new", status="queued"),
    ),
    Row("PUT /v1/images/*", 200, b'"status":"active"', headers=raw(), body=DATA),
    Row(
        "PUT /v1/images/*",
        403,
        b"Forbidden to modify 'status' of image.",
        headers=meta(status="active"),
    ),
    Row(
        "PUT /v1/images/*",
        403,
        b"Forbidden to modify 'id' of image.",
        headers=meta(id=ID),
    ),
    Row(
        "PUT /v1/images/+",
        409,
        b"Cannot upload to an unqueued image",
        headers=raw(),
        body=DATA,
    ),
    Row(
        "PUT /v1/images/*",
        400,
        b"Invalid disk format 'nonsense' for image.",
        headers=meta(disk_format="nonsense"),
    ),
    Row(
        "PUT /v1/images/*",
        400,
        b"Disk format is not specified.",
        headers=[OCTETS, *meta(disk_format="", container_format="")],
        body=DATA,
    ),
    Row(
        "PUT /v1/images/*",
        400,
        b"External sources are not supported",
        headers=meta(location="file:///etc/passwd"),
    ),
    Row("PUT /v1/images/*", 400, b"nonsense", headers=raw(store="nonsense"), body=DATA),
    Row("GET /v1/images/*", 404, b"is not active"),
    Row("GET /images/*", 404, b"is not active"),
)


class StatementTests(CallingTestCase):
    """
    Version 1 answers as it is specified.
    """

    def check(self, rows):
        for number, row in enumerate(rows):
            with self.subTest(row.request, number=number):
                self.setUp()
                self.check_row(row)

    def check_row(self, row):
        method, path = row.request.split()
        if "*" in path:
            queued = self.create(raw(is_public="True", name="queued"))
            path = path.replace("*", queued)
        active = self.create(raw(is_public="True", name="active"), DATA)
        path = path.replace("+", active)
        answer = self.service.ask(method, path, row.headers, row.body)
        self.assertEqual(answer.status, row.status, answer)
        self.assertIn(row.says, answer.body)
        self.assertEqual(answer.header("allow"), row.allow)

    def test_routes(self):
        """
        Each path answers its methods, and no others.
        """
        self.check(ROUTES)

    def test_not_found(self):
        """
        What isn't there isn't found, whatever is asked of it.
        """
        self.check(NOT_FOUND)

    def test_creations(self):
        """
        Images are made as it is asked.
        """
        self.check(CREATIONS)

    def test_refusals(self):
        """
        What cannot be isn't made, and why is said; nothing is left of it.
        """
        self.check(REFUSALS)
        for row in REFUSALS:
            self.setUp()
            method, path = row.request.split()
            self.service.ask(method, path, row.headers, row.body)
            self.assertEqual(self.listed("is_public=None"), [])

    def test_changes(self):
        """
        Images are changed as it is asked, or it is said why they aren't.
        """
        self.check(CHANGES)
