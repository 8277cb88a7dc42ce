"""
Users, projects and roles, as values.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from attrs import field, frozen

IMPLIED: Mapping[str, tuple[str, ...]] = {
    "admin": ("member", "reader"),
    "member": ("reader",),
}
"""
The roles that one has who has another.
"""


@frozen
class Project:
    """
    Whom images belong to.
    """

    id: str
    name: str


@frozen(kw_only=True)
class User:
    """
    Who may log in.
    """

    id: str
    name: str
    password: str = field(repr=False)
    """Its scrypt hash, as L{glance.identity.local.passwords} writes it."""
    revision: int
    """How often the password was set: tokens are good for one of these."""
    project: str | None
    """The id of the project that it works for where it doesn't say."""


@frozen(kw_only=True)
class Key:
    """
    A token that lasts until it is revoked, known by its hash.
    """

    id: str
    user: str
    project: str
    """The id of the one project that it is good for."""
    name: str
    """What it is for, as its user says."""
    digest: str = field(repr=False)
    expires: float | None
    """In seconds since 1970; L{None} for never."""


@frozen(kw_only=True, slots=False, eq=False)
class Accounts:
    """
    All that is known at one time.
    """

    users: tuple[User, ...] = ()
    projects: tuple[Project, ...] = ()
    roles: Mapping[tuple[str, str], frozenset[str]] = field(factory=dict)
    """Those that were granted, by the ids of user and project."""
    keys: Mapping[str, Key] = field(factory=dict)
    """By id."""
    revoked: frozenset[str] = frozenset()
    """The ids of tokens that are not to be believed any more."""
    secret: bytes = field(default=b"", repr=False)
    """What tokens are signed with."""
    generation: int = 0
    """Is another after each change, in whatever copy of the file it was made."""

    @cached_property
    def _users(self) -> Mapping[str, User]:
        return {user.id: user for user in self.users}

    @cached_property
    def _users_by_name(self) -> Mapping[str, User]:
        return {user.name: user for user in self.users}

    @cached_property
    def _projects(self) -> Mapping[str, Project]:
        return {project.id: project for project in self.projects}

    @cached_property
    def _projects_by_name(self) -> Mapping[str, Project]:
        return {project.name: project for project in self.projects}

    def user(self, user_id: str) -> User | None:
        """
        Find a user by its id.
        """
        return self._users.get(user_id)

    def user_named(self, name: str) -> User | None:
        """
        Find a user by its name.
        """
        return self._users_by_name.get(name)

    def project(self, project_id: str) -> Project | None:
        """
        Find a project by its id.
        """
        return self._projects.get(project_id)

    def project_named(self, name: str) -> Project | None:
        """
        Find a project by its name.
        """
        return self._projects_by_name.get(name)

    def roles_of(self, user_id: str, project_id: str) -> frozenset[str]:
        """
        Get the roles that a user has in a project, those that others imply
        among them; none if it isn't the user's.
        """
        granted = self.roles.get((user_id, project_id), frozenset())
        return granted.union(*(IMPLIED.get(role, ()) for role in granted))

    def projects_of(self, user_id: str) -> list[Project]:
        """
        List the projects that a user has a role in.
        """
        return [one for one in self.projects if (user_id, one.id) in self.roles]
