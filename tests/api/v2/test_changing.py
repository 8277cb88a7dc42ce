"""
What becomes of changes, by example.
"""

from tests.api.v2.calling import (
    ADMIN,
    KEYED,
    NAMING,
    RAW,
    CallingTestCase,
)


class ChangeTests(CallingTestCase):
    """
    What becomes of PATCH /images/ID.
    """

    NAMED = (
        (("add", "/name", "a"), 200),
        (("replace", "/name", None), 200),
        (("replace", "/tags", ["x", "y"]), 200),
        (("add", "/tags/-", "z"), 200),
        (("add", "/tags/1", "z"), 200),
        (("add", "/tags/x", "z"), 400),
        (("remove", "/tags/0"), 400),
        (("add", "/here", "new"), 200),
        (("add", "/fresh", "new"), 200),
        (("replace", "/here", "new"), 200),
        (("remove", "/here"), 200),
        (("replace", "/nokey", "a"), 409),
        (("remove", "/nokey"), 409),
        (("remove", "/name"), 403),
        (("remove", "/tags"), 403),
        (("remove", "/owner"), 403),
        (("test", "/name", "a"), 400),
        (("move", "/name", "a"), 400),
        (("add", "name", "a"), 400),
        (("add", "/a/", "a"), 400),
        (("add", "//a", "a"), 400),
        (("add", "/a~2", "a"), 400),
        (("add", "/a~", "a"), 400),
        (("add", "/a~1b~0", "a"), 200),
        (("add", "/a/b", "a"), 400),
        (("add", "", "a"), 400),
        (("add", "/prop", 5), 400),
        (("add", "/prop", None), 400),
        (("add", "/min_disk", -1), 400),
        (("add", "/min_disk", 5), 200),
        (("add", "/visibility", "nowhere"), 400),
        (("add", "/visibility", "private"), 200),
        (("add", "/visibility", "community"), 200),
        (("add", "/visibility", "public"), 403),
        (("replace", "/visibility", "public"), 403),
        (("add", "/owner", "beta"), 403),
        (("replace", "/owner", "beta"), 403),
        (("add", "/owner", "alpha"), 200),
        (("replace", "/disk_format", "qcow2"), 200),
        (("add", "/p" * 1 + "x" * 255, "a"), 400),
        *(
            (("replace", f"/{name}", "1"), 403)
            for name in (
                "id",
                "status",
                "size",
                "virtual_size",
                "checksum",
                "os_hash_algo",
                "os_hash_value",
                "created_at",
                "updated_at",
                "self",
                "file",
                "schema",
                "direct_url",
                "stores",
                "location",
                "deleted",
                "deleted_at",
                "os_glance_x",
                "locations",
                "locations/0",
            )
        ),
        (("add", "/locations/-", {"url": "file:///etc/passwd"}), 403),
    )

    SHAPES = (
        {},
        5,
        [5],
        ["a"],
        [{}],
        [{"op": "add", "path": "/a"}],
        [{"op": "add", "value": "a"}],
        [{"path": "/a", "value": "a"}],
        [{"op": "add", "path": 5, "value": "a"}],
    )

    def operation(self, op, path, *value):
        """
        Write an operation.
        """
        return {"op": op, "path": path, **({"value": value[0]} if value else {})}

    def test_named(self):
        """
        Each change is made, or refused so, and then nothing is changed.
        """
        for said, status in self.NAMED:
            with self.subTest(said):
                path = self.create(here="old", tags=["x"], **RAW)
                before = self.shown(path)
                self.assertEqual(self.patch(path, self.operation(*said)), status)
                if status != 200:
                    self.assertEqual(self.shown(path), before)

    def test_shapes(self):
        """
        What is no patch is refused.
        """
        path = self.create()
        for said in self.SHAPES:
            headers = {"Content-Type": NAMING}
            answer = self.ask("PATCH", path, headers, said)
            self.assertEqual(answer.status, 400, said)

    def test_too_long(self):
        """
        A patch has an end.
        """
        path = self.create()
        for count, status in ((1000, 200), (1001, 413)):
            changes = [self.operation("add", "/a", "b")] * count
            self.assertEqual(self.patch(path, *changes), status)

    def test_keyed(self):
        """
        The older dialect does not add what is there.
        """
        for said, status in (
            ({"add": "/here", "value": "a"}, 409),
            ({"add": "/name", "value": "a"}, 409),
            ({"add": "/fresh", "value": "a"}, 200),
            ({"replace": "/name", "value": "a"}, 200),
            ({"replace": "/nokey", "value": "a"}, 409),
            ({"remove": "/here"}, 200),
            ({"remove": "/here", "add": "/a", "value": "a"}, 400),
            ({"op": "add", "path": "/a", "value": "a"}, 400),
            ({"replace": "/id", "value": "a"}, 403),
        ):
            with self.subTest(said):
                path = self.create(here="old")
                self.assertEqual(self.patch(path, said, media_type=KEYED), status)

    def test_all_or_nothing(self):
        """
        Where one of several changes is refused, none is made.
        """
        path = self.create(name="old")
        status = self.patch(
            path,
            self.operation("replace", "/name", "new"),
            self.operation("remove", "/nokey"),
        )
        self.assertEqual((status, self.shown(path)["name"]), (409, "old"))

    def test_in_order(self):
        """
        Several changes are made in their order.
        """
        path = self.create()
        status = self.patch(
            path,
            self.operation("add", "/a", "1"),
            self.operation("replace", "/a", "2"),
            self.operation("add", "/b", "3"),
            self.operation("remove", "/b"),
        )
        image = self.shown(path)
        self.assertEqual((status, image["a"], image.get("b")), (200, "2", None))

    def test_nothing(self):
        """
        No change at all is one, and isn't an update.
        """
        path = self.create()
        before = self.shown(path)
        self.service.clock.advance(10)
        self.assertEqual(self.patch(path), 200)
        self.assertEqual(self.shown(path), before)
        self.patch(path, self.operation("add", "/a", "1"))
        self.assertNotEqual(self.shown(path)["updated_at"], before["updated_at"])

    def test_media_type(self):
        """
        A patch says that it is one.
        """
        path = self.create()
        for media_type in ("application/json", "application/json-patch+json", ""):
            answer = self.ask("PATCH", path, {"Content-Type": media_type}, [])
            self.assertEqual(answer.status, 415)
            self.assertEqual(answer.header("accept-patch"), f"{KEYED}, {NAMING}")

    def test_formats_of_data(self):
        """
        What data was stored as does not change.
        """
        path = self.stored()
        for name in ("disk_format", "container_format"):
            change = self.operation("replace", f"/{name}", "iso")
            self.assertIn(self.patch(path, change), (400, 403))
        change = self.operation("replace", "/disk_format", "iso")
        self.assertEqual(self.patch(path, change), 403)

    def test_admin(self):
        """
        Administrators publish, and give away.
        """
        path = self.create()
        self.service.context = ADMIN
        for name, value in (("visibility", "public"), ("owner", "beta")):
            change = self.operation("add", f"/{name}", value)
            self.assertEqual(self.patch(path, change), 200)
            self.assertEqual(self.shown(path)[name], value)

    def test_protected(self):
        """
        What is protected is not deleted.
        """
        path = self.create(protected=True)
        self.assertEqual(self.ask("DELETE", path).status, 403)
        self.patch(path, self.operation("replace", "/protected", False))
        answer = self.ask("DELETE", path)
        self.assertEqual((answer.status, answer.body), (204, b""))
        self.assertEqual(self.ask("DELETE", path).status, 404)


class TagTests(CallingTestCase):
    """
    What becomes of PUT and DELETE /images/ID/tags/TAG.
    """

    def test_tags(self):
        """
        A tag is there once, and gone when it is taken away.
        """
        path = self.create()
        for method, tag, status in (
            ("PUT", "a", 204),
            ("PUT", "a", 204),
            ("PUT", "%C3%A9%20b", 204),
            ("PUT", "t" * 256, 400),
            ("DELETE", "b", 404),
            ("DELETE", "a", 204),
            ("DELETE", "a", 404),
            ("GET", "a", 405),
        ):
            answer = self.ask(method, f"{path}/tags/{tag}")
            self.assertEqual(answer.status, status, (method, tag))
        self.assertEqual(
            self.shown(path)["tags"], ["\N{LATIN SMALL LETTER E WITH ACUTE} b"]
        )
        answer = self.ask("PUT", f"{path}/tags/a", body=b"x")
        self.assertEqual(answer.status, 400)
        self.assertEqual(
            self.ask("GET", f"{path}/tags/a").header("allow"), "DELETE, PUT"
        )

    def test_too_many(self):
        """
        An image has 128 tags, and no more.
        """
        path = self.create(tags=[str(n) for n in range(128)])
        self.assertEqual(self.ask("PUT", f"{path}/tags/more").status, 413)
