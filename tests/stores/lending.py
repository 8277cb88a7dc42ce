"""
A store of others, that can be read.
"""

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from glance.errors import DataDamaged, DataNotFound, StoreReadOnly
from glance.interfaces import IStore
from glance.stores.keys import demand_size
from tests.bodies import ManualBody

HOST = "http://files.example.org/"


@implementer(IStore)
class LendingStore:
    """
    Has what a test says, by URLs of one host.
    """

    kind = "http"

    def __init__(self):
        self.sizes = {}
        """How many bytes there are, by the URL; C{None} where nobody knows."""
        self.bodies = []
        """The bodies that were asked for."""
        self.problem = None
        """What everything fails with, if with anything."""
        self.deleted = []

    def lend(self, name="disk.raw", size=5):
        """
        Have something.

        @return: its URL.
        """
        self.sizes[HOST + name] = size
        return HOST + name

    def add(self, key, body):
        body.stopProducing()
        return fail(StoreReadOnly("Only for reading."))

    def get(self, key, offset=0, length=None, size=None):
        def found(there):
            demand_size(there, size)
            body = ManualBody(there)
            self.bodies.append(body)
            return body

        return self.size(key).addCallback(found)

    def size(self, key):
        if self.problem is not None:
            return fail(self.problem)
        if key not in self.sizes:
            return fail(DataNotFound("There is nothing at the URL."))
        size = self.sizes[key]
        if isinstance(size, Deferred):
            return size
        if size is None:
            return fail(DataDamaged("Nobody knows how much."))
        return succeed(size)

    def delete(self, key):
        self.deleted.append(key)
        return succeed(None)

    def keys(self):
        return succeed([])

    def sweep(self):
        return succeed(0)

    def unfinished(self):
        return succeed([])

    def adopt(self, uri):
        return uri if uri.startswith((HOST, "swift://", "file://")) else None

    def check(self):
        return succeed(None)
