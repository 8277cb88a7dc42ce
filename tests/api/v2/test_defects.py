"""
What is wrong in OpenStack's Glance, and isn't here.

More of it is in the tests beside this: lists whose links forget arguments
(L{tests.api.v2.test_lists}), an owner that gives its image away by C{add}
(L{tests.api.v2.test_changing}), and ranges of nothing (L{tests.api.v2.test_data}).
"""

import orjson

from tests.api.v2.calling import DATA, MEMBER, OCTETS, OTHER, RAW, CallingTestCase


class DefectTests(CallingTestCase):
    """
    None of these happens.
    """

    def test_list_as_image(self):
        """
        A list is not an image: 400, and no mistake of the service.
        """
        self.assertEqual(self.ask("POST", "/images", body=[]).status, 400)

    def test_unknown_bounds(self):
        """
        Bounds of what images don't have are refused, not a mistake either.
        """
        for query in ("bogus_min=1", "name_max=1", "_min=1"):
            self.assertEqual(self.ask("GET", f"/images?{query}").status, 400)

    def test_long_request_id(self):
        """
        A request's id that is too long is refused, and told so.
        """
        for length, status in ((64, 200), (65, 431)):
            headers = {"X-Openstack-Request-Id": "r" * length}
            self.assertEqual(self.ask("GET", "/images", headers).status, status)

    def test_refused_data(self):
        """
        Data that was refused is nowhere: not on the image, not to be had, not
        in the store; other data is taken then.
        """
        path = self.create(**RAW)
        headers = {**OCTETS, "x-openstack-image-size": "3"}
        self.assertEqual(self.ask("PUT", f"{path}/file", headers, DATA).status, 400)
        image = self.shown(path)
        for name in ("size", "checksum", "os_hash_algo", "os_hash_value"):
            self.assertIsNone(image[name])
        self.assertEqual(self.ask("GET", f"{path}/file").status, 204)
        self.assertEqual(self.keys(), [])
        self.assertEqual(self.ask("PUT", f"{path}/file", OCTETS, DATA).status, 204)
        self.assertEqual(self.ask("GET", f"{path}/file").body, DATA)

    def test_given_away(self):
        """
        An owner that may not give its image away does not, though it is
        answered 403.
        """
        path = self.create()
        for op in ("add", "replace"):
            change = {"op": op, "path": "/owner", "value": "beta"}
            self.assertEqual(self.patch(path, change), 403)
        self.assertEqual(self.shown(path)["owner"], "alpha")
        self.assertEqual(self.ask("GET", path, who=OTHER).status, 404)

    def test_hashes_said(self):
        """
        Nobody says what data hashes to.
        """
        for name in ("os_hash_algo", "os_hash_value"):
            answer = self.ask("POST", "/images", body={name: "a"})
            self.assertEqual(answer.status, 403)

    def test_stores_as_property(self):
        """
        C{stores} is no property, with one store neither.
        """
        path = self.create()
        change = {"op": "add", "path": "/stores", "value": "a"}
        self.assertEqual(self.patch(path, change), 403)
        self.assertEqual(self.ask("POST", "/images", body={"stores": "a"}).status, 403)

    def test_empty_answers(self):
        """
        An answer without a body has no type.
        """
        path = self.create(**RAW)
        for method, below, headers, body in (
            ("PUT", "/file", OCTETS, DATA),
            ("PUT", "/tags/a", {}, None),
            ("POST", "/actions/deactivate", {}, None),
            ("DELETE", "", {}, None),
        ):
            answer = self.ask(method, path + below, headers, body)
            self.assertEqual((answer.status, answer.body), (204, b""))
            self.assertIsNone(answer.header("content-type"))
            self.assertIsNone(answer.header("content-length"))

    def test_markup_in_json(self):
        """
        A message in JSON has no markup.
        """
        answer = self.ask("GET", "/images/<b>", {"Accept": "application/json"})
        message = orjson.loads(answer.body)["message"]
        self.assertNotIn("<", message)
        self.assertEqual(message, message.strip())

    def test_capital_flags(self):
        """
        Flags have no case.
        """
        path = self.create(protected=True)
        self.assertEqual(self.listed("protected=True"), [path])

    def test_wide_characters(self):
        """
        Names have any characters.
        """
        path = self.create(name="\N{PENGUIN}")
        self.assertEqual(self.shown(path)["name"], "\N{PENGUIN}")

    def test_capital_ids(self):
        """
        An id in capitals is the same id, and not taken twice.
        """
        path = self.create()
        said = {"id": path[8:].upper()}
        self.assertEqual(self.ask("POST", "/images", body=said).status, 409)
        self.assertEqual(self.ask("GET", f"/images/{said['id']}").status, 200)

    def test_head(self):
        """
        HEAD of data works, and has no body, with a range neither.
        """
        path = self.stored()
        answer = self.ask("HEAD", f"{path}/file", {"Range": "bytes=0-1"})
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(answer.header("content-length"), str(len(DATA)))

    def test_options(self):
        """
        OPTIONS is answered, whoever asks and for what.
        """
        for path in ("/images", "/nothing"):
            answer = self.ask("OPTIONS", path, who=MEMBER)
            self.assertEqual((answer.status, answer.body), (200, b""))
