"""
The personas of the matrix, and the images that they meet.
"""

import orjson
from attrs import evolve, frozen
from twisted.trial.unittest import SynchronousTestCase

from glance.context import Context
from glance.image import Consent, Location, Member, Status, Visibility
from glance.streams.bodies import BytesBody
from tests.api.assembly import Service, member_of

DATA = b"0123456789"


def of(tenant, *roles, **attributes):
    """
    Get somebody of a project with some roles.
    """
    return member_of(tenant, roles=frozenset(roles), **attributes)


PERSONAS = {
    "anonymous": Context(),
    "reader": of("alpha", "reader"),
    "member": of("alpha", "member"),
    "recipient": of("beta", "member"),
    "stranger": of("gamma", "member"),
    "admin": of("root", "admin", is_admin=True),
    "service": of("services", "service"),
}
"""
In the order of the columns.  Images belong to the project "alpha", and have "beta" as
a member, which counts while they are shared.
"""

VISIBILITIES = ("public", "community", "shared", "private")

STATUSES = ("queued", "active", "deactivated")


@frozen
class Operation:
    """
    Something to ask for.
    """

    method: str
    path: str
    """With C{ID} for that of an image."""
    succeeded: tuple
    """
    What is answered to who may do it: one status, or one for each status of the
    image.
    """
    headers: tuple = ()
    body: object = None


def table(text):
    """
    Read a table: by visibility, what each persona is answered.
    """
    heading, *rows = (line.split() for line in text.strip().splitlines())
    assert heading == list(PERSONAS), text
    return {row[0]: dict(zip(PERSONAS, row[1:], strict=True)) for row in rows}


class MatrixTestCase(SynchronousTestCase):
    """
    A test of each persona with each operation.
    """

    def setUp(self):
        self.service = Service(self)

    def image(self, visibility, status):
        """
        Make an image, as it is known by the registry.
        """
        now = self.service.images.now()
        beta = Member(
            id="beta", status=Consent.ACCEPTED, created_at=now, updated_at=now
        )
        image = self.service.images.draft(
            PERSONAS["admin"],
            owner="alpha",
            disk_format="raw",
            container_format="bare",
            visibility=Visibility(visibility),
            members=(beta,),
        )
        if status != "queued":
            place = Location(store="memory", key=image.id)
            adding = self.service.store.add(place.key, BytesBody(DATA))
            self.assertEqual(self.successResultOf(adding), len(DATA))
            image = evolve(
                image, status=Status(status), size=len(DATA), locations=(place,)
            )
        self.successResultOf(self.service.registry.create(image))
        return self.known(image)

    def known(self, image):
        """
        Get an image as the registry knows it now.
        """
        return self.successResultOf(self.service.registry.get(image.id))

    def ask(self, operation, image, who):
        """
        Ask for something.

        @return: the status.
        """
        self.service.context = PERSONAS[who]
        body = operation.body
        if body is not None and not isinstance(body, bytes):
            body = orjson.dumps(body)
        path = operation.path.replace("ID", image.id if image else "")
        return self.service.ask(operation.method, path, operation.headers, body)

    def check(self, operations, tables):
        """
        Have each persona try each operation on an image of each visibility and
        status.

        @param tables: by the name of an operation, or that and a status of images,
            which has precedence.
        """
        wrong = []
        tried = 0
        for name, operation in operations.items():
            for at, status in enumerate(STATUSES):
                expected = table(tables.get((name, status)) or tables[name])
                self.assertEqual(tuple(expected), VISIBILITIES)
                good = operation.succeeded[at if len(operation.succeeded) > 1 else 0]
                for visibility, row in expected.items():
                    image = self.image(visibility, status)
                    for who, cell in row.items():
                        answer = self.ask(operation, image, who).status
                        tried += 1
                        if str(answer) != (str(good) if cell == "ok" else cell):
                            wrong.append((name, visibility, status, who, cell, answer))
                        if self.known(image) != image:
                            if cell != "ok":
                                wrong.append((name, visibility, status, who, "changed"))
                            image = self.image(visibility, status)
        self.assertEqual(wrong, [], "\n".join(map(str, ["", *wrong])))
        self.assertEqual(tried, len(operations) * 7 * 4 * 3)

    def check_lists(self, path, tables):
        """
        Have each persona list images of each visibility and status.

        @param tables: by what is asked for, who finds the image.
        """
        for query, text in tables.items():
            listing = Operation("GET", f"{path}?limit=1000&{query}", (200,))
            for visibility, row in table(text).items():
                for status in STATUSES:
                    image = self.image(visibility, status)
                    for who, cell in row.items():
                        answer = self.ask(listing, None, who)
                        found = str(answer.status)
                        if answer.status == 200:
                            listed = orjson.loads(answer.body)["images"]
                            ids = [each["id"] for each in listed]
                            found = "yes" if image.id in ids else "no"
                        self.assertEqual(found, cell, (query, visibility, status, who))
