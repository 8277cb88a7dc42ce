"""
Tests that no request is answered as if it were a mistake of the server's.
"""

from twisted.trial.unittest import SynchronousTestCase

from tests.api.assembly import Service
from tests.api.v1.calling import ID, OCTETS


class HostileTests(SynchronousTestCase):
    """
    Whatever headers and paths hold, the answer is a client's error at worst.
    """

    def test_headers(self):
        """
        Headers may hold any bytes.
        """
        service = Service(self)
        service.ask("POST", "/images", {"x-image-meta-id": ID})
        for name in (
            "accept",
            "accept-language",
            "content-type",
            "content-range",
            "expect",
            "if-none-match",
            "if-modified-since",
            "if-range",
            "range",
            "user-agent",
            "x-auth-token",
            "x-openstack-request-id",
            "x-forwarded-for",
            "x-glance-registry-purge-props",
            "x-glance-api-copy-from",
            "x-image-meta-name",
            "x-image-meta-size",
            "x-image-meta-is_public",
            "x-image-meta-store",
            "x-image-meta-status",
            "x-image-meta-property-a",
        ):
            for value in (b"\xff\xfe", b"", b"\xc3\xbc", b"%", b"%ff", b"a" * 9000):
                for method, path in (
                    ("POST", "/v1/images"),
                    ("PUT", f"/images/{ID}"),
                    ("HEAD", f"/v1/images/{ID}"),
                    ("GET", f"/v1/images/{ID}"),
                    ("GET", "/v1/nonsense"),
                    ("GET", "/v1/images"),
                ):
                    with self.subTest(name, value=value[:9], on=f"{method} {path}"):
                        answer = service.ask(method, path, {name: value})
                        self.assertLess(answer.status, 500, answer)

    def test_body_of_anything(self):
        """
        A body may come where none is expected.
        """
        for method in ("GET", "HEAD", "DELETE", "PATCH"):
            for path in ("/v1/images", f"/v1/images/{ID}", f"/images/{ID}"):
                answer = Service(self).ask(method, path, [OCTETS], b"data")
                self.assertLess(answer.status, 500, answer)
