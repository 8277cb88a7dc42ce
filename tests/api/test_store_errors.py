"""
What clients are told of a store that fails, and what is left.
"""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from glance.api.errors import RETRY_AFTER
from glance.errors import (
    DataDamaged,
    DataExists,
    DataNotFound,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
)
from glance.image import Status
from glance.interfaces import IStore
from glance.stores.memory import MemoryStore
from tests.api.assembly import Service
from tests.faults import FaultyStore

DATA = b"0123456789"

SECRET = "swift://user:secret@host/container"
"""What may be in the text of a mistake, and is nobody's business."""

WRITING = (
    (StoreUnavailable("It is down."), 503),
    (StoreFull("It is full."), 413),
    (StoreReadOnly("It takes nothing."), 410),
    (DataExists("It is there."), 409),
    (ZeroDivisionError(SECRET), 500),
    (OSError(5, SECRET), 500),
)
"""How a store may fail to take data, and what is answered."""

READING = (
    (StoreUnavailable("It is down."), 503),
    (DataNotFound("It is missing."), 404),
    (DataDamaged("It is short."), 500),
    (ZeroDivisionError(SECRET), 500),
)
"""How a store may fail to give data, and what is answered."""


@implementer(IStore)
class Failing(FaultyStore):
    """
    A store that fails at a certain moment.
    """

    def __init__(self):
        super().__init__(MemoryStore())
        self.error = None
        """What goes wrong; L{None} for nothing."""
        self.moment = "before"
        """Whether that is before the data is read, or after it was kept."""

    def add(self, key, body):
        async def add():
            if self.error is not None and self.moment == "before":
                body.stopProducing()
                raise self.error
            size = await super(Failing, self).add(key, body)
            if self.error is not None:
                # What real ones do themselves is done by the caller, too.
                raise self.error
            return size

        return Deferred.fromCoroutine(add())

    def get(self, key, offset=0, length=None, size=None):
        async def get():
            if self.error is not None:
                raise self.error
            return await super(Failing, self).get(key, offset, length, size)

        return Deferred.fromCoroutine(get())


class StoreErrorTests(SynchronousTestCase):
    """
    Both versions tell the same, and leave nothing behind.
    """

    def setUp(self):
        self.store = Failing()
        self.service = Service(self, stores={"file": self.store})

    def upload(self, version):
        """
        Upload an image in the way of a version.

        @return: the answer, and the image.
        """
        octets = {"Content-Type": "application/octet-stream"}
        formats = (("disk_format", "raw"), ("container_format", "bare"))
        image_id = f"{len(self.made):08}-1111-4222-8333-444444444444"
        self.made.append(image_id)
        if version == "v1":
            about = {f"X-Image-Meta-{name}": value for name, value in formats}
            about["X-Image-Meta-Id"] = image_id
            answer = self.service.ask("POST", "/v1/images", {**octets, **about}, DATA)
        else:
            said = "".join(f', "{name}": "{value}"' for name, value in formats)
            body = f'{{"id": "{image_id}"{said}}}'.encode()
            self.service.ask("POST", "/v2/images", {}, body)
            path = f"/v2/images/{image_id}/file"
            answer = self.service.ask("PUT", path, octets, DATA)
        return answer, self.successResultOf(self.service.registry.get(image_id))

    made = ()

    def assert_told(self, answer, status):
        """
        See that an answer says what went wrong, and no more.
        """
        self.assertEqual(answer.status, status, answer)
        self.assertNotIn(b"secret", answer.body)
        if status == 503:
            self.assertEqual(answer.header("retry-after"), str(RETRY_AFTER))

    def test_writing(self):
        """
        A store that fails to take data.
        """
        self.made = []
        for version, left in (("v1", Status.KILLED), ("v2", Status.QUEUED)):
            for error, status in WRITING:
                for moment in ("before", "after"):
                    self.store.error, self.store.moment = error, moment
                    answer, image = self.upload(version)
                    self.assert_told(answer, status)
                    self.assertEqual(
                        (image.status, image.doomed, image.locations, image.attempt),
                        (left, (), (), None),
                    )
                    self.assertEqual(self.successResultOf(self.store.keys()), [])
                    self.flushLoggedErrors()

    def test_reading(self):
        """
        A store that fails to give data.
        """
        self.made = []
        for version in ("v1", "v2"):
            self.store.error = None
            answer, image = self.upload(version)
            self.assertLess(answer.status, 300)
            file = "" if version == "v1" else "/file"
            path = f"/{version}/images/{image.id}{file}"
            for error, status in READING:
                self.store.error = error
                answer = self.service.ask("GET", path)
                self.assert_told(answer, status)
                self.flushLoggedErrors()
            self.store.error = None
            self.assertEqual(self.service.ask("GET", path).body, DATA)
