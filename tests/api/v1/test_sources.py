"""
Tests for images of version 1 whose data is elsewhere.
"""

import orjson
from twisted.internet.defer import Deferred

from glance.errors import DataDamaged, StoreUnavailable
from glance.image import Location, Status
from glance.storage import StoreInfo
from glance.stores.memory import MemoryStore
from tests.api.assembly import Service, member_of
from tests.api.v1.calling import DATA, MD5, OCTETS, CallingTestCase, meta
from tests.stores.lending import HOST, LendingStore

FORMATS = meta(disk_format="raw", container_format="bare")


def copy_from(url):
    """
    Get the header that asks for a copy.
    """
    return ("X-Glance-Api-Copy-From", url)


class Case(CallingTestCase):
    """
    A test with data of others.
    """

    def setUp(self):
        self.lending = LendingStore()
        self.service = Service(
            self,
            stores={"memory": MemoryStore(), "http": self.lending},
            infos={"http": StoreInfo(read_only=True)},
        )
        self.url = self.lending.lend(size=len(DATA))

    def location(self, url=None, **fields):
        """
        Get the headers of an image whose data is there.
        """
        return [*FORMATS, *meta(location=url or self.url, **fields)]

    def send(self, data=DATA):
        """
        Let the data that was asked for last come.
        """
        self.lending.bodies[-1].data(data)
        self.lending.bodies[-1].end()

    def assert_nothing(self):
        """
        See that no image was made.
        """
        listed = self.listed("is_public=none", "/detail")
        self.assertEqual(listed, [])


class LocationTests(Case):
    """
    Data stays where it is.
    """

    def test_made(self):
        """
        An image is active at once, and has the size that is found; where its data is
        isn't told.
        """
        answer = self.ask("POST", "", self.location(checksum=MD5))
        self.assertEqual(answer.status, 201, answer)
        told = orjson.loads(answer.body)["image"]
        self.assertEqual(
            (told["status"], told["size"], told["checksum"]),
            ("active", len(DATA), MD5),
        )
        known = self.known(told["id"])
        self.assertEqual(known.locations, (Location(store="http", key=self.url),))
        self.assertNotIn(b"files.example.org", answer.body)

    def test_downloaded(self):
        """
        Its data is what is there.
        """
        image_id = self.create(self.location())
        protocol, transport = self.service.connect()
        request = f"GET /v1/images/{image_id} HTTP/1.1\r\nHost: glance\r\n\r\n"
        protocol.dataReceived(request.encode())
        self.send()
        head, _, body = transport.value().partition(b"\r\n\r\n")
        self.assertEqual(body, DATA)
        self.assertIn(f"Content-Length: {len(DATA)}".encode(), head)
        self.assertNotIn(b"files.example.org", head)

    def test_size(self):
        """
        A size that is said has to be right; a size of zero says nothing.
        """
        for said in (len(DATA), 0):
            image_id = self.create(self.location(size=said))
            self.assertEqual(self.known(image_id).size, len(DATA))
        for said in (1, len(DATA) + 1):
            answer = self.ask("POST", "", self.location(size=said))
            self.assert_refused(
                answer, 409, b"Provided image size must match the stored image size."
            )

    def test_unknown_size(self):
        """
        Where the server doesn't say it, the data can only be copied.
        """
        self.lending.lend(size=None)
        for size in (0, 5):
            answer = self.ask("POST", "", self.location(size=size))
            self.assert_refused(answer, 400, b"have it copied")
        self.assert_nothing()

    def test_unsupported(self):
        """
        Files, and whatever isn't on a web server, are refused, in the name of whoever
        asks; and what was said isn't repeated.
        """
        for context in (member_of("acme"), self.service.context):
            self.service.context = context
            for url in (
                "file:///etc/passwd",
                "FILE:///etc/passwd",
                "filesystem:///etc/passwd",
                "swift+config://secret/c/k",
                "rbd://secret",
                "nonsense-secret",
            ):
                for headers in (self.location(url), [*FORMATS, copy_from(url)]):
                    answer = self.ask("POST", "", headers)
                    self.assert_refused(
                        answer, 400, b"External sources are not supported"
                    )
                    self.assertNotIn(b"passwd", answer.body)
                    self.assertNotIn(b"secret", answer.body)
        self.assert_nothing()

    def test_unusable(self):
        """
        What isn't there is 404, and what cannot be had 400; no image is made.
        """
        missing = f"{HOST}nothing"
        for headers in (self.location(missing), [*FORMATS, copy_from(missing)]):
            self.assert_refused(self.ask("POST", "", headers), 404)
        self.lending.problem = StoreUnavailable("Check it.")
        for headers in (self.location(), [*FORMATS, copy_from(self.url)]):
            self.assert_refused(self.ask("POST", "", headers), 400, b"Check it.")
        self.assert_nothing()

    def test_refused_first(self):
        """
        Nothing is asked for that the caller could not have, or that lacks formats.
        """
        self.lending.sizes[self.url] = Deferred(lambda _: self.fail("It was asked."))
        for headers in (meta(location=self.url), [copy_from(self.url)]):
            answer = self.ask("POST", "", headers)
            self.assert_refused(answer, 400, b"format is not specified")
        self.service.context = member_of("acme", roles=frozenset({"reader"}))
        self.assert_refused(self.ask("POST", "", self.location()), 403)

    def test_two_sources(self):
        """
        Data comes from one place.
        """
        both = [*self.location(), copy_from(self.url)]
        with_data = [OCTETS, *self.location()]
        copied_with_data = [OCTETS, *FORMATS, copy_from(self.url)]
        for headers, body in (
            (both, None),
            (with_data, DATA),
            (copied_with_data, DATA),
        ):
            answer = self.ask("POST", "", headers, body)
            self.assert_refused(answer, 400, b"multiple image sources")
        self.assert_nothing()
        image_id = self.create(FORMATS)
        for headers, body in ((both, None), (with_data, DATA)):
            answer = self.ask("PUT", f"/{image_id}", headers, body)
            self.assert_refused(answer, 400, b"multiple image sources")
        self.assertIs(self.known(image_id).status, Status.QUEUED)

    def test_put(self):
        """
        A queued image may be told later where its data is, together with all else.
        """
        image_id = self.create()
        self.assert_refused(
            self.ask("PUT", f"/{image_id}", meta(location=self.url)),
            400,
            b"format is not specified",
        )
        headers = self.location(name="late")
        answer = self.ask("PUT", f"/{image_id}", headers)
        self.assertEqual(answer.status, 200, answer)
        known = self.known(image_id)
        self.assertEqual((known.status, known.name), (Status.ACTIVE, "late"))
        self.assertEqual(known.size, len(DATA))

    def test_put_announced(self):
        """
        What was said of its size before has to be right.
        """
        image_id = self.create([*FORMATS, *meta(size=3)])
        answer = self.ask("PUT", f"/{image_id}", meta(location=self.url))
        self.assert_refused(answer, 409, b"size must match")
        self.assertIs(self.known(image_id).status, Status.QUEUED)

    def test_put_active(self):
        """
        An image that has data gets no other.
        """
        image_id = self.create([OCTETS, *FORMATS], DATA)
        for headers in (meta(location=self.url), [copy_from(self.url)]):
            answer = self.ask("PUT", f"/{image_id}", headers)
            self.assert_refused(answer, 400, b"not in queued status")
        self.assertEqual(len(self.keys()), 1)

    def test_put_of_others(self):
        """
        Nor does that of somebody else, and nobody is asked for it.
        """
        self.service.context = member_of("acme")
        image_id = self.create([*FORMATS, *meta(is_public="False")])
        self.service.context = member_of("initech")
        self.lending.sizes[self.url] = Deferred(lambda _: self.fail("It was asked."))
        for headers in (meta(location=self.url), [copy_from(self.url)]):
            self.assert_refused(self.ask("PUT", f"/{image_id}", headers), 404)

    def test_delete(self):
        """
        A deleted image leaves the data to its owner.
        """
        image_id = self.create(self.location())
        self.assertEqual(self.ask("DELETE", f"/{image_id}").status, 200)
        self.assertIs(self.known(image_id).status, Status.DELETED)

    def test_never_told(self):
        """
        No answer tells where data is.
        """
        self.url = self.lending.lend("disk.raw?user:pass@", len(DATA))
        image_id = self.create(self.location(is_public="True"))
        for method, path in (
            ("GET", ""),
            ("GET", "/detail"),
            ("HEAD", f"/{image_id}"),
            ("PUT", f"/{image_id}"),
        ):
            answer = self.ask(method, path)
            self.assertEqual(answer.status, 200, answer)
            shown = answer.body + str(list(answer.headers.getAllRawHeaders())).encode()
            self.assertNotIn(b"files.example.org", shown)
            self.assertNotIn(b"user:pass", shown)


class CactusLocationTests(LocationTests):
    """
    The same in 2011, where an image needs no formats.
    """

    base = ""

    def assert_nothing(self):
        """
        See that no image was made.
        """
        self.assertEqual(self.listed(), [])

    def test_refused_first(self):
        """
        Nothing is asked for that the caller could not have.
        """
        self.lending.sizes[self.url] = Deferred(lambda _: self.fail("It was asked."))
        self.service.context = member_of("acme", roles=frozenset({"reader"}))
        self.assert_refused(self.ask("POST", "", self.location()), 403)

    def test_put(self):
        """
        A queued image may be told later where its data is.
        """
        image_id = self.create()
        answer = self.ask("PUT", f"/{image_id}", meta(location=self.url))
        self.assertEqual(answer.status, 200, answer)
        self.assertIs(self.known(image_id).status, Status.ACTIVE)


class CopyTests(Case):
    """
    Data is copied.
    """

    def test_made(self):
        """
        The answer is there before the data, and the image active after it.
        """
        answer = self.ask("POST", "", [*FORMATS, copy_from(self.url)])
        self.assertEqual(answer.status, 201, answer)
        told = orjson.loads(answer.body)["image"]
        self.assertEqual(told["status"], "queued")
        self.assertIs(self.known(told["id"]).status, Status.SAVING)
        self.send()
        known = self.known(told["id"])
        self.assertEqual((known.status, known.checksum), (Status.ACTIVE, MD5))
        self.assertEqual([place.key for place in known.locations], self.keys())
        self.assertNotIn(b"files.example.org", answer.body)

    def test_put(self):
        """
        A queued image may be filled so, too.
        """
        image_id = self.create([*FORMATS, *meta(checksum=MD5)])
        headers = [*meta(name="late"), copy_from(self.url)]
        answer = self.ask("PUT", f"/{image_id}", headers)
        self.assertEqual(answer.status, 200, answer)
        self.send()
        known = self.known(image_id)
        self.assertEqual((known.status, known.name), (Status.ACTIVE, "late"))

    def test_compared(self):
        """
        What was said of the data, now or before, is compared with it.
        """
        wrong = meta(checksum="0" * 32)
        image_id = self.create([*FORMATS, *wrong, copy_from(self.url)])
        self.send()
        self.assertIs(self.known(image_id).status, Status.KILLED)
        image_id = self.create([*FORMATS, *wrong])
        self.ask("PUT", f"/{image_id}", [copy_from(self.url)])
        self.send()
        self.assertIs(self.known(image_id).status, Status.KILLED)
        self.assertEqual(self.keys(), [])

    def test_broken(self):
        """
        Data that breaks off is none.
        """
        image_id = self.create([*FORMATS, copy_from(self.url)])
        self.lending.bodies[0].data(DATA[:3])
        self.lending.bodies[0].fail(DataDamaged("It ended early."))
        self.assertIs(self.known(image_id).status, Status.KILLED)
        self.assertEqual(self.keys(), [])

    def test_size(self):
        """
        A size that is said has to be right, and is held against the limit.
        """
        headers = [*FORMATS, *meta(size=1), copy_from(self.url)]
        self.assert_refused(self.ask("POST", "", headers), 409)
        url = self.lending.lend("huge", 1 << 50)
        headers = [*FORMATS, copy_from(url)]
        self.assert_refused(self.ask("POST", "", headers), 400, b"larger than")
        self.assert_nothing()

    def test_store(self):
        """
        The store that the copy goes to can be said, and has to be there.
        """
        headers = [*FORMATS, copy_from(self.url)]
        answer = self.ask("POST", "", [*headers, *meta(store="nonsense")])
        self.assert_refused(answer, 400, b"nonsense")
        image_id = self.create([*headers, *meta(store="memory")])
        self.send()
        self.assertIs(self.known(image_id).status, Status.ACTIVE)

    def test_too_many(self):
        """
        When too many are waiting, another one is refused, and not made.
        """
        self.service.fetches.drain()
        answer = self.ask("POST", "", [*FORMATS, copy_from(self.url)])
        self.assert_refused(answer, 503, b"try again")
        self.assertIsNotNone(answer.header("retry-after"))
        self.assert_nothing()
