"""
How fast the daemons are, beside nginx.
"""

from statistics import median

from attrs import frozen

from bench.servers import MIB, Failed, Glance, Nginx


@frozen
class Case:
    """
    One row of the table.
    """

    name: str
    size: int
    """The bytes that each client transfers."""
    clients: int
    upload: bool
    chunked: bool = False

    def run(self, server):
        """
        Run it once, and get the rate.
        """
        if self.upload:
            return server.upload(self.size, self.clients, self.chunked)
        return server.download(self.size, self.clients)


def cases(unit):
    """
    Get the rows.

    @param unit: the bytes that a client alone sends.
    """
    few, many = unit // 2, unit
    return [
        Case("upload, Content-Length, 1 client", unit, 1, True),
        Case("upload, chunked, 1 client", unit, 1, True, True),
        Case("upload, Content-Length, 4 clients", few, 4, True),
        Case("upload, chunked, 4 clients", few, 4, True, True),
        Case("download, 1 client", many, 1, False),
        Case("download, 16 clients", many, 16, False),
    ]


def measure(directory, unit, rounds, say, *, install):
    """
    Run each case some times, the servers in turn, and print a table.

    @param say: is called with each line.
    @param install: whether nginx may be installed.
    """
    servers = [Glance(directory / "glance")]
    try:
        servers.append(Nginx(directory / "nginx", install=install))
    except Failed as problem:
        say(f"Without nginx: {problem}")
    try:
        for server in servers:
            server.prepare(unit)
            server.upload(unit // 8, 1, chunked=False)
        rates = {}
        for _ in range(rounds):
            for case in cases(unit):
                for server in servers:
                    if case.upload and not getattr(server, "can_upload", True):
                        continue
                    rate = case.run(server)
                    rates.setdefault((case.name, server.name), []).append(rate)
        _tell(cases(unit), rates, rounds, say)
    finally:
        for server in servers:
            server.stop()


def _tell(rows, rates, rounds, say):
    say(f"Median (least to most) of {rounds} runs, the servers in turn.")
    say("")
    say(
        "| | MiB each | Glance MiB/s | nginx MiB/s | ratio | Glance CPU-s/GiB | nginx |"
    )
    say("|---|---|---|---|---|---|---|")
    for case in rows:
        ours = rates[case.name, "Glance"]
        theirs = rates.get((case.name, "nginx"), [])
        speeds = [[rate.speed for rate in side] for side in (ours, theirs)]
        costs = [[rate.cost for rate in side] for side in (ours, theirs)]
        ratio = f"{median(speeds[0]) / median(speeds[1]):.2f}" if theirs else "-"
        cells = [
            case.name,
            f"{case.size / MIB:g}",
            *[_range(side, "{:.0f}") for side in speeds],
            ratio,
            *[_range(side, "{:.2f}") for side in costs],
        ]
        say(f"| {' | '.join(cells)} |")
    say("")


def _range(values, form):
    if not values:
        return "-"
    middle, least, most = (form.format(f(values)) for f in (median, min, max))
    return f"{middle} ({least} to {most})"
