"""
Tests for L{glance.api.v2.schemas} and L{glance.api.v2.info}.
"""

import jsonschema
import orjson
from attrs import evolve

from glance.api.v2.schemas import Described, Schemas
from glance.errors import Invalid
from glance.limits import Limits
from tests.api.v2.calling import RAW, CallingTestCase


class SchemaTests(CallingTestCase):
    """
    Clients are told what images and members look like.
    """

    def schema(self, name):
        """
        Get a schema.
        """
        answer = self.ask("GET", f"/schemas/{name}")
        self.assertEqual(answer.status, 200, answer)
        return orjson.loads(answer.body)

    def test_true(self):
        """
        What is shown fits its schema, whatever state it is in.
        """
        shown = [
            ("image", self.shown(self.create())),
            ("image", self.shown(self.create(kernel_id=None, tags=["a"], p=""))),
            ("image", self.shown(path := self.stored())),
            ("images", orjson.loads(self.ask("GET", "/images?limit=1").body)),
        ]
        answer = self.ask("POST", f"{path}/members", body={"member": "beta"})
        shown.append(("member", orjson.loads(answer.body)))
        answer = self.ask("GET", f"{path}/members")
        shown.append(("members", orjson.loads(answer.body)))
        for name, value in shown:
            with self.subTest(name):
                jsonschema.Draft4Validator(self.schema(name)).validate(value)

    def test_complete(self):
        """
        All that is shown of an image is in its schema.
        """
        image = self.shown(self.create())
        self.assertLessEqual(set(image), set(self.schema("image")["properties"]))

    def test_base(self):
        """
        Custom properties that are known are told from what each image has.
        """
        properties = self.schema("image")["properties"]
        custom = {n for n, s in properties.items() if s.get("is_base", True) is False}
        self.assertIn("os_distro", custom)
        self.assertNotIn("name", custom)
        self.assertNotIn("owner", custom)

    def test_formats(self):
        """
        The formats are the operator's.
        """
        self.service.limits = Limits(disk_formats=("raw", "gpt"))
        enum = self.schema("image")["properties"]["disk_format"]["enum"]
        self.assertEqual(enum, [None, "raw", "gpt"])
        self.create(disk_format="gpt")
        answer = self.ask("POST", "/images", body={"disk_format": "qcow2"})
        self.assertEqual(answer.status, 400)

    def test_old_property(self):
        """
        A property without a value, as old data has it, is shown as an empty
        text, but where its schema has room for none.
        """
        path = self.create(kernel_id=None)
        image = self.known(path)
        new = {**image.properties, "old": None}
        self.successResultOf(
            self.service.registry.replace(image, evolve(image, properties=new))
        )
        shown = self.shown(path)
        self.assertEqual((shown["old"], shown["kernel_id"]), ("", None))


class DescribedTests(CallingTestCase):
    """
    Operators say what custom properties look like.
    """

    def test_required(self):
        """
        A new image has to have what is required; an old one need not.
        """
        schemas = Schemas(
            Limits, Described({"team": {"type": "string", "enum": ["a"]}}, ("team",))
        ).get()
        schemas.new({"team": "a"})
        for said in ({}, {"team": "b"}):
            self.assertRaises(Invalid, schemas.new, said)
        schemas.changes({"name": "a"})
        self.assertRaises(Invalid, schemas.changes, {"team": "b"})
        self.assertEqual(schemas.image["required"], ["team"])

    def test_no_schema(self):
        """
        What isn't a schema is refused.
        """
        for schema in ({"pattern": "("}, {"type": "nothing"}):
            schemas = Schemas(Limits, Described({"team": schema}))
            self.assertRaises(Invalid, schemas.get)


class InfoTests(CallingTestCase):
    """
    Clients are told what the service can do.
    """

    def test_info(self):
        """
        There is one store, and no import.
        """
        for path, status, known in (
            ("stores", 404, None),
            ("import", 200, {"value": [], "type": "array"}),
        ):
            answer = self.ask("GET", f"/info/{path}")
            self.assertEqual(answer.status, status)
            if known is not None:
                (value,) = orjson.loads(answer.body).values()
                self.assertEqual({k: value[k] for k in known}, known)

    def test_minor_versions(self):
        """
        Minor versions are other names of the same; links are without them.
        """
        path = self.create(**RAW)
        for minor in (0, 1, 7, 9, 15):
            answer = self.service.ask("GET", f"/v2.{minor}{path}")
            self.assertEqual(orjson.loads(answer.body)["self"], f"/v2{path}")
        accept = {"Accept": "application/vnd.openstack.images-v2.0"}
        self.assertEqual(self.service.ask("GET", path, accept).status, 200)
