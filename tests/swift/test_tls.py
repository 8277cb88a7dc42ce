"""
Tests of the client of Swift over TLS.
"""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase
from twisted.web.client import BrowserLikePolicyForHTTPS

from glance.swift.errors import Unreachable
from tests.swift.serving import Serving
from tests.swift.test_client import ClientTests
from tests.swift.test_large import LargeTests
from tests.swift.test_transfers import DownloadTests, UploadTests


class SecureClientTests(ClientTests):
    """
    All that a client does it does over TLS.
    """

    tls = True


class SecureLargeTests(LargeTests):
    """
    Segments are sent over TLS.
    """

    tls = True


class SecureDownloadTests(DownloadTests):
    """
    So are pauses.
    """

    tls = True


class SecureUploadTests(UploadTests):
    """
    In both directions.
    """

    tls = True


class StrangerTests(Serving, TestCase):
    """
    A server is asked only if its certificate is good.
    """

    tls = True

    def setUp(self):
        return Deferred.fromCoroutine(self.serve())

    async def test_stranger(self):
        """
        One whose authority isn't known is told nothing.
        """
        self.policy = BrowserLikePolicyForHTTPS()
        self.connect()
        with self.assertRaises(Unreachable):
            await self.client.check("images")
        self.assertEqual(self.fake.seen, [])


del ClientTests, LargeTests, DownloadTests, UploadTests
