"""
The identity API, at and below C{/v3}.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson
from twisted.web.http import Request
from werkzeug.exceptions import NotFound

from glance.api import answers
from glance.api.answers import answer_json, answer_nothing
from glance.api.data import header
from glance.api.errors import Fault
from glance.api.keystone import documents
from glance.api.keystone.asking import DOMAIN, read_request
from glance.api.links import Links
from glance.api.v2.asking import json_body
from glance.errors import Forbidden, Unauthenticated
from glance.identity.local.accounts import Accounts, User
from glance.identity.local.logins import Login, Logins
from glance.streams.request import StreamingRequest

LOGIN_LIMIT = 1 << 14
"""
The most bytes of what asks for a token: whoever it is may send that.
"""

SUBJECT = "x-subject-token"
"""The header with the token that a request is about."""


def as_keystone(_: Request, fault: Fault) -> tuple[str, bytes]:
    """
    Put a fault into JSON, as clients of the identity API expect it.
    """
    error = {
        "code": fault.status.value,
        "title": fault.status.phrase,
        "message": fault.message.encode(errors="replace").decode(),
    }
    return "application/json", orjson.dumps({"error": error})


class IdentityAPI:
    """
    Gives out tokens, and tells of users and projects as much as they may know.
    """

    app = answers.app(form=as_keystone)

    def __init__(self, logins: Logins, links: Links, region: str) -> None:
        """
        @param region: what the catalogue calls the region of this service.
        """
        self._logins = logins
        self._links = links
        self._region = region

    @app.route("/v3", methods=["GET"])
    @app.route("/v3/", methods=["GET"])
    def version(self, request: StreamingRequest) -> bytes:
        """
        Describe this version of the API.
        """
        return _answer(request, documents.version(self._links.base(request)))

    # Tokens

    @app.route("/v3/auth/tokens", methods=["POST"])
    async def log_in(self, request: StreamingRequest) -> bytes:
        """
        Give out a token.
        """
        credential, scope = read_request(await json_body(request, LOGIN_LIMIT))
        address = self._links.client(request)
        token, login = await self._logins.issue(credential, scope, address)
        request.setHeader(SUBJECT, token)
        return _answer(
            request, self._describe_token(request, login), HTTPStatus.CREATED
        )

    @app.route("/v3/auth/tokens", methods=["GET", "HEAD"])
    async def show_token(self, request: StreamingRequest) -> bytes:
        """
        Describe a token to whose it is, or to a service.
        """
        token, login = await self._subject(request)
        request.setHeader(SUBJECT, token)
        return _answer(request, self._describe_token(request, login))

    @app.route("/v3/auth/tokens", methods=["DELETE"])
    async def revoke(self, request: StreamingRequest) -> bytes:
        """
        Have a token not believed any more.
        """
        _, login = await self._subject(request)
        await self._logins.revoke(login)
        return answer_nothing(request, HTTPStatus.NO_CONTENT)

    async def _subject(self, request: StreamingRequest) -> tuple[str, Login]:
        """
        Get the token that a request is about.
        """
        asking = await self._asking(request)
        token = header(request, SUBJECT) or ""
        # It is no secret whether there is a token: who has one may try it.
        try:
            subject = await self._logins.by_token(token)
        except Unauthenticated as error:
            raise NotFound from error
        if not {"admin", "service"} & asking.roles and subject.user != asking.user:
            raise Forbidden("This token is not yours.")
        return token, subject

    def _describe_token(
        self, request: StreamingRequest, login: Login
    ) -> dict[str, Any]:
        base = self._links.base(request)
        services = documents.catalogue(base, self._region)
        # It is said without a value, which Twisted takes for nothing.
        hidden = b"nocatalog" in request.uri.partition(b"?")[2].split(b"&")
        return documents.token(login, None if hidden else services)

    @app.route("/v3/auth/catalog", methods=["GET"])
    async def show_catalogue(self, request: StreamingRequest) -> bytes:
        """
        Describe where services are.
        """
        await self._asking(request)
        base = self._links.base(request)
        services = documents.catalogue(base, self._region)
        return self._answer_list(request, "catalog", services)

    @app.route("/v3/auth/projects", methods=["GET"])
    async def show_own_projects(self, request: StreamingRequest) -> bytes:
        """
        List the projects that who asks can get a token for.
        """
        asking = await self._asking(request)
        return await self._answer_projects(request, asking.user)

    # Projects, users and the domain

    @app.route("/v3/projects", methods=["GET"])
    async def list_projects(self, request: StreamingRequest) -> bytes:
        """
        List projects: to administrators; to others only one of their own, asked
        for by its name.
        """
        asking, accounts = await self._known(request)
        name = _argument(request, "name")
        known = accounts.projects
        if "admin" not in asking.roles:
            known = tuple(accounts.projects_of(asking.user.id))
            if name not in [project.name for project in known]:
                raise Forbidden("Only administrators see all projects.")
        base = self._links.base(request)
        described = [
            documents.project(project, base)
            for project in known
            if name in (None, project.name) and _in_domain(request)
        ]
        return self._answer_list(request, "projects", described)

    @app.route("/v3/projects/<project_id>", methods=["GET"])
    async def show_project(self, request: StreamingRequest, project_id: str) -> bytes:
        """
        Describe a project, to who works for it, or an administrator.
        """
        asking, accounts = await self._known(request)
        project = accounts.project(project_id)
        own = (asking.user.id, project_id) in accounts.roles
        _demand(own or "admin" in asking.roles)
        if project is None:
            raise NotFound
        described = documents.project(project, self._links.base(request))
        return _answer(request, {"project": described})

    @app.route("/v3/users", methods=["GET"])
    async def list_users(self, request: StreamingRequest) -> bytes:
        """
        List users, to an administrator.
        """
        asking, accounts = await self._known(request)
        _demand("admin" in asking.roles)
        name = _argument(request, "name")
        base = self._links.base(request)
        described = [
            documents.user(user, base)
            for user in accounts.users
            if name in (None, user.name) and _in_domain(request)
        ]
        return self._answer_list(request, "users", described)

    @app.route("/v3/users/<user_id>", methods=["GET"])
    async def show_user(self, request: StreamingRequest, user_id: str) -> bytes:
        """
        Describe a user, to itself or an administrator.
        """
        user = await self._user(request, user_id)
        described = documents.user(user, self._links.base(request))
        return _answer(request, {"user": described})

    @app.route("/v3/users/<user_id>/projects", methods=["GET"])
    async def show_projects(self, request: StreamingRequest, user_id: str) -> bytes:
        """
        List the projects of a user, to itself or an administrator.
        """
        user = await self._user(request, user_id)
        return await self._answer_projects(request, user)

    async def _user(self, request: StreamingRequest, user_id: str) -> User:
        asking, accounts = await self._known(request)
        _demand(user_id == asking.user.id or "admin" in asking.roles)
        user = accounts.user(user_id)
        if user is None:
            raise NotFound
        return user

    @app.route("/v3/domains", methods=["GET"])
    async def list_domains(self, request: StreamingRequest) -> bytes:
        """
        List the one domain.
        """
        await self._asking(request)
        described = documents.domain(self._links.base(request))
        named = _argument(request, "name") in (None, DOMAIN["name"])
        return self._answer_list(request, "domains", [described] if named else [])

    @app.route("/v3/domains/<domain_id>", methods=["GET"])
    async def show_domain(self, request: StreamingRequest, domain_id: str) -> bytes:
        """
        Describe the one domain.
        """
        await self._asking(request)
        if domain_id != DOMAIN["id"]:
            raise NotFound
        described = documents.domain(self._links.base(request))
        return _answer(request, {"domain": described})

    # What is common to them

    async def _asking(self, request: StreamingRequest) -> Login:
        """
        Find out who asks.
        """
        token = header(request, "x-auth-token")
        if not token:
            raise Unauthenticated("A token is needed here, as X-Auth-Token.")
        return await self._logins.by_token(token)

    async def _known(self, request: StreamingRequest) -> tuple[Login, Accounts]:
        asking = await self._asking(request)
        return asking, await self._logins.accounts()

    async def _answer_projects(self, request: StreamingRequest, user: User) -> bytes:
        accounts = await self._logins.accounts()
        base = self._links.base(request)
        projects = accounts.projects_of(user.id)
        described = [documents.project(project, base) for project in projects]
        return self._answer_list(request, "projects", described)

    def _answer_list(
        self, request: StreamingRequest, kind: str, described: list[dict[str, Any]]
    ) -> bytes:
        path = request.path.decode()
        url = f"{self._links.base(request)}{path}"
        return _answer(request, documents.several(kind, described, url))


def _answer(
    request: StreamingRequest, value: Any, status: HTTPStatus = HTTPStatus.OK
) -> bytes:
    """
    Begin an answer that nobody may keep, and get its body.
    """
    request.setHeader("cache-control", "no-store")
    return answer_json(request, value, status)


def _argument(request: StreamingRequest, name: str) -> str | None:
    values = request.args.get(name.encode())
    return values[-1].decode(errors="replace") if values else None


def _in_domain(request: StreamingRequest) -> bool:
    return _argument(request, "domain_id") in (None, DOMAIN["id"])


def _demand(allowed: bool) -> None:
    if not allowed:
        raise Forbidden("Only administrators see what is others'.")
