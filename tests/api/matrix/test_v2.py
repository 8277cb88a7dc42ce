"""
Who may do what to an image by version 2.

By hand from the specification: the default policies, and that what one doesn't see
isn't there.  One thing is decided otherwise than in Glance: where it tells the
anonymous 403, here it is 401, with a challenge, for who may log in has to be told so.
"""

from glance.policy.rules import Rules
from tests.api.matrix.casting import (
    DATA,
    PERSONAS,
    MatrixTestCase,
    Operation,
    StoresTestCase,
)

OCTETS = {"Content-Type": "application/octet-stream"}
PATCH = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
OLDER_PATCH = {"Content-Type": "application/openstack-images-v2.0-json-patch"}


def patch(changes, path, value=None, op="add", **how):
    """
    Get the change of one attribute.
    """
    body = [{"op": op, "path": path, "value": value}]
    return below("PATCH", "", 200, changes=changes, headers=PATCH, body=body, **how)


def below(method, path, *succeeded, changes="", **how):
    """
    Get what is asked of an image.

    @param changes: the names of the attributes that change.
    """
    changed = frozenset(changes.split())
    return Operation(method, f"/v2/images/ID{path}", succeeded, changes=changed, **how)


def publish(visibility):
    """
    Get the change of an image's visibility.
    """
    return patch("visibility", "/visibility", visibility, already=visibility)


def act(deed, already):
    """
    Get what stops downloads, or allows them again.
    """
    return below(
        "POST",
        f"/actions/{deed}",
        403,
        403,
        204,
        204,
        changes="status",
        already=already,
    )


DELETED = "status locations attempt doomed members tags properties"
FILLED = (
    "status size virtual_size checksum os_hash_algo os_hash_value locations doomed "
    "attempt"
)

OPERATIONS = {
    "show": below("GET", "", 200),
    "download": below("GET", "/file", 204, 204, 200, 200),
    "look at data": below("HEAD", "/file", 204, 204, 200, 200),
    "upload": below(
        "PUT", "/file", 204, 409, 409, 409, changes=FILLED, headers=OCTETS, body=DATA
    ),
    "rename": patch("name", "/name", "other"),
    "rename, older": below(
        "PATCH",
        "",
        200,
        changes="name",
        headers=OLDER_PATCH,
        body=[{"replace": "/name", "value": "other"}],
    ),
    "set a property": patch("properties", "/p", "w"),
    "remove a property": patch("properties", "/p", op="remove"),
    "set tags": patch("tags", "/tags", ["u"]),
    "protect": patch("protected", "/protected", True),
    "hide": patch("os_hidden", "/os_hidden", True),
    "make public": publish("public"),
    "make community": publish("community"),
    "make shared": publish("shared"),
    "make private": publish("private"),
    "give away": patch("owner", "/owner", "gamma"),
    "give away by replacing": patch("owner", "/owner", "gamma", "replace"),
    "give to nobody": patch("owner", "/owner", None),
    "delete": below("DELETE", "", 204, changes=DELETED),
    "delete protected": below("DELETE", "", 403, image=(("protected", True),)),
    "tag": below("PUT", "/tags/u", 204, changes="tags"),
    "untag": below("DELETE", "/tags/t", 204, changes="tags"),
    "untag what it hasn't": below("DELETE", "/tags/u", 404),
    "deactivate": act("deactivate", already="deactivated"),
    "reactivate": act("reactivate", already="active"),
    "list members": below("GET", "/members", 200),
    "show member": below("GET", "/members/beta", 200),
    "show no member": below("GET", "/members/gamma", 404),
    "add member": below(
        "POST", "/members", 200, body={"member": "gamma"}, changes="members"
    ),
    "add member twice": below("POST", "/members", 409, body={"member": "beta"}),
    "consent": below(
        "PUT", "/members/beta", 200, body={"status": "rejected"}, changes="members"
    ),
    "consent to be none": below(
        "PUT", "/members/gamma", 404, body={"status": "pending"}
    ),
    "remove member": below("DELETE", "/members/beta", 204, changes="members"),
    "remove no member": below("DELETE", "/members/gamma", 404),
    "replace locations": patch("locations", "/locations", [], "replace"),
}

CHANGED = """
           anonymous reader member invited recipient sharer stranger admin service
public     401       403    ok     403     403       403    403      ok    404
community  404       403    ok     403     403       403    403      ok    404
shared     404       403    ok     403     403       403    404      ok    404
private    404       403    ok     404     404       404    404      ok    404
"""
"""What the members of a project may do to its images."""

BY_ADMIN = """
           anonymous reader member invited recipient sharer stranger admin service
public     401       403    403    403     403       403    403      ok    404
community  404       403    403    403     403       403    403      ok    404
shared     404       403    403    403     403       403    404      ok    404
private    404       403    403    404     404       404    404      ok    404
"""
"""What only administrators may."""

DOWNLOADED = """
           anonymous reader member invited recipient sharer stranger admin service
public     ok        403    ok     ok      ok        ok     ok       ok    404
community  404       403    ok     ok      ok        ok     ok       ok    404
shared     404       403    ok     ok      ok        ok     404      ok    404
private    404       403    ok     404     404       404    404      ok    404
"""

STOPPED = """
           anonymous reader member invited recipient sharer stranger admin service
public     403       403    403    403     403       403    403      ok    404
community  404       403    403    403     403       403    403      ok    404
shared     404       403    403    403     403       403    404      ok    404
private    404       403    403    404     404       404    404      ok    404
"""

SHARED = """
           anonymous reader member invited recipient sharer stranger admin service
public     401       403    403    403     403       403    403      403   404
community  404       403    403    403     403       403    403      403   404
shared     404       403    ok     403     403       403    404      ok    404
private    404       403    403    404     404       404    404      403   404
"""
"""What is about the members of an image: only shared ones have any."""

TABLES = {
    **dict.fromkeys(OPERATIONS, CHANGED),
    "show": """
           anonymous reader member invited recipient sharer stranger admin service
public     ok        ok     ok     ok      ok        ok     ok       ok    404
community  404       ok     ok     ok      ok        ok     ok       ok    404
shared     404       ok     ok     ok      ok        ok     404      ok    404
private    404       ok     ok     404     404       404    404      ok    404
""",
    "download": DOWNLOADED,
    ("download", "deactivated"): STOPPED,
    "look at data": DOWNLOADED,
    ("look at data", "deactivated"): STOPPED,
    "make public": """
           anonymous reader member invited recipient sharer stranger admin service
public     401       403    ok     403     403       403    403      ok    404
community  404       403    403    403     403       403    403      ok    404
shared     404       403    403    403     403       403    404      ok    404
private    404       403    403    404     404       404    404      ok    404
""",
    "give away": BY_ADMIN,
    "give away by replacing": BY_ADMIN,
    "give to nobody": BY_ADMIN,
    "list members": """
           anonymous reader member invited recipient sharer stranger admin service
public     403       403    403    403     403       403    403      403   404
community  404       403    403    403     403       403    403      403   404
shared     404       ok     ok     ok      ok        ok     404      ok    404
private    404       403    403    404     404       404    404      403   404
""",
    # One member isn't told of another, and what isn't shared has none.
    "show member": """
           anonymous reader member invited recipient sharer stranger admin service
shared     404       ok     ok     404     ok        404    404      ok    404
any        404       404    404    404     404       404    404      404   404
""",
    "show no member": """
           anonymous reader member invited recipient sharer stranger admin service
any        404       404    404    404     404       404    404      404   404
""",
    "add member": SHARED,
    "add member twice": SHARED,
    # It is nobody's to say but the member's own.
    "consent": """
           anonymous reader member invited recipient sharer stranger admin service
shared     404       403    403    404     ok        404    404      ok    404
any        404       404    404    404     404       404    404      404   404
""",
    "consent to be none": """
           anonymous reader member invited recipient sharer stranger admin service
any        404       404    404    404     404       404    404      404   404
""",
    "remove member": SHARED,
    "remove no member": SHARED,
    "replace locations": """
           anonymous reader member invited recipient sharer stranger admin service
public     401       403    403    403     403       403    403      403   404
community  404       403    403    403     403       403    403      403   404
shared     404       403    403    403     403       403    404      403   404
private    404       403    403    404     404       404    404      403   404
""",
}

COPIES = {
    "remove copy": Operation(
        "DELETE",
        "/v2/stores/other/ID",
        (409, 409, 204, 204),
        changes=frozenset({"locations", "doomed"}),
    )
}


NONE_MATCH = {"If-None-Match": "*"}

PROBES = {
    "is it current": below("GET", "", headers=NONE_MATCH),
    "is its data current": below("GET", "/file", headers=NONE_MATCH),
    "how long is it": below("GET", "/file", headers={"Range": "bytes=1000-"}),
    "no range": below("GET", "/file", headers={"Range": "bytes=5-4"}),
    "show with a body": below("GET", "", body=b"x"),
    "upload of no type": below("PUT", "/file", body=DATA),
    "upload of another size": below(
        "PUT",
        "/file",
        headers={**OCTETS, "x-openstack-image-size": "3"},
        body=DATA,
    ),
    "upload to no store": below(
        "PUT", "/file", headers={**OCTETS, "x-image-meta-store": "none"}, body=DATA
    ),
    "test a property": patch("", "/p", "v", "test"),
    "replace no property": patch("", "/none", "v", "replace"),
    "replace a property": patch("", "/p", "v", "replace"),
    "remove no property": patch("", "/none", op="remove"),
    "remove the name": patch("", "/name", op="remove"),
    "give another id": patch("", "/id", "v", "replace"),
    "change no format": patch("", "/disk_format", "none"),
    "change the format": patch("", "/disk_format", "iso"),
    "add a location": patch("", "/locations/-", {"url": "file:///x", "metadata": {}}),
    "patch nothing": below("PATCH", "", headers=PATCH, body=[]),
    "patch of no type": below("PATCH", "", body=[]),
    "too long a tag": below("PUT", f"/tags/{'x' * 256}"),
    "no status": below("PUT", "/members/beta", body={"status": "none"}),
    "add nobody": below("POST", "/members", body={"member": ""}),
    "add no name": below("POST", "/members", body={}),
    "no action": below("POST", "/actions/none"),
}
"""What else one might find out by whether an image is there."""


class MatrixTests(MatrixTestCase):
    """
    Version 2 lets just those do things who may.
    """

    def test_operations(self):
        """
        What each may do to an image is as the tables say.
        """
        self.check(OPERATIONS, TABLES)

    def test_unseen(self):
        """
        What isn't seen isn't there.
        """
        self.check_unseen({**OPERATIONS, **PROBES}, TABLES["show"])

    def test_gone(self):
        """
        What is deleted isn't either.
        """
        self.check_gone(OPERATIONS)


class HiddenTests(MatrixTestCase):
    """
    What a rule of the operator's hides isn't there either, whosever it is.
    """

    rules = Rules({"get_image": "!"})

    def test_unseen(self):
        """
        Nobody finds out that it is.
        """
        text = f"{' '.join(PERSONAS)}\nany {'404 ' * len(PERSONAS)}"
        self.check_unseen({**OPERATIONS, **PROBES}, text, [("public", "active")])


class CopiesTests(StoresTestCase):
    """
    Where there are several stores, administrators remove copies.
    """

    def test_copies(self):
        """
        Who may is as the table says.
        """
        self.check(COPIES, {"remove copy": BY_ADMIN})

    def test_unseen(self):
        """
        What isn't seen isn't there.
        """
        self.check_unseen(COPIES, TABLES["show"])


OF_NOBODY = (("owner", None),)

ORPHANED = {
    "show": below("GET", "", 200, image=OF_NOBODY),
    "download": below("GET", "/file", 204, 204, 200, 200, image=OF_NOBODY),
    "rename": patch("name", "/name", "other", image=OF_NOBODY),
    "take": patch("owner", "/owner", "alpha", image=OF_NOBODY),
    "delete": below("DELETE", "", 204, changes=DELETED, image=OF_NOBODY),
}

ORPHANED_TABLES = {
    **dict.fromkeys(
        ORPHANED,
        """
           anonymous reader member invited recipient sharer stranger admin service
public     401       403    403    403     403       403    403      ok    404
any        404       403    403    403     403       403    403      ok    404
""",
    ),
    "show": """
           anonymous reader member invited recipient sharer stranger admin service
public     ok        ok     ok     ok      ok        ok     ok       ok    404
any        404       ok     ok     ok      ok        ok     ok       ok    404
""",
    "download": """
           anonymous reader member invited recipient sharer stranger admin service
public     ok        403    ok     ok      ok        ok     ok       ok    404
any        404       403    ok     ok      ok        ok     ok       ok    404
""",
    ("download", "deactivated"): """
           anonymous reader member invited recipient sharer stranger admin service
public     403       403    403    403     403       403    403      ok    404
any        404       403    403    403     403       403    403      ok    404
""",
}


class OrphanedTests(MatrixTestCase):
    """
    What nobody owns all see who aren't anonymous, and nobody changes.
    """

    def test_operations(self):
        """
        What each may do to it is as the tables say.
        """
        self.check(ORPHANED, ORPHANED_TABLES)
