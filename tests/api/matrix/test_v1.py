"""
Who may do what to an image by version 1, the last one and that of 2011.

By hand from the specification.  What one sees and has no hand in is 403 where it is
public, and otherwise as if it weren't there; so are the members of what is somebody
else's.  Two things are decided otherwise than in Glance: the anonymous are told 401,
with a challenge, where they may log in for more; and a role that doesn't let one do
something to an image of one's own project is 403.
"""

import orjson

from glance.policy.rules import Rules
from tests.api.matrix.casting import DATA, PERSONAS, MatrixTestCase, Operation

OCTETS = {"Content-Type": "application/octet-stream"}

KEEPING = {"x-glance-registry-purge-props": "false"}


def below(method, path, *succeeded, changes="", prefix="/v1", **how):
    """
    Get what is asked of an image.

    @param changes: the names of the attributes that change.
    """
    changed = frozenset(changes.split())
    path = f"{prefix}/images/ID{path}"
    return Operation(method, path, succeeded, changes=changed, **how)


def put(name, value, changes="", prefix="/v1", **how):
    """
    Get the change of one attribute.
    """
    headers = {**KEEPING, f"x-image-meta-{name}": value}
    return below("PUT", "", 200, changes=changes, headers=headers, prefix=prefix, **how)


FILLED = "status size virtual_size checksum os_hash_algo os_hash_value locations doomed"
DELETED = "status locations attempt doomed members tags properties"
PROTECTED = (("protected", True),)
ELSE = {"x-image-meta-id": "55555555-5555-4555-8555-555555555555"}
KILLED = {"x-image-meta-status": "killed"}


def of_images(prefix):
    """
    Get what both views of version 1 have.
    """
    how = {"prefix": prefix}
    filling = {"headers": OCTETS, "body": DATA, "changes": FILLED}
    if not prefix:
        # In 2011 data purged properties too.
        filling["changes"] += " properties"
    return {
        "show": below("HEAD", "", 200, **how),
        "download": below("GET", "", 404, 404, 200, 200, **how),
        "upload": below("PUT", "", 200, 409, 409, 409, **filling, **how),
        "rename": put("name", "other", "name", **how),
        "change nothing": put("name", "n", **how),
        "set a property": put("property-p", "w", "properties", **how),
        "purge properties": below("PUT", "", 200, changes="properties", **how),
        "protect": put("protected", "true", "protected", **how),
        "make public": put("is_public", "true", "visibility", already="public", **how),
        "make private": put(
            "is_public",
            "false",
            "visibility",
            already="community shared private",
            **how,
        ),
        "give away": put("owner", "gamma", "owner", **how),
        "give another id": below("PUT", "", 403, headers=ELSE, **how),
        "kill": below("PUT", "", 403, headers=KILLED, **how),
        "delete": below("DELETE", "", 200, changes=DELETED, **how),
        "delete protected": below("DELETE", "", 403, image=PROTECTED, **how),
    }


def share(path, members=None, changes="members visibility", **how):
    """
    Get what says with whom an image is shared.
    """
    return below("PUT", f"/members{path}", 204, body=members, changes=changes, **how)


LAST = of_images("/v1")

CACTUS = of_images("")

MEMBERS = {
    "list members": below("GET", "/members", 200),
    "add member": share("/gamma"),
    "add member again": share("/beta", already="public community shared private"),
    "let member share": share("/beta", {"member": {"can_share": True}}),
    "replace members": share("", {"memberships": [{"member_id": "gamma"}]}),
    "remove all members": share("", {"memberships": []}),
    "remove member": below("DELETE", "/members/beta", 204, changes="members"),
    "remove no member": below("DELETE", "/members/gamma", 404),
}

CHANGED = """
           anonymous reader member invited recipient sharer stranger admin service
public     401       403    ok     403     403       403    403      ok    404
community  404       403    ok     404     404       404    404      ok    404
shared     404       403    ok     404     404       404    404      ok    404
private    404       403    ok     404     404       404    404      ok    404
"""
"""What the members of a project may do to its images."""

TABLES = {
    **dict.fromkeys(LAST, CHANGED),
    "show": """
           anonymous reader member invited recipient sharer stranger admin service
public     ok        ok     ok     ok      ok        ok     ok       ok    404
community  404       ok     ok     ok      ok        ok     ok       ok    404
shared     404       ok     ok     ok      ok        ok     404      ok    404
private    404       ok     ok     404     404       404    404      ok    404
""",
    "download": """
           anonymous reader member invited recipient sharer stranger admin service
public     ok        403    ok     ok      ok        ok     ok       ok    404
community  404       403    ok     ok      ok        ok     ok       ok    404
shared     404       403    ok     ok      ok        ok     404      ok    404
private    404       403    ok     404     404       404    404      ok    404
""",
    ("download", "deactivated"): """
           anonymous reader member invited recipient sharer stranger admin service
public     403       403    403    403     403       403    403      ok    404
community  404       403    403    403     403       403    403      ok    404
shared     404       403    403    403     403       403    404      ok    404
private    404       403    403    404     404       404    404      ok    404
""",
    "make public": """
           anonymous reader member invited recipient sharer stranger admin service
public     401       403    ok     403     403       403    403      ok    404
community  404       403    403    404     404       404    404      ok    404
shared     404       403    403    404     404       404    404      ok    404
private    404       403    403    404     404       404    404      ok    404
""",
    # Who is no administrator gives nothing away, whatever it says.
    "give away": """
           anonymous reader member invited recipient sharer stranger admin service
public     401       403    same   403     403       403    403      ok    404
community  404       403    same   404     404       404    404      ok    404
shared     404       403    same   404     404       404    404      ok    404
private    404       403    same   404     404       404    404      ok    404
""",
}

SHARED = """
           anonymous reader member invited recipient sharer stranger admin service
public     401       403    ok     404     404       404    404      ok    404
community  404       403    ok     404     404       404    404      ok    404
shared     404       403    ok     404     404       ok     404      ok    404
private    404       403    ok     404     404       404    404      ok    404
"""
"""With whom an image is shared those say who own it, or may share it further."""

MEMBERS_TABLES = {
    **dict.fromkeys(MEMBERS, SHARED),
    "list members": """
           anonymous reader member invited recipient sharer stranger admin service
public     401       ok     ok     404     404       404    404      ok    404
community  404       ok     ok     404     404       404    404      ok    404
shared     404       ok     ok     ok      ok        ok     404      ok    404
private    404       ok     ok     404     404       404    404      ok    404
""",
}

SHOWN_MEMBERS = {
    "reader": ["beta", "delta", "epsilon"],
    "member": ["beta", "delta", "epsilon"],
    "admin": ["beta", "delta", "epsilon"],
    "sharer": ["beta", "delta", "epsilon"],
    "recipient": ["beta"],
    "invited": ["epsilon"],
}
"""Which of the members of a shared image each is told of."""


def probes_of(prefix):
    """
    Get what else one might find out by whether an image is there.
    """

    def probe(method, headers=(), body=None, path=""):
        return below(method, path, headers=headers, body=body, prefix=prefix)

    elsewhere = "http://127.0.0.1:1/data"
    return {
        "is its data current": probe("GET", {"If-None-Match": "*"}),
        "how long is it": probe("GET", {"Range": "bytes=1000-"}),
        "upload of no type": probe("PUT", body=DATA),
        "upload of another size": probe(
            "PUT", {**OCTETS, "x-image-meta-size": "3"}, DATA
        ),
        "upload to no store": probe(
            "PUT", {**OCTETS, "x-image-meta-store": "none"}, DATA
        ),
        "refer": probe("PUT", {"x-image-meta-location": elsewhere}),
        "refer to a file": probe("PUT", {"x-image-meta-location": "file:///etc/x"}),
        "copy": probe("PUT", {"x-glance-api-copy-from": elsewhere}),
        "change no format": probe("PUT", {"x-image-meta-disk_format": "none"}),
        "change the size": probe("PUT", {"x-image-meta-size": "3"}),
        "no such field": probe("PUT", {"x-image-meta-none": "3"}),
    }


class LastTests(MatrixTestCase):
    """
    The last version 1 lets just those do things who may.
    """

    def test_operations(self):
        """
        What each may do to an image is as the tables say.
        """
        self.check(LAST, TABLES)

    def test_members(self):
        """
        So is with whom images are shared.
        """
        self.check(MEMBERS, MEMBERS_TABLES)

    def test_members_shown(self):
        """
        Members know of themselves alone, unless they may share the image further.
        """
        image = self.image("shared", "active")
        for who, expected in SHOWN_MEMBERS.items():
            answer = orjson.loads(self.ask(MEMBERS["list members"], image.id, who).body)
            found = sorted(each["member_id"] for each in answer["members"])
            self.assertEqual(found, expected, who)

    def test_unseen(self):
        """
        What isn't seen isn't there.
        """
        more = {**MEMBERS, **probes_of("/v1")}
        more["share with nobody"] = share("/%00")
        more["share, badly said"] = share("", {"memberships": [{}]})
        self.check_unseen({**LAST, **more}, TABLES["show"])

    def test_gone(self):
        """
        What is deleted isn't either, but for administrators.
        """
        told = [("admin", name) for name in LAST]
        self.check_gone({**LAST, **MEMBERS}, told)
        for name, status in (("show", 200), ("rename", 403), ("delete", 403)):
            image = self.image("private", "pending_delete")
            self.assertEqual(self.ask(LAST[name], image.id, "admin").status, status)
            self.assertEqual(self.known(image), image)

    def test_methods(self):
        """
        One member is shown to nobody, whoever asks.
        """
        image = self.image("private", "active")
        showing = below("GET", "/members/beta")
        for who in PERSONAS:
            self.assertEqual(self.ask(showing, image.id, who).status, 405)


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
        self.check_unseen(
            {**LAST, **MEMBERS, **probes_of("/v1")}, text, [("public", "active")]
        )


class CactusTests(MatrixTestCase):
    """
    So does that of 2011.
    """

    def test_operations(self):
        """
        What each may do to an image is as the tables say.
        """
        self.check(CACTUS, TABLES)

    def test_unseen(self):
        """
        What isn't seen isn't there.
        """
        self.check_unseen({**CACTUS, **probes_of("")}, TABLES["show"])

    def test_gone(self):
        """
        What is deleted isn't either.
        """
        self.check_gone(CACTUS)
