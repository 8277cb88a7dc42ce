"""
The table of what was measured.
"""

from statistics import median

from attrs import Factory, define, frozen

OURS, OPENSTACK, NGINX = "ours", "OpenStack", "nginx"
SERVERS = (OURS, OPENSTACK, NGINX)


@frozen
class Goal:
    """
    A figure to reach.
    """

    limit: float
    peer: str | None = None
    """
    Beside whom: the limit is then a ratio to it, and what is wanted at least.
    Else the limit is what is allowed at most.
    """
    cost: bool = False
    """Whether processor time counts."""

    def tell(self, row):
        """
        Get what is wanted, and whether it is reached.
        """
        if self.peer:
            ratio = row.ratio(self.peer)
            wanted = f"{self.limit:g} x {self.peer}"
            return f"{wanted} {_verdict(ratio, ratio and ratio >= self.limit)}"
        values = (row.costs if self.cost else row.values).get(OURS)
        value = median(values) if values else None
        wanted = f"{'CPU ' if self.cost else ''}at most {self.limit:g}"
        return f"{wanted} {_verdict(value, value is not None and value <= self.limit)}"


def _verdict(value, reached):
    if value is None:
        return "not measured"
    return "reached" if reached else "**missed**"


@define
class Row:
    """
    What one kind of work took on each server.
    """

    work: str
    unit: str
    goals: tuple = ()
    values: dict = Factory(dict)
    """The figures of each server, by its name."""
    costs: dict = Factory(dict)
    """Its processor time, for a GiB in seconds or for a request in milliseconds."""
    failures: dict = Factory(dict)
    """What a peer failed at, in words."""

    def add(self, server, value, cost=None):
        """
        Add what one run took.
        """
        self.values.setdefault(server, []).append(value)
        if cost is not None:
            self.costs.setdefault(server, []).append(cost)

    def ratio(self, peer):
        """
        Get how many times as much it is as what a peer has; L{None} without one.
        """
        sides = self.values.get(OURS), self.values.get(peer)
        if not all(sides) or not median(sides[1]):
            return None
        return median(sides[0]) / median(sides[1])

    def cells(self):
        """
        Get what is printed.
        """
        ratios = [self.ratio(peer) for peer in SERVERS[1:]]
        return [
            self.work,
            self.unit,
            *[spread(self.values.get(server)) for server in SERVERS],
            *["-" if ratio is None else f"{ratio:.2f}" for ratio in ratios],
            *[spread(self.costs.get(server)) for server in SERVERS],
            self._dearer(),
            "; ".join([*[goal.tell(self) for goal in self.goals], *self._failed()]),
        ]

    def _dearer(self):
        ours, theirs = (self.costs.get(name) for name in (OURS, OPENSTACK))
        if not ours or not theirs or not median(ours):
            return "-"
        return f"{median(theirs) / median(ours):.2f}"

    def _failed(self):
        return [f"{name} failed {what}" for name, what in self.failures.items()]


def spread(values):
    """
    Get the median, the least and the most, in three digits.
    """
    if not values:
        return "-"
    if len(values) == 1:
        return _digits(values[0])
    middle, least, most = (_digits(f(values)) for f in (median, min, max))
    return f"{middle} ({least} to {most})"


def _digits(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


class Table:
    """
    Prints rows as they come.
    """

    HEAD = ("", "", *SERVERS, *[f"x {peer}" for peer in SERVERS[1:]])

    def __init__(self, say):
        self._say = say
        self._begun = False

    def rows(self, rows):
        """
        Print rows.
        """
        if not self._begun:
            costs = [f"CPU {name}" for name in SERVERS]
            cells = [*self.HEAD, *costs, f"CPU {OPENSTACK} / {OURS}", "to reach"]
            self._say(f"| {' | '.join(cells)} |")
            self._say("|---" * len(cells) + "|")
            self._begun = True
        for row in rows:
            self._say(f"| {' | '.join(row.cells())} |")
