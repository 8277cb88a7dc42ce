"""
Registries and stores that fail when they are told to.
"""

from twisted.internet.defer import Deferred, fail
from zope.interface import implementer

from glance.errors import RegistryUnavailable, StoreUnavailable
from glance.interfaces import IRegistry, IStore
from glance.limits import UNBOUNDED


@implementer(IRegistry)
class FaultyRegistry:
    """
    A registry over another one, that can be down.
    """

    def __init__(self, registry):
        self._registry = registry
        self.down = False
        """Whether it cannot be asked."""
        self.lose_answers = 0
        """How many of the next replacements are made, and not answered."""
        self.renewed = None
        """What renewals of leases wait for."""

    def _ask(self, name, *arguments):
        if self.down:
            return fail(RegistryUnavailable("It is down."))
        return getattr(self._registry, name)(*arguments)

    def create(self, image, quota=UNBOUNDED):
        return self._ask("create", image, quota)

    def get(self, image_id):
        return self._ask("get", image_id)

    def find(self, query):
        return self._ask("find", query)

    def replace(self, old, new, quota=UNBOUNDED):
        answer = self._ask("replace", old, new, quota)
        if self.lose_answers:
            self.lose_answers -= 1
            return answer.addCallback(lambda _: _raise(RegistryUnavailable("Lost.")))
        return answer

    def book(self, image_id, attempt_id, size, quota=UNBOUNDED):
        return self._ask("book", image_id, attempt_id, size, quota)

    def usage(self, owner):
        return self._ask("usage", owner)

    def renew(self, instance, seconds):
        answer = self._ask("renew", instance, seconds)
        if self.renewed is not None:
            answer.addCallback(lambda _: self.renewed)
        return answer

    def unsettled(self, limit, after=None):
        return self._ask("unsettled", limit, after)

    def purge(self, before, limit):
        return self._ask("purge", before, limit)

    def check(self):
        return self._ask("check")


@implementer(IStore)
class FaultyStore:
    """
    A store over another one, that can be down, or slow to end an upload.
    """

    kind = "faulty"

    def __init__(self, store):
        self._store = store
        self.down = False
        """Whether it does not work."""
        self.added = None
        """
        A L{Deferred} that adds wait for once the data is kept; L{None} for
        nothing.
        """
        self.hanging = None
        """A list of who waits while the store does not answer; L{None} if it does."""

    def _ask(self, name, *arguments):
        if self.down:
            return fail(StoreUnavailable("It is down."))
        if self.hanging is not None:
            waiting = Deferred()
            self.hanging.append((name, waiting))
            return waiting.addCallback(lambda _: getattr(self._store, name)(*arguments))
        return getattr(self._store, name)(*arguments)

    def answer(self):
        """
        Answer again, also who waits.
        """
        hanging, self.hanging = self.hanging, None
        for _, waiting in hanging:
            waiting.callback(None)

    def add(self, key, body):
        async def add():
            size = await self._ask("add", key, body)
            if self.added is not None:
                await self.added
            return size

        return Deferred.fromCoroutine(add())

    def get(self, key, offset=0, length=None, size=None):
        return self._ask("get", key, offset, length)

    def size(self, key):
        return self._ask("size", key)

    def delete(self, key):
        return self._ask("delete", key)

    def keys(self):
        return self._ask("keys")

    def sweep(self):
        return self._ask("sweep")

    def unfinished(self):
        return self._ask("unfinished")

    def adopt(self, uri):
        return self._store.adopt(uri)

    def check(self):
        return self._ask("check")


def _raise(error):
    raise error
