"""
Who is logged in, and by what.
"""

from __future__ import annotations

from math import inf
from uuid import uuid4

from attrs import evolve, field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from glance.deferreds import deferred
from glance.errors import Unauthenticated
from glance.identity.local import passwords, tokens
from glance.identity.local.accounts import Accounts, Key, Project, User
from glance.identity.local.file import AccountsFile
from glance.identity.local.known import NEW, Known
from glance.identity.local.verifying import Verifier

_WRONG = "The user or the password is wrong."

_STALE = "The token is not valid, or not any more: log in again."

_ELSEWHERE = "The user has no role in that project."

_BY_PASSWORD = ("password",)

_BY_KEY = ("application_credential",)


@frozen(kw_only=True)
class Scope:
    """
    What a token is to be good for: a project, by id or name; where neither is
    said, the one that the user works for.
    """

    project_id: str | None = None
    project_name: str | None = None
    nothing: bool = False
    """Whether it is only to ask for another token."""


@frozen(kw_only=True)
class Password:
    """
    A user who says its password; of name and id one is given.
    """

    name: str | None = None
    user_id: str | None = None
    password: str = field(repr=False)


@frozen(kw_only=True)
class KeySecret:
    """
    A key in two parts, as an application credential of Keystone is.
    """

    id: str
    secret: str = field(repr=False)


@frozen
class Token:
    """
    A token that was had before.
    """

    text: str = field(repr=False)


Credential = Password | KeySecret | Token


@frozen(kw_only=True)
class Login:
    """
    Somebody who is logged in.
    """

    id: str
    """Of the token, or of the key."""
    user: User
    project: Project | None = None
    """What it is good for; L{None} if only to ask for another token."""
    roles: frozenset[str] = frozenset()
    """In that project."""
    methods: tuple[str, ...]
    """How the user logged in, in Keystone's words."""
    issued: float
    """In seconds since 1970."""
    expires: float
    """In seconds since 1970."""
    key: str | None = None
    """The id of the key that it was had for."""

    @property
    def is_key(self) -> bool:
        """
        Whether it was a key itself that was shown.
        """
        return self.id == self.key


class Logins:
    """
    Finds out who somebody is, and gives out tokens.
    """

    def __init__(
        self,
        known: Known,
        file: AccountsFile,
        verifier: Verifier,
        clock: IReactorTime,
        *,
        life: float,
    ) -> None:
        """
        @param life: for how many seconds a token is good.
        """
        self._known = known
        self._file = file
        self._verifier = verifier
        self._clock = clock
        self._life = life

    def accounts(self) -> Deferred[Accounts]:
        """
        Get all users and projects.

        @raise AccountsUnusable: nobody knows them.
        """
        return self._known.get()

    @deferred
    async def check(self) -> None:
        """
        See whether it is known who may log in.

        @raise AccountsUnusable: it isn't.
        """
        await self._known.get()

    @deferred
    async def by_token(self, token: str) -> Login:
        """
        Find out whose a token is.

        @raise Unauthenticated: nobody's.
        """
        login = self._read(await self._known.get(), token)
        if login is None:
            login = self._read(await self._known.get(NEW), token)
        if login is None:
            raise Unauthenticated(_STALE)
        return login

    @deferred
    async def by_password(self, name: str, password: str, address: str | None) -> Login:
        """
        Find out who says a name and a password, or a key in its place.

        @param address: where it comes from; L{None} for a UNIX socket.

        @raise Unauthenticated: nobody.
        @raise TooManyAttempts: there were too many wrong passwords of late.
        @raise TooBusy: too many log in at this moment.
        """
        accounts = await self._known.get(NEW)
        if passwords.key_parts(password) is not None:
            login = self._read(accounts, password)
            if login is not None and login.user.name == name:
                return login
        return await self._verified(
            accounts, Password(name=name, password=password), Scope(), address
        )

    @deferred
    async def issue(
        self, credential: Credential, scope: Scope, address: str | None
    ) -> tuple[str, Login]:
        """
        Give out a token.

        @param address: where it is asked for; L{None} for a UNIX socket.

        @return: the token, and what it is good for.

        @raise Unauthenticated: it cannot be had for that.
        @raise TooManyAttempts: there were too many wrong passwords of late.
        @raise TooBusy: too many log in at this moment.
        """
        accounts = await self._known.get(NEW)
        if isinstance(credential, Password):
            login = await self._verified(accounts, credential, scope, address)
        else:
            login = self._again(accounts, credential, scope)
        accounts = await self._known.get()
        claim = tokens.Claim(
            id=login.id,
            user=login.user.id,
            revision=login.user.revision,
            project=None if login.project is None else login.project.id,
            methods=login.methods,
            issued=login.issued,
            expires=login.expires,
            key=login.key,
        )
        return tokens.sign(claim, accounts.secret), login

    @deferred
    async def revoke(self, login: Login) -> None:
        """
        Have a token, or a key, not believed any more, by any process.

        @raise AccountsUnusable: that cannot be written down.
        """
        if login.is_key:
            await self._known.change(self._file.remove_key, login.id)
            return
        now = self._clock.seconds()
        await self._known.change(self._file.revoke, login.id, login.expires, now)

    async def _verified(
        self, accounts: Accounts, said: Password, scope: Scope, address: str | None
    ) -> Login:
        """
        Log a user in by its password.
        """
        if said.user_id is not None:
            user = accounts.user(said.user_id)
        else:
            user = accounts.user_named(said.name or "")
        # What is tried as a name and as an id are two, so that nobody learns from
        # how often it may be tried whether it is one of them.
        who = f"{'name' if said.user_id is None else 'id'} {said.user_id or said.name}"
        right = await self._verifier.verify(user, who, said.password, address)
        # Where many wait for that, it takes seconds: what is taken away, is gone.
        accounts = await self._known.get()
        if user is None or not right or accounts.user(user.id) != user:
            raise Unauthenticated(_WRONG)
        return self._scoped(accounts, self._login(user, _BY_PASSWORD), scope)

    def _again(
        self, accounts: Accounts, credential: KeySecret | Token, scope: Scope
    ) -> Login:
        """
        Log a user in by what it has.
        """
        if isinstance(credential, KeySecret):
            login = self._of_secret(accounts, credential.id, credential.secret)
        else:
            login = self._read(accounts, credential.text)
        if login is None:
            raise Unauthenticated(_STALE)
        again = evolve(login, id=uuid4().hex)
        if isinstance(credential, Token):
            methods = dict.fromkeys([*login.methods, "token"])
            again = evolve(again, methods=tuple(methods))
        if again.key is None:
            return self._scoped(accounts, again, scope)
        # A key is good for one project, whoever holds it.
        asked = _project(accounts, login.user, scope)
        if scope != Scope() and asked != login.project:
            raise Unauthenticated(_ELSEWHERE)
        return again

    # What tokens say

    def _read(self, accounts: Accounts, token: str) -> Login | None:
        """
        Find out whose a token is; L{None} if it isn't good.
        """
        parts = passwords.key_parts(token)
        if parts is not None:
            return self._of_secret(accounts, *parts)
        claim = tokens.read(token, accounts.secret)
        if claim is None or claim.id in accounts.revoked:
            return None
        user = accounts.user(claim.user)
        if user is None or claim.expires <= self._clock.seconds():
            return None
        if claim.key is None:
            # A key outlives the password.
            if claim.revision != user.revision:
                return None
        elif self._key(accounts, claim.key) is None:
            return None
        login = Login(
            id=claim.id,
            user=user,
            methods=claim.methods,
            issued=claim.issued,
            expires=claim.expires,
            key=claim.key,
        )
        return login if claim.project is None else _at(accounts, login, claim.project)

    def _of_secret(self, accounts: Accounts, key_id: str, secret: str) -> Login | None:
        key = self._key(accounts, key_id)
        if key is None or not passwords.key_matches(secret, key.digest):
            return None
        user = accounts.user(key.user)
        if user is None:
            return None
        login = self._login(user, _BY_KEY, key)
        return _at(accounts, login, key.project)

    def _key(self, accounts: Accounts, key_id: str) -> Key | None:
        """
        Find a key that has not expired.
        """
        key = accounts.keys.get(key_id)
        if key is None or (key.expires or inf) <= self._clock.seconds():
            return None
        return key

    def _login(
        self, user: User, methods: tuple[str, ...], key: Key | None = None
    ) -> Login:
        now = self._clock.seconds()
        expires = now + self._life
        if key is not None and key.expires is not None:
            expires = min(expires, key.expires)
        return Login(
            id=uuid4().hex if key is None else key.id,
            user=user,
            methods=methods,
            issued=now,
            expires=expires,
            key=None if key is None else key.id,
        )

    def _scoped(self, accounts: Accounts, login: Login, scope: Scope) -> Login:
        """
        Get a login that is good for what was asked for.
        """
        if scope.nothing or (scope == Scope() and login.user.project is None):
            return login
        project = _project(accounts, login.user, scope)
        scoped = None if project is None else _at(accounts, login, project.id)
        if scoped is not None:
            return scoped
        if scope == Scope():
            return login
        raise Unauthenticated(_ELSEWHERE)


def _project(accounts: Accounts, user: User, scope: Scope) -> Project | None:
    if scope.project_name is not None:
        return accounts.project_named(scope.project_name)
    return accounts.project(scope.project_id or user.project or "")


def _at(accounts: Accounts, login: Login, project_id: str) -> Login | None:
    """
    Get a login that is good for a project; L{None} if its user has no role there.
    """
    project = accounts.project(project_id)
    roles = accounts.roles_of(login.user.id, project_id)
    if project is None or not roles:
        return None
    return evolve(login, project=project, roles=roles)
