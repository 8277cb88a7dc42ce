"""
What is asked of the identity API, read.
"""

from __future__ import annotations

from typing import Any

from glance.errors import Invalid, Unauthenticated
from glance.identity.local.logins import (
    Credential,
    KeySecret,
    Password,
    Scope,
    Token,
)

DOMAIN = {"id": "default", "name": "Default"}
"""The one domain that all users and projects are in."""

_ELSEWHERE = "There is no domain here but Default."


def read_request(body: Any) -> tuple[Credential, Scope]:
    """
    Read what somebody who asks for a token says.

    @param body: what came as JSON.

    @raise Invalid: it makes no sense.
    @raise Unauthenticated: there is no such way to log in, or nothing of that
        kind to log in to.
    """
    auth = _part(body, "auth")
    return _credential(_part(auth, "identity")), _scope(auth.get("scope"))


def _credential(identity: dict[str, Any]) -> Credential:
    methods = identity.get("methods")
    if not isinstance(methods, list) or not methods:
        raise Invalid("There have to be methods in identity.")
    if methods == ["password"]:
        return _password(_part(_part(identity, "password"), "user"))
    if methods == ["token"]:
        return Token(_text(_part(identity, "token"), "id"))
    if methods == ["application_credential"]:
        said = _part(identity, "application_credential")
        return KeySecret(id=_text(said, "id"), secret=_text(said, "secret"))
    raise Unauthenticated(
        "One can log in by one of password, token and application_credential."
    )


def _password(user: dict[str, Any]) -> Password:
    password = _text(user, "password")
    if "id" in user:
        return Password(user_id=_text(user, "id"), password=password)
    _demand_domain(_part(user, "domain"))
    return Password(name=_text(user, "name"), password=password)


def _scope(said: Any) -> Scope:
    if said is None:
        return Scope()
    if said == "unscoped" or said == {"unscoped": {}}:
        return Scope(nothing=True)
    if not isinstance(said, dict) or len(said) != 1:
        raise Invalid("A scope is one of project and unscoped.")
    if "project" not in said:
        raise Unauthenticated("A token is for a project here, or is unscoped.")
    project = _part(said, "project")
    if "id" in project:
        return Scope(project_id=_text(project, "id"))
    _demand_domain(_part(project, "domain"))
    return Scope(project_name=_text(project, "name"))


def _demand_domain(domain: dict[str, Any]) -> None:
    name = "id" if "id" in domain else "name"
    if _text(domain, name).lower() != DOMAIN[name].lower():
        raise Unauthenticated(_ELSEWHERE)


def _part(whole: Any, name: str) -> dict[str, Any]:
    part = whole.get(name) if isinstance(whole, dict) else None
    if not isinstance(part, dict):
        raise Invalid(f"An object called {name} is missing in the body.")
    return part


def _text(whole: dict[str, Any], name: str) -> str:
    text = whole.get(name)
    if not isinstance(text, str):
        raise Invalid(f"A text called {name} is missing in the body.")
    return text
