"""
What is written of options, on its way to settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve, frozen

from glance.config.files import Written
from glance.config.option import Option, key_in
from glance.config.settings import ConfigurationError


@frozen
class Values:
    """
    What the options are, and where that is written.
    """

    values: Mapping[str, Any]
    origins: Mapping[str, Written]
    options: Mapping[str, Option]
    section: str | None = None
    """The section that is asked about, of options confined to it; L{None} for none."""

    def of(self, section: str) -> Values:
        """
        Get the values of options that are confined to a section.
        """
        return evolve(self, section=section)

    def _key(self, name: str) -> str:
        return name if self.section is None else key_in(self.section, name)

    def __getitem__(self, name: str) -> Any:
        return self.values[self._key(name)]

    def is_written(self, name: str) -> bool:
        """
        Tell whether an option is in a file, with a value.
        """
        return self._key(name) in self.origins

    def wrong(self, name: str, cure: str) -> ConfigurationError:
        """
        Say that an option cannot be what it is.

        @param cure: what to do, to go on after the option and its value.
        """
        key = self._key(name)
        where = self.origins.get(key, key)
        if self.options[key].secret:
            return ConfigurationError(f"{where} {cure}")
        value = self.origins[key].value if key in self.origins else self.values[key]
        return ConfigurationError(f"{where} is {value!r}: {cure}")

    def missing(self, name: str, cure: str) -> ConfigurationError:
        """
        Say that an option has to be written.

        @param cure: what to write, to go on after the option.
        """
        return ConfigurationError(f"{self._key(name)} is missing: {cure}")
