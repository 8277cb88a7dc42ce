"""
Tests for L{glance.api.v1.images}, as the last v1.
"""

import orjson
from attrs import evolve

from glance.image import Status, Visibility
from glance.limits import Limits
from tests.api.assembly import member_of
from tests.api.v1.calling import DATA, ID, MD5, CallingTestCase, meta, raw


class ShowTests(CallingTestCase):
    """
    HEAD tells what is known of an image.
    """

    def test_headers(self):
        """
        What has no value isn't sent, nor is a location.
        """
        image_id = self.create(raw(name="a", property_distro="b"), DATA)
        answer = self.ask("HEAD", f"/{image_id}")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.body, b"")
        for name, value in (
            ("x-image-meta-id", image_id),
            ("x-image-meta-name", "a"),
            ("x-image-meta-is_public", "False"),
            ("x-image-meta-size", str(len(DATA))),
            ("x-image-meta-property-distro", "b"),
            ("x-image-meta-location", None),
            ("x-image-meta-owner", None),
            ("x-image-meta-deleted_at", None),
            ("location", None),
            ("etag", f'"{MD5}"'),
        ):
            with self.subTest(name):
                self.assertEqual(answer.header(name), value)

    def test_no_checksum(self):
        """
        An image without a checksum has no entity tag.
        """
        answer = self.ask("HEAD", f"/{self.create()}")
        self.assertIsNone(answer.header("etag"))

    def test_data_missing(self):
        """
        The data isn't looked at.
        """
        image_id = self.create(raw(), DATA)
        for key in self.keys():
            self.successResultOf(self.service.store.delete(key))
        self.assertEqual(self.ask("HEAD", f"/{image_id}").status, 200)

    def test_deleted(self):
        """
        Administrators are told of deleted images, others aren't.
        """
        image_id = self.create(raw(is_public="True"), DATA)
        self.ask("DELETE", f"/{image_id}")
        answer = self.ask("HEAD", f"/{image_id}")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.header("x-image-meta-status"), "deleted")
        self.assertEqual(answer.header("x-image-meta-deleted"), "True")
        self.service.context = member_of("a")
        self.assertEqual(self.ask("HEAD", f"/{image_id}").status, 404)

    def test_names_of_v2(self):
        """
        Whatever an image holds comes as one header, in UTF-8 or encoded.
        """
        image_id = self.create()
        old = self.known(image_id)
        name = "Bl\xfcte\r\nSet-Cookie: a=b\x7f"
        new = evolve(old, name=name, properties={"\N{SNOWMAN} a": "\N{SNOWMAN}"})
        self.successResultOf(self.service.registry.replace(old, new))
        answer = self.ask("HEAD", f"/{image_id}")
        self.assertEqual(
            answer.header("x-image-meta-name"), "Bl\xfcte%0D%0ASet-Cookie: a=b%7F"
        )
        self.assertEqual(
            answer.header("x-image-meta-property-%E2%98%83%20a"), "\N{SNOWMAN}"
        )
        self.assertIsNone(answer.header("set-cookie"))

    def test_community(self):
        """
        Who knows the id of a community image may see it, though no list does.
        """
        image_id = self.create()
        old = self.known(image_id)
        new = evolve(old, visibility=Visibility.COMMUNITY, owner="a")
        self.successResultOf(self.service.registry.replace(old, new))
        self.service.context = member_of("b")
        self.assertEqual(self.ask("HEAD", f"/{image_id}").status, 200)
        self.assertEqual(self.listed(), [])


class DownloadTests(CallingTestCase):
    """
    GET gives an image's data.
    """

    def test_whole(self):
        """
        The data comes with the headers that describe the image.
        """
        image_id = self.create(raw(name="a"), DATA)
        answer = self.ask("GET", f"/{image_id}")
        self.assertEqual((answer.status, answer.body), (200, DATA))
        for name, value in (
            ("content-type", "application/octet-stream"),
            ("content-length", str(len(DATA))),
            ("x-image-meta-name", "a"),
            ("x-image-meta-checksum", MD5),
            ("etag", f'"{MD5}"'),
        ):
            self.assertEqual(answer.header(name), value)

    def test_part(self):
        """
        A part is given to who asks for one, and nothing to who has it all.
        """
        image_id = self.create(raw(), DATA)
        answer = self.ask("GET", f"/{image_id}", {"Range": "bytes=5-9"})
        self.assertEqual((answer.status, answer.body), (206, b"00000"))
        answer = self.ask("GET", f"/{image_id}", {"If-None-Match": f'"{MD5}"'})
        self.assertEqual((answer.status, answer.body), (304, b""))
        answer = self.ask("GET", f"/{image_id}", {"Range": "bytes=99-"})
        self.assertEqual(answer.status, 416)

    def test_deactivated(self):
        """
        The data of a deactivated image is refused.
        """
        image_id = self.create(raw(is_public="True"), DATA)
        old = self.known(image_id)
        new = old.becoming(Status.DEACTIVATED)
        self.successResultOf(self.service.registry.replace(old, new))
        self.service.context = member_of("a")
        self.assert_refused(self.ask("GET", f"/{image_id}"), 403, b"deactivated")

    def test_missing(self):
        """
        Where the data is missing, that is said.
        """
        image_id = self.create(raw(), DATA)
        for key in self.keys():
            self.successResultOf(self.service.store.delete(key))
        self.assert_refused(self.ask("GET", f"/{image_id}"), 404, b"missing")

    def test_deleted(self):
        """
        A deleted image has no data.
        """
        image_id = self.create(raw(), DATA)
        self.ask("DELETE", f"/{image_id}")
        self.assertEqual(self.ask("GET", f"/{image_id}").status, 404)


class CreateTests(CallingTestCase):
    """
    POST makes images.
    """

    def test_location(self):
        """
        The answer says where the new image is.
        """
        answer = self.ask("POST", "", meta(id=ID))
        self.assertEqual(
            answer.header("location"), f"http://glance.example:9292/v1/images/{ID}"
        )
        self.assertEqual(answer.header("content-type"), "application/json")
        image = orjson.loads(answer.body)["image"]
        self.assertEqual(image["created_at"], "2011-04-15T12:00:00.000000")
        self.assertEqual(image["deleted"], False)
        self.assertNotIn("location", image)

    def test_taken(self):
        """
        An id is given once, also after its image was deleted.
        """
        self.create(meta(id=ID))
        self.assert_refused(self.ask("POST", "", meta(id=ID)), 409, ID.encode())
        self.ask("DELETE", f"/{ID}")
        self.assert_refused(self.ask("POST", "", meta(id=ID)), 409)

    def test_owner(self):
        """
        An image belongs to who makes it, unless an administrator says so.
        """
        self.service.context = member_of("a")
        image_id = self.create(meta(owner="b"))
        self.assertEqual(self.known(image_id).owner, "a")
        self.service.context = member_of("a", is_admin=True)
        image_id = self.create(meta(owner="b"))
        self.assertEqual(self.known(image_id).owner, "b")

    def test_properties(self):
        """
        There are only so many properties.
        """
        self.service.limits = Limits(properties=1)
        answer = self.ask("POST", "", meta(property_a="1", property_b="2"))
        self.assertEqual(answer.status, 413)


class UpdateTests(CallingTestCase):
    """
    PUT changes images.
    """

    def test_purge(self):
        """
        Properties that aren't named go, unless data comes, or it is said.
        """
        purging = "x-glance-registry-purge-props"
        for headers, body, expected in (
            ([], None, {}),
            ([(purging, "false")], None, {"a": "1"}),
            ([(purging, "true")], None, {}),
            (raw(), DATA, {"a": "1"}),
            ([*raw(), (purging, "true")], DATA, {}),
        ):
            with self.subTest(headers=headers):
                image_id = self.create(meta(property_a="1"))
                answer = self.ask("PUT", f"/{image_id}", headers, body)
                self.assertEqual(answer.status, 200, answer)
                self.assertEqual(self.known(image_id).properties, expected)

    def test_kept(self):
        """
        Attributes that aren't named stay.
        """
        image_id = self.create(raw(name="a", protected="True", min_disk=5))
        self.ask("PUT", f"/{image_id}", meta(min_ram=6))
        image = self.known(image_id)
        self.assertEqual((image.name, image.min_disk, image.min_ram), ("a", 5, 6))
        self.assertTrue(image.protected)

    def test_size_of_active(self):
        """
        Nobody says that the data of an image is other than it is; saying
        nothing of it is no harm.
        """
        image_id = self.create(raw(), DATA)
        before = self.known(image_id)
        for headers in (meta(size=1), meta(size=0), meta(checksum="0" * 32)):
            answer = self.ask("PUT", f"/{image_id}", headers)
            self.assert_refused(answer, 403, b"of active image.")
        for headers in (
            meta(size=len(DATA), checksum=MD5),
            meta(size="", checksum=""),
        ):
            self.assertEqual(self.ask("PUT", f"/{image_id}", headers).status, 200)
        self.assertEqual(self.known(image_id), before)

    def test_size_of_queued(self):
        """
        A size of zero, as it is shown where there is none, is no promise of an
        image without data.
        """
        image_id = self.create()
        self.ask("PUT", f"/{image_id}", meta(size=0))
        self.assertIsNone(self.known(image_id).size)
        answer = self.ask("PUT", f"/{image_id}", raw(size=0), DATA)
        self.assert_refused(answer, 400, b"Supplied size (0)")

    def test_others(self):
        """
        Who doesn't own an image cannot change it.
        """
        public = self.create(raw(is_public="True", owner="a"), DATA)
        self.service.context = member_of("a")
        private = self.create(raw(), DATA)
        self.service.context = member_of("b")
        for method in ("PUT", "DELETE"):
            self.assertEqual(self.ask(method, f"/{public}").status, 403)
            self.assertEqual(self.ask(method, f"/{private}").status, 404)
        self.assertEqual(self.known(public).status, Status.ACTIVE)
        self.assertEqual(len(self.keys()), 2)

    def test_publishing(self):
        """
        Only administrators make images public.
        """
        self.service.context = member_of("a")
        answer = self.ask("POST", "", meta(is_public="True"))
        self.assert_refused(
            answer, 403, b"Your role does not let you make images public."
        )
        image_id = self.create()
        answer = self.ask("PUT", f"/{image_id}", meta(is_public="True"))
        self.assert_refused(
            answer, 403, b"Your role does not let you make images public."
        )
        self.assertIs(self.known(image_id).visibility, Visibility.SHARED)

    def test_deleted(self):
        """
        A deleted image cannot be changed.
        """
        image_id = self.create()
        self.ask("DELETE", f"/{image_id}")
        answer = self.ask("PUT", f"/{image_id}", meta(name="a"))
        self.assert_refused(answer, 403, b"Forbidden to update deleted image.")
        self.service.context = member_of("a")
        self.assertEqual(self.ask("PUT", f"/{image_id}").status, 404)

    def test_shared_stays(self):
        """
        An image that is said not to be public is as private as it was.
        """
        image_id = self.create()
        old = self.known(image_id)
        new = evolve(old, visibility=Visibility.PRIVATE)
        self.successResultOf(self.service.registry.replace(old, new))
        self.ask("PUT", f"/{image_id}", meta(is_public="False"))
        self.assertIs(self.known(image_id).visibility, Visibility.PRIVATE)


class DeleteTests(CallingTestCase):
    """
    DELETE deletes images.
    """

    def test_deleted(self):
        """
        Image and data are gone, and cannot be deleted again.
        """
        image_id = self.create(raw(), DATA)
        answer = self.ask("DELETE", f"/{image_id}")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(self.keys(), [])
        self.assertEqual(self.ask("DELETE", f"/{image_id}").status, 404)

    def test_protected(self):
        """
        A protected image cannot be deleted.
        """
        image_id = self.create(raw(protected="True"), DATA)
        self.assert_refused(self.ask("DELETE", f"/{image_id}"), 403, b"is protected")
        self.ask("PUT", f"/{image_id}", meta(protected="False"))
        self.assertEqual(self.ask("DELETE", f"/{image_id}").status, 200)

    def test_waiting(self):
        """
        An image whose data is still to go cannot be deleted again.
        """
        image_id = self.create()
        old = self.known(image_id)
        new = old.becoming(Status.PENDING_DELETE)
        self.successResultOf(self.service.registry.replace(old, new))
        answer = self.ask("DELETE", f"/{image_id}")
        self.assert_refused(answer, 403, b"pending_delete")
        self.service.context = member_of("a")
        self.assertEqual(self.ask("DELETE", f"/{image_id}").status, 404)
