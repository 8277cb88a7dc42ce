"""
A daemon with a Swift store, where things go wrong.
"""

from uuid import uuid4

from twisted.trial.unittest import TestCase

from tests.integration.faults import FaultTests, FaultyNetwork, StallTests
from tests.integration.servers import Swift, needed, swift_server
from tests.integration.test_swift import MAX_FILE_SIZE

LIFE = 3
"""For how many seconds a token is good."""


class SwiftDaemon:
    """
    Mixed in: a daemon with a Swift store behind the proxy.
    """

    secrets = (Swift.KEY, Swift.USER, "AUTH_tk")

    def server_options(self):
        """
        Get the options of the server.
        """
        return {}

    def more(self):
        """
        Get options of the daemon that are not as usual.
        """
        return {}

    def make_server(self):
        """
        Get the server.
        """
        return swift_server(max_file_size=MAX_FILE_SIZE, **self.server_options())

    def upstream(self):
        self.server = self.make_server()
        self.container = f"images-{uuid4()}"
        return int(self.server.url.rpartition(":")[2])

    def store_options(self, port):
        return {
            "default_store": "swift",
            "swift_store_auth_address": f"http://127.0.0.1:{port}/auth/v1.0",
            "swift_store_user": Swift.USER,
            "swift_store_key": Swift.KEY,
            "swift_store_container": self.container,
            "swift_store_create_container_on_put": "true",
            "swift_store_large_object_size": 1,
            "swift_store_large_object_chunk_size": 1,
            "swift_store_idle_timeout": self.idle,
            **self.more(),
        }

    def stored(self):
        return self.server.ask("GET", self.container).splitlines()


class TroubleTests(SwiftDaemon, FaultyNetwork, TestCase):
    """
    A Swift that works, and doesn't take everything.
    """

    def refused(self, status):
        """
        Upload what is refused, and see that nothing is left of it.
        """
        before = self.stored()
        for chunked in (False, True):
            image_id, answered = self.upload(chunked)
            self.assertEqual(answered, status)
            self.assertEqual(self.status_of(image_id), "queued")
            image_id, answered = self.upload_of_old()
            self.assertEqual(answered, status)
            self.assertEqual(self.status_of(image_id), "killed")
        self.wait_until(before)

    def test_quota(self):
        """
        What a quota leaves no room for is refused so, and what is there stays.
        """
        image_id, status = self.upload()
        self.assertEqual(status, 204)
        quota = {"X-Container-Meta-Quota-Bytes": "1"}
        self.server.ask("POST", self.container, **quota)
        self.refused(413)
        self.assertEqual(self.download(image_id), (self.data, True))
        self.delete(image_id)
        self.wait_until([])

    def test_missing_data(self):
        """
        Data that somebody has removed is not found, and the image can be deleted.
        """
        image_id, _ = self.upload()
        for name in self.stored():
            self.server.ask("DELETE", f"{self.container}/{name}")
        status, _, _ = self.ask("GET", f"/v2/images/{image_id}/file")
        self.assertEqual(status, 404)
        self.delete(image_id)

    def test_lacking_segment(self):
        """
        Data that lacks a segment isn't said to be whole.
        """
        image_id, _ = self.upload()
        last = max(name for name in self.stored() if "/" in name)
        self.server.ask("DELETE", f"{self.container}/{last}")
        data, whole = self.download(image_id)
        self.assertFalse(whole)
        self.assertTrue(self.data.startswith(data))
        self.delete(image_id)
        self.wait_until([])

    def test_store_told(self):
        """
        Operators find what has gone wrong in the log.
        """
        self.server.ask("PUT", self.container)
        quota = {"X-Container-Meta-Quota-Count": "0"}
        self.server.ask("POST", self.container, **quota)
        self.refused(413)
        self.assertIn("Swift answered 413 to a PUT (transaction tx", self.daemon.log)


class TooLargeTests(SwiftDaemon, FaultyNetwork, TestCase):
    """
    A Swift that takes less at once than the daemon was told.
    """

    def more(self):
        return {"swift_store_large_object_size": 100}

    def test_refused(self):
        """
        What is too large is refused so, unless Swift's answer is lost: it closes the
        connection with data unread, and a reset may overtake it (RFC 9112 section 9.6).
        """
        image_id, status = self.upload()
        self.assertIn(status, (413, 503))
        self.assertEqual(self.status_of(image_id), "queued")
        self.wait_until([])


class WrongKeyTests(SwiftDaemon, FaultyNetwork, TestCase):
    """
    A Swift that knows the daemon by another key.
    """

    def more(self):
        return {"swift_store_key": "the-wrong-key"}

    secrets = (*SwiftDaemon.secrets, "the-wrong-key")

    def test_refused(self):
        """
        The daemon starts, says what is wrong, and tells clients to come later.
        """
        self.daemon.wait_for_log("Store swift does not work at present")
        self.assertIn("Swift refuses the user or the key", self.daemon.log)
        status, _, body = self.ask("GET", "/healthcheck")
        self.assertEqual((status, body), (503, b"store swift: StoreUnavailable\n"))
        image_id, status = self.upload()
        self.assertEqual(status, 503)
        self.assertEqual(self.status_of(image_id), "queued")


class GuestTests(SwiftDaemon, FaultyNetwork, TestCase):
    """
    A Swift that lets the daemon do nothing.
    """

    def more(self):
        return {"swift_store_user": "glance:guest", "swift_store_key": "guest-secret"}

    secrets = (*SwiftDaemon.secrets, "guest-secret")

    def test_refused(self):
        """
        So where the user may do nothing.
        """
        image_id, status = self.upload()
        self.assertEqual(status, 503)
        self.assertEqual(self.status_of(image_id), "queued")
        self.assertIn("Swift answered 403", self.daemon.log)


class NoContainerTests(SwiftDaemon, FaultyNetwork, TestCase):
    """
    A Swift without the container.
    """

    def more(self):
        return {"swift_store_create_container_on_put": "false"}

    def test_refused(self):
        """
        That is told, and passes once it is there.
        """
        self.daemon.wait_for_log("container of the Swift store is missing")
        _, status = self.upload()
        self.assertEqual(status, 503)
        self.server.ask("PUT", self.container)
        _, status = self.upload()
        self.assertEqual(status, 204)


class ExpiringTests(SwiftDaemon, FaultyNetwork, TestCase):
    """
    Tokens that are good for three seconds.
    """

    def server_options(self):
        return {"token_life": LIFE}

    def test_transfers(self):
        """
        Transfers outlive them, and later ones get new ones.
        """
        self.see_slow_transfers(3 * LIFE)


class NoObjectServerTests(SwiftDaemon, FaultyNetwork, TestCase):
    """
    A Swift whose disks are gone.
    """

    def make_server(self):
        server = Swift(max_file_size=MAX_FILE_SIZE)
        self.addCleanup(server.remove)
        needed("Swift", server.start)
        return server

    def test_unavailable(self):
        """
        That is told, and nobody waits for it; what was there stays known.
        """
        image_id, status = self.upload()
        self.assertEqual(status, 204)
        self.server.kill("object")
        other_id, status = self.upload()
        self.assertEqual(status, 503)
        self.assertEqual(self.status_of(other_id), "queued")
        self.assertEqual(self.download(image_id), (b"", False))
        self.assertEqual(self.status_of(image_id), "active")


class SwiftFaultTests(SwiftDaemon, FaultTests, TestCase):
    """
    A Swift store behind a network that fails.
    """


class SwiftStallTests(SwiftDaemon, StallTests, TestCase):
    """
    A Swift store behind a network that stalls.
    """
