"""
What an operator says of the custom properties of images, in a file
C{schema-image.json}, as Glance has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from glance.config.settings import ConfigurationError, ImageProperties

NAME = "schema-image.json"

CURE = (
    "write an object that has for the name of each property its JSON schema, or one "
    'with such "properties", and a list "required" of names'
)


def described(directories: Iterable[str]) -> ImageProperties | None:
    """
    Read the file, from the first of these directories that has it; L{None} if
    none does.

    @raise ConfigurationError: it cannot be read, or makes no sense.
    """
    for directory in directories:
        path = Path(directory, NAME)
        # What cannot be looked into is nothing to find anything in.
        found = False
        with suppress(OSError):
            found = path.is_file()
        if found:
            return _parsed(path)
    return None


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
        kinds = schema.get("type", "string")
        if (
            not {"string"}
            <= set([kinds] if isinstance(kinds, str) else kinds)
            <= {
                "string",
                "null",
            }
        ):
            raise ConfigurationError(
                f'{path}: the type of {name} must be "string", or ["null", "string"]: '
                "properties of images are text"
            )
    return ImageProperties(
        schemas={name: {"type": "string", **schema} for name, schema in found.items()},
        required=tuple(required),
    )
