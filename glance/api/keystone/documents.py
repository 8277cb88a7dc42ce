"""
Users, projects and tokens as the identity API describes them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from glance.api.keystone.asking import DOMAIN
from glance.identity.local.accounts import Project, User
from glance.identity.local.logins import Login

INTERFACES = ("public", "internal", "admin")

VERSION = "v3.14"
"""The version of the API that this is a part of."""


def version(base: str) -> dict[str, Any]:
    """
    Describe the version of the API.

    @param base: the URL of this service, without a slash at its end.
    """
    kind = "application/vnd.openstack.identity-v3+json"
    return {
        "version": {
            "id": VERSION,
            "status": "stable",
            "updated": "2020-04-07T00:00:00Z",
            "links": [{"rel": "self", "href": f"{base}/v3/"}],
            "media-types": [{"base": "application/json", "type": kind}],
        }
    }


def catalogue(base: str, region: str) -> list[dict[str, Any]]:
    """
    Describe where services are: images, and who may have them.
    """
    services = (("image", "glance", base), ("identity", "keystone", f"{base}/v3"))
    return [
        {
            "id": kind,
            "type": kind,
            "name": name,
            "endpoints": [
                {
                    "id": f"{kind}-{interface}",
                    "interface": interface,
                    "region": region,
                    "region_id": region,
                    "url": url,
                }
                for interface in INTERFACES
            ],
        }
        for kind, name, url in services
    ]


def token(login: Login, services: list[dict[str, Any]] | None) -> dict[str, Any]:
    """
    Describe a token.

    @param services: the catalogue; L{None} to leave it out.
    """
    said: dict[str, Any] = {
        "methods": list(login.methods),
        "user": {
            "id": login.user.id,
            "name": login.user.name,
            "domain": DOMAIN,
            "password_expires_at": None,
        },
        "audit_ids": [login.id],
        "issued_at": _time(login.issued),
        "expires_at": _time(login.expires),
    }
    if login.project is not None:
        said["project"] = {
            "id": login.project.id,
            "name": login.project.name,
            "domain": DOMAIN,
        }
        said["is_domain"] = False
        said["roles"] = [{"id": role, "name": role} for role in sorted(login.roles)]
        if services is not None:
            said["catalog"] = services
    return {"token": said}


def project(of: Project, base: str) -> dict[str, Any]:
    """
    Describe a project.
    """
    return {
        "id": of.id,
        "name": of.name,
        "domain_id": DOMAIN["id"],
        "parent_id": DOMAIN["id"],
        "is_domain": False,
        "enabled": True,
        "description": "",
        "tags": [],
        "options": {},
        "links": {"self": f"{base}/v3/projects/{of.id}"},
    }


def user(of: User, base: str) -> dict[str, Any]:
    """
    Describe a user.
    """
    return {
        "id": of.id,
        "name": of.name,
        "domain_id": DOMAIN["id"],
        "default_project_id": of.project,
        "enabled": True,
        "password_expires_at": None,
        "options": {},
        "links": {"self": f"{base}/v3/users/{of.id}"},
    }


def domain(base: str) -> dict[str, Any]:
    """
    Describe the one domain.
    """
    return {
        **DOMAIN,
        "enabled": True,
        "description": "",
        "tags": [],
        "options": {},
        "links": {"self": f"{base}/v3/domains/{DOMAIN['id']}"},
    }


def several(kind: str, described: list[dict[str, Any]], url: str) -> dict[str, Any]:
    """
    Describe a list.

    @param kind: what it is of, such as C{projects}.
    @param url: where it was asked for.
    """
    links = {"self": url, "next": None, "previous": None}
    return {kind: described, "links": links}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
