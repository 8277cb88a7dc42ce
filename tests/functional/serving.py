"""
The API in memory, served over a real socket.
"""

from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString

from glance.streams.site import StreamingSite
from tests.api.assembly import Service


async def serve(case):
    """
    Serve a new API on loopback, until the test is over.

    @return: the service and its port.
    """
    service = Service(case)
    site = StreamingSite(
        service.root, reactor, idle_timeout=60, finished=lambda request: None
    )
    endpoint = serverFromString(reactor, "tcp:0:interface=127.0.0.1")
    port = await endpoint.listen(site)

    async def stop():
        site.abort()
        await port.stopListening()
        # What was aborted is closed in the next turn.
        await site.drained()

    case.addCleanup(stop)
    return service, port.getHost().port
