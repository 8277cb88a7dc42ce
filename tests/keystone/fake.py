"""
A Keystone in memory.
"""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from treq.testing import RequestTraversalAgent
from twisted.internet.defer import fail
from twisted.internet.error import ConnectionRefusedError
from twisted.web.iweb import IAgent
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

URL = "http://keystone.example:5000"

SECRET = "the-password-of-the-service"

ACME = {
    "project": {"id": "acme-id", "name": "acme", "domain": {"id": "companies"}},
    "roles": [{"id": "1", "name": "Member"}, {"id": "2", "name": "reader"}],
}
"""What a token says of a project and the roles there."""

SERVICE = {
    "project": {"id": "service-id", "name": "service", "domain": {"id": "default"}},
    "roles": [{"id": "3", "name": "service"}],
}


def when(seconds):
    """
    Say a time in so many seconds as Keystone does.
    """
    time = datetime.now(UTC) + timedelta(seconds=seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@implementer(IAgent)
class FakeKeystone(Resource):
    """
    Knows the tokens that it is told of, and who asks by one that it gave out.

    It is the agent that it is reached by as well.
    """

    isLeaf = True

    def __init__(self):
        super().__init__()
        self._agent = RequestTraversalAgent(self)
        self.asked = []
        """The method and the path with its query of each request."""
        self.given = []
        """The tokens that it gave out."""
        self.credentials = []
        """What was said to get them."""
        self.tokens = {}
        self.life = 3600
        """For how many seconds those are good that it gives out."""
        self.down = False
        self.holds = False
        """Whether nothing is answered, until C{let_go}."""
        self.answer = None
        """The status and the data that all is answered with; L{None} for none."""
        self.forbids = False
        """Whether who asks may not."""
        self.forgets = False
        """Whether it doesn't know any more what it gives out."""
        self._held = []

    def request(self, method, uri, headers=None, bodyProducer=None):  # noqa: N803
        if self.down:
            self.asked.append((method.decode(), "nothing"))
            return fail(ConnectionRefusedError("it is down"))
        return self._agent.request(method, uri, headers, bodyProducer)

    def add(self, name, seconds=3600, user="eva-id", **told):
        """
        Know a token.

        @param seconds: for how many it is good yet.
        @param told: what it says, beside the user.
        """
        self.tokens[name] = {
            "user": {"id": user, "name": "eva", "domain": {"id": "people"}},
            "methods": ["password"],
            "issued_at": when(-60),
            "expires_at": when(seconds),
            **told,
        }
        return name

    def lookups(self):
        """
        Tell how often tokens were looked up.
        """
        return sum(method == "GET" for method, _ in self.asked)

    def logins(self):
        """
        Tell how often somebody logged in.
        """
        return sum(method == "POST" for method, _ in self.asked)

    def let_go(self):
        """
        Answer what waits for it.
        """
        self.holds = False
        held, self._held = self._held, []
        for request in held:
            request.write(self._answer(request))
            request.finish()
        self._agent.flush()

    def render(self, request):
        self.asked.append((request.method.decode(), request.uri.decode()))
        if self.holds:
            self._held.append(request)
            return NOT_DONE_YET
        return self._answer(request)

    def _answer(self, request):
        status, said = self.answer or self._find(request)
        request.setResponseCode(status)
        return said if isinstance(said, bytes) else json.dumps(said).encode()

    def _find(self, request):
        parts = urlsplit(request.uri.decode())
        if parts.path == "/v3":
            return 200, {"version": {"id": "v3.14"}}
        if parts.path != "/v3/auth/tokens":
            return 404, {}
        if request.method == b"POST":
            return self._log_in(request)
        if self.forgets or request.getHeader("x-auth-token") not in self.given:
            return 401, {}
        if self.forbids:
            return 403, {}
        told = self.tokens.get(request.getHeader("x-subject-token"))
        if told is None:
            return 404, {}
        over = told["expires_at"] < when(0)
        if over and "allow_expired" not in parse_qs(parts.query):
            return 404, {}
        return 200, {"token": told}

    def _log_in(self, request):
        said = json.load(request.content)["auth"]
        self.credentials.append(said)
        if SECRET not in json.dumps(said):
            return 401, {}
        self.given.append(f"service-token-{len(self.given)}")
        request.setHeader("x-subject-token", self.given[-1])
        return 201, {
            "token": {"issued_at": when(0), "expires_at": when(self.life), **SERVICE}
        }
