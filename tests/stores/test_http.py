"""
Tests for L{glance.stores.http}.
"""

from twisted.internet.defer import CancelledError
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from glance.errors import (
    BodyStopped,
    DataDamaged,
    DataNotFound,
    StoreReadOnly,
    StoreUnavailable,
)
from glance.interfaces import IStore
from glance.log import as_text
from glance.stores.http import HTTPStore
from glance.streams.bodies import pump
from tests.bodies import Collector, SilentBody, collect
from tests.outbound.web import Web, answer, redirect

URL = "http://user:pass-word@files.example.org/disk.raw?signature=s3cret"
DATA = bytes(range(256)) * 10


class HTTPStoreTests(SynchronousTestCase):
    """
    What web servers have is found, and never changed.
    """

    def serve(self, *answers):
        """
        Get a store of a web that answers so.
        """
        self.web = Web(*answers, closes=False)
        return HTTPStore(self.web.fetcher)

    def run_to_end(self, started):
        """
        Let all happen, and get the result.
        """
        return self.successResultOf(self.web.run(started))

    def refused(self, started, error):
        """
        Let all happen, and get the error.
        """
        return self.failureResultOf(self.web.run(started), error).value

    def test_interface(self):
        """
        It provides L{IStore}.
        """
        verifyObject(IStore, self.serve())

    def test_get(self):
        """
        Data is found under its URL.
        """
        body = self.run_to_end(self.serve(answer(DATA)).get(URL))
        self.assertEqual(body.length, len(DATA))
        self.assertEqual(self.run_to_end(collect(body)), DATA)

    def test_get_of_size(self):
        """
        Data that has not the size that it has to have is refused, all of it and each
        part.
        """
        for offset, length in ((0, None), (5, None), (5, 10), (5, 0)):
            store = self.serve(answer(DATA))
            body = self.run_to_end(store.get(URL, offset, length, len(DATA)))
            self.assertEqual(self.run_to_end(collect(body)), DATA[offset:][:length])
            for size in (len(DATA) - 1, len(DATA) + 1):
                store = self.serve(answer(length=len(DATA)))
                self.refused(store.get(URL, offset, length, size), DataDamaged)
                self.assertEqual(self.web.lost, 1)

    def test_get_stopped(self):
        """
        Data can be stopped.
        """
        body = self.run_to_end(self.serve(answer(DATA)).get(URL))
        body.stopProducing()
        self.refused(pump(body, Collector()), BodyStopped)
        self.assertEqual(self.web.lost, 1)

    def test_get_cut(self):
        """
        Data that breaks off is known not to be whole.
        """
        store = self.serve(answer(DATA, length=len(DATA) + 1))
        body = self.run_to_end(store.get(URL))
        reading = self.web.run(collect(body))
        self.web.connections[0].transport.loseConnection()
        self.refused(reading, DataDamaged)

    def test_size(self):
        """
        The size is told, where the server tells it.
        """
        self.assertEqual(self.run_to_end(self.serve(answer(DATA)).size(URL)), len(DATA))
        store = self.serve(b"HTTP/1.1 200 OK\r\n\r\ndata")
        self.refused(store.size(URL), DataDamaged)

    def test_nothing_there(self):
        """
        What isn't there isn't found.
        """
        for deed in ("get", "size"):
            store = self.serve(answer(status="404 Not Found"))
            self.refused(getattr(store, deed)(URL), DataNotFound)

    def test_secretive(self):
        """
        Whether a host may not be asked, or doesn't answer, or answers nonsense, is all
        the same to who named it; and nobody is told its name, or what it was asked
        with.
        """
        lines = []

        def observe(event):
            lines.append(as_text(event))

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        texts = set()
        for raw in (
            redirect("http://user:pass-word@10.0.0.1:22/s3cret"),
            redirect("file:///s3cret"),
            redirect("http://files.example.org:22/s3cret"),
            answer(status="401 pass-word"),
            b"nonsense of example\r\n\r\n",
        ):
            store = self.serve(raw)
            texts.add(str(self.refused(store.get(URL), StoreUnavailable)))
        self.assertEqual(len(texts), 1)
        self.assertEqual(len(lines), 5, lines)
        for text in (*texts, *lines):
            for secret in ("pass-word", "s3cret", "example", "10.0.0.1", "user"):
                self.assertNotIn(secret, text)

    def test_cancelled(self):
        """
        Who gives up breaks the request off.
        """
        store = self.serve()
        getting = store.get(URL)
        getting.cancel()
        self.refused(getting, CancelledError)
        self.assertEqual(self.web.lost, 1)

    def test_add(self):
        """
        Nothing can be added.
        """
        body = SilentBody(5)
        self.failureResultOf(self.serve().add(URL, body), StoreReadOnly)
        self.assertTrue(body.stopped)

    def test_not_ours(self):
        """
        There is nothing that is ours: nothing is listed, swept or deleted.
        """
        store = self.serve()
        self.assertEqual(self.successResultOf(store.keys()), [])
        self.assertEqual(self.successResultOf(store.unfinished()), [])
        self.assertEqual(self.successResultOf(store.sweep()), 0)
        self.successResultOf(store.delete(URL))
        self.successResultOf(store.check())
        self.assertEqual(self.web.seen, [])

    def test_adopt(self):
        """
        What web servers have is known by its URL.
        """
        store = self.serve()
        for uri in (URL, "HTTPS://files.example.org/x", "http://127.0.0.1/"):
            self.assertEqual(store.adopt(uri), uri)
        for uri in (
            "file:///etc/passwd",
            "swift://user:key@host/c/k",
            "http:///x",
            "",
            f"http://files.example.org/{'x' * 5000}",
        ):
            self.assertIs(store.adopt(uri), None)
