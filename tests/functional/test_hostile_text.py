"""
Text that means harm, in names, in paths and after them, to a daemon in a process of
its own, seen byte by byte.
"""

import json
import re
import socket

from twisted.trial.unittest import SynchronousTestCase

from tests.functional.daemons import PATIENCE, Place

CONTROLS = [*map(chr, range(1, 32)), "\x7f", "\x80", "\x85", "\xa0", "\u2028", "\u2029"]
"""
What could end a line, or a text; and what could do so for who looks at half of
each character.
"""

TWINS = ["\u010a", "\u010d", "\u560a\u560d", "\u000d\u000a"]

LONG = 15_000

QUERIES = [
    *(b"a=b&" * (LONG // 4), b"&" * LONG, b"=" * LONG, b"limit=1&" * (LONG // 8)),
    *(b"name=a&" * (LONG // 7), b"sort_key=name&" * (LONG // 14), b";" * LONG),
    *(
        b"sort=" + b"name," * (LONG // 5),
        b"name=" + b"a" * LONG,
        b"marker=" + b"a" * LONG,
    ),
    *(b"limit=" + b"9" * LONG, b"limit=-1", b"limit=1e9", b"size_min=" + b"9" * LONG),
    *(b"name=in:" + b"a," * (LONG // 2), b'name=in:"' + b"a" * LONG),
    *(b"created_at=" + b"gt:" * (LONG // 3), b"created_at=gt:" + b"9" * LONG),
    *(b"property-" + b"a" * LONG + b"=b", b"changes-since=" + b"1" * LONG),
    b"&".join(b"tag=t%d" % n for n in range(1500)),
    b"&".join(b"property-p%d=b" % n for n in range(800)),
    *(b"name=" + said for said in (b"%00", b"%c0%80", b"%ff", b"%", b"%f", b"%zz")),
    *(b"name=" + said for said in (b"%ed%a0%80", b"%0d%0aX-Evil:%201", b"%25" * 5000)),
    *(b"%00=a", b"%ff=a", b"size_min=99999999999999999999", b"name=" + b"(" * LONG),
]

PIECES = [
    *(b"..", b"../..", b"%2e%2e", b".%2e", b"..;", b"....//", b"\\..\\.."),
    *(b"..%2f..%2fsecret", b"%2e%2e%2f%2e%2e%2fsecret", b"..%5c..%5csecret"),
    *(b"%252e%252e%252fsecret", b"%c0%ae%c0%ae%c0%afsecret", b"%e0%80%ae%e0%80%ae"),
    *(b"/secret", b"//secret", b"%2fsecret", b"file:%2f%2f%2fsecret", b"~root"),
    *(b"%00", b"secret%00", b"%ff", b"%", b"%2", b"%zz", b"%20", b"'%20OR%201=1"),
    *(
        b"%0d%0aX-Evil:%201",
        b"%e5%98%8d%e5%98%8aX-Evil:1",
        b"%3cscript%3e",
        b"a" * 5000,
    ),
]

PATHS = [
    *(b"/%b", b"/v1/images/%b", b"/v1/images/%b/members/%b", b"/v1/shared-images/%b"),
    *(b"/v2/%b", b"/v2/images/%b", b"/v2/images/%b/file", b"/v2/images/%b/tags/%b"),
    *(b"/v2/images/%b/members/%b", b"/v2/images/%b/actions/%b", b"/v2/schemas/%b"),
    *(b"/v2/stores/%b/%b", b"/v3/projects/%b", b"/v3/users/%b"),
]

OLD_PATHS = [b"/%b", b"/images/%b", b"/registry/1/images/%b", b"/registry/1/leases/%b"]


class HostileTextTests(SynchronousTestCase):
    """
    No text that a client chooses becomes more than text.
    """

    def setUp(self):
        self.place = Place(self.mktemp())
        self.place.configure(auth_strategy="noauth")
        (self.place.path / "secret").write_text("root:x:0:0")
        self.daemon = self.place.start("glance")
        self.addCleanup(self.daemon.stop)

    def ask(self, method, path, body=b"", fields=b"", port=None):
        """
        Get the status, the lines of the head, and the body of an answer.
        """
        wire = b"%b %b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" % (method, path)
        wire += b"Content-Length: %d\r\n%b\r\n%b" % (len(body), fields, body)
        address = ("127.0.0.1", port or self.place.api_port)
        with socket.create_connection(address, PATIENCE) as client:
            client.sendall(wire)
            answer = b""
            while data := client.recv(1 << 16):
                answer += data
        head, _, body = answer.partition(b"\r\n\r\n")
        start, *lines = head.split(b"\r\n")
        return int(start.split()[1]), lines, body

    def check_head(self, lines, how):
        """
        See that a head has none of what would end a line, and no line too many.
        """
        for line in lines:
            self.assertRegex(line, rb"\A[A-Za-z0-9_%-]+: [ -~\x80-\xff]*\Z", how)
            self.assertNotRegex(line, re.compile(rb"\Ax-evil", re.I), how)

    def test_answers(self):
        """
        What is said by version 2 comes back in the headers of both as one value.
        """
        for end in [*CONTROLS, *TWINS]:
            text = f"a{end}X-Evil: 1{end}{end}b"
            said = {"name": text, "owner": text, "p": text, f"p{end}X-Evil": text}
            said |= {"tags": [text], "disk_format": "raw", "container_format": "bare"}
            json_type = b"Content-Type: application/json\r\n"
            body = json.dumps(said).encode()
            status, lines, answer = self.ask(b"POST", b"/v2/images", body, json_type)
            self.assertEqual(status, 201, repr(end))
            self.check_head(lines, repr(end))
            image = json.loads(answer)["id"].encode()
            v1, v2 = b"/v1/images/" + image, b"/v2/images/" + image
            raw = b"Content-Type: application/octet-stream\r\n"
            self.assertEqual(self.ask(b"PUT", v2 + b"/file", b"x", raw)[0], 204)
            for method, path in (
                (b"HEAD", v1),
                (b"GET", v1),
                (b"GET", v2),
                (b"GET", v2 + b"/file"),
                (b"DELETE", v1),
            ):
                status, lines, _ = self.ask(method, path)
                self.assertEqual(status, 200, (end, method, path))
                self.check_head(lines, (end, method, path))

    def test_nul(self):
        """
        NUL is no part of a text.
        """
        for name in ("name", "owner", "p", "a\0b"):
            body = json.dumps({name: "a\0b"}).encode()
            json_type = b"Content-Type: application/json\r\n"
            status, _, _ = self.ask(b"POST", b"/v2/images", body, json_type)
            self.assertEqual(status, 400, name)

    def test_queries(self):
        """
        What follows a path is understood or refused, soon.
        """
        registry = self.place.registry_port
        used = self.daemon.cpu_seconds()
        for query in QUERIES:
            for port, path in (
                (None, b"/v1/images"),
                (None, b"/v1/images/detail"),
                (None, b"/v2/images"),
                (None, b"/v2/schemas/image"),
                (None, b"/healthcheck"),
                (registry, b"/images"),
                (registry, b"/images/detail"),
                (registry, b"/registry/1/unsettled"),
            ):
                how = (path, query[:30])
                status, lines, _ = self.ask(b"GET", path + b"?" + query, port=port)
                self.assertIn(status, (200, 400), how)
                self.check_head(lines, how)
        asked = len(QUERIES) * 8
        self.assertLess((self.daemon.cpu_seconds() - used) / asked, 0.05)
        self.assertNotIn("Traceback", self.daemon.log)

    def test_paths(self):
        """
        No path leads out of what is served, however it is written.
        """
        for piece in PIECES:
            for method in (b"GET", b"PUT", b"POST", b"PATCH", b"DELETE"):
                for path in PATHS:
                    self.check_path(method, path.replace(b"%b", piece))
                for path in OLD_PATHS:
                    port = self.place.registry_port
                    self.check_path(method, path.replace(b"%b", piece), port)
        self.assertNotIn("Traceback", self.daemon.log)
        self.assertEqual((self.place.path / "secret").read_text(), "root:x:0:0")

    def check_path(self, method, path, port=None):
        status, lines, body = self.ask(method, path, port=port)
        expected = (400, 404, 405, 415)
        if b"shared-images" in path and method == b"GET":
            # Whoever it is, nothing is shared with it.
            expected = (200, *expected)
        self.assertIn(status, expected, (method, path))
        self.check_head(lines, (method, path))
        self.assertNotIn(b"root:x", body, (method, path))

    def test_stores(self):
        """
        Nor does the name of a store, or a location.
        """
        for name in (b"X-Image-Meta-Store", b"X-Image-Meta-Location"):
            for piece in (b"../..", b"/secret", b"file:///secret", b"%2e%2e", b"a b"):
                field = name + b": " + piece + b"\r\n"
                status, lines, _ = self.ask(b"POST", b"/v1/images", b"", field)
                self.assertEqual(status, 400, (name, piece))
                self.check_head(lines, (name, piece))
