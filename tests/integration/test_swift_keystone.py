"""
A daemon with a Swift store, whose tokens are those of a real Keystone.
"""

from uuid import uuid4

from twisted.trial.unittest import TestCase

from tests.integration.faults import FaultyNetwork
from tests.integration.keystone import Keystone
from tests.integration.servers import keystone_server, swift_server

LIFE = 6
"""For how many seconds tokens are good that end soon."""


class KeystoneDaemon(FaultyNetwork):
    """
    Mixed in: a daemon with a Swift store, found by its region and interface.
    """

    life = 3600
    """For how many seconds a token is good."""

    secrets = (Keystone.PASSWORD, "gAAAA")

    def upstream(self):
        self.keystone = keystone_server(token_life=self.life)
        self.server = swift_server(max_file_size=1_100_000, keystone=self.keystone.url)
        self.container = f"images-{uuid4()}"
        return int(self.server.url.rpartition(":")[2])

    def store_options(self, port):
        nowhere, here = "http://127.0.0.1:1", f"http://127.0.0.1:{port}"
        self.keystone.offer(f"other-{port}", public=nowhere, internal=nowhere)
        self.keystone.offer(f"region-{port}", public=nowhere, internal=here)
        return {
            "default_store": "swift",
            "swift_store_auth_address": f"{self.keystone.url}/v3",
            "swift_store_region": f"region-{port}",
            "swift_store_endpoint_type": "internalURL",
            "swift_store_container": self.container,
            "swift_store_create_container_on_put": "true",
            "swift_store_large_object_size": 1,
            "swift_store_large_object_chunk_size": 1,
            **self.credentials(),
        }

    def credentials(self):
        """
        Get the options of who keeps the data.
        """
        return {
            "swift_store_user": f"{Keystone.PROJECT}:{Keystone.USER}",
            "swift_store_key": Keystone.PASSWORD,
        }

    def stored(self):
        token = self.keystone.token(Keystone.PROJECT, Keystone.USER, Keystone.PASSWORD)
        listed = self.server.ask_as(token, self.keystone.project, "GET", self.container)
        return listed.splitlines()

    def see_transfers(self):
        """
        See an image go up and down, and away.
        """
        for chunked in (False, True):
            image_id, status = self.upload(chunked)
            self.assertEqual(status, 204)
            self.assertNotEqual(self.stored(), [])
            self.assertEqual(self.download(image_id), (self.data, True))
            self.delete(image_id)
            self.wait_until([])


class PasswordTests(KeystoneDaemon, TestCase):
    """
    Tokens by a password.
    """

    def test_transfers(self):
        """
        Images are kept.
        """
        self.see_transfers()


class ExpiringTests(KeystoneDaemon, TestCase):
    """
    Tokens that end soon.
    """

    life = LIFE

    def test_transfers(self):
        """
        Transfers outlive their tokens, and later ones get new ones.
        """
        self.see_slow_transfers(2 * LIFE)


class CredentialTests(KeystoneDaemon, TestCase):
    """
    Tokens by an application credential.
    """

    def credentials(self):
        name, secret = self.keystone.credential(self.container)
        self.secrets = (*self.secrets, secret)
        return {
            "swift_store_application_credential_id": name,
            "swift_store_application_credential_secret": secret,
        }

    def test_transfers(self):
        """
        Images are kept.
        """
        self.see_transfers()


class WrongPasswordTests(KeystoneDaemon, TestCase):
    """
    A Keystone that knows the user by another password.
    """

    def credentials(self):
        return {**super().credentials(), "swift_store_key": "the-wrong-password"}

    def test_refused(self):
        """
        That is told to the operator, and clients may come later.
        """
        self.daemon.wait_for_log("Keystone refuses the credentials")
        _, status = self.upload()
        self.assertEqual(status, 503)


class NoRegionTests(KeystoneDaemon, TestCase):
    """
    A catalogue that lacks the region.
    """

    def credentials(self):
        return {**super().credentials(), "swift_store_region": "nowhere"}

    def test_refused(self):
        """
        So is that.
        """
        self.daemon.wait_for_log("no internal endpoint of object-store in nowhere")
        _, status = self.upload()
        self.assertEqual(status, 503)
