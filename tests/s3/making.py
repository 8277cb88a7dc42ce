"""
Clients for tests.
"""

from __future__ import annotations

from treq.testing import RequestTraversalAgent
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from glance.s3 import Credentials, Endpoint, Limits, S3Client, Service, Style
from tests.s3.fake import ACCESS, SECRET

NOW = 1_795_000_000.0
CREDENTIALS = Credentials(ACCESS, SECRET)
SMALL = Limits(part_size=10, in_flight=2, attempts=3, idle=60, answer=600)


class GivenAgents:
    """
    One agent for everything.
    """

    def __init__(self, agent):
        self.kept = self.fresh = agent
        self.closed = False

    def close(self):
        """
        Take note of it.
        """
        self.closed = True
        return succeed(None)


class ManualAgent:
    """
    An agent whose requests are answered when the test says so.
    """

    def __init__(self):
        self.asked = []
        """Each request: its method, its URL, its headers and its body."""
        self.answers = []
        """The L{Deferred} of each."""
        self.cancelled = 0

    def request(self, method, uri, headers=None, body=None):
        """
        Ask.
        """
        self.asked.append((method, uri, headers, body))
        self.answers.append(Deferred(self._cancel))
        return self.answers[-1]

    def _cancel(self, answer):
        self.cancelled += 1


def make_client(
    root=None,
    *,
    agents=None,
    clock=None,
    url="http://s3.test",
    style=Style.AUTO,
    region="us-east-1",
    credentials=CREDENTIALS,
    limits=SMALL,
):
    """
    Get a client.

    @param root: the server's resource, asked in memory.
    @param agents: what is asked instead.
    """
    return S3Client(
        Service(
            Endpoint.parse(url, style),
            credentials,
            agents or GivenAgents(RequestTraversalAgent(root)),
            region=region,
            clock=clock or Clock(),
            now=lambda: NOW,
            jitter=lambda: 1.0,
            limits=limits,
        )
    )
