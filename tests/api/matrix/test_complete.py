"""
Nothing that the API answers is missing in the matrix.
"""

import re

from twisted.trial.unittest import SynchronousTestCase

from tests.api.matrix import test_v1, test_v2
from tests.api.matrix.test_v2_lists import ABOUT
from tests.api.openapi.test_document import routes

APART = {
    ("GET", "/v1/images"),
    ("GET", "/v1/images/detail"),
    ("GET", "/v1/shared-images/{member_id}"),
    ("GET", "/v2/images"),
    ("POST", "/v1/images"),
    ("POST", "/v2/images"),
}
"""What is tried in tests of its own: lists, and the making of images."""


class CompleteTests(SynchronousTestCase):
    """
    Each persona tries whatever there is.
    """

    def test_routes(self):
        """
        For whatever is answered about images, or about the service, there is a table.
        """
        operations = {**test_v1.LAST, **test_v2.COPIES}.values()
        tried = {(each.method, each.path) for each in operations}
        for more in (test_v1.MEMBERS, test_v2.OPERATIONS):
            tried |= {(each.method, each.path) for each in more.values()}
        tried |= {("GET", path) for path in ABOUT}
        missing = []
        for method, route in set(routes()) - APART:
            pattern = re.compile(re.sub(r"\{[a-z_]+\}", "[^/]+", route))
            matched = [m == method and pattern.fullmatch(p) for m, p in tried]
            if route.startswith(("/v1/", "/v2/")) and not any(matched):
                missing.append((method, route))
        self.assertEqual(sorted(missing), [])
