"""
What an operator says of the custom properties of images, in a file
C{schema-image.json}, as Glance has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from glance.config.files import first_of
from glance.config.settings import ConfigurationError, ImageProperties

NAME = "schema-image.json"

CURE = (
    "write an object that has for the name of each property its JSON schema, or one "
    'with such "properties", and a list "required" of names'
)

TEXTS = ("string", ["string"], ["null", "string"], ["string", "null"])
"""The types that properties can have."""


def described(directories: Iterable[str]) -> ImageProperties | None:
    """
    Read the file, from the first of these directories that has it; L{None} if
    none does.

    @raise ConfigurationError: it cannot be read, or makes no sense.
    """
    path = first_of((Path(directory, NAME) for directory in directories), Path.is_file)
    return None if path is None else _parsed(path)


def _parsed(path: Path) -> ImageProperties:
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error.strerror}): mend its permissions"
        ) from None
    except ValueError as error:
        raise ConfigurationError(f"{path} is not JSON ({error}): {CURE}") from None
    required: Any = []
    if isinstance(found, dict) and isinstance(found.get("required"), list):
        found, required = found.get("properties", {}), found["required"]
    elif isinstance(found, dict) and set(found) == {"properties"}:
        found = found["properties"]
    if not (
        isinstance(found, dict)
        and all(isinstance(schema, dict) for schema in found.values())
        and all(isinstance(name, str) for name in required)
    ):
        raise ConfigurationError(f"{path} makes no sense: {CURE}")
    for name, schema in found.items():
        if schema.get("type", "string") not in TEXTS:
            raise ConfigurationError(
                f'{path}: the type of {name} must be "string", or ["null", "string"]: '
                "properties of images are text"
            )
    return ImageProperties(
        schemas={name: {"type": "string", **schema} for name, schema in found.items()},
        required=tuple(required),
    )
