"""
A daemon with an S3 store, where things go wrong.
"""

from uuid import uuid4

from twisted.trial.unittest import TestCase

from tests.integration.faults import IDLE, FaultTests
from tests.integration.servers import S3, s3_server


class S3FaultTests(FaultTests, TestCase):
    """
    An S3 store behind a network that fails.
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
            "s3_store_idle_timeout": IDLE,
        }

    def stored(self):
        return self.server.stored(self.bucket)
