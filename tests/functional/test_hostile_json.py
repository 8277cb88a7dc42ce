"""
JSON that means harm, to a daemon in a process of its own.
"""

import http.client
import json

from twisted.trial.unittest import SynchronousTestCase

from tests.functional.daemons import PATIENCE, Place

MIB = 1 << 20

DEPTH = 100_000

PATCH = "application/openstack-images-v2.1-json-patch"

VALUES = {
    "deep lists": b"[" * DEPTH + b"]" * DEPTH,
    "deep lists that never end": b"[" * DEPTH,
    "deep objects": b'{"a":' * DEPTH + b"1" + b"}" * DEPTH,
    # These are as deep as is still read.
    "lists in 900 lists": b"[" * 900 + b"]" * 900,
    "objects in 900 objects": b'{"a":' * 900 + b"1" + b"}" * 900,
    "1e999": b"1e999",
    "-1e999": b"-1e999",
    "NaN": b"NaN",
    "Infinity": b"-Infinity",
    "number of many digits": b"9" * 100_000,
    "fraction of many digits": b"0." + b"1" * 100_000,
    "a surrogate alone": b'"\\ud800"',
    "a surrogate alone in a name": b'{"\\udfff": "a"}',
    "no UTF-8": b'"\xff"',
    "UTF-8 that is too long": b'"\xc0\x80"',
    "a surrogate in UTF-8": b'"\xed\xa0\x80"',
    "UTF-16": '"a"'.encode("utf-16"),
    "a mark of byte order": b'\xef\xbb\xbf"a"',
    "NUL as it is": b'"\0"',
    "a line feed as it is": b'"\n"',
    "many elements": b"[" + b"1," * 400_000 + b"1]",
    "many names": b"{" + b",".join(b'"%d":1' % n for n in range(70_000)) + b"}",
    "one name many times": b"{" + b'"a":1,' * 100_000 + b'"a":1}',
    "a long text": b'"' + b"x" * 900_000 + b'"',
    "a comma too many": b"[1,]",
    "a comment": b"/* a */ 1",
    "two values": b"1 2",
}
"""What stands somewhere in a body, where none of these belong."""


class HostileJSONTests(SynchronousTestCase):
    """
    Wherever JSON is taken, what means harm is refused, soon and in little memory.
    """

    def serve(self, **options):
        """
        Have a daemon.
        """
        self.place = Place(self.mktemp())
        self.place.configure(**options)
        self.daemon = self.place.start("glance")
        self.addCleanup(self.daemon.stop)

    def ask(self, port, method, path, body, media="application/json"):
        """
        Send a body; get the status and the answer.
        """
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            client.request(method, path, body, {"Content-Type": media})
            answer = client.getresponse()
            return answer.status, answer.read()
        finally:
            client.close()

    def check(self, places):
        """
        Send each of L{VALUES} to some places.

        @param places: the port, the method, the path, the type and the body of
            each, where C{VALUE} stands for one of L{VALUES}.
        """
        before = self.daemon.memory()
        for name, value in VALUES.items():
            for port, method, path, media, body in places:
                sent = body.replace(b"VALUE", value)
                status, answer = self.ask(port, method, path, sent, media)
                how = f"{name} at {method} {path}, {body}"
                self.assertIn(status, (400, 413), how)
                self.assertLess(len(answer), 3000, how)
        self.assertLess(self.daemon.memory() - before, 100 * MIB)
        self.assertNotIn("Traceback", self.daemon.log)

    def test_api(self):
        """
        So it is with both versions of the API.
        """
        self.serve(auth_strategy="noauth")
        port, kind = self.place.api_port, "application/json"
        _, body = self.ask(port, "POST", "/v2/images", b'{"name": "a", "b": "c"}')
        image = json.loads(body)["id"]
        v1, v2 = f"/v1/images/{image}", f"/v2/images/{image}"
        names = (b"visibility", b"tags", b"min_disk", b"protected", b"id", b"owner")
        self.check(
            [
                (port, "POST", "/v2/images", kind, b"[VALUE]"),
                *(
                    (port, "POST", "/v2/images", kind, b'{"%b": [VALUE]}' % name)
                    for name in (*names, b"name", b"b")
                ),
                (port, "PATCH", v2, PATCH, b"VALUE"),
                (port, "PATCH", v2, PATCH, b"[VALUE]"),
                *(
                    (
                        port,
                        "PATCH",
                        v2,
                        PATCH,
                        b'[{"op": "replace", "path": %b}]' % said,
                    )
                    for said in (
                        b'"/b", "value": [VALUE]',
                        b'"/tags", "value": [[VALUE]]',
                        b'"/tags/-", "value": [VALUE]',
                        b'[VALUE], "value": "a"',
                        b'"/b", "value": "a", "op": [VALUE]',
                    )
                ),
                (port, "POST", v2 + "/members", kind, b'{"member": [VALUE]}'),
                (port, "PUT", v2 + "/members/a", kind, b'{"status": [VALUE]}'),
                (port, "PUT", v1 + "/members", kind, b'{"memberships": VALUE}'),
                (port, "PUT", v1 + "/members", kind, b'{"memberships": [[VALUE]]}'),
                (
                    *(port, "PUT", v1 + "/members", kind),
                    b'{"memberships": [{"member_id": [VALUE]}]}',
                ),
                (port, "PUT", v1 + "/members/a", kind, b'{"member": [VALUE]}'),
            ]
        )

    def test_registry(self):
        """
        And with both faces of the registry.
        """
        self.serve(auth_strategy="noauth")
        port, kind = self.place.registry_port, "application/json"
        old = b'{"image": {"name": "a", "status": "queued", "%b": [VALUE]}}'
        self.check(
            [
                *(
                    (port, "POST", "/images", kind, old % name)
                    for name in (b"name", b"status", b"id", b"size", b"properties")
                ),
                (port, "POST", "/images", kind, b'{"image": [VALUE]}'),
                (port, "POST", "/registry/1/images", kind, b"[VALUE]"),
                (port, "POST", "/registry/1/find", kind, b'{"scope": [VALUE]}'),
                (port, "POST", "/registry/1/purge", kind, b'{"before": [VALUE]}'),
                (port, "PUT", "/registry/1/leases/a", kind, b'{"seconds": [VALUE]}'),
            ]
        )

    def test_identity(self):
        """
        And where one asks for a token.
        """
        self.serve(auth_strategy="local", users_file="users.sqlite")
        port, path, kind = self.place.api_port, "/v3/auth/tokens", "application/json"
        user = (
            b'{"auth": {"identity": {"methods": ["password"], "password": {"user": %b'
        )
        self.check(
            [
                (port, "POST", path, kind, b"[VALUE]"),
                (port, "POST", path, kind, b'{"auth": [VALUE]}'),
                (port, "POST", path, kind, b'{"auth": {"identity": [VALUE]}}'),
                (port, "POST", path, kind, user % b"[VALUE]}}}}"),
                (port, "POST", path, kind, user % b'{"password": [VALUE]}}}}}'),
            ]
        )

    def test_long_pointers(self):
        """
        A pointer may be long, and is refused soon.
        """
        self.serve(auth_strategy="noauth")
        port = self.place.api_port
        _, body = self.ask(port, "POST", "/v2/images", b'{"name": "a"}')
        path = f"/v2/images/{json.loads(body)['id']}"
        for piece in ("/", "/a", "/~1", "/~", "a", "~", "/tags/-", "/\\u0000"):
            pointer = piece * (900_000 // len(piece))
            patch = f'[{{"op": "add", "path": "{pointer}", "value": "x"}}]'
            used = self.daemon.cpu_seconds()
            status, answer = self.ask(port, "PATCH", path, patch.encode(), PATCH)
            self.assertIn(status, (400, 403), piece)
            self.assertLess(len(answer), 3000)
            self.assertLess(self.daemon.cpu_seconds() - used, 0.5, piece)

    def test_too_long(self):
        """
        More than a mebibyte is refused with 413, and for a token much less; of one
        that says so nothing is read.
        """
        self.serve(auth_strategy="local", users_file="users.sqlite")
        port, long = self.place.api_port, b'"%b"' % (b"x" * (16 << 10))
        for body in (long, iter([long])):
            status, _ = self.ask(port, "POST", "/v3/auth/tokens", body)
            self.assertEqual(status, 413)
        self.daemon.stop()
        self.serve(auth_strategy="noauth")
        port, long = self.place.api_port, b'"%b"' % (b"x" * MIB)
        for body in (long, iter([long])):
            status, _ = self.ask(port, "POST", "/v2/images", body)
            self.assertEqual(status, 413)
