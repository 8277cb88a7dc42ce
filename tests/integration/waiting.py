"""
The contract of stores, over real connections.
"""

import time

from twisted.internet import reactor
from zope.interface import implementer

from glance.interfaces import IStore

PATIENCE = 120
"""How many seconds anything may take, on a busy machine."""

QUIET = 0.1
"""For how many seconds nothing happens where nothing is to happen."""


class Turning:
    """
    Has the reactor turn while somebody waits; not where it turns already.
    """

    def __init__(self):
        self._turning = False
        # It is started with the reactor, else; names are looked up in it.
        reactor.getThreadPool().start()

    def until(self, done, seconds=PATIENCE):
        """
        Turn until C{done} is true.

        @return: whether it is.
        """
        if self._turning:
            return done()
        self._turning = True
        end = time.monotonic() + seconds
        try:
            while not done() and time.monotonic() < end:
                reactor.iterate(0.01)
        finally:
            self._turning = False
        return done()


def watched(running):
    """
    Get a function that tells whether a L{Deferred} has fired.
    """
    fired = []

    def note(result):
        fired.append(True)
        return result

    running.addBoth(note)
    return lambda: bool(fired)


class AddedBody:
    """
    A body of which is known whether it is wanted yet.
    """

    def __init__(self, body):
        self._body = body
        self.length = body.length
        self.begun = False

    def __getattr__(self, name):
        return getattr(self._body, name)

    def startProducing(self, consumer):
        self.begun = True
        return self._body.startProducing(consumer)


class GotBody:
    """
    A body that has given all that is wanted before its methods return.
    """

    def __init__(self, body, turning):
        self._body = body
        self._turning = turning
        self._over = None
        self._paused = False
        self.length = body.length

    def startProducing(self, consumer):
        running = self._body.startProducing(consumer)
        self._over = watched(running)
        self._go_on()
        return running

    def pauseProducing(self):
        self._paused = True
        self._body.pauseProducing()

    def resumeProducing(self):
        self._paused = False
        self._body.resumeProducing()
        self._go_on()

    def stopProducing(self):
        self._body.stopProducing()

    def _go_on(self):
        if self._over is not None:
            self._turning.until(lambda: self._paused or self._over())


@implementer(IStore)
class PromptStore:
    """
    A store that has done what it can before its methods return.
    """

    def __init__(self, store, turning):
        self._store = store
        self._turning = turning
        self.kind = store.kind

    def _prompt(self, running):
        self._turning.until(watched(running))
        return running

    def add(self, key, body):
        added = AddedBody(body)
        running = self._store.add(key, added)
        fired = watched(running)
        self._turning.until(lambda: added.begun or fired())
        return running

    def get(self, key, offset=0, length=None, size=None):
        getting = self._store.get(key, offset, length, size)
        return self._prompt(getting.addCallback(GotBody, self._turning))

    def size(self, key):
        return self._prompt(self._store.size(key))

    def delete(self, key):
        return self._prompt(self._store.delete(key))

    def keys(self):
        return self._prompt(self._store.keys())

    def sweep(self):
        return self._prompt(self._store.sweep())

    def unfinished(self):
        return self._prompt(self._store.unfinished())

    def adopt(self, uri):
        return self._store.adopt(uri)

    def check(self):
        return self._prompt(self._store.check())


class Waiting:
    """
    Mixed in with a contract and a C{SynchronousTestCase}, before them: results
    are waited for.  C{connections} is closed at the end.
    """

    def setUp(self):
        self.turning = Turning()
        super().setUp()

    def tearDown(self):
        super().tearDown()
        # Those too that are just coming back from their use.
        self.turning.until(lambda: False, QUIET / 5)
        self.successResultOf(self.connections.close())

    def successResultOf(self, running):
        self.turning.until(watched(running))
        return super().successResultOf(running)

    def failureResultOf(self, running, *kinds):
        self.turning.until(watched(running))
        return super().failureResultOf(running, *kinds)

    def assertNoResult(self, running):
        self.turning.until(lambda: False, QUIET)
        super().assertNoResult(running)
