"""
What is said to Keystone, and what it answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from attrs import field, frozen

from glance.keystone.credentials import Credential

VERSION = "/v3"


class Nonsense(ValueError):
    """
    An answer is none of Keystone's.
    """


def root_of(url: str) -> str:
    """
    Get the URL of version 3.

    @param url: where Keystone is, with or without that.
    """
    # Other versions are in files of old; the same Keystone has this one.
    return url.rstrip("/").removesuffix("/v2.0").removesuffix(VERSION) + VERSION


def login(credential: Credential) -> dict[str, Any]:
    """
    Get what asks for a token.
    """
    return {"auth": credential.request()}


def document(data: bytes) -> Any:
    """
    Read an answer.

    @raise Nonsense: it is no JSON.
    """
    try:
        return json.loads(data)
    except ValueError:
        raise Nonsense("What Keystone answers makes no sense.") from None


@frozen(kw_only=True)
class Issued:
    """
    A token that was given out.
    """

    value: str = field(repr=False)
    life: float | None
    """For how many seconds it is good; L{None} if nobody said."""
    catalogue: Sequence[Any] = field(repr=False)

    def endpoint(
        self, service_type: str, interface: str, region: str | None
    ) -> str | None:
        """
        Find the URL of a service; L{None} if there is none.

        @param interface: C{public}, C{internal} or C{admin}.
        @param region: L{None} for the first that there is.

        @raise Nonsense: the catalogue makes no sense.
        """
        try:
            return next(self._urls(service_type, interface, region), None)
        except (KeyError, TypeError, AttributeError):
            raise Nonsense("The catalogue makes no sense.") from None

    def _urls(self, service_type: str, interface: str, region: str | None) -> Any:
        for service in self.catalogue:
            if service["type"] != service_type:
                continue
            for endpoint in service["endpoints"]:
                regions = (endpoint.get("region_id"), endpoint.get("region"))
                if endpoint["interface"] == interface and (
                    region is None or region in regions
                ):
                    yield str(endpoint["url"])


def issued(value: str | None, answer: Any) -> Issued:
    """
    Read the answer to who has logged in.

    @param value: what C{X-Subject-Token} says; L{None} for nothing.
    @param answer: the document.

    @raise Nonsense: it is none.
    """
    if value is None:
        raise Nonsense("There is no token in what Keystone answers.")
    told = _token(answer)
    life = None
    if told.get("issued_at") is not None and told.get("expires_at") is not None:
        # Whatever our own clock says.
        life = (_time(told, "expires_at") - _time(told, "issued_at")).total_seconds()
    catalogue = told.get("catalog") or []
    if not isinstance(catalogue, list):
        raise Nonsense("The catalogue makes no sense.")
    return Issued(value=value, life=life, catalogue=catalogue)


@frozen(kw_only=True)
class Holder:
    """
    Whose a token is, and what it is good for.
    """

    user: str
    user_domain: str | None
    project: str | None
    """The id of the project that it is for; L{None} where it is for none."""
    project_domain: str | None
    domain: str | None
    """The id of the domain that it is for as a whole; L{None} for none."""
    roles: frozenset[str]
    """The names of the user's roles there, in lower case."""
    life: float | None
    """For how many seconds it is still good; L{None} if nobody said."""


def holder(answer: Any, date: str | None, now: float) -> Holder:
    """
    Read what Keystone says of a token.

    @param answer: the document.
    @param date: when it said so, by its own clock; L{None} if it doesn't tell.
    @param now: when that is by ours, in seconds since 1970.

    @raise Nonsense: it says nothing of one.
    """
    told = _token(answer)
    try:
        user, project = told["user"], told.get("project") or {}
        roles = frozenset(str(role["name"]).lower() for role in told.get("roles") or ())
        return Holder(
            user=str(user["id"]),
            user_domain=_id(user.get("domain") or {}),
            project=_id(project),
            project_domain=_id(project.get("domain") or {}),
            domain=_id(told.get("domain") or {}),
            roles=roles,
            life=_left(told, date, now),
        )
    except (KeyError, TypeError, AttributeError):
        raise Nonsense("What Keystone says of a token makes no sense.") from None


def _token(answer: Any) -> Mapping[str, Any]:
    told = answer.get("token") if isinstance(answer, dict) else None
    if not isinstance(told, dict):
        raise Nonsense("What Keystone answers makes no sense.")
    return told


def _id(what: Mapping[str, Any]) -> str | None:
    return None if what.get("id") is None else str(what["id"])


def _time(told: Mapping[str, Any], name: str) -> datetime:
    try:
        return datetime.fromisoformat(told[name])
    except (ValueError, TypeError):
        raise Nonsense("A time that Keystone says makes no sense.") from None


def _left(told: Mapping[str, Any], date: str | None, now: float) -> float | None:
    if told.get("expires_at") is None:
        return None
    expires = _time(told, "expires_at")
    if expires.tzinfo is None:
        raise Nonsense("A time that Keystone says makes no sense.")
    try:
        # Its clock may not be ours.  A date has whole seconds.
        return (expires - parsedate_to_datetime(date or "")).total_seconds() - 1
    except (ValueError, TypeError):
        return (expires - _EPOCH - timedelta(seconds=now)).total_seconds()


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
