"""
How many small requests are answered.
"""

from contextlib import ExitStack
from uuid import UUID, uuid5

from bench.openstack import OpenStack
from bench.servers import Glance, creation, request
from bench.speed import measure_requests, peers
from bench.table import OPENSTACK, Goal, Row

WORKERS = 2

CLIENTS = 8
"""How many connections there are."""

ATTRIBUTES = {
    "min_disk": 10,
    "tags": '["common", "half"]',
    "os_distro": '"debian"',
    "os_version": '"12"',
    "hw_disk_bus": '"virtio"',
    "hw_vif_model": '"virtio"',
}
"""What each image has beside its name."""


def cases(images):
    """
    Get the requests of each row, and how many times as many as OpenStack's are
    to be answered.
    """
    few = [request("GET", "/v2/images?limit=25")]
    many = [request("GET", f"/v2/images?limit={len(images)}")]
    shows = [request("GET", f"/v2/images/{image}") for image in images]
    return {
        "show": (shows, 15),
        "list 25": (few, 40),
        f"list {len(images):,}": (many, 40),
    }


def measure(directory, images, rounds, seconds, table, say, *, install):
    """
    Ask the servers in turn, and print rows.

    @param images: how many each has.
    @param seconds: for how long in one run.
    @param install: whether peers may be installed.
    """
    idents = [str(uuid5(UUID(int=0), str(number))) for number in range(images)]
    with ExitStack() as stack:
        kinds = {
            "2 workers": lambda: Glance(
                directory / "small-2", ["glance"], workers=WORKERS
            ),
            "1 process": lambda: Glance(directory / "small-1", ["glance"]),
            OPENSTACK: lambda: OpenStack(
                directory / "small-openstack", WORKERS, install=install
            ),
        }
        servers = list(peers(kinds, say, stack))
        for server in servers:
            server.ask_all([creation(ident, **ATTRIBUTES) for ident in idents])
        wanted = dict(cases(idents))
        rows = _run(servers, wanted, rounds, seconds)
        # These come last, as all had the same number of images until here.
        wanted = {"create": ([creation(None, **ATTRIBUTES)], 15)}
        rows += _run(servers, wanted, rounds, seconds)
        table.rows(rows)


def _run(servers, wanted, rounds, seconds):
    rows = []
    for work, (_, factor) in wanted.items():
        goals = (Goal(factor, OPENSTACK),)
        rows.append((work, Row(f"{work}, {WORKERS} workers", "requests/s", goals)))
        rows.append((work, Row(f"{work}, our 1 process", "requests/s")))
    ours, single, *others = servers
    for _ in range(rounds):
        for (work, both), (_, one) in zip(rows[::2], rows[1::2], strict=True):
            requests = wanted[work][0]
            measure_requests(ours, requests, CLIENTS, seconds, both)
            measure_requests(single, requests, CLIENTS, seconds, one)
            for other in others:
                measure_requests(other, requests, CLIENTS, seconds, both)
    for both, one in zip(rows[::2], rows[1::2], strict=True):
        for name, values in both[1].values.items():
            if name == OPENSTACK:
                one[1].values[name] = values
                one[1].costs[name] = both[1].costs[name]
    return [row for _, row in rows]
