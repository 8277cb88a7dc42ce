"""
Who may do what by version 2.
"""

from attrs import evolve

from glance.image import Location
from glance.stores.memory import MemoryStore
from glance.streams.bodies import BytesBody
from tests.api.assembly import Service
from tests.api.matrix.casting import (
    DATA,
    PERSONAS,
    MatrixTestCase,
    Operation,
    table,
)

OCTETS = {"Content-Type": "application/octet-stream"}
PATCH = {"Content-Type": "application/openstack-images-v2.1-json-patch"}


def patch(path, value):
    """
    Get the change of one attribute.
    """
    body = [{"op": "add", "path": path, "value": value}]
    return Operation("PATCH", "/v2/images/ID", (200,), PATCH, body)


def below(method, path, *succeeded, **how):
    """
    Get what is asked of an image.
    """
    return Operation(method, f"/v2/images/ID{path}", succeeded, **how)


OPERATIONS = {
    "show": below("GET", "", 200),
    "download": below("GET", "/file", 204, 200, 200),
    "upload": below("PUT", "/file", 204, 409, 409, headers=OCTETS, body=DATA),
    "rename": patch("/name", "other"),
    "publish": patch("/visibility", "public"),
    "communitize": patch("/visibility", "community"),
    "give away": patch("/owner", "gamma"),
    "delete": below("DELETE", "", 204),
    "tag": below("PUT", "/tags/t", 204),
    # There is no such tag: who may take it off is told so.
    "untag": below("DELETE", "/tags/t", 404),
    "deactivate": below("POST", "/actions/deactivate", 403, 204, 204),
    "reactivate": below("POST", "/actions/reactivate", 403, 204, 204),
    "list members": below("GET", "/members", 200),
    "show member": below("GET", "/members/beta", 200),
    "add member": below("POST", "/members", 200, body={"member": "gamma"}),
    "consent": below("PUT", "/members/beta", 200, body={"status": "rejected"}),
    "remove member": below("DELETE", "/members/beta", 204),
}

CHANGED = """
           anonymous reader member recipient stranger admin service
public     401       403    ok     403       403      ok    404
community  404       403    ok     403       403      ok    404
shared     404       403    ok     403       404      ok    404
private    404       403    ok     404       404      ok    404
"""
"""What the members of a project may do to its images."""

TABLES = {
    "show": """
           anonymous reader member recipient stranger admin service
public     ok        ok     ok     ok        ok       ok    404
community  404       ok     ok     ok        ok       ok    404
shared     404       ok     ok     ok        404      ok    404
private    404       ok     ok     404       404      ok    404
""",
    "download": """
           anonymous reader member recipient stranger admin service
public     ok        403    ok     ok        ok       ok    404
community  404       403    ok     ok        ok       ok    404
shared     404       403    ok     ok        404      ok    404
private    404       403    ok     404       404      ok    404
""",
    ("download", "deactivated"): """
           anonymous reader member recipient stranger admin service
public     403       403    403    403       403      ok    404
community  404       403    403    403       403      ok    404
shared     404       403    403    403       404      ok    404
private    404       403    403    404       404      ok    404
""",
    "publish": """
           anonymous reader member recipient stranger admin service
public     401       403    ok     403       403      ok    404
community  404       403    403    403       403      ok    404
shared     404       403    403    403       404      ok    404
private    404       403    403    404       404      ok    404
""",
    "give away": """
           anonymous reader member recipient stranger admin service
public     401       403    403    403       403      ok    404
community  404       403    403    403       403      ok    404
shared     404       403    403    403       404      ok    404
private    404       403    403    404       404      ok    404
""",
    "list members": """
           anonymous reader member recipient stranger admin service
public     403       403    403    403       403      403   404
community  404       403    403    403       403      403   404
shared     404       ok     ok     ok        404      ok    404
private    404       403    403    404       404      403   404
""",
    "show member": """
           anonymous reader member recipient stranger admin service
public     404       404    404    404       404      404   404
community  404       404    404    404       404      404   404
shared     404       ok     ok     ok        404      ok    404
private    404       404    404    404       404      404   404
""",
    "add member": """
           anonymous reader member recipient stranger admin service
public     401       403    403    403       403      403   404
community  404       403    403    403       403      403   404
shared     404       403    ok     403       404      ok    404
private    404       403    403    404       404      403   404
""",
    "consent": """
           anonymous reader member recipient stranger admin service
public     404       404    404    404       404      404   404
community  404       404    404    404       404      404   404
shared     404       403    403    ok        404      ok    404
private    404       404    404    404       404      404   404
""",
}
TABLES["remove member"] = TABLES["add member"]

LISTED = {
    "": """
           anonymous reader member recipient stranger admin service
public     yes       yes    yes    yes       yes      yes   403
community  no        yes    yes    no        no       no    403
shared     no        yes    yes    yes       no       yes   403
private    no        yes    yes    no        no       yes   403
""",
    "visibility=all": """
           anonymous reader member recipient stranger admin service
public     yes       yes    yes    yes       yes      yes   403
community  no        yes    yes    yes       yes      yes   403
shared     no        yes    yes    yes       no       yes   403
private    no        yes    yes    no        no       yes   403
""",
    "visibility=community": """
           anonymous reader member recipient stranger admin service
public     no        no     no     no        no       no    403
community  no        yes    yes    yes       yes      yes   403
shared     no        no     no     no        no       no    403
private    no        no     no     no        no       no    403
""",
}
"""What lists show, by their queries."""

MADE = """
           anonymous reader member recipient stranger admin service
public     401       403    403    403       403      201   403
community  401       403    201    201       201      201   403
shared     401       403    201    201       201      201   403
private    401       403    201    201       201      201   403
"""
"""What is answered to who makes an image."""

COPY_REMOVED = """
           anonymous reader member recipient stranger admin service
public     401       403    403    403       403      204   404
community  404       403    403    403       403      204   404
shared     404       403    403    403       404      204   404
private    404       403    403    404       404      204   404
"""
"""What is answered to who removes one of two copies of data."""


class MatrixTests(MatrixTestCase):
    """
    Version 2 lets just those do things who may.
    """

    def test_operations(self):
        """
        What each may do to an image is as the tables say; what is refused changes
        nothing.
        """
        changes = dict.fromkeys(OPERATIONS.keys() - TABLES.keys(), CHANGED)
        self.check(OPERATIONS, {**changes, **TABLES})

    def test_lists(self):
        """
        Lists show what the tables say.
        """
        self.check_lists("/v2/images", LISTED)

    def test_making(self):
        """
        Members make images for their own project, and administrators for all.
        """
        for visibility, row in table(MADE).items():
            for who, cell in row.items():
                for owner in (PERSONAS[who].owner, "alpha"):
                    said = {"visibility": visibility, "owner": owner}
                    making = Operation("POST", "/v2/images", (201,), body=said)
                    expected = cell
                    if (
                        cell == "201"
                        and who != "admin"
                        and owner != PERSONAS[who].owner
                    ):
                        expected = "403"
                    answer = self.ask(making, None, who)
                    self.assertEqual(str(answer.status), expected, (visibility, who))


class StoresTests(MatrixTestCase):
    """
    Where there are several stores, some may know and do more.
    """

    def setUp(self):
        stores = {"memory": MemoryStore(), "other": MemoryStore()}
        self.service = Service(self, stores=stores, infos={})

    def test_details(self):
        """
        Administrators and services are told more of stores.
        """
        asking = Operation("GET", "/v2/info/stores/detail", (200,))
        for who in PERSONAS:
            expected = 200 if who in ("admin", "service") else 403
            self.assertEqual(self.ask(asking, None, who).status, expected, who)

    def test_copies(self):
        """
        Administrators remove copies of data.
        """
        removing = Operation("DELETE", "/v2/stores/other/ID", (204,))
        for visibility, row in table(COPY_REMOVED).items():
            for who, cell in row.items():
                image = self.image(visibility, "active")
                other = Location(store="other", key=image.id)
                adding = self.service.stores["other"].add(other.key, BytesBody(DATA))
                self.successResultOf(adding)
                copied = evolve(image, locations=(*image.locations, other))
                self.successResultOf(self.service.registry.replace(image, copied))
                answer = self.ask(removing, image, who)
                self.assertEqual(str(answer.status), cell, (visibility, who))
                left = 1 if cell == "204" else 2
                self.assertEqual(len(self.known(image).locations), left)
