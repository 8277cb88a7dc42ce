"""
How long lists of few and of many images take.
"""

import subprocess
import time
from contextlib import ExitStack
from datetime import timedelta
from statistics import median

from attrs import evolve, frozen
from sqlalchemy import select, text
from twisted.python.failure import Failure

from bench.catalogue import THEN, fill, image, image_id
from glance.image import Status, Visibility
from glance.query import EVERYTHING, Condition, Operator, Order, Query, Scope
from glance.registry.engine import single_engine
from glance.registry.keys import ranked
from glance.registry.schema import images, metadata
from tests.integration.servers import Database

SERVERS = {"PostgreSQL": "postgres", "MariaDB": "mariadb"}
"""What the tests' script calls the servers."""

WARM_UP = 12
"""How often a query runs before it counts; servers plan it anew until then."""

PAGE = 25
"""How many images a page has."""

PUBLIC = frozenset({Visibility.PUBLIC})
ADMIN = Scope(
    visibilities=frozenset(Visibility) - {Visibility.COMMUNITY},
    owner="admins",
    member="admins",
)
"""What version 2 shows an administrator."""

TENANT = "project-7"


def seen_by(name):
    """
    Get what a project sees.
    """
    return Scope(visibilities=PUBLIC, owner=name, member=name)


SCOPES = {
    "an administrator": ADMIN,
    "a project": seen_by(TENANT),
    "one that owns a third": seen_by("busy"),
    "one with shared images": seen_by("guest"),
    "one that has nothing": seen_by("nobody"),
    "of what is its own": Scope(owner="nobody", member="nobody"),
    "anybody": EVERYTHING,
}
"""
Whose lists are measured.
"""

BY_NAME = (
    "name, common",
    "name in, common",
    "tag, common",
    "tag, rare",
    "updated_at, recent",
)
"""What is sorted by name as well."""

USUAL = ("an administrator", "a project")


@frozen
class Case:
    """
    A row of the table.
    """

    name: str
    whose: str
    query: Query
    middle: bool = False
    """Whether it begins after an image in the middle."""


def equal(attribute, *values):
    """
    Have an attribute be one of some values.
    """
    if len(values) == 1:
        return Condition(attribute, Operator.EQ, values[0])
    return Condition(attribute, Operator.IN, values)


def filters(total):
    """
    Get what clients filter by.
    """
    one = image(total // 5 + 1, total)
    recent = THEN + timedelta(days=8)
    gib = 1 << 30
    conditions = {
        "name, one": (equal("name", one.name),),
        "name, rare": (equal("name", "rare"),),
        "name, common": (equal("name", "ubuntu"),),
        "name, none": (equal("name", "nothing"),),
        "name in, few": (equal("name", one.name, "rare", "nothing"),),
        "name in, common": (equal("name", one.name, "ubuntu"),),
        "id": (equal("id", one.id),),
        "id in": (equal("id", one.id, image_id(3), image_id(4)),),
        "checksum": (equal("checksum", one.checksum),),
        "os_hash_value": (equal("os_hash_value", one.os_hash_value),),
        "os_hash_algo, common": (equal("os_hash_algo", "sha512"),),
        "os_hash_algo, rare": (equal("os_hash_algo", "sha256"),),
        "owner, small": (equal("owner", TENANT),),
        "owner, busy": (equal("owner", "busy"),),
        "status, common": (equal("status", Status.ACTIVE),),
        "status, rare": (equal("status", Status.QUEUED),),
        "updated_at, recent": (Condition("updated_at", Operator.GE, recent),),
        "updated_at, long ago": (Condition("updated_at", Operator.GE, THEN),),
        "visibility, shared": (equal("visibility", Visibility.SHARED),),
        "visibility, private": (equal("visibility", Visibility.PRIVATE),),
        "size, narrow": (
            Condition("size", Operator.GE, gib // 2),
            Condition("size", Operator.LE, gib // 2 + (1 << 24)),
        ),
        "size, wide": (Condition("size", Operator.GE, gib // 2),),
        "disk_format, common": (equal("disk_format", "qcow2"),),
        "disk_format, none": (equal("disk_format", "iso"),),
        "protected, none": (equal("protected", True),),
    }
    tags = {
        "tag, rare": ("rare",),
        "tag, common": ("common",),
        "tag, half": ("half",),
        "tag, half, never public": ("never public",),
        "tag, hundredth": ("hundredth",),
        "tag, none": ("nothing",),
        "tags, common": ("common", "half"),
        "tags, rare and common": ("common", "rare"),
    }
    properties = {
        "property, rare": (("image_type", "rare"),),
        "property, common": (("image_type", "snapshot"),),
        "property, half": (("os_distro", "ubuntu"),),
        "property, hundredth": (("user_id", "user-7"),),
    }
    yield from ((name, {"conditions": each}) for name, each in conditions.items())
    yield from ((name, {"tags": each}) for name, each in tags.items())
    yield from ((name, {"properties": each}) for name, each in properties.items())
    yield "hidden", {"hidden": True}


def orders():
    """
    Get what clients sort by, beside age.
    """
    for attribute in ("name", "size", "updated_at", "id"):
        yield f"by {attribute}", (Order(attribute, False),)
    yield "by name, downwards", (Order("name"),)
    mixed = (Order("name", False), Order("created_at"), Order("id"))
    yield "by name, newest first", mixed


def cases(total):
    """
    Get the rows for a registry of that many images.
    """
    for whose in SCOPES:
        yield from pages("newest first", whose)
    for name, order in orders():
        for whose in USUAL:
            yield from pages(name, whose, order=order)
    for name, more in filters(total):
        for whose in USUAL:
            yield Case(name, whose, Query(scope=SCOPES[whose], limit=PAGE, **more))
    for name, more in filters(total):
        if name in BY_NAME:
            more["order"] = (Order("name", False),)
            query = Query(scope=ADMIN, limit=PAGE, **more)
            yield Case(f"{name}; by name", USUAL[0], query)
    community = Scope(visibilities=frozenset({Visibility.COMMUNITY}))
    yield Case("community", USUAL[1], Query(scope=community, limit=PAGE))
    yield Case("200 images", USUAL[0], Query(scope=ADMIN, limit=200))


def pages(name, whose, **more):
    """
    Get the rows of a first page and of one in the middle.
    """
    scope = SCOPES[whose]
    query = Query(scope=scope, limit=PAGE, **more)
    yield Case(name, whose, query)
    if scope.visibilities >= PUBLIC or scope.everything:
        yield Case(f"{name}, middle", whose, query, middle=True)


class Table:
    """
    A registry of some size.
    """

    def __init__(self, url, total):
        self.registry, self.engines = fill(url, total)
        self.total = total
        if not url.startswith("sqlite"):
            self._analyze(url)

    def _analyze(self, url):
        # Servers do this by themselves, in a while.
        word = "ANALYZE" if url.startswith("postgres") else "ANALYZE TABLE"
        with self.engines.writer.begin() as db:
            for table in metadata.sorted_tables:
                db.execute(text(f"{word} {table.name}"))

    def prepared(self, case):
        """
        Get the query of a row.
        """
        if case.middle:
            return evolve(case.query, marker=self._middle(case.query))
        return case.query

    def _middle(self, query):
        first = ranked(query.order[0].attribute)
        public = images.c.visibility == Visibility.PUBLIC.value
        middle = select(images.c.id).where(public).order_by(first, images.c.id)
        with self.engines.reader.begin() as db:
            return db.execute(middle.offset(self.total // 20).limit(1)).scalar_one()

    def milliseconds(self, query):
        """
        Get how long a query takes.
        """
        outcome = []
        began = time.perf_counter()
        self.registry.find(query).addBoth(outcome.append)
        seconds = time.perf_counter() - began
        if isinstance(outcome[0], Failure):
            outcome[0].raiseException()
        return seconds * 1000


def measure(directory, sizes, runs, say, *, servers):
    """
    Print a table of how long lists take in a registry of few images and in one
    of many.

    @param sizes: how many images both have.
    @param servers: the kinds of database servers to use beside SQLite.
    """
    columns = {}
    for kind in ("SQLite", *servers):
        try:
            with ExitStack() as stack:
                urls = _urls(kind, directory, sizes, stack)
                columns[kind] = list(_column(urls, sizes, runs, stack))
        except subprocess.CalledProcessError as problem:
            say(f"Without {kind}: {problem.stderr.strip()}")
    _tell(columns, sizes, runs, say)


def _urls(kind, directory, sizes, stack):
    if kind == "SQLite":
        return [f"sqlite:///{directory}/lists-{size}.sqlite" for size in sizes]
    server = Database(SERVERS[kind])
    stack.callback(server.remove)
    server.start()
    engine = single_engine(server.url).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for size in sizes:
            connection.execute(text(f"CREATE DATABASE glance_{size}"))
    base = server.url.rpartition("/")[0]
    return [f"{base}/glance_{size}" for size in sizes]


def _column(urls, sizes, runs, stack):
    tables = []
    for url, size in zip(urls, sizes, strict=True):
        tables.append(Table(url, size))
        stack.callback(tables[-1].engines.dispose)
    for alike in zip(*map(cases, sizes), strict=True):
        yield alike[0], _medians(tables, alike, runs)


def _medians(tables, alike, runs):
    """
    Run a query in all tables in turn, so that whatever else the machine does
    meets each, and get the medians.
    """
    queries = [t.prepared(case) for t, case in zip(tables, alike, strict=True)]
    rounds = [
        [t.milliseconds(query) for t, query in zip(tables, queries, strict=True)]
        for _ in range(min(WARM_UP, 4 * runs) + runs)
    ]
    return [median(times[-runs:]) for times in zip(*rounds, strict=True)]


def _tell(columns, sizes, runs, say):
    few, many = (f"{size:,}" for size in sizes)
    heads = [f"{kind}: {few}, ms | {many}, ms | ratio" for kind in columns]
    say(f"Lists among {few} and {many} images; median of {runs} runs.")
    say("")
    say(f"| list | of | {' | '.join(heads)} |")
    say("|---|---|" + "---|" * 3 * len(columns))
    for rows in zip(*columns.values(), strict=True):
        cells = [rows[0][0].name, rows[0][0].whose]
        for _, (short, long) in rows:
            cells += [f"{short:.1f}", f"{long:.1f}", f"{long / short:.1f}"]
        say(f"| {' | '.join(cells)} |")
    say("")
