"""
Who may do what, of a daemon: a sample of the matrix.
"""

import http.client
import json
import uuid

from tests.api.matrix import test_v1, test_v2
from tests.api.matrix.casting import DATA, PERSONAS, VISIBILITIES, row_of
from tests.functional.test_daemons import DaemonCase

SAMPLE = {
    test_v2: (
        "show",
        "download",
        "rename",
        "make public",
        "give away",
        "deactivate",
        "delete",
        "list members",
        "add member",
        "consent",
    ),
    test_v1: ("show", "download", "rename", "give away", "delete"),
}

OCTETS = {"Content-Type": "application/octet-stream"}


def said_of(who):
    """
    Get what a proxy says of a persona.
    """
    context = PERSONAS[who]
    if context.is_anonymous:
        return {"X-Identity-Status": "Invalid"}
    return {
        "X-Identity-Status": "Confirmed",
        "X-User-Id": context.user,
        "X-Project-Id": context.tenant,
        "X-Roles": ",".join(context.roles),
    }


class MatrixTests(DaemonCase):
    """
    A daemon behind a proxy lets just those do things who may.
    """

    def setUp(self):
        super().setUp()
        self.place.configure(trust_identity_headers="true")
        self.start("glance")
        self.connection = http.client.HTTPConnection(
            "127.0.0.1", self.place.api_port, timeout=60
        )
        self.addCleanup(self.connection.close)

    def ask(self, who, method, path, headers=(), body=None):
        """
        Ask for something.

        @return: the status, and the body.
        """
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {**dict(headers), **said_of(who)}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def image(self, visibility):
        """
        Make an active image as the tables have it.

        @return: its id.
        """
        ident = str(uuid.uuid4())
        image = f"/v2/images/{ident}"
        change = [{"op": "replace", "path": "/visibility", "value": visibility}]
        formats = {"disk_format": "raw", "container_format": "bare"}
        said = {"id": ident, "name": "n", "owner": "alpha", "p": "v", **formats}
        for who, method, path, headers, body in (
            ("admin", "POST", "/v2/images", {}, {**said, "tags": ["t"]}),
            ("member", "PUT", f"{image}/file", OCTETS, DATA),
            ("member", "POST", f"{image}/members", {}, {"member": "beta"}),
            ("recipient", "PUT", f"{image}/members/beta", {}, {"status": "accepted"}),
            ("member", "POST", f"{image}/members", {}, {"member": "epsilon"}),
            ("admin", "PATCH", image, test_v2.PATCH, change),
        ):
            status, told = self.ask(who, method, path, headers, body)
            self.assertIn(status, (200, 201, 204), told)
        sharing = {"member": {"can_share": True}}
        path = f"/v1/images/{ident}/members/delta"
        if visibility == "shared":
            self.assertEqual(self.ask("member", "PUT", path, {}, sharing)[0], 204)
        return ident

    def state(self, ident):
        """
        Get all that there is to know of an image.
        """
        image = f"/v2/images/{ident}"
        return [self.ask("admin", "GET", path) for path in (image, f"{image}/members")]

    def test_sample(self):
        """
        What each may do to an active image is as the tables say; what is refused
        changes nothing.  Who hasn't said who it is is nobody to a proxy.
        """
        for module, names in SAMPLE.items():
            operations = getattr(module, "OPERATIONS", None) or module.LAST
            for name in names:
                for visibility in VISIBILITIES:
                    text = module.TABLES[name]
                    cells = row_of(text, visibility)
                    self.check(operations[name], cells, visibility, name)

    def check(self, operation, cells, visibility, name):
        """
        Have each persona try an operation.
        """
        ident = self.image(visibility)
        before = self.state(ident)
        path = operation.path.replace("ID", ident)
        for who, cell in cells.items():
            asked = (operation.method, path, operation.headers, operation.body)
            status, _ = self.ask(who, *asked)
            good = operation.good("active")
            expected = good if cell in ("ok", "same") else int(cell)
            if who == "anonymous":
                expected = 401
            self.assertEqual(status, expected, (name, visibility, who))
            after = self.state(ident)
            if cell != "ok":
                self.assertEqual(after, before, (name, visibility, who))
            elif after != before:
                ident = self.image(visibility)
                before = self.state(ident)
                path = operation.path.replace("ID", ident)
