"""
The personas of the matrix, the images that they meet, and how its tables are read.
"""

import re

import attrs
import orjson
from attrs import evolve, frozen
from twisted.trial.unittest import SynchronousTestCase

from glance.context import Context
from glance.image import Attempt, Consent, Image, Location, Member, Status, Visibility
from glance.policy.rules import DEFAULT_RULES
from glance.stores.memory import MemoryStore
from glance.streams.bodies import BytesBody
from tests.api.assembly import Service, member_of

DATA = b"0123456789"

ABSENT = "5a5a5a5a-5a5a-4a5a-8a5a-5a5a5a5a5a5a"
"""The id of no image."""


def of(tenant, *roles, **attributes):
    """
    Get somebody of a project with some roles.
    """
    return member_of(tenant, roles=frozenset(roles), **attributes)


PERSONAS = {
    "anonymous": Context(),
    "reader": of("alpha", "reader"),
    "member": of("alpha", "member"),
    "invited": of("epsilon", "member"),
    "recipient": of("beta", "member"),
    "sharer": of("delta", "member"),
    "stranger": of("gamma", "member"),
    "admin": of("root", "admin", is_admin=True),
    "service": of("services", "service"),
}
"""
In the order of the columns.  Images belong to the project "alpha".  While they are
shared, three others count: one was invited and hasn't said what it thinks of it, one
has accepted, and one has accepted and may share the image further, by version 1.
"""

VISIBILITIES = ("public", "community", "shared", "private")

STATUSES = ("queued", "saving", "active", "deactivated")

KINDS = tuple((v, s) for v in VISIBILITIES for s in STATUSES)
"""All kinds of images: what they are to others, and how far they are."""


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
    changes: frozenset = frozenset()
    """The attributes that change by it."""
    already: str = ""
    """The visibilities or statuses of images that are as it would make them."""
    image: tuple = ()
    """What is peculiar to the image that it is tried on: pairs of attributes."""

    def good(self, status):
        """
        Get what is answered where an image of this status may be dealt with so.
        """
        if len(self.succeeded) == 1:
            return self.succeeded[0]
        return self.succeeded[STATUSES.index(status)]


def table(text):
    """
    Read a table: what each persona is answered, by the visibility of the image, or
    C{any}.

    In a cell is a status; or C{ok} where it is what success is answered with, and
    C{same} where so it is, and nothing changes.
    """
    heading, *rows = (line.split() for line in text.strip().splitlines())
    assert heading == list(PERSONAS), text
    return {row[0]: dict(zip(PERSONAS, row[1:], strict=True)) for row in rows}


def row_of(text, visibility):
    """
    Get the row of a table that is for images of a visibility.
    """
    rows = table(text)
    return rows.get(visibility) or rows["any"]


def differences(old, new):
    """
    Name what of an image has changed, beside its times and its revision.
    """
    names = (each.name for each in attrs.fields(Image))
    changed = {name for name in names if getattr(old, name) != getattr(new, name)}
    return changed - {"revision", "updated_at", "deleted_at"}


class MatrixTestCase(SynchronousTestCase):
    """
    A test of each persona with each operation.
    """

    rules = DEFAULT_RULES
    """What the operator says."""

    def setUp(self):
        self.service = Service(self)

    def image(self, visibility, status, **attributes):
        """
        Make an image, as it is known by the registry.
        """
        now = self.service.images.now()
        members = tuple(
            Member(
                id=tenant,
                status=Consent(consent),
                can_share=tenant == "delta",
                created_at=now,
                updated_at=now,
            )
            for tenant, consent in (
                ("beta", "accepted"),
                ("delta", "accepted"),
                ("epsilon", "pending"),
            )
        )
        usual = {
            "owner": "alpha",
            "name": "n",
            "disk_format": "raw",
            "container_format": "bare",
            "properties": {"p": "v"},
            "tags": frozenset({"t"}),
            "members": members,
        }
        image = self.service.images.draft(
            PERSONAS["admin"],
            **{**usual, **attributes},
            visibility=Visibility(visibility),
        )
        image = getattr(self, f"_{status}", self._active)(image, Status(status))
        self.successResultOf(self.service.registry.create(image))
        return self.known(image)

    def _queued(self, image, status):
        return image

    def _saving(self, image, status):
        place = Location(store="memory", key=f"{image.id}.1")
        attempt = Attempt(
            id="1", instance="elsewhere", location=place, fallback=Status.QUEUED
        )
        return evolve(image, status=status, attempt=attempt)

    def _active(self, image, status):
        places = []
        for name, store in self.service.stores.items():
            place = Location(store=name, key=image.id)
            adding = store.add(place.key, BytesBody(DATA))
            self.assertEqual(self.successResultOf(adding), len(DATA))
            places.append(place)
        return evolve(image, status=status, size=len(DATA), locations=tuple(places))

    def known(self, image):
        """
        Get an image as the registry knows it now.
        """
        return self.known_by(image.id)

    def known_by(self, image_id):
        """
        Get the image of an id as the registry knows it now.
        """
        return self.successResultOf(self.service.registry.get(image_id))

    def ask(self, operation, image_id, who):
        """
        Ask for something.
        """
        self.service.context = PERSONAS[who].under(self.rules)
        body = operation.body
        if body is not None and not isinstance(body, bytes):
            body = orjson.dumps(body)
        path = operation.path.replace("ID", image_id or "")
        return self.service.ask(operation.method, path, operation.headers, body)

    def check(self, operations, tables):
        """
        Have each persona try each operation on an image of each visibility and
        status.

        What is refused, or makes no sense with such an image, changes nothing.  What
        succeeds changes what it is to, and no more.

        @param tables: by the names of the operations; or by such and a status of
            images, which have precedence.
        """
        named = {name if isinstance(name, str) else name[0] for name in tables}
        self.assertEqual(named, set(operations))
        wrong, tried = [], 0
        for name, operation in operations.items():
            for visibility in VISIBILITIES:
                for status in STATUSES:
                    text = tables.get((name, status)) or tables[name]
                    cells = row_of(text, visibility)
                    where = (name, visibility, status)
                    wrong += self._tried(operation, cells, where)
                    tried += len(cells)
        self.assertEqual(wrong, [], "\n".join(map(str, ["", *wrong])))
        expected = len(PERSONAS) * len(VISIBILITIES) * len(STATUSES) * len(operations)
        self.assertEqual(tried, expected)

    def _tried(self, operation, cells, where):
        """
        Have each persona try an operation on one kind of image.

        @return: what isn't as it is to be.
        """
        _, visibility, status = where
        image = self.image(visibility, status, **dict(operation.image))
        for who, cell in cells.items():
            good = operation.good(status)
            answer = self.ask(operation, image.id, who).status
            if str(answer) != (str(good) if cell in ("ok", "same") else cell):
                yield (*where, who, cell, answer)
            now = self.known(image)
            changed = differences(image, now)
            done = cell == "ok" and good < 400
            if not changed <= (operation.changes if done else frozenset()):
                yield (*where, who, cell, "changed", changed)
            busy = operation.changes and not {*where} & {*operation.already.split()}
            if done and busy and not changed and cell != "same":
                yield (*where, who, cell, "left as it was")
            if now != image:
                image = self.image(visibility, status, **dict(operation.image))

    def check_unseen(self, operations, shown, kinds=KINDS):
        """
        Of what a persona doesn't see each answer is as if it weren't there.

        @param shown: the table of the operation that tells who sees what.
        @param kinds: of which images: pairs of a visibility and a status.
        """
        absent = self._of_absent(operations)
        tried = 0
        for visibility, status in kinds:
            image = self.image(visibility, status)
            cells = row_of(shown, visibility)
            blind = [who for who, cell in cells.items() if cell == "404"]
            for name, operation in operations.items():
                for who in blind:
                    found = _told(self.ask(operation, image.id, who), image.id)
                    told = (name, visibility, status, who)
                    self.assertEqual(found, absent[name, who], told)
                    tried += 1
            self.assertEqual(self.known(image), image)
        self.assertGreater(tried, 0)

    def _of_absent(self, operations):
        """
        Get what everybody is answered where there is no image.
        """
        return {
            (name, who): _told(self.ask(operation, ABSENT, who), ABSENT)
            for name, operation in operations.items()
            for who in PERSONAS
        }

    def check_gone(self, operations, spared=()):
        """
        What is deleted is there for nobody.

        @param spared: pairs of who asks, and what for, that are told more.
        """
        absent = self._of_absent(operations)
        for visibility in VISIBILITIES:
            image = self.image(visibility, "pending_delete")
            for name, operation in operations.items():
                for who in PERSONAS:
                    if (who, name) not in spared:
                        found = _told(self.ask(operation, image.id, who), image.id)
                        told = (name, visibility, who)
                        self.assertEqual(found, absent[name, who], told)
                        self.assertEqual(found[0], 404, told)
            self.assertEqual(self.known(image), image)

    def check_lists(self, path, tables):
        """
        Have each persona list images of each visibility and status.

        @param tables: by what is asked for, who finds the image; with C{ID} for its
            own, and C{STATUS} for its status.
        """
        wrong = []
        for visibility in VISIBILITIES:
            for status in STATUSES:
                image = self.image(visibility, status)
                for query, text in tables.items():
                    meant = query.replace("ID", image.id).replace("STATUS", status)
                    listing = Operation("GET", f"{path}?limit=1000&{meant}", (200,))
                    for who, cell in row_of(text, visibility).items():
                        found = self.found(listing, image, who)
                        if found != cell:
                            wrong.append((query, visibility, status, who, cell, found))
        self.assertEqual(wrong, [], "\n".join(map(str, ["", *wrong])))

    def found(self, listing, image, who):
        """
        Tell whether somebody finds an image in a list; or the status of a refusal.
        """
        answer = self.ask(listing, None, who)
        if answer.status != 200:
            return str(answer.status)
        listed = orjson.loads(answer.body)["images"]
        return "yes" if image.id in [each["id"] for each in listed] else "no"


class StoresTestCase(MatrixTestCase):
    """
    Such a test, where there are several stores.
    """

    def setUp(self):
        stores = {"memory": MemoryStore(), "other": MemoryStore()}
        self.service = Service(self, stores=stores, infos={})


_PECULIAR = re.compile("date|x-openstack-request-id|x-request-id", re.IGNORECASE)


def _told(answer, image_id):
    """
    Get what was answered, whatever the id.
    """
    headers = sorted(
        (name, values)
        for name, values in answer.headers.getAllRawHeaders()
        if not _PECULIAR.fullmatch(name.decode())
    )
    return answer.status, headers, answer.body.replace(image_id.encode(), b"ID")
