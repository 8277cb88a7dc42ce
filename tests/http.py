"""
HTTP without sockets.
"""

from treq.client import HTTPClient
from treq.testing import RequestTraversalAgent
from twisted.web.iweb import IBodyProducer

from glance.streams.bodies import BytesBody
from glance.streams.site import StreamingSite


def stub_client(root, finished=lambda request: None):
    """
    Get a client whose every request is answered by a resource, in memory, as
    if it were the root of a real site.

    Where an answer waits for something, C{client._agent.flush()} lets the
    client see what came of it.

    @param root: the resource.
    @param finished: what the site calls at the end of each request.

    @rtype: L{HTTPClient}
    """
    agent = RequestTraversalAgent(root)
    # There is no public way to give the agent a site of our kind.
    agent._serverFactory = StreamingSite(
        root, agent._memoryReactor, idle_timeout=None, finished=finished
    )
    return HTTPClient(agent, data_to_body_producer=_as_body)


def _as_body(data):
    """
    Make a body that comes at once, as far as it is bytes.
    """
    if isinstance(data, bytes):
        return BytesBody(data)
    return IBodyProducer(data)
