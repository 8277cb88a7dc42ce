"""
What it costs to ask who may do what.
"""

import time
from contextlib import ExitStack
from statistics import median
from uuid import UUID, uuid5

from attrs import field, frozen

from bench import processes
from bench.cache import Failed
from bench.servers import Glance, ask, creation, request
from bench.small import ATTRIBUTES
from glance.context import Context, Deed, may
from glance.image import Image, Visibility
from glance.policy.defaults import DEFAULTS
from glance.policy.rules import DEFAULT_RULES, Rules

CLIENTS = 4
"""How many connections there are."""

MOST = 1.2
"""How many times the processor time of a list by default rules one may take."""

EACH = 0.2
"""How many milliseconds it may take to authorize a request."""

PROJECT = "acme"

CALLER = {
    "X_Identity_Status": "Confirmed",
    "X_User_Id": "user",
    "X_Project_Id": PROJECT,
    "X_Roles": "member",
}

SEEN = DEFAULTS["get_image"]

PROTECTED = "[{0}]\ncreate = @\nread = admin\nupdate = !\ndelete = !\n"
ALL = "[.*]\ncreate = @\nread = @\nupdate = @\ndelete = @\n"


@frozen
class Kind:
    """
    A server whose operator has said something of who may do what.
    """

    name: str
    rule: str | None = None
    """What there is in place of C{get_image}; L{None} for what is by default."""
    protected: str | None = None
    """The pattern of properties that are not for the caller; L{None} for none."""
    costs: list = field(factory=list, eq=False)
    """Milliseconds of processor time for a list, in each round."""

    def start(self, directory):
        """
        Start it.
        """
        directory.mkdir()
        options = {"trust_identity_headers": "true"}
        if self.rule is not None:
            (directory / "policy.yaml").write_text(f'get_image: "{self.rule}"\n')
        if self.protected is not None:
            text = PROTECTED.format(self.protected) + ALL
            (directory / "protections.conf").write_text(text)
            options["property_protection_file"] = "protections.conf"
        return Glance(directory, ["glance"], **options)


def kinds():
    """
    Get the servers.  That with which all others are compared is the first.
    """
    return [
        Kind("default rules"),
        Kind("get_image asks for a role", SEEN.replace("role:reader", "role:member")),
        Kind("get_image asks for a property", f"({SEEN}) and not 'y':%(no_see)s"),
        Kind("get_image asks for the name", f"({SEEN}) and not 'secret':%(name)s"),
        Kind("properties are protected that images don't have", protected="^x_billing"),
        Kind("of each image one property is hidden", protected="^os_distro"),
    ]


def measure(directory, images, rounds, seconds, say):
    """
    Have a project list its images, by servers with other rules in turn.

    @param images: how many it has.
    @param seconds: for how long in one run.
    """
    servers = kinds()
    listing = [request("GET", f"/v2/images?limit={images}", **CALLER)]
    with ExitStack() as stack:
        running = []
        for number, kind in enumerate(servers):
            glance = kind.start(directory / f"policies-{number}")
            stack.callback(glance.stop)
            idents = [uuid5(UUID(int=0), str(number)) for number in range(images)]
            glance.ask_all([_made_by_caller(ident) for ident in idents])
            running.append(glance)
        for turn in range(1 + rounds):
            for kind, glance in zip(servers, running, strict=True):
                cost = _cost(glance, listing, seconds)
                if turn:
                    kind.costs.append(cost)
    _tell(servers, images, say)


def _made_by_caller(ident):
    lines = "".join(f"{n.replace('_', '-')}: {v}\r\n" for n, v in CALLER.items())
    return creation(ident, **ATTRIBUTES).replace(b"\r\n", f"\r\n{lines}".encode(), 1)


def _cost(glance, requests, seconds):
    """
    Get how many milliseconds of processor time a request takes.
    """
    before = processes.cpu_seconds(glance.pids())
    done = ask(glance.port, requests, CLIENTS, seconds)
    if done.failures or not done.count:
        raise Failed(f"{done.failures} lists failed: {done.problem}")
    return (processes.cpu_seconds(glance.pids()) - before) / done.count * 1000


def _tell(servers, images, say):
    say("")
    say(f"| list of {images:,} images | CPU, ms | x default rules | to reach |")
    say("|---" * 4 + "|")
    usual = servers[0]
    for kind in servers:
        ratios = [a / b for a, b in zip(kind.costs, usual.costs, strict=True)]
        ratio = median(ratios)
        goal = ""
        if kind is not usual:
            goal = f"at most {MOST:g} {'reached' if ratio <= MOST else '**missed**'}"
        cells = (kind.name, f"{median(kind.costs):.2f}", f"{ratio:.2f}", goal)
        say(f"| {' | '.join(cells)} |")
    each = authorizing()
    verdict = "reached" if each <= EACH else "**missed**"
    say("")
    say(f"To authorize a request takes {each:.3f} ms; at most {EACH:g} {verdict}.")
    say("")


def authorizing(times=2000):
    """
    Get how many milliseconds it takes to authorize a request: to have its caller
    under the rules, and ask whether it sees an image and may change it.
    """
    rules = Rules({"get_image": f"({SEEN}) and not 'y':%(no_see)s"})
    now = None
    image = Image(
        id=str(UUID(int=0)),
        owner=PROJECT,
        visibility=Visibility.PRIVATE,
        created_at=now,
        updated_at=now,
    )
    began = time.process_time()
    for number in range(times):
        caller = Context(
            user="user", tenant=PROJECT, owner=PROJECT, roles=frozenset({"member"})
        ).under(rules if number % 2 else DEFAULT_RULES)
        if not all(may(caller, deed, image) for deed in (Deed.SEE, Deed.CHANGE)):
            raise Failed("A member may not change its own image.")
    return (time.process_time() - began) / times * 1000
