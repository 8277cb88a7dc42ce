"""
Tests of L{glance.s3.client}, on a small server in memory.
"""

from twisted.web.iweb import UNKNOWN_LENGTH

from glance.s3 import Credentials, Parcel, Style
from glance.s3.errors import (
    BadAnswer,
    BadBody,
    Conflict,
    Elsewhere,
    Forbidden,
    NotFound,
    Refused,
    Unavailable,
)
from glance.s3.objects import Part
from glance.streams.bodies import BytesBody
from tests.bodies import FailingBody, SilentBody, collect
from tests.s3.case import DATA, KEY, ClientCase
from tests.s3.fake import ACCESS, SECRET, TOKEN, Refusal
from tests.s3.making import make_client


class ObjectTests(ClientCase):
    """
    Objects are kept, found and removed.
    """

    def put(self, data=DATA, key=KEY, **named):
        """
        Keep an object, as it comes.
        """
        pieces = [data[at : at + 100] for at in range(0, len(data), 100)]
        return self.client.put_object("b", key, BytesBody(pieces), **named)

    def get(self, *args, **named):
        """
        Get an object's data.
        """
        got = self.successResultOf(self.client.get_object("b", KEY, *args, **named))
        return got.head, self.successResultOf(collect(got.body))

    def test_put(self):
        """
        What is kept is what was sent, and its ETag is told.
        """
        etag = self.successResultOf(self.put(headers={"content-type": "x/y"}))
        self.assertEqual(self.bucket.objects, {KEY: DATA})
        self.assertEqual(etag, self.root.etags[KEY])
        head, data = self.get()
        self.assertEqual((head.length, head.etag, data), (len(DATA), etag, DATA))
        self.assertEqual(self.root.told[-2].getRawHeaders("content-type"), ["x/y"])

    def test_put_hash(self):
        """
        A hash that is given is compared by the server.
        """
        self.failureResultOf(self.put(sha256="0" * 64), Refused)
        self.assertEqual(self.bucket.objects, {})

    def test_put_unknown(self):
        """
        Data of unknown length is refused, and stopped.
        """
        body = SilentBody(UNKNOWN_LENGTH)
        self.failureResultOf(self.client.put_object("b", KEY, body), BadBody)
        self.assertTrue(body.stopped)

    def test_put_wrong_length(self):
        """
        Data that is shorter or longer than it says is not kept.
        """
        for length in (3, 5):
            body = BytesBody([b"da", b"ta"])
            body.length = length
            self.failureResultOf(self.client.put_object("b", KEY, body), BadBody)
        self.assertEqual(self.bucket.objects, {})

    def test_put_fails(self):
        """
        What data fails with is what keeping it fails with.
        """
        body = FailingBody([b"da"], ZeroDivisionError("bad"), 4)
        self.failureResultOf(self.client.put_object("b", KEY, body), ZeroDivisionError)
        self.assertEqual(self.bucket.objects, {})

    def test_put_refused(self):
        """
        Where nothing can be asked, the body is stopped.
        """
        self.refuse(("GET", "list-type"), Refusal(503, "SlowDown"), 3)
        body = SilentBody(4)
        putting = self.client.put_object("b", KEY, body)
        self.clock.pump([1, 1])
        self.failureResultOf(putting, Unavailable)
        self.assertTrue(body.stopped)

    def test_get_range(self):
        """
        A part is got; the length is that of the whole.
        """
        self.successResultOf(self.put())
        for args, part in (
            ((5,), DATA[5:]),
            ((5, 10), DATA[5:15]),
            ((0, 1), DATA[:1]),
            ((1000, 1000), DATA[1000:]),
        ):
            head, data = self.get(*args)
            self.assertEqual((head.length, data), (len(DATA), part))
        beyond = self.client.get_object("b", KEY, len(DATA))
        self.assertEqual(self.failureResultOf(beyond, Refused).value.status, 416)

    def test_get_same(self):
        """
        An object that isn't the same any more isn't got.
        """
        etag = self.successResultOf(self.put())
        self.assertEqual(self.get(etag=etag)[1], DATA)
        other = self.client.get_object("b", KEY, etag='"other"')
        self.failureResultOf(other, Conflict)

    def test_get_empty(self):
        """
        An empty object is one.
        """
        self.successResultOf(self.put(b""))
        self.assertEqual(self.get()[1], b"")

    def test_head(self):
        """
        What there is to know of an object is told.
        """
        self.successResultOf(self.put())
        head = self.successResultOf(self.client.head_object("b", KEY))
        self.assertEqual((head.length, head.etag), (len(DATA), self.root.etags[KEY]))

    def test_missing(self):
        """
        What isn't there isn't found.
        """
        self.failureResultOf(self.client.head_object("b", KEY), NotFound)
        self.failureResultOf(self.client.get_object("b", KEY), NotFound)
        self.failureResultOf(self.client.head_bucket("none"), NotFound)
        self.failureResultOf(self.client.list_objects("none"), NotFound)

    def test_delete(self):
        """
        What is removed isn't there, and may be removed once more.
        """
        self.successResultOf(self.put())
        self.successResultOf(self.client.delete_object("b", KEY))
        self.assert_nothing()
        self.successResultOf(self.client.delete_object("b", KEY))

    def test_delete_no_key(self):
        """
        Without a key nothing is removed; least of all the bucket.
        """
        body = SilentBody(4)
        for asking in (
            self.client.delete_object("b", ""),
            self.client.put_object("b", "", body),
        ):
            self.failureResultOf(asking, ValueError)
        self.assertTrue(body.stopped)
        self.assertNotIn("DELETE", [method for method, _ in self.root.seen])

    def test_list(self):
        """
        All objects are listed, a page at a time.
        """
        self.root.page = 2
        for key in ("a&1", "a2", "a3", "b"):
            self.successResultOf(self.put(b"data", key))
        page = self.successResultOf(self.client.list_objects("b", "a"))
        self.assertEqual([o.key for o in page.objects], ["a&1", "a2"])
        self.assertEqual(page.objects[0].length, 4)
        page = self.successResultOf(self.client.list_objects("b", "a", page.more))
        self.assertEqual([o.key for o in page.objects], ["a3"])
        self.assertIsNone(page.more)

    def test_buckets(self):
        """
        A bucket is made once.
        """
        self.successResultOf(self.client.head_bucket("b"))
        error = self.failureResultOf(self.client.create_bucket("b"), Conflict).value
        self.assertEqual(error.code, "BucketAlreadyOwnedByYou")


class AccessTests(ClientCase):
    """
    Who asks, and where.
    """

    def test_token(self):
        """
        A session's token is sent.
        """
        self.root.token = TOKEN
        self.failureResultOf(self.client.head_bucket("b"), Forbidden)
        credentials = Credentials(ACCESS, SECRET, TOKEN)
        client = make_client(self.root, credentials=credentials)
        self.successResultOf(client.head_bucket("b"))

    def test_secret(self):
        """
        An error tells no credential, not even one that the server tells.
        """
        for credentials in (Credentials("x", SECRET), Credentials(ACCESS, "wrong")):
            client = make_client(self.root, credentials=credentials)
            error = self.failureResultOf(client.list_objects("b"), Forbidden).value
        self.assertEqual((error.status, error.request_id), (403, "r-1"))
        self.refuse(("GET", "list-type"), Refusal(403, "X", f"{ACCESS} {SECRET}"))
        error = self.failureResultOf(self.client.list_objects("b"), Forbidden).value
        self.assertNotIn(SECRET, f"{error!r} {error.message}")
        self.assertNotIn(ACCESS, f"{error!r} {error.message}")

    def test_nobody(self):
        """
        Without credentials nothing is signed.
        """
        client = make_client(self.root, credentials=None)
        self.failureResultOf(client.head_bucket("b"), Forbidden)
        self.assertFalse(self.root.told[-1].hasHeader("authorization"))

    def test_virtual(self):
        """
        A bucket can be in the host.
        """
        self.root.virtual = "s3.test"
        client = make_client(self.root, style=Style.VIRTUAL)
        self.successResultOf(client.upload("b", KEY, BytesBody(DATA[:30])))
        self.assertEqual(self.bucket.objects, {KEY: DATA[:30]})

    def test_https(self):
        """
        By HTTPS nothing is hashed; by HTTP parts are.
        """
        for url, unsigned in (("https://s3.test", True), ("http://s3.test", False)):
            client = make_client(self.root, url=url)
            self.successResultOf(client.upload("b", KEY, BytesBody(b"data")))
            told = self.root.told[-1].getRawHeaders("x-amz-content-sha256")
            self.assertEqual(told == ["UNSIGNED-PAYLOAD"], unsigned)

    def test_region(self):
        """
        Where the server names another region, that is asked, and remembered.
        """
        self.root.region = "eu-west-1"
        self.successResultOf(self.upload(BytesBody(b"data")))
        self.assertEqual(self.root.seen, [("PUT", ""), ("PUT", "")])
        self.successResultOf(self.client.head_object("b", KEY))
        self.assertEqual(len(self.root.seen), 3)

    def test_region_head(self):
        """
        A region is learnt from an answer without a body, too.
        """
        self.root.region = "eu-west-1"
        self.successResultOf(self.client.head_bucket("b"))
        self.assertEqual(len(self.root.seen), 2)

    def test_region_head_silent(self):
        """
        It is also where that has no header for it.
        """

        def fault(request, asked):
            wrong = "us-east-1" in request.getHeader("authorization")
            if asked[0] == "HEAD" and (wrong or self.root.region == "none"):
                raise Refusal(400, "")

        self.root.faults.append(fault)
        self.root.region = "eu-west-1"
        self.successResultOf(self.client.head_bucket("b"))
        self.root.region = "none"
        self.failureResultOf(self.client.head_bucket("b"), Refused)

    def test_region_once(self):
        """
        Before data is sent that can be sent but once, the region is known.
        """
        self.root.region = "eu-west-1"
        self.successResultOf(self.client.put_object("b", KEY, BytesBody(b"data")))
        self.assertEqual(self.bucket.objects, {KEY: b"data"})
        self.root.seen.clear()
        self.successResultOf(self.client.put_object("b", KEY, BytesBody(b"data")))
        self.assertEqual(self.root.seen, [("PUT", "")])

    def test_region_unlisted(self):
        """
        Who may not list may put.
        """
        self.refuse(("GET", "list-type"), Refusal(403, "AccessDenied"))
        self.successResultOf(self.client.put_object("b", KEY, BytesBody(b"data")))

    def test_region_endless(self):
        """
        A server that names ever another region is followed once.
        """
        for region in ("r1", "r2", "r3"):
            redirect = Refusal(
                301, "PermanentRedirect", more=f"<Region>{region}</Region>"
            )
            self.refuse(("GET", "list-type"), redirect)
        self.failureResultOf(self.client.list_objects("b"), Elsewhere)
        self.assertEqual(len(self.root.seen), 2)


class LeftoverTests(ClientCase):
    """
    Uploads that nobody has ended are found and removed.
    """

    def test_uploads(self):
        """
        All are listed, with those of a prefix only if that is asked for.
        """
        self.root.page = 2
        keys = ["a&1", "a&1", "a2", "a3", "b"]
        ids = [self.successResultOf(self.client.create_upload("b", k)) for k in keys]
        found = self.successResultOf(self.client.list_uploads("b"))
        self.assertEqual(
            [(u.key, u.upload_id) for u in found], list(zip(keys, ids, strict=True))
        )
        found = self.successResultOf(self.client.list_uploads("b", "a&"))
        self.assertEqual([u.key for u in found], ["a&1", "a&1"])
        for upload in self.successResultOf(self.client.list_uploads("b")):
            aborting = self.client.abort_upload("b", upload.key, upload.upload_id)
            self.successResultOf(aborting)
        self.assert_nothing()

    def test_parts(self):
        """
        All parts of one are listed.
        """
        self.root.page = 2
        upload_id = self.successResultOf(self.client.create_upload("b", KEY))
        for number in (1, 2, 3, 4, 5):
            body = Parcel([b"x" * number])
            sending = self.client.upload_part("b", KEY, upload_id, number, body)
            etag = self.successResultOf(sending)
        found = self.successResultOf(self.client.list_parts("b", KEY, upload_id))
        self.assertEqual([part.number for part in found], [1, 2, 3, 4, 5])
        self.assertEqual(found[-1], Part(5, 5, etag.strip('"')))

    def test_gone(self):
        """
        What isn't there is no error to abort, and one to list.
        """
        self.successResultOf(self.client.abort_upload("b", KEY, "none"))
        self.failureResultOf(self.client.list_parts("b", KEY, "none"), NotFound)

    def test_endless(self):
        """
        A list that doesn't get on is given up.
        """
        refusal = Refusal(200, "")
        refusal.body = (
            b"<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>"
            b"</ListMultipartUploadsResult>"
        )
        self.refuse(("GET", "uploads"), refusal, 9)
        self.failureResultOf(self.client.list_uploads("b"), BadAnswer)
