"""
A daemon with an S3 store, where things go wrong.
"""

from uuid import uuid4

from twisted.trial.unittest import TestCase

from tests.integration.faults import FaultTests, FaultyNetwork, StallTests
from tests.integration.servers import S3, Swift, s3_server
from tests.integration.test_swift import small_swift


class S3Daemon:
    """
    Mixed in: a daemon with an S3 store behind the proxy.
    """

    secrets = (S3.ACCESS, S3.SECRET)
    size = (6 << 20) + 12345
    most_fail = False

    def upstream(self):
        self.server = s3_server()
        self.bucket = f"images-{uuid4()}"
        return int(self.server.url.rpartition(":")[2])

    def store_options(self, port):
        return {
            "default_store": "s3",
            "s3_store_host": f"http://127.0.0.1:{port}",
            "s3_store_access_key": S3.ACCESS,
            "s3_store_secret_key": S3.SECRET,
            "s3_store_bucket": self.bucket,
            "s3_store_create_bucket_on_put": "true",
            "s3_store_large_object_chunk_size": 5,
            "s3_store_idle_timeout": self.idle,
            **self.more(),
        }

    def more(self):
        """
        Get options of the daemon that are not as usual.
        """
        return {}

    def stored(self):
        return self.server.stored(self.bucket)

    def see_refused(self, reason):
        """
        See that the daemon starts, says what is wrong, and tells clients to come
        later.
        """
        self.daemon.wait_for_log("Store s3 does not work at present")
        self.assertIn(reason, self.daemon.log)
        status, _, body = self.ask("GET", "/healthcheck")
        self.assertEqual((status, body), (503, b"store s3: StoreUnavailable\n"))
        image_id, status = self.upload()
        self.assertEqual(status, 503)
        self.assertEqual(self.status_of(image_id), "queued")


class TroubleTests(S3Daemon, FaultyNetwork, TestCase):
    """
    An S3 that works, and whose objects others remove.
    """

    def test_missing_data(self):
        """
        Data that somebody has removed is not found, and the image can be deleted.
        """
        image_id, _ = self.upload()
        (name,) = self.stored()
        self.server.ask("DELETE", f"{self.bucket}/{name}")
        status, _, _ = self.ask("GET", f"/v2/images/{image_id}/file")
        self.assertEqual(status, 404)
        self.delete(image_id)

    def test_other_data(self):
        """
        Data of another length isn't given.
        """
        image_id, _ = self.upload()
        (name,) = self.stored()
        self.server.ask("PUT", f"{self.bucket}/{name}")
        status, _, _ = self.ask("GET", f"/v2/images/{image_id}/file")
        self.assertEqual(status, 500)
        self.delete(image_id)
        self.wait_until([])


class WrongKeyTests(S3Daemon, FaultyNetwork, TestCase):
    """
    An S3 that knows the daemon by another key.
    """

    secrets = (*S3Daemon.secrets, "the-wrong-key")

    def more(self):
        return {"s3_store_secret_key": "the-wrong-key"}

    def test_refused(self):
        """
        That is said, and passes for clients.
        """
        self.see_refused("The S3 store refuses what it is asked")


class NoBucketTests(S3Daemon, FaultyNetwork, TestCase):
    """
    An S3 without the bucket.
    """

    def more(self):
        return {"s3_store_create_bucket_on_put": "false"}

    def test_refused(self):
        """
        That is said, and nobody makes it.
        """
        self.see_refused("The bucket of the S3 store is not there")
        self.server.ask("PUT", self.bucket)
        _, status = self.upload()
        self.assertEqual(status, 204)


class DownTests(S3Daemon, FaultyNetwork, TestCase):
    """
    An S3 that cannot be reached when the daemon starts.
    """

    def more(self):
        self.proxy.set(refuse=True)
        return {}

    def test_refused(self):
        """
        That is said, and passes.
        """
        self.see_refused("The S3 store does not work at present")
        self.proxy.set()
        _, status = self.upload()
        self.assertEqual(status, 204)
        status, _, _ = self.ask("GET", "/healthcheck")
        self.assertEqual(status, 200)


class OtherRegionTests(S3Daemon, FaultyNetwork, TestCase):
    """
    An S3 whose region is another than was said, on Swift's s3api, which minds.
    """

    secrets = (Swift.USER, Swift.KEY)

    def upstream(self):
        self.server = small_swift()
        self.bucket = f"images-{uuid4()}"
        return int(self.server.url.rpartition(":")[2])

    def more(self):
        return {
            "s3_store_access_key": Swift.USER,
            "s3_store_secret_key": Swift.KEY,
            "s3_store_region_name": "eu-west-1",
        }

    def stored(self):
        return self.server.ask("GET", self.bucket).splitlines()

    def test_found(self):
        """
        It is found out.
        """
        self.data = self.data[:1000]
        image_id, status = self.upload()
        self.assertEqual(status, 204)
        self.assertEqual(self.download(image_id), (self.data, True))
        self.delete(image_id)
        self.wait_until([])
        self.assertNotIn("does not work", self.daemon.log)


class S3FaultTests(S3Daemon, FaultTests, TestCase):
    """
    An S3 store behind a network that fails.
    """


class S3StallTests(S3Daemon, StallTests, TestCase):
    """
    An S3 store behind a network that stalls.
    """
