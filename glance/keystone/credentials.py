"""
Who logs in at Keystone.
"""

from __future__ import annotations

from typing import Any

from attrs import field, frozen


@frozen(kw_only=True)
class Password:
    """
    A user of Keystone, and the project to work for, if any.

    Of each pair of a name and an id one is given.
    """

    password: str = field(repr=False)
    user: str | None = None
    user_id: str | None = None
    user_domain: str | None = None
    user_domain_id: str | None = None
    project: str | None = None
    project_id: str | None = None
    project_domain: str | None = None
    project_domain_id: str | None = None

    def request(self) -> dict[str, Any]:
        """
        Get what is sent to Keystone.
        """
        user = _named(self.user, self.user_id, self.user_domain, self.user_domain_id)
        user["password"] = self.password
        identity = {"methods": ["password"], "password": {"user": user}}
        return {"identity": identity, **_scope(self)}


@frozen(kw_only=True)
class Token:
    """
    A token that was had before, and the project to have another for, if any.
    """

    token: str = field(repr=False)
    project: str | None = None
    project_id: str | None = None
    project_domain: str | None = None
    project_domain_id: str | None = None

    def request(self) -> dict[str, Any]:
        """
        Get what is sent to Keystone.
        """
        identity = {"methods": ["token"], "token": {"id": self.token}}
        return {"identity": identity, **_scope(self)}


@frozen(kw_only=True)
class ApplicationCredential:
    """
    What a user of Keystone gave to a program, for one project.
    """

    id: str
    secret: str = field(repr=False)

    def request(self) -> dict[str, Any]:
        """
        Get what is sent to Keystone.
        """
        credential = {"id": self.id, "secret": self.secret}
        return {
            "identity": {
                "methods": ["application_credential"],
                "application_credential": credential,
            }
        }


Credential = Password | Token | ApplicationCredential


def _scope(of: Password | Token) -> dict[str, Any]:
    if of.project is None and of.project_id is None:
        return {}
    project = _named(of.project, of.project_id, of.project_domain, of.project_domain_id)
    return {"scope": {"project": project}}


def _named(
    name: str | None, id: str | None, domain: str | None, domain_id: str | None
) -> dict[str, Any]:
    if id is not None:
        return {"id": id}
    within = {"name": domain} if domain_id is None else {"id": domain_id}
    return {"name": name, "domain": within}
