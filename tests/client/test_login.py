"""
Tests for L{glance.client.login}, against the service's own identity API.
"""

from attrs import evolve
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from glance.client import (
    Client,
    Cloud,
    ImageClient,
    Invalid,
    NotAuthenticated,
    NotFound,
)
from glance.streams.bodies import BytesBody
from tests.api.keystone.test_sequences import LocalService
from tests.identity.local.users import EVA

FORMATS = {"disk_format": "raw", "container_format": "bare"}

CLOUD = Cloud(
    auth_url="http://glance.example:9292/v3",
    username="eva",
    password=EVA,
    project_name="acme",
)


class Told:
    """
    An agent that remembers what it was asked.
    """

    def __init__(self, agent):
        self._agent = agent
        self.asked = []
        self.held = None

    def request(self, method, uri, headers=None, body=None):
        """
        Ask.
        """
        self.asked.append(f"{method.decode()} {uri.decode().partition('9292')[2]}")
        asking = self._agent.request(method, uri, headers, body)
        if self.held is None or "tokens" not in uri.decode():
            return asking
        self.held.append(Deferred())
        return self.held[-1].addCallback(lambda _: asking)


class LoginTests(SynchronousTestCase):
    """
    A client logs in when it needs to.
    """

    def setUp(self):
        self.service = LocalService(self)
        self.agent = Told(self.service.client._agent)

    def log_in(self, kind=ImageClient, url=None, **said):
        """
        Get a client that logs in as eva, unless it is said otherwise.
        """
        return kind.log_in(
            evolve(CLOUD, **said),
            url,
            reactor=self.service.users.clock,
            agent=self.agent,
            in_thread=maybeDeferred,
        )

    def logins(self):
        """
        Count how often somebody has logged in.
        """
        return self.agent.asked.count("POST /v3/auth/tokens")

    def test_catalogue(self):
        """
        It finds the images by the catalogue, and logs in once.
        """
        for kind in (ImageClient, Client):
            self.agent.asked.clear()
            client = self.successResultOf(self.log_in(kind))
            ask = client.list if kind is ImageClient else client.get_images
            self.assertEqual(self.successResultOf(ask()), [])
            self.assertEqual(self.successResultOf(ask()), [])
            self.assertEqual(self.logins(), 1)

    def test_url(self):
        """
        It logs in only once it has something to ask, where it is told of whom.
        """
        url = "http://glance.example:9292"
        client = self.successResultOf(self.log_in(url=url))
        self.assertEqual(self.logins(), 0)
        self.assertEqual(self.successResultOf(client.list()), [])
        self.assertEqual(self.logins(), 1)

    def test_ways(self):
        """
        One logs in by ids, by an API token as application credential, or by a
        token.
        """
        accounts = self.service.users.file.read()
        eva, acme = accounts.user_named("eva"), accounts.project_named("acme")
        key = self.service.users.file.add_key("eva", None, "", None)
        _, key_id, secret = key.split("_", 2)
        nobody = {"username": None, "password": None, "project_name": None}
        for said in (
            {"username": None, "user_id": eva.id},
            {"project_name": None, "project_id": acme.id},
            {"user_domain_name": "Default", "project_domain_id": "default"},
            {
                **nobody,
                "application_credential_id": key_id,
                "application_credential_secret": secret,
            },
            {**nobody, "token": key},
        ):
            client = self.successResultOf(self.log_in(**said))
            self.assertEqual(self.successResultOf(client.list()), [], said)

    def test_again(self):
        """
        It logs in again when the service doesn't take its token any more, and
        does then what it was told to.
        """
        client = self.successResultOf(self.log_in())
        token = self.successResultOf(client.token())
        login = self.successResultOf(self.service.users.logins.by_token(token))
        self.successResultOf(self.service.users.logins.revoke(login))
        image = self.successResultOf(client.create(FORMATS, b"data"))
        self.assertEqual(image["status"], "active")
        self.assertEqual(self.logins(), 2)
        self.assertNotEqual(self.successResultOf(client.token()), token)

    def test_data_once(self):
        """
        What cannot be sent twice isn't; the next time it is let in.
        """
        client = self.successResultOf(self.log_in())
        image = self.successResultOf(client.create(FORMATS))["id"]
        token = self.successResultOf(client.token())
        login = self.successResultOf(self.service.users.logins.by_token(token))
        self.successResultOf(self.service.users.logins.revoke(login))
        uploading = client.upload(image, BytesBody(b"data"))
        self.failureResultOf(uploading, NotAuthenticated)
        self.successResultOf(client.upload(image, BytesBody(b"data")))

    def test_before_the_end(self):
        """
        It has another token before the one ends.
        """
        client = self.successResultOf(self.log_in())
        token = self.successResultOf(client.token())
        self.service.users.clock.advance(3600 - 61)
        self.assertEqual(self.successResultOf(client.token()), token)
        self.service.users.clock.advance(1)
        self.assertNotEqual(self.successResultOf(client.token()), token)

    def test_at_once(self):
        """
        Where many need a token, one asks for it.
        """
        url = "http://glance.example:9292"
        client = self.successResultOf(self.log_in(url=url))
        self.agent.held = []
        asking = [client.list() for _ in range(3)]
        self.assertNoResult(asking[0])
        # Who leaves takes nothing from the others.
        asking[1].cancel()
        self.failureResultOf(asking[1])
        [held] = self.agent.held
        self.agent.held = None
        held.callback(None)
        self.assertEqual(self.successResultOf(asking[0]), [])
        self.assertEqual(self.successResultOf(asking[2]), [])
        self.assertEqual(self.logins(), 1)

    def test_refused(self):
        """
        Whoever isn't let in is told so, and no password is in that.
        """
        for said in (
            {"password": "wrong"},
            {"username": "nobody"},
            {"project_name": "other"},
            {"user_domain_id": "elsewhere"},
        ):
            error = self.failureResultOf(self.log_in(**said), NotAuthenticated).value
            self.assertNotIn("wrong_", str(error))
            self.assertNotIn(EVA, str(error))
        self.failureResultOf(self.log_in(region="Elsewhere"), NotFound)
        self.failureResultOf(self.log_in(interface="other"), NotFound)
        for said in ({"password": None}, {"username": None}, {"auth_url": None}):
            self.failureResultOf(self.log_in(**said), Invalid)

    def test_revoked_user(self):
        """
        Who isn't let in again is told so, once.
        """
        client = self.successResultOf(self.log_in())
        self.service.users.file.remove_user("eva")
        self.service.users.clock.advance(2)
        self.failureResultOf(client.list(), NotAuthenticated)
        self.assertEqual(self.logins(), 2)
