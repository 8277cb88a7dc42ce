"""
Tests of who imports whom, and of what the project has agreed on.
"""

import ast
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).parent.parent

MAY_IMPORT = {
    "errors": (),
    "limits": (),
    "proxies": (),
    "silence": (),
    "receiving": ("silence",),
    "together": (),
    "cors": (),
    "keystone": ("deferreds", "errors", "receiving", "streams", "together"),
    "swift": ("deferreds", "keystone", "receiving", "silence"),
    "recent": (),
    "redaction": (),
    "deferreds": ("errors",),
    "log": ("redaction",),
    "image": ("errors",),
    "policy": (),
    "context": ("errors", "image", "policy"),
    "protecting": ("context", "errors", "image", "policy", "recent"),
    "query": ("context", "image"),
    "interfaces": ("context", "image", "limits", "query"),
    "v1form": ("image",),
    "metrics": ("streams",),
    "streams": ("errors", "deferreds", "limits", "log", "receiving", "silence"),
    "validation": ("errors", "image", "limits"),
    "storage": ("errors", "image", "interfaces"),
    "adopting": (
        "errors",
        "image",
        "interfaces",
        "storage",
        "validation",
        "verification",
    ),
    "revisions": ("errors", "image", "interfaces", "limits"),
    "leases": ("errors", "interfaces"),
    "leftovers": ("errors", "image", "interfaces", "storage", "validation"),
    "settling": (
        "deferreds",
        "errors",
        "image",
        "interfaces",
        "leases",
        "leftovers",
        "query",
        "revisions",
        "storage",
        "validation",
    ),
    "images": (
        "context",
        "errors",
        "image",
        "limits",
        "protecting",
        "query",
        "recent",
        "revisions",
        "settling",
        "validation",
    ),
    "reading": ("errors", "image", "storage", "streams"),
    "transfers": (
        "context",
        "deferreds",
        "errors",
        "image",
        "images",
        "leases",
        "limits",
        "protecting",
        "reading",
        "settling",
        "storage",
        "streams",
    ),
    "copies": ("context", "errors", "image", "images", "settling", "storage"),
    "turns": (),
    "sources": (
        "context",
        "errors",
        "image",
        "images",
        "query",
        "storage",
        "transfers",
        "turns",
        "validation",
    ),
    "sharing": ("context", "errors", "image", "images", "query"),
    "verification": (
        "deferreds",
        "errors",
        "image",
        "interfaces",
        "query",
        "storage",
        "streams",
        "validation",
    ),
    "inspecting": (
        "deferreds",
        "errors",
        "image",
        "limits",
        "revisions",
        "storage",
        "streams",
        "transfers",
        "verification",
    ),
    "s3": ("deferreds", "receiving", "silence"),
    "outbound": ("errors", "receiving", "streams"),
    "stores": (
        "deferreds",
        "errors",
        "interfaces",
        "outbound",
        "s3",
        "streams",
        "swift",
    ),
    "registry": (
        "api.errors",
        "context",
        "deferreds",
        "errors",
        "image",
        "images",
        "interfaces",
        "limits",
        "log",
        "query",
        "recent",
        "revisions",
        "streams",
        "v1form",
        "validation",
    ),
    "identity": (
        "context",
        "deferreds",
        "errors",
        "interfaces",
        "keystone",
        "proxies",
        "together",
    ),
    "api": (
        "context",
        "cors",
        "copies",
        "deferreds",
        "errors",
        "identity.local",
        "image",
        "images",
        "interfaces",
        "limits",
        "metrics",
        "proxies",
        "query",
        "recent",
        "sharing",
        "sources",
        "storage",
        "streams",
        "transfers",
        "v1form",
        "validation",
    ),
    "config": ("cors", "errors", "keystone", "limits", "policy"),
    "client": ("deferreds", "errors", "keystone", "receiving", "silence", "streams"),
    "cli": ("client", "deferreds", "errors", "streams"),
}
"""
What each part may import, beside itself; C{tap} may import everything, and
each may import C{glance} for the version.
"""

ONLY = {
    "sqlalchemy": ("registry",),
    "alembic": ("registry",),
    "oslo_config": ("config",),
    "oslo_utils": ("streams",),
    "yaml": ("config", "client"),
    "klein": ("api", "registry"),
    "treq": ("registry", "client"),
    "click": ("cli", "tap"),
    "fastjsonschema": ("api",),
    "tqdm": ("cli",),
    "prometheus_client": ("metrics", "api"),
    "orjson": ("api", "registry", "client", "cli", "log"),
}
"""
Who may import what isn't ours.
"""


def modules():
    """
    List the modules: the part each belongs to, its path and its syntax tree.
    """
    for path in sorted((ROOT / "glance").rglob("*.py")):
        names = path.relative_to(ROOT / "glance").with_suffix("").parts
        yield names[0], path, ast.parse(path.read_text())


def imported(tree):
    """
    List the names of the modules that a module imports, anywhere in it.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "glance":
                yield from (f"glance.{name.name}" for name in node.names)
            if node.module == "twisted.internet":
                yield from (f"twisted.internet.{name.name}" for name in node.names)


class DirectionTests(SynchronousTestCase):
    """
    Dependencies point one way.
    """

    def test_own(self):
        """
        Each part imports only what is below it.
        """
        wrong = []
        for part, path, tree in modules():
            if part in ("tap", "__init__"):
                continue
            allowed = (part, *MAY_IMPORT[part])
            for name in imported(tree):
                package, _, rest = name.partition(".")
                if package != "glance" or not rest or rest == "__version__":
                    continue
                if not any(rest == a or rest.startswith(f"{a}.") for a in allowed):
                    wrong.append(f"{path.relative_to(ROOT)} imports {name}")
        self.assertEqual(wrong, [])

    def test_acyclic(self):
        """
        What may be imported makes no circle.
        """

        def below(part, seen):
            self.assertNotIn(part, seen, f"a circle: {seen}")
            for other in MAY_IMPORT[part]:
                if other != "api.errors":
                    below(other.partition(".")[0], (*seen, part))

        for part in MAY_IMPORT:
            below(part, ())

    def test_reactor(self):
        """
        Only the daemons' assembly imports the reactor.
        """
        for part, path, tree in modules():
            if part != "tap":
                self.assertNotIn("twisted.internet.reactor", imported(tree), path)

    def test_front(self):
        """
        Whatever is served by HTTP is served by the one site that is strict.
        """
        served = {"Site", "HTTPFactory", "HTTPChannel"}
        for part, path, tree in modules():
            for node in ast.walk(tree):
                name = getattr(node, "attr", getattr(node, "id", None))
                if name in served:
                    self.assertEqual(part, "streams", f"{path} uses {name}")

    def test_foreign(self):
        """
        What isn't ours is imported where it belongs.
        """
        for part, path, tree in modules():
            for name in imported(tree):
                top = name.partition(".")[0]
                if top in ONLY:
                    self.assertIn(part, ONLY[top], f"{path} imports {name}")


class SizeTests(SynchronousTestCase):
    """
    Modules stay small enough to be read.
    """

    def test_lines(self):
        """
        No file has more than 550 lines.
        """
        for folder in ("glance", "tests", "bench"):
            for path in (ROOT / folder).rglob("*.py"):
                lines = len(path.read_text().splitlines())
                self.assertLessEqual(lines, 550, path)

    def test_packages(self):
        """
        A package's own module holds a docstring, and at most re-exports.
        """
        for path in (ROOT / "glance").rglob("*/__init__.py"):
            for node in ast.parse(path.read_text()).body:
                self.assertIsInstance(
                    node, ast.Expr | ast.ImportFrom | ast.Assign | ast.If, path
                )
