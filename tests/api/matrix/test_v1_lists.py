"""
What is listed by version 1, and who makes images.
"""

import orjson

from glance.image import Visibility
from tests.api.matrix.casting import (
    PERSONAS,
    STATUSES,
    MatrixTestCase,
    Operation,
    table,
)

USUAL = """
           anonymous reader member invited recipient sharer stranger admin service
public     yes       yes    yes    yes     yes       yes    yes      yes   403
community  no        yes    yes    no      no        no     no       no    403
shared     no        yes    yes    yes     yes       yes    no       no    403
private    no        yes    yes    no      no        no     no       no    403
"""
"""Who is named as a member finds what is shared with it, whatever it thinks of that,
unless it has rejected it."""

NOTHING = """
           anonymous reader member invited recipient sharer stranger admin service
any        no        no     no     no      no        no     no       no    403
"""

LISTED = {
    "": USUAL,
    # Whatever else is asked only makes it less.
    "name=n": USUAL,
    "status=STATUS": USUAL,
    "property-p=v": USUAL,
    "protected=false": USUAL,
    "disk_format=raw": USUAL,
    "changes-since=2001-01-01": USUAL,
    "sort_key=name&sort_dir=asc": USUAL,
    "is_public=true": USUAL,
    "owner=gamma": USUAL,
    "property-p=w": NOTHING,
    "name=m": NOTHING,
    "is_public=none": """
           anonymous reader member invited recipient sharer stranger admin service
public     yes       yes    yes    yes     yes       yes    yes      yes   403
community  no        yes    yes    no      no        no     no       yes   403
shared     no        yes    yes    yes     yes       yes    no       yes   403
private    no        yes    yes    no      no        no     no       yes   403
""",
    "is_public=false": """
           anonymous reader member invited recipient sharer stranger admin service
public     yes       yes    yes    yes     yes       yes    yes      no    403
community  no        yes    yes    no      no        no     no       yes   403
shared     no        yes    yes    yes     yes       yes    no       yes   403
private    no        yes    yes    no      no        no     no       yes   403
""",
}
"""What lists show, by their queries; what others than administrators say of is_public
means nothing."""

IN_2011 = """
           anonymous reader member invited recipient sharer stranger admin service
public     yes       yes    yes    yes     yes       yes    yes      yes   403
any        no        no     no     no      no        no     no       no    403
"""

MADE = """
           anonymous reader member invited recipient sharer stranger admin service
false      401       403    201    201     201       201    201      201   403
true       401       403    403    403     403       403    403      201   403
"""
"""What is answered to who makes an image that is public, or not."""

SHARED_WITH = """
           anonymous reader member invited recipient sharer stranger admin service
alpha      401       none   none   403     403       403    403      none  403
beta       401       403    403    403     one       403    403      one   403
delta      401       403    403    403     403       one    403      one   403
epsilon    401       403    403    one     403       403    403      one   403
gamma      401       403    403    403     403       403    none     none  403
"""
"""Who is told how many images are shared with a project, of one that is."""


class ListsTests(MatrixTestCase):
    """
    Lists of version 1 show just what one may know.
    """

    def test_lists(self):
        """
        Lists show what the tables say, be they brief or not.
        """
        self.check_lists("/v1/images", LISTED)
        self.check_lists("/v1/images/detail", {"": USUAL})

    def test_2011(self):
        """
        In 2011 they showed what is public, whatever was asked for.
        """
        self.check_lists("/images", {"": IN_2011, "is_public=none&name=x": IN_2011})
        self.check_lists("/images/detail", {"": IN_2011})

    def test_markers(self):
        """
        A page begins only after an image that is in the list.
        """
        for visibility, cells in table(USUAL).items():
            for status in STATUSES:
                image = self.image(visibility, status)
                for who, cell in cells.items():
                    going_on = Operation("GET", f"/v1/images?marker={image.id}", (200,))
                    answer = self.ask(going_on, None, who)
                    expected = {"yes": 200, "no": 400}.get(cell, 403)
                    self.assertEqual(answer.status, expected, (visibility, who))

    def test_shared_with(self):
        """
        A project is told what is shared with it, and nobody else but administrators.
        """
        self.image("shared", "active")
        self.image("private", "active")
        for tenant, cells in table(SHARED_WITH).items():
            asking = Operation("GET", f"/v1/shared-images/{tenant}", (200,))
            for who, cell in cells.items():
                answer = self.ask(asking, None, who)
                found = str(answer.status)
                if answer.status == 200:
                    shared = orjson.loads(answer.body)["shared_images"]
                    found = ("none", "one")[len(shared)]
                self.assertEqual(found, cell, (tenant, who))


class MakingTests(MatrixTestCase):
    """
    Members make images, and administrators publish them.
    """

    def test_making(self):
        """
        Who makes an image owns it, unless an administrator says otherwise.
        """
        for prefix in ("", "/v1"):
            for public, cells in table(MADE).items():
                for who, cell in cells.items():
                    for said in ({}, {"x-image-meta-owner": "omega"}):
                        headers = {"x-image-meta-is_public": public, **said}
                        path = f"{prefix}/images"
                        making = Operation("POST", path, (201,), headers)
                        answer = self.ask(making, None, who)
                        self.assertEqual(str(answer.status), cell, (public, who))
                        if cell == "201":
                            told = orjson.loads(answer.body)["image"]
                            image = self.known_by(told["id"])
                            owner = PERSONAS[who].owner
                            if who == "admin" and said:
                                owner = "omega"
                            self.assertEqual(image.owner, owner)
                            seen = image.visibility is Visibility.PUBLIC
                            self.assertEqual(seen, public == "true")
