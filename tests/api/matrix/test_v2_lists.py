"""
What is listed by version 2, and who makes images.
"""

import orjson

from tests.api.matrix.casting import (
    PERSONAS,
    STATUSES,
    VISIBILITIES,
    MatrixTestCase,
    Operation,
    StoresTestCase,
    row_of,
    table,
)

USUAL = """
           anonymous reader member invited recipient sharer stranger admin service
public     yes       yes    yes    yes     yes       yes    yes      yes   403
community  no        yes    yes    no      no        no     no       no    403
shared     no        yes    yes    no      yes       yes    no       yes   403
private    no        yes    yes    no      no        no     no       yes   403
"""

NOTHING = """
           anonymous reader member invited recipient sharer stranger admin service
any        no        no     no     no      no        no     no       no    403
"""

LISTED = {
    "": USUAL,
    # Whatever else is asked only makes it less.
    "id=ID": USUAL,
    "id=in:ID": USUAL,
    "name=n": USUAL,
    "owner=alpha": USUAL,
    "status=STATUS": USUAL,
    "tag=t": USUAL,
    "p=v": USUAL,
    "protected=false": USUAL,
    "disk_format=in:raw,iso": USUAL,
    "created_at=gte:2001-01-01": USUAL,
    "sort=name:asc,size:desc": USUAL,
    "sort_key=status&sort_dir=asc": USUAL,
    "member_status=accepted": USUAL,
    "deleted=true": USUAL,
    "os_hidden=true": NOTHING,
    "owner=gamma": NOTHING,
    "id=5a5a5a5a-5a5a-4a5a-8a5a-5a5a5a5a5a5a": NOTHING,
    "p=w": NOTHING,
    "visibility=all": """
           anonymous reader member invited recipient sharer stranger admin service
public     yes       yes    yes    yes     yes       yes    yes      yes   403
community  no        yes    yes    yes     yes       yes    yes      yes   403
shared     no        yes    yes    no      yes       yes    no       yes   403
private    no        yes    yes    no      no        no     no       yes   403
""",
    "visibility=public": """
           anonymous reader member invited recipient sharer stranger admin service
public     yes       yes    yes    yes     yes       yes    yes      yes   403
any        no        no     no     no      no        no     no       no    403
""",
    "visibility=community": """
           anonymous reader member invited recipient sharer stranger admin service
community  no        yes    yes    yes     yes       yes    yes      yes   403
any        no        no     no     no      no        no     no       no    403
""",
    "visibility=shared": """
           anonymous reader member invited recipient sharer stranger admin service
shared     no        yes    yes    no      yes       yes    no       yes   403
any        no        no     no     no      no        no     no       no    403
""",
    "visibility=private": """
           anonymous reader member invited recipient sharer stranger admin service
private    no        yes    yes    no      no        no     no       yes   403
any        no        no     no     no      no        no     no       no    403
""",
    "visibility=private&owner=alpha": """
           anonymous reader member invited recipient sharer stranger admin service
private    no        yes    yes    no      no        no     no       yes   403
any        no        no     no     no      no        no     no       no    403
""",
    "member_status=all": """
           anonymous reader member invited recipient sharer stranger admin service
public     yes       yes    yes    yes     yes       yes    yes      yes   403
community  no        yes    yes    no      no        no     no       no    403
shared     no        yes    yes    yes     yes       yes    no       yes   403
private    no        yes    yes    no      no        no     no       yes   403
""",
    "member_status=pending": """
           anonymous reader member invited recipient sharer stranger admin service
public     yes       yes    yes    yes     yes       yes    yes      yes   403
community  no        yes    yes    no      no        no     no       no    403
shared     no        yes    yes    yes     no        no     no       yes   403
private    no        yes    yes    no      no        no     no       yes   403
""",
    "visibility=shared&member_status=rejected": """
           anonymous reader member invited recipient sharer stranger admin service
shared     no        yes    yes    no      no        no     no       yes   403
any        no        no     no     no      no        no     no       no    403
""",
}
"""What lists show, by their queries."""

MADE = """
           anonymous reader member invited recipient sharer stranger admin service
public     401       403    403    403     403       403    403      201   403
community  401       403    201    201     201       201    201      201   403
shared     401       403    201    201     201       201    201      201   403
private    401       403    201    201     201       201    201      201   403
"""
"""What is answered to who makes an image for its own project."""

FOR_OTHERS = """
           anonymous reader member invited recipient sharer stranger admin service
any        401       403    403    403     403       403    403      201   403
"""

TOLD = """
           anonymous reader member invited recipient sharer stranger admin service
any        200       200    200    200     200       200    200      200   200
"""
"""What has to do with no image."""

ABOUT = {
    "/v2/schemas/image": TOLD,
    "/v2/schemas/images": TOLD,
    "/v2/schemas/member": TOLD,
    "/v2/schemas/members": TOLD,
    "/v2/info/import": TOLD,
    "/v2/info/stores": TOLD,
    # Each is told of its own project.
    "/v2/info/usage": """
           anonymous reader member invited recipient sharer stranger admin service
any        401       200    200    200     200       200    200      200   200
""",
    "/v2/info/stores/detail": """
           anonymous reader member invited recipient sharer stranger admin service
any        401       403    403    403     403       403    403      200   200
""",
}

MEMBERS = {
    "reader": ["beta", "delta", "epsilon"],
    "member": ["beta", "delta", "epsilon"],
    "admin": ["beta", "delta", "epsilon"],
    "recipient": ["beta"],
    "sharer": ["delta"],
    "invited": ["epsilon"],
}
"""Which of the members of a shared image each is told of."""


class ListsTests(MatrixTestCase):
    """
    Lists of version 2 show just what one may know.
    """

    def test_lists(self):
        """
        Lists show what the tables say.
        """
        self.check_lists("/v2/images", LISTED)

    def test_hidden(self):
        """
        What is hidden is listed only where it is asked for, to those who see it else.
        """
        for query, text in (("", NOTHING), ("os_hidden=true", USUAL)):
            for visibility in VISIBILITIES:
                image = self.image(visibility, "active", os_hidden=True)
                listing = Operation("GET", f"/v2/images?limit=1000&{query}", (200,))
                for who, cell in row_of(text, visibility).items():
                    self.assertEqual(self.found(listing, image, who), cell, who)

    def test_gone(self):
        """
        What is deleted is listed for nobody.
        """
        for visibility in VISIBILITIES:
            image = self.image(visibility, "pending_delete")
            for query in ("", "status=pending_delete", "deleted=true", "id=ID"):
                asked = query.replace("ID", image.id)
                listing = Operation("GET", f"/v2/images?{asked}", (200,))
                for who in PERSONAS:
                    self.assertNotEqual(self.found(listing, image, who), "yes")

    def test_markers(self):
        """
        A page begins only after an image that is in the list.
        """
        for visibility, cells in table(USUAL).items():
            for status in STATUSES:
                image = self.image(visibility, status)
                for who, cell in cells.items():
                    going_on = Operation("GET", f"/v2/images?marker={image.id}", (200,))
                    answer = self.ask(going_on, None, who)
                    expected = {"yes": 200, "no": 400}.get(cell, 403)
                    self.assertEqual(answer.status, expected, (visibility, who))

    def test_members(self):
        """
        Members of shared images know of themselves alone.
        """
        image = self.image("shared", "active")
        listing = Operation("GET", "/v2/images/ID/members", (200,))
        for who, expected in MEMBERS.items():
            answer = orjson.loads(self.ask(listing, image.id, who).body)
            found = sorted(each["member_id"] for each in answer["members"])
            self.assertEqual(found, expected, who)


class MakingTests(MatrixTestCase):
    """
    Members make images for their own project, and administrators for all.
    """

    def made(self, who, **said):
        """
        Have somebody make an image.

        @return: the status; and the image, if it was made.
        """
        making = Operation("POST", "/v2/images", (201,), body=said)
        answer = self.ask(making, None, who)
        if answer.status != 201:
            return str(answer.status), None
        return "201", orjson.loads(answer.body)

    def test_own(self):
        """
        Who makes an image owns it, whether it says so or not.
        """
        for visibility, cells in table(MADE).items():
            for who, cell in cells.items():
                owner = PERSONAS[who].owner
                for said in ({}, {"owner": owner}):
                    if said and owner is None:
                        continue
                    status, image = self.made(who, visibility=visibility, **said)
                    self.assertEqual(status, cell, (visibility, who))
                    if image is not None:
                        self.assertEqual(image["owner"], owner)
                        self.assertEqual(image["visibility"], visibility)

    def test_others(self):
        """
        Only administrators make images for others, or for nobody.
        """
        [cells] = table(FOR_OTHERS).values()
        for visibility in VISIBILITIES:
            for who, cell in cells.items():
                for owner in ("omega", None):
                    status, _ = self.made(who, visibility=visibility, owner=owner)
                    self.assertEqual(status, cell, (visibility, who, owner))
        self.service.context = PERSONAS["stranger"]
        listed = orjson.loads(self.service.ask("GET", "/v2/images").body)["images"]
        self.assertEqual({image["visibility"] for image in listed}, {"public"})


class AboutTests(StoresTestCase):
    """
    What is asked of the service itself has to do with roles alone.
    """

    def test_about(self):
        """
        It is told as the tables say.
        """
        for path, text in ABOUT.items():
            [cells] = table(text).values()
            for who, cell in cells.items():
                answer = self.ask(Operation("GET", path, (200,)), None, who)
                self.assertEqual(str(answer.status), cell, (path, who))

    def test_usage(self):
        """
        Nobody is told how much there is of others.
        """
        self.image("public", "active")
        self.image("shared", "active")
        for who in PERSONAS.keys() - {"anonymous"}:
            answer = self.ask(Operation("GET", "/v2/info/usage", (200,)), None, who)
            told = orjson.loads(answer.body)["usage"]["image_count_total"]["usage"]
            expected = 2 if PERSONAS[who].owner == "alpha" else 0
            self.assertEqual(told, expected, who)

    def test_absent(self):
        """
        There is nothing where other Glances have more; nobody learns of an image by
        that.
        """
        image = self.image("private", "active")
        for method, path in (
            ("POST", "/v2/images/ID/locations"),
            ("GET", "/v2/images/ID/locations"),
            ("PUT", "/v2/images/ID/stage"),
            ("POST", "/v2/images/ID/import"),
            ("GET", "/v2/images/ID/tasks"),
            ("GET", "/v2/tasks"),
            ("GET", "/v2/metadefs/namespaces"),
            ("DELETE", "/v2/cache/ID"),
        ):
            for who in PERSONAS:
                answer = self.ask(Operation(method, path, ()), image.id, who)
                self.assertEqual(answer.status, 404, (path, who))
        self.assertEqual(self.known(image), image)
