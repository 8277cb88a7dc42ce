"""
Tests for L{glance.registry.http}.
"""

import orjson
from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.error import (
    ConnectError,
    ConnectionLost,
    ConnectionRefusedError,
    DNSLookupError,
)
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import RequestTransmissionFailed, ResponseNeverReceived
from twisted.web.iweb import IAgent
from twisted.web.resource import Resource
from zope.interface import implementer

from glance.errors import (
    ImageChanged,
    ImageExists,
    ImageNotFound,
    InvalidImage,
    RegistryRefused,
    RegistryUnavailable,
)
from glance.log import request_id
from glance.query import EVERYTHING, Query
from glance.registry.http import RAISED
from glance.registry.peer import CONNECTIONS
from tests.http import stub_client
from tests.registry.contract import RegistryContract
from tests.registry.served import (
    IMAGE,
    OTHER,
    THEN,
    http_registry,
    memory_registry,
    root_of,
)


class HTTPRegistryTests(RegistryContract, SynchronousTestCase):
    """
    L{HTTPRegistry} is a registry, as far as the one behind it is.
    """

    def make_registry(self):
        registry = memory_registry(self, self.clock)
        return http_registry(root_of(registry), self.clock)


@implementer(IAgent)
class Losing:
    """
    An agent that loses its connection: before the server sees the request, or
    once the server has done all of it.
    """

    def __init__(self, agent, reached):
        """
        @param agent: what carries the request.
        @param reached: whether the server sees it.
        """
        self._agent = agent
        self._reached = reached
        self.lost = 0
        self.meanwhile = lambda: None

    def request(self, method, uri, headers=None, bodyProducer=None):  # noqa: N803
        """
        Send a request, and lose the connection.
        """
        self.lost += 1
        if self._reached:
            self._agent.request(method, uri, headers, bodyProducer)
        self.meanwhile()
        return fail(ResponseNeverReceived([Failure(ConnectionLost())]))


class LostTests(SynchronousTestCase):
    """
    A connection that turns out to be dead does no harm.
    """

    def setUp(self):
        self.behind = memory_registry(self)
        self.root = root_of(self.behind)

    def losing(self, reached):
        """
        Get a registry whose every first try is lost.
        """
        self.agent = Losing(stub_client(self.root)._agent, reached)
        return http_registry(self.root, kept=self.agent)

    def create(self, image=IMAGE):
        return self.successResultOf(self.behind.create(image))

    def test_safe(self):
        """
        What only asks, or may be done twice, is done again.
        """
        self.create()
        for reached in (False, True):
            registry = self.losing(reached)
            query = Query(scope=EVERYTHING)
            found = self.successResultOf(registry.get(IMAGE.id))
            self.assertEqual(found, self.successResultOf(self.behind.get(IMAGE.id)))
            self.assertEqual(list(self.successResultOf(registry.find(query))), [found])
            self.assertEqual(list(self.successResultOf(registry.unsettled(5))), [])
            self.assertEqual(self.successResultOf(registry.purge(THEN, 5)), 0)
            self.assertIsNone(self.successResultOf(registry.renew("a b/c?", 5)))
            self.assertIsNone(self.successResultOf(registry.check()))
            self.assertEqual(self.agent.lost, 6)

    def test_create(self):
        """
        An image is made once, whether the first try reached the registry or
        not.
        """
        for reached, image in ((False, IMAGE), (True, OTHER)):
            created = self.successResultOf(self.losing(reached).create(image))
            self.assertEqual(created, self.successResultOf(self.behind.get(image.id)))

    def test_create_taken(self):
        """
        An id that somebody else had before stays theirs.
        """
        self.create(evolve(IMAGE, name="theirs"))
        for reached in (False, True):
            creating = self.losing(reached).create(IMAGE)
            self.failureResultOf(creating, ImageExists)

    def test_replace(self):
        """
        An image is changed once, whether the first try reached the registry or
        not.
        """
        old = self.create()
        for reached in (False, True):
            new = evolve(old, name=f"reached {reached}")
            replaced = self.successResultOf(self.losing(reached).replace(old, new))
            self.assertEqual(replaced, self.successResultOf(self.behind.get(old.id)))
            self.assertEqual(replaced.name, new.name)
            self.assertEqual(replaced.revision, old.revision + 1)
            old = replaced

    def test_replace_too_late(self):
        """
        An image that somebody else had changed before stays as they made it.
        """
        old = self.create()
        theirs = evolve(old, name="theirs")
        self.successResultOf(self.behind.replace(old, theirs))
        for reached in (False, True):
            replacing = self.losing(reached).replace(old, evolve(old, name="ours"))
            self.failureResultOf(replacing, ImageChanged)
            kept = self.successResultOf(self.behind.get(IMAGE.id))
            self.assertEqual(kept.name, "theirs")

    def test_replace_meanwhile(self):
        """
        Where somebody else changes the image between the two tries, that is
        told: what we see may be theirs.
        """
        old = self.create()
        for reached in (False, True):
            registry = self.losing(reached)

            def meanwhile():
                now = self.successResultOf(self.behind.get(IMAGE.id))
                theirs = evolve(now, owner="them")
                self.successResultOf(self.behind.replace(now, theirs))

            self.agent.meanwhile = meanwhile
            replacing = registry.replace(old, evolve(old, name="ours"))
            self.failureResultOf(replacing, ImageChanged)
            old = self.successResultOf(self.behind.get(IMAGE.id))

    def test_twice(self):
        """
        Where the second try is lost as well, the registry is unavailable.
        """
        for reached in (False, True):
            losing = Losing(stub_client(self.root)._agent, reached)
            registry = http_registry(self.root, kept=losing, fresh=losing)
            for call in (
                registry.create(OTHER),
                registry.get(IMAGE.id),
                registry.replace(IMAGE, IMAGE),
                registry.check(),
            ):
                self.failureResultOf(call, RegistryUnavailable)


class Answer(Resource):
    """
    Answers everything alike, and keeps what it was asked.
    """

    isLeaf = True

    def __init__(self, code, body):
        super().__init__()
        self.code = code
        self.body = body
        self.headers = []

    def render(self, request):
        """
        Answer.
        """
        self.headers.append(request.requestHeaders)
        request.setResponseCode(self.code)
        return self.body


@implementer(IAgent)
class Failing:
    """
    An agent whose every request fails.
    """

    def __init__(self, error):
        self.error = error

    def request(self, method, uri, headers=None, bodyProducer=None):  # noqa: N803
        """
        Fail.
        """
        return fail(self.error)


@implementer(IAgent)
class Waiting:
    """
    An agent that waits for ever.
    """

    def request(self, method, uri, headers=None, bodyProducer=None):  # noqa: N803
        """
        Wait.
        """

        def cancelled(waiting):
            reason = ResponseNeverReceived([Failure(CancelledError())])
            waiting.errback(reason)

        self.waiting = Deferred(cancelled)
        return self.waiting


class AnswerTests(SynchronousTestCase):
    """
    What the registry answers is understood.
    """

    def failing(self, agent):
        """
        Get a registry that is asked through an agent.
        """
        self.clock = Clock()
        return http_registry(Resource(), self.clock, kept=agent, fresh=agent)

    def answered(self, code, body):
        """
        Get what becomes of an answer.
        """
        return http_registry(Answer(code, body)).get(IMAGE.id)

    def test_domain_errors(self):
        """
        What a registry may raise arrives as it was raised.
        """
        for name, kind in RAISED.items():
            body = orjson.dumps({"error": name, "message": "So \N{SNOWMAN}"})
            failure = self.failureResultOf(self.answered(400, body), kind)
            self.assertEqual(failure.type, kind)
            self.assertEqual(str(failure.value), "So \N{SNOWMAN}")

    def test_garbage(self):
        """
        An answer that makes no sense is none.
        """
        for code, body in (
            (200, b""),
            (200, b"<html>"),
            (200, b"{}"),
            (200, b"[]"),
            (204, b""),
            (302, b"{}"),
            (400, b'{"error": "SystemExit", "message": "a"}'),
            (400, b'{"error": ["ImageNotFound"]}'),
            (400, b'"ImageNotFound"'),
            (404, b'{"error": "NotFound", "message": "There is nothing."}'),
            (500, b'{"error": "", "message": "Oh"}'),
            (502, b"Bad gateway"),
        ):
            with self.subTest(code=code, body=body):
                self.failureResultOf(self.answered(code, body), RegistryUnavailable)

    def test_refused(self):
        """
        A registry that does not take the key says so in another way: waiting
        does not help.
        """
        for code in (401, 403):
            failure = self.failureResultOf(self.answered(code, b""), RegistryRefused)
            self.assertIn("registry_secret", str(failure.value))

    def test_unreachable(self):
        """
        Where there is no registry, that is told without a second try.
        """
        for error in (ConnectionRefusedError(), ConnectError(), DNSLookupError()):
            getting = self.failing(Failing(error)).get(IMAGE.id)
            failure = self.failureResultOf(getting, RegistryUnavailable)
            self.assertNotIn(type(error).__name__, str(failure.value))

    def test_unsent(self):
        """
        A request that breaks in the middle, twice, is told.
        """
        error = RequestTransmissionFailed([Failure(ConnectionLost())])
        self.failureResultOf(
            self.failing(Failing(error)).create(IMAGE), RegistryUnavailable
        )

    def test_time_limit(self):
        """
        A registry that does not answer in time is unavailable.
        """
        getting = self.failing(Waiting()).get(IMAGE.id)
        self.clock.advance(29)
        self.assertNoResult(getting)
        self.clock.advance(2)
        self.failureResultOf(getting, RegistryUnavailable)

    def test_crowded(self):
        """
        A call that waits for others is given up in time, or when it is
        cancelled, and the others go on.
        """
        registry = self.failing(Waiting())
        first = [registry.check() for _ in range(CONNECTIONS)]
        self.clock.advance(15)
        late, unwanted = registry.check(), registry.check()
        unwanted.cancel()
        self.failureResultOf(unwanted, CancelledError)
        self.clock.advance(16)
        for call in first:
            self.failureResultOf(call, RegistryUnavailable)
        self.assertNoResult(late)
        self.clock.advance(15)
        self.failureResultOf(late, RegistryUnavailable)

    def test_cancelled(self):
        """
        A call that is cancelled ends so, and is not tried again.
        """
        agent = Waiting()
        for call in ("check", "create", "replace"):
            registry = self.failing(agent)
            arguments = {"check": (), "create": (IMAGE,), "replace": (IMAGE, IMAGE)}
            calling = getattr(registry, call)(*arguments[call])
            waiting = agent.waiting
            calling.cancel()
            self.failureResultOf(calling, CancelledError)
            self.assertIs(agent.waiting, waiting)
            self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_key(self):
        """
        The registry is given the key, where there is one.
        """
        answer = Answer(200, b"{}")
        self.successResultOf(http_registry(answer).check())
        self.successResultOf(http_registry(answer, secret="s3cret").check())
        given = [h.getRawHeaders("authorization") for h in answer.headers]
        self.assertEqual(given, [None, ["Bearer s3cret"]])

    def test_request_id(self):
        """
        The id of the request that is answered is sent along.
        """
        answer = Answer(200, b"{}")
        registry = http_registry(answer)
        self.successResultOf(registry.check())
        token = request_id.set("req-1")
        self.addCleanup(request_id.reset, token)
        self.successResultOf(registry.check())
        given = [h.getRawHeaders("x-openstack-request-id") for h in answer.headers]
        self.assertEqual(given, [None, ["req-1"]])

    def test_no_id(self):
        """
        What isn't an id is no image's, and the registry isn't asked.
        """
        answer = Answer(200, b"{}")
        for image_id in ("", "a/b", "../unsettled", "\ud800", IMAGE.id.upper()):
            self.failureResultOf(http_registry(answer).get(image_id), ImageNotFound)
        self.assertEqual(answer.headers, [])

    def test_unwritable(self):
        """
        An image that cannot be sent is refused, and the registry isn't asked.
        """
        answer = Answer(200, b"{}")
        image = evolve(IMAGE, name="\ud800")
        self.failureResultOf(http_registry(answer).create(image), InvalidImage)
        self.assertEqual(answer.headers, [])
