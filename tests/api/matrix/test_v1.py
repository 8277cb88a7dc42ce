"""
Who may do what by the last version 1.
"""

from tests.api.matrix.casting import (
    DATA,
    MatrixTestCase,
    Operation,
    table,
)

OCTETS = {"Content-Type": "application/octet-stream"}


def below(method, path, *succeeded, **how):
    """
    Get what is asked of an image.
    """
    return Operation(method, f"/v1/images/ID{path}", succeeded, **how)


OPERATIONS = {
    "show": below("HEAD", "", 200),
    "download": below("GET", "", 404, 200, 200),
    "upload": below("PUT", "", 200, 409, 409, headers=OCTETS, body=DATA),
    "rename": below("PUT", "", 200, headers={"x-image-meta-name": "other"}),
    "publish": below("PUT", "", 200, headers={"x-image-meta-is_public": "true"}),
    "delete": below("DELETE", "", 200),
    "list members": below("GET", "/members", 200),
    "add member": below("PUT", "/members/gamma", 204),
    "remove member": below("DELETE", "/members/beta", 204),
    "replace members": below("PUT", "/members", 204, body={"memberships": []}),
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
    # Those of an image that isn't one's own are no one else's business.
    "list members": """
           anonymous reader member recipient stranger admin service
public     401       ok     ok     403       403      ok    404
community  404       ok     ok     403       403      ok    404
shared     404       ok     ok     ok        404      ok    404
private    404       ok     ok     404       404      ok    404
""",
}

LISTED = {
    "": """
           anonymous reader member recipient stranger admin service
public     yes       yes    yes    yes       yes      yes   403
community  no        yes    yes    no        no       no    403
shared     no        yes    yes    yes       no       no    403
private    no        yes    yes    no        no       no    403
""",
    "is_public=none": """
           anonymous reader member recipient stranger admin service
public     yes       yes    yes    yes       yes      yes   403
community  no        yes    yes    no        no       yes   403
shared     no        yes    yes    yes       no       yes   403
private    no        yes    yes    no        no       yes   403
""",
}
"""What lists show, by their queries."""

MADE = """
           anonymous reader member recipient stranger admin service
false      401       403    201    201       201      201   403
true       401       403    403    403       403      201   403
"""
"""What is answered to who makes an image that is public, or not."""


class MatrixTests(MatrixTestCase):
    """
    Version 1 lets just those do things who may.
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
        self.check_lists("/v1/images", LISTED)

    def test_making(self):
        """
        Members make images, and administrators publish them.
        """
        for public, row in table(MADE).items():
            for who, cell in row.items():
                headers = {"x-image-meta-is_public": public}
                making = Operation("POST", "/v1/images", (201,), headers)
                answer = self.ask(making, None, who)
                self.assertEqual(str(answer.status), cell, (public, who))
