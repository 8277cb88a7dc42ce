"""
Tests for L{glance.api.openapi.document}.
"""

import re
from pathlib import Path

import orjson
from twisted.trial.unittest import SynchronousTestCase

from glance.api.health import Health
from glance.api.metrics import MetricsPage
from glance.api.openapi.document import DescriptionPage, document
from glance.api.openapi.parts import MEANINGS
from glance.api.openapi.reference import reference
from glance.api.v1.images import ImagesAPI as FirstImages
from glance.api.v1.members import MembersAPI as FirstMembers
from glance.api.v2.data import DataAPI
from glance.api.v2.images import ImagesAPI
from glance.api.v2.info import InfoAPI
from glance.api.v2.marks import MarksAPI
from glance.api.v2.members import MembersAPI
from glance.api.v2.schemas import Schemas
from glance.api.v2.stores import StoresAPI
from glance.api.versions import VersionPages
from glance.limits import Limits
from tests.api.assembly import Service

DOCS = Path(__file__).parents[3] / "docs"

SERVED = {
    "/v1": (FirstImages, FirstMembers),
    "/v2": (ImagesAPI, DataAPI, MembersAPI, MarksAPI, InfoAPI, StoresAPI),
    "": (VersionPages, Health, MetricsPage, DescriptionPage),
}

IMPLIED = {("HEAD", path) for path in ("/", "/versions", "/healthcheck", "/metrics")}
"""
What answers HEAD as it does GET, which goes without saying.
"""

VERSIONS = {"/{name}", "/{name}/"}
"""
The documents of single versions, which are as those of all.
"""


def routes():
    """
    Get what is served: methods and paths.
    """
    for prefix, apps in SERVED.items():
        for each in apps:
            for rule in each.app.url_map.iter_rules():
                path = re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", r"{\1}", rule.rule)
                if path not in VERSIONS:
                    for method in rule.methods - {"OPTIONS"}:
                        yield method, prefix + path


def described(found):
    """
    Get what is described: methods and paths.
    """
    for path, item in found["paths"].items():
        for method in item.keys() - {"parameters"}:
            yield method.upper(), path


class DocumentTests(SynchronousTestCase):
    """
    The description of the API is true.
    """

    def setUp(self):
        self.found = document(Schemas(Limits), "http://images.example")

    def test_routes(self):
        """
        What is described is what is served.
        """
        served = set(routes()) - IMPLIED - {("HEAD", "/openapi.json")}
        self.assertEqual(set(described(self.found)), served)

    def test_names(self):
        """
        Each operation has a name of its own, and links lead to such.
        """
        operations = [
            item[method]
            for item in self.found["paths"].values()
            for method in item.keys() - {"parameters"}
        ]
        names = [operation["operationId"] for operation in operations]
        self.assertEqual(len(names), len(set(names)))
        links = [
            link["operationId"]
            for operation in operations
            for answer in operation["responses"].values()
            for link in answer.get("links", {}).values()
        ]
        self.assertTrue(links)
        self.assertLessEqual(set(links), set(names))

    def test_references(self):
        """
        What is referred to is there.
        """
        text = orjson.dumps(self.found).decode()
        referred = set(re.findall(r"#/components/schemas/(\w+)", text))
        self.assertLessEqual(referred, set(self.found["components"]["schemas"]))

    def test_parameters(self):
        """
        Each piece of a path that varies is a parameter, and none is there twice.
        """
        for path, item in self.found["paths"].items():
            for method in item.keys() - {"parameters"}:
                parameters = [
                    *item.get("parameters", ()),
                    *item[method]["parameters"],
                ]
                known = [(p["in"], p["name"].lower()) for p in parameters]
                self.assertEqual(len(known), len(set(known)), path)
                named = {p["name"] for p in parameters if p["in"] == "path"}
                self.assertEqual(named, set(re.findall(r"{(\w+)}", path)), path)

    def test_meanings(self):
        """
        It says what each error means.
        """
        for item in self.found["paths"].values():
            for method in item.keys() - {"parameters"}:
                for status in item[method]["responses"]:
                    if int(status) >= 400:
                        self.assertIn(int(status), MEANINGS)

    def test_served(self):
        """
        It is at C{/openapi.json}, with the URL that the client used.
        """
        answer = Service(self).ask("GET", "/openapi.json")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.header("content-type"), "application/json")
        found = orjson.loads(answer.body)
        self.assertEqual(found["openapi"], "3.1.0")
        self.assertEqual(found["servers"], [{"url": "http://glance.example:9292"}])


class ReferenceTests(SynchronousTestCase):
    """
    The documentation is the description's.
    """

    def test_current(self):
        """
        The page is what C{python -m glance.api.openapi.reference
        docs/api-v2-reference.md} makes.
        """
        self.assertEqual((DOCS / "api-v2-reference.md").read_text(), reference())
