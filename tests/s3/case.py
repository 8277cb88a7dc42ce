"""
What tests of operations have in common.
"""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.s3.fake import FakeS3
from tests.s3.making import make_client

DATA = bytes(range(256)) * 4
KEY = "a dir/im+age é'~.1"


class ClientCase(SynchronousTestCase):
    """
    A client and a server.
    """

    def setUp(self):
        self.root = FakeS3()
        self.clock = Clock()
        self.client = make_client(self.root, clock=self.clock)
        self.successResultOf(self.client.create_bucket("b"))
        self.bucket = self.root.buckets["b"]
        self.root.seen.clear()

    def upload(self, body, client=None):
        """
        Begin an upload.
        """
        return (client or self.client).upload("b", KEY, body)

    def refuse(self, asked, refusal, times=1):
        """
        Have the server refuse something.
        """
        left = [None] * times

        def fault(request, what):
            if what == asked and left:
                left.pop()
                raise refusal

        self.root.faults.append(fault)

    def assert_nothing(self):
        """
        See that there is nothing in the bucket.
        """
        self.assertEqual((self.bucket.objects, self.bucket.uploads), ({}, {}))
