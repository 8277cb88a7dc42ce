"""
Whether clients notice that processes are replaced.
"""

import http.client
import os
import signal
import statistics
import threading
import time
import uuid

from attrs import Factory, define

from bench.servers import MIB
from tests.functional.daemons import Place

PATIENCE = 60
"""How many seconds a request may take."""

DONE = "Supervisor] Reloaded."
"""What the log says when all processes are replaced."""


@define
class Load:
    """
    Requests of several kinds at once, none of which is tried again.
    """

    place: Place
    seconds: list = Factory(list)
    """How long each request took that went well."""
    failures: list = Factory(list)
    """What went wrong."""
    _threads: list = Factory(list)
    _over: threading.Event = Factory(threading.Event)

    def begin(self, asking, uploading):
        """
        Begin.

        @param asking: how many ask for lists: as many on connections that are
            kept, and as many on a new one each time.
        @param uploading: how many store images, and fetch and delete them.
        """
        work = [self._kept] * asking + [self._new] * asking
        work += [self._store] * uploading
        self._threads = [threading.Thread(target=self._go, args=(f,)) for f in work]
        for thread in self._threads:
            thread.start()

    def end(self):
        """
        Let the requests under way come to their end.
        """
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.place.api_port, PATIENCE)

    def _go(self, work):
        connection = self._connect()
        while not self._over.is_set():
            try:
                connection = work(connection)
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self.failures.append(f"{work.__name__}: {error!r}")
                connection = self._connect()
        connection.close()

    def _ask(self, connection, method, path, expected, body=None, headers=None):
        began = time.monotonic()
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        data = answer.read()
        assert answer.status == expected, (method, path, answer.status, data[:200])
        self.seconds.append(time.monotonic() - began)
        return data

    def _kept(self, connection):
        self._ask(connection, "GET", "/v1/images", 200)
        return connection

    def _new(self, connection):
        connection.close()
        connection = self._connect()
        self._ask(connection, "GET", "/healthcheck", 200)
        return connection

    def _store(self, connection):
        image_id, data = str(uuid.uuid4()), os.urandom(MIB)
        head = {
            "Content-Type": "application/octet-stream",
            "X-Image-Meta-Id": image_id,
            "X-Image-Meta-Name": "bench",
            "X-Image-Meta-Disk-Format": "raw",
            "X-Image-Meta-Container-Format": "bare",
        }
        self._ask(connection, "POST", "/v1/images", 201, data, head)
        path = f"/v1/images/{image_id}"
        assert self._ask(connection, "GET", path, 200) == data
        self._ask(connection, "DELETE", path, 200)
        return connection


def reload_under(daemon, times):
    """
    Have a daemon replace its processes that many times under load.

    @return: the seconds that one time takes, at the median.
    """
    taken = []
    for _ in range(times):
        done = daemon.log.count(DONE)
        began = time.monotonic()
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda done=done: daemon.log.count(DONE) > done)
        taken.append(time.monotonic() - began)
    return statistics.median(taken)


def measure(directory, times, say):
    """
    Print how many requests fail while processes are replaced.

    @return: whether none does.
    """
    place = Place(directory / "reloads")
    place.configure(workers=2)
    daemon = place.start("glance")
    load = Load(place)
    try:
        load.begin(4, 2)
        seconds = reload_under(daemon, times)
        load.end()
    finally:
        load.end()
        daemon.stop()
    ordered = sorted(load.seconds)
    say(
        f"{'FAIL' if load.failures else 'PASS'}  {times} reloads of 2 workers "
        f"({seconds:.1f} s each): {len(load.failures)} of {len(ordered)} requests "
        f"failed; they took {ordered[len(ordered) // 2] * 1000:.0f} ms at the median, "
        f"{ordered[-len(ordered) // 100] * 1000:.0f} at the 99th percentile, "
        f"{ordered[-1] * 1000:.0f} at most"
    )
    for failure in load.failures[:5]:
        say(f"      {failure}")
    return not load.failures
