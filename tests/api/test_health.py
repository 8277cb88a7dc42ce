"""
Tests for L{glance.api.health}.
"""

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from glance.api.health import FRESH, Health
from glance.errors import RegistryUnavailable, StoreUnavailable
from tests.http import stub_client

TIMEOUT = 5.0


class HealthTests(SynchronousTestCase):
    """
    L{Health} tells whether the service works.
    """

    def setUp(self):
        self.clock = Clock()
        self.results = {"registry": succeed(None), "store file": succeed(None)}
        self.looks = dict.fromkeys(self.results, 0)
        self.draining = False
        self.client = self.client_of()

    def client_of(self, **how):
        """
        Get a client of the page.
        """
        health = Health(
            self.clock,
            {name: self.check(name) for name in self.results},
            timeout=TIMEOUT,
            draining=lambda: self.draining,
            **how,
        )
        return stub_client(health.app.resource())

    def check(self, name):
        """
        Get something that looks whether a part works.
        """

        def check():
            self.looks[name] += 1
            result = self.results[name]
            if isinstance(result, Exception):
                return fail(result)
            return result

        return check

    def start(self, method="GET", **headers):
        """
        Start to ask.
        """
        return self.client.request(method, "http://glance/healthcheck", headers=headers)

    def finish(self, asking):
        """
        Get the status and the text of the answer.
        """
        self.client._agent.flush()
        answer = self.successResultOf(asking)
        return answer.code, self.successResultOf(answer.text())

    def ask(self, **headers):
        """
        Get the status and the text of an answer that comes at once.
        """
        return self.finish(self.start(**headers))

    def test_well(self):
        """
        If all parts work, so does the service, in plain text.
        """
        self.assertEqual(self.ask(), (200, "OK"))
        answer = self.successResultOf(self.start())
        self.assertEqual(
            answer.headers.getRawHeaders("content-type"), ["text/plain; charset=UTF-8"]
        )
        self.assertEqual(answer.headers.getRawHeaders("cache-control"), ["no-store"])

    def test_json(self):
        """
        Programs are told of each part.
        """
        self.results["registry"] = RegistryUnavailable("sqlite:////secret is gone")
        answer = self.successResultOf(self.start(accept="application/json"))
        self.assertEqual(answer.code, 503)
        self.assertEqual(
            self.successResultOf(answer.json()),
            {
                "status": "failed",
                "parts": {
                    "registry": {"status": "failed", "reason": "RegistryUnavailable"},
                    "store file": {"status": "ok"},
                },
            },
        )

    def test_head(self):
        """
        HEAD answers the same.
        """
        self.assertEqual(self.finish(self.start("HEAD")), (200, ""))

    def test_failed(self):
        """
        If a part fails, the service does; what is said is what kind of failure
        it is, and nothing of where.
        """
        self.results["store file"] = StoreUnavailable("/secret/place is gone")
        self.assertEqual(self.ask(), (503, "store file: StoreUnavailable\n"))

    def test_dispensable(self):
        """
        A part that the service can do without is told of, and does not take the
        service away.
        """
        self.results["store archive"] = StoreUnavailable("/secret/place is gone")
        self.looks["store archive"] = 0
        self.client = self.client_of(dispensable={"store archive"})
        self.assertEqual(self.ask(), (200, "store archive: StoreUnavailable\n"))
        code, text = self.ask(accept="application/json")
        self.assertEqual(code, 200)
        self.assertIn('"degraded"', text)
        self.results["registry"] = RegistryUnavailable("")
        self.clock.advance(FRESH)
        code, text = self.ask()
        self.assertEqual(code, 503)
        self.assertEqual(len(text.splitlines()), 2)

    def test_unexpected(self):
        """
        A failure that nobody expected is logged.
        """
        self.results["registry"] = ZeroDivisionError("/secret")
        self.assertEqual(self.ask(), (503, "registry: Failed\n"))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_recovered(self):
        """
        Once a part works again, so does the service.
        """
        self.results["registry"] = RegistryUnavailable("")
        self.assertEqual(self.ask()[0], 503)
        self.results["registry"] = succeed(None)
        self.clock.advance(FRESH)
        self.assertEqual(self.ask()[0], 200)

    def test_set_back(self):
        """
        Parts are looked at again also where the clock is set back.
        """
        self.clock.advance(3600)
        self.ask()
        self.clock.advance(-1800)
        self.results["registry"] = RegistryUnavailable("")
        self.assertEqual(self.ask()[0], 503)

    def test_flood(self):
        """
        However often it is asked, a part is looked at once a second.
        """
        for _ in range(100):
            self.ask()
        self.assertEqual(self.looks, {"registry": 1, "store file": 1})
        self.clock.advance(FRESH)
        self.ask()
        self.assertEqual(self.looks, {"registry": 2, "store file": 2})

    def test_together(self):
        """
        Who asks while a part is being looked at, waits for that.
        """
        self.results["registry"] = looking = Deferred()
        asking = [self.start(), self.start()]
        for one in asking:
            self.assertNoResult(one)
        looking.callback(None)
        self.assertEqual([self.finish(one) for one in asking], [(200, "OK")] * 2)
        self.assertEqual(self.looks["registry"], 1)

    def test_timeout(self):
        """
        A part that hangs fails, after some seconds at first, and then at once;
        it isn't looked at again until it is done with the first look.
        """
        self.results["registry"] = looking = Deferred()
        asking = self.start()
        self.clock.advance(TIMEOUT - 0.1)
        self.client._agent.flush()
        self.assertNoResult(asking)
        self.clock.advance(0.1)
        self.assertEqual(self.finish(asking), (503, "registry: Timeout\n"))
        self.clock.advance(100)
        self.assertEqual(self.ask(), (503, "registry: Timeout\n"))
        self.assertEqual(self.looks["registry"], 1)
        looking.callback(None)
        self.assertEqual(self.ask(), (200, "OK"))

    def test_no_timers(self):
        """
        Once all is known, nothing is left to be called.
        """
        self.ask()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_asker_gone(self):
        """
        Who goes away while waiting takes nobody else along.
        """
        self.results["registry"] = looking = Deferred()
        gone, staying = self.start(), self.start()
        gone.cancel()
        self.failureResultOf(gone)
        self.client._agent.flush()
        looking.callback(None)
        self.assertEqual(self.finish(staying), (200, "OK"))

    def test_draining(self):
        """
        A service that is about to stop says so, and looks at nothing.
        """
        self.draining = True
        self.assertEqual(self.ask(), (503, "Shutting down\n"))
        self.assertEqual(self.looks["registry"], 0)
        answer = self.successResultOf(self.start(accept="application/json"))
        self.assertEqual(
            self.successResultOf(answer.json()), {"status": "draining", "parts": {}}
        )
