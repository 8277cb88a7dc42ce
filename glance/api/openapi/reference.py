"""
The reference of the API in the documentation, made from its description.

C{python -m glance.api.openapi.reference docs/api-v2-reference.md} writes it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from glance.api.openapi.document import document
from glance.api.v2.schemas import Schemas
from glance.limits import Limits

HEAD = """\
# API v2, operation by operation

Made from the description of the API, which the service itself gives at
`/openapi.json`.  [API v2](api-v2.md) explains it.

Beside what is listed, each operation may be answered 401 where the caller has to
say who it is, and 503, with `Retry-After`, where the registry or a store cannot be
used.
"""

BASE = "http://127.0.0.1:9292"

METHODS = ("get", "head", "post", "put", "patch", "delete")


def reference(version: str = "v2") -> str:
    """
    Describe all operations of a version, in Markdown.
    """
    described = document(Schemas(Limits), BASE)
    parts = [HEAD]
    for path, item in described["paths"].items():
        for method in METHODS:
            if version in item.get(method, {}).get("tags", ()):
                parts.extend(_operation(path, method, item))
    parts.append("## An image\n")
    parts.extend(_attributes(described["components"]["schemas"]["image"]))
    return "\n".join(parts)


def _operation(path: str, method: str, item: Mapping[str, Any]) -> Iterator[str]:
    operation = item[method]
    yield f"## {operation['summary']}\n"
    yield f"`{method.upper()} {path}`\n"
    parameters = [*item.get("parameters", ()), *operation["parameters"]]
    if parameters:
        yield "| parameter | in | |\n| --- | --- | --- |"
        for each in parameters:
            known = _kind(each["schema"])
            yield f"| `{each['name']}` | {each['in']} | {each['description']}{known} |"
        yield ""
    if "requestBody" in operation:
        types = ", ".join(f"`{name}`" for name in operation["requestBody"]["content"])
        yield f"It takes {types}.\n"
    yield "| status | |\n| --- | --- |"
    for status, answer in operation["responses"].items():
        if status not in ("401", "503"):
            yield f"| {status} | {answer['description']} |"
    yield ""


def _kind(schema: Mapping[str, Any]) -> str:
    """
    Tell the values of a parameter where there are few.
    """
    values = schema.get("enum") or schema.get("items", {}).get("enum")
    return f" {', '.join(f'`{value}`' for value in values)}." if values else ""


def _attributes(image: Mapping[str, Any]) -> Iterator[str]:
    yield "| attribute | type | for clients to say | |\n| --- | --- | --- | --- |"
    for name in image["required"]:
        schema = image["properties"][name]
        kinds = schema["type"]
        kind = kinds if isinstance(kinds, str) else " or ".join(reversed(kinds))
        sayable = "no" if schema.get("readOnly") else "yes"
        yield f"| `{name}` | {kind} | {sayable} | {schema['description']} |"
    yield ""


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference())
