"""
Tests for L{glance.identity.nobody}.
"""

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers
from zope.interface.verify import verifyObject

from glance.context import Context
from glance.identity.nobody import NoAuth
from glance.interfaces import Caller, IIdentity


class NoAuthTests(SynchronousTestCase):
    """
    L{NoAuth} asks nobody who they are.
    """

    def test_interface(self):
        """
        It provides L{IIdentity}.
        """
        verifyObject(IIdentity, NoAuth())

    def test_everybody(self):
        """
        Everybody is an administrator without a project, whatever they say.
        """
        headers = Headers({"x-roles": ["reader"], "x-tenant-id": ["acme"]})
        context = self.successResultOf(NoAuth().identify(Caller(headers, "192.0.2.1")))
        self.assertEqual(context, Context(is_admin=True))
