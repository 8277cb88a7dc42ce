"""
What the last v1 says of quotas.
"""

from attrs import evolve

from glance.image import Status
from glance.limits import Limits, Quota
from glance.query import EVERYTHING, Query
from tests.api.v1.calling import DATA, ID, CallingTestCase, meta, raw
from tests.api.v1.test_sources import Case, copy_from


class Bounding:
    """
    A service whose limits can be set.
    """

    def bound(self, quota=None, **bounds):
        """
        Set the limits: of all of a project, or of one image.
        """
        self.service.limits = evolve(Limits(), quota=quota or Quota(), **bounds)

    def statuses(self):
        """
        Get the statuses of all images.
        """
        found = self.service.registry.find(Query(scope=EVERYTHING, hidden=None))
        return sorted(image.status.value for image in self.successResultOf(found))


class QuotaTests(Bounding, CallingTestCase):
    """
    A project has no more than it may.
    """

    def post(self, chunked=False, **said):
        """
        Make an image that has data; get the status of the answer.
        """
        how = {"chunks": [DATA[:5], DATA[5:]]} if chunked else {"body": DATA}
        return self.ask("POST", "", raw(**said), **how).status

    def test_storage(self):
        """
        Where there is no room, the image is killed, and nothing is left.
        """
        self.bound(Quota(size=2 * len(DATA) - 1))
        self.assertEqual(self.post(), 201)
        for chunked in (False, True):
            self.assertEqual(self.post(chunked), 413)
        self.assertEqual(self.post(chunked=True, size=len(DATA)), 413)
        self.assertEqual(self.statuses(), ["active", *["killed"] * 3])
        self.assertEqual(len(self.keys()), 1)

    def test_put(self):
        """
        So it is where an image that waits is filled.
        """
        self.bound(Quota(size=len(DATA) - 1))
        self.create([*meta(id=ID, name="a")])
        self.assertEqual(self.ask("PUT", f"/{ID}", raw(), DATA).status, 413)
        self.assertIs(self.known(ID).status, Status.QUEUED)
        chunks = [DATA[:5], DATA[5:]]
        refused = self.ask("PUT", f"/{ID}", raw(), chunks=chunks)
        self.assertEqual(refused.status, 413)
        self.assertIs(self.known(ID).status, Status.KILLED)
        self.assertEqual(self.keys(), [])

    def test_images(self):
        """
        There are no more images than that.
        """
        self.bound(Quota(images=1))
        self.create()
        self.assertEqual(self.ask("POST", "", meta(name="b")).status, 413)
        self.assertEqual(self.post(), 413)
        self.assertEqual(self.keys(), [])

    def test_size_cap(self):
        """
        One image has no more than that: what is announced is refused before anything
        is made.
        """
        self.bound(image_size_cap=len(DATA) - 1)
        self.assertEqual(self.post(), 400)
        self.assertEqual(self.post(chunked=True, size=len(DATA)), 400)
        self.assertEqual(self.listed(), [])
        self.assertEqual(self.post(chunked=True), 413)
        self.assertEqual(self.keys(), [])

    def test_one_image(self):
        """
        An image has no more properties or members than that.
        """
        self.bound(properties=1, members=1)
        two = meta(property_a="1", property_b="2")
        self.assertEqual(self.ask("POST", "", two).status, 413)
        self.create(meta(id=ID, property_a="1"))
        keep = ("x-glance-registry-purge-props", "false")
        more = [*meta(property_b="2"), keep]
        self.assertEqual(self.ask("PUT", f"/{ID}", more).status, 413)
        for member, status in (("beta", 204), ("gamma", 413)):
            shared = self.ask("PUT", f"/{ID}/members/{member}")
            self.assertEqual(shared.status, status)


class SourceQuotaTests(Bounding, Case):
    """
    Data from elsewhere counts as other data.
    """

    def test_location(self):
        """
        What an image refers to has to have room, and may be no larger than one image.
        """
        self.bound(image_size_cap=len(DATA) - 1)
        self.assertEqual(self.ask("POST", "", self.location()).status, 400)
        self.assert_nothing()
        self.bound(Quota(size=2 * len(DATA) - 1))
        self.assertEqual(self.ask("POST", "", self.location()).status, 201)
        other = self.location(self.lending.lend(size=len(DATA)))
        self.assertEqual(self.ask("POST", "", other).status, 413)
        self.assertEqual(self.statuses(), ["active", "killed"])

    def test_copies(self):
        """
        So has what is copied; where there is no room the image is killed before its
        data is fetched.
        """
        copied = [*meta(disk_format="raw", container_format="bare")]
        copied.append(copy_from(self.url))
        self.bound(image_size_cap=len(DATA) - 1)
        self.assertEqual(self.ask("POST", "", copied).status, 400)
        self.assert_nothing()
        self.bound(Quota(size=2 * len(DATA) - 1))
        self.assertEqual(self.ask("POST", "", copied).status, 201)
        self.send()
        self.assertEqual(self.ask("POST", "", copied).status, 201)
        self.assertTrue(self.lending.bodies[-1].stopped)
        self.assertEqual(self.statuses(), ["active", "killed"])
        self.assertEqual(len(self.keys()), 1)
