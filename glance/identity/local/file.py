"""
Users, projects and roles in a file.

What is here blocks.  Several processes may use one file.
"""

from __future__ import annotations

import os
import re
import secrets
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from attrs import field, frozen

from glance.errors import AccountsUnusable, Invalid
from glance.identity.local import passwords
from glance.identity.local.accounts import Accounts, Key, Project, User

VERSION = 1

PATIENCE = 5
"""How many seconds one process waits for the changes of another."""

_NAME = re.compile(r"[^:/\s](?:[^:/]{0,62}[^:/\s])?")
_ROLE = re.compile(r"[a-z0-9_-]{1,64}")

_TABLES = """
CREATE TABLE known (generation INTEGER NOT NULL, secret BLOB NOT NULL);
CREATE TABLE users (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, password TEXT NOT NULL,
    revision INTEGER NOT NULL, project TEXT REFERENCES projects (id)
);
CREATE TABLE projects (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE roles (
    user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    PRIMARY KEY (user, project, role)
);
CREATE TABLE keys (
    id TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT NOT NULL, digest TEXT NOT NULL, expires REAL
);
CREATE TABLE revoked (id TEXT PRIMARY KEY, expires REAL NOT NULL);
"""


@frozen(kw_only=True)
class NewUser:
    """
    A user that a file begins with.
    """

    name: str
    password: str = field(repr=False)
    project: str
    """The name of the project that it works for."""
    role: str


class AccountsFile:
    """
    An SQLite database of those who may log in, and the secret that their tokens
    are signed with.

    Each method raises L{AccountsUnusable} where the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        """
        @param path: the file; it need not be there.
        """
        self.path = path

    # What there is

    def exists(self) -> bool:
        """
        Tell whether there is a file.
        """
        return self.path.exists()

    def read(self, known: Accounts | None = None) -> Accounts:
        """
        Get all that is known.

        @param known: what was known before, which is given back if that is all.
        """
        with self._opened() as db:
            # So that all of it is of one time.
            db.execute("BEGIN")
            generation, secret = db.execute("SELECT * FROM known").fetchone()
            if known is not None and known.generation == generation:
                return known
            roles: dict[tuple[str, str], set[str]] = {}
            for user, project, role in db.execute("SELECT * FROM roles"):
                roles.setdefault((user, project), set()).add(role)
            keys = [Key(**row) for row in _rows(db, "SELECT * FROM keys")]
            revoked = db.execute("SELECT id FROM revoked")
            return Accounts(
                users=tuple(
                    User(**row)
                    for row in _rows(db, "SELECT * FROM users ORDER BY name")
                ),
                projects=tuple(
                    Project(**row)
                    for row in _rows(db, "SELECT * FROM projects ORDER BY name")
                ),
                roles={pair: frozenset(names) for pair, names in roles.items()},
                keys={key.id: key for key in keys},
                revoked=frozenset(row[0] for row in revoked),
                secret=secret,
                generation=generation,
            )

    # What is changed

    def create(self, *users: NewUser) -> None:
        """
        Make the file, for its owner alone; that is the owner of its directory,
        where root does it for a daemon.

        A process that dies in it leaves no half of a file.

        @param users: who is there from the beginning.

        @raise Invalid: there is one.
        """
        made = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        try:
            own_file(made, b"")
            with closing(sqlite3.connect(made)) as db:
                db.executescript(_TABLES)
                db.execute(f"PRAGMA user_version = {VERSION}")
                known = [_new_generation(), secrets.token_bytes(32)]
                db.execute("INSERT INTO known VALUES (?, ?)", known)
                db.commit()
            for user in users:
                AccountsFile(made).add_user(
                    user.name, user.password, user.project, user.role
                )
            os.link(made, self.path)
            sync_directory(self.path.parent)
        except FileExistsError:
            raise Invalid(f"There is a file {self.path} already.") from None
        except (OSError, sqlite3.Error) as error:
            raise _unusable(self.path, error) from error
        finally:
            made.unlink(missing_ok=True)

    def add_user(self, name: str, password: str, project: str, role: str) -> User:
        """
        Add a user.

        @param project: the name of the project that it works for; it is made if
            there is none.
        @param role: what it is there.

        @raise Invalid: there is a user of that name, or something cannot be
            called so.
        """
        _check_name("user", name)
        _check_name("project", project)
        _check_role(role)
        kept = _kept(password)
        with self._changed() as db:
            if db.execute("SELECT 1 FROM users WHERE name = ?", [name]).fetchone():
                raise Invalid(f"There is a user {name} already.")
            project_id = _project(db, project)
            user = User(
                id=uuid4().hex, name=name, password=kept, revision=1, project=project_id
            )
            db.execute(
                "INSERT INTO users VALUES (?, ?, ?, ?, ?)",
                [user.id, user.name, user.password, user.revision, user.project],
            )
            _grant(db, user.id, project_id, role)
        return user

    def set_password(self, name: str, password: str) -> None:
        """
        Give a user another password, which ends its tokens, but not its keys.

        @raise Invalid: there is no user of that name, or it cannot have that.
        """
        kept = _kept(password)
        with self._changed() as db:
            user = _user(db, name)
            db.execute(
                "UPDATE users SET password = ?, revision = revision + 1 WHERE id = ?",
                [kept, user],
            )

    def remove_user(self, name: str) -> None:
        """
        Remove a user, with its tokens and keys.  What belongs to its projects
        stays.

        @raise Invalid: there is no user of that name.
        """
        with self._changed() as db:
            db.execute("DELETE FROM users WHERE id = ?", [_user(db, name)])

    def grant(self, name: str, project: str, role: str) -> None:
        """
        Give a user a role in a project, which is made if there is none.

        @raise Invalid: there is no user of that name, or something cannot be
            called so.
        """
        _check_name("project", project)
        _check_role(role)
        with self._changed() as db:
            _grant(db, _user(db, name), _project(db, project), role)

    def withdraw(self, name: str, project: str, role: str) -> None:
        """
        Take a role in a project from a user.

        @raise Invalid: it doesn't have that.
        """
        with self._changed() as db:
            gone = db.execute(
                "DELETE FROM roles WHERE role = ? AND user = ? AND project ="
                " (SELECT id FROM projects WHERE name = ?)",
                [role, _user(db, name), project],
            )
            if not gone.rowcount:
                raise Invalid(f"User {name} has no role {role} in project {project}.")

    def add_key(
        self, name: str, project: str | None, label: str, expires: float | None
    ) -> str:
        """
        Make a token that lasts.

        @param name: whose it is.
        @param project: the name of what it is good for; L{None} for the project
            that the user works for.
        @param label: what it is for.
        @param expires: in seconds since 1970; L{None} for never.

        @return: the token, which is nowhere else.

        @raise Invalid: there is no such user, it has no role in that project, or
            the label is no line of text.
        """
        if not label.isprintable():
            raise Invalid("What a token is for is said in one line of text.")
        key_id, secret = passwords.new_key()
        with self._changed() as db:
            user = _user(db, name)
            found = db.execute(
                "SELECT project FROM roles WHERE user = ? AND project = COALESCE("
                " (SELECT id FROM projects WHERE name = ?),"
                " (SELECT project FROM users WHERE id = ? AND ? IS NULL))",
                [user, project, user, project],
            ).fetchone()
            if found is None:
                raise Invalid(f"User {name} has no role in that project.")
            digest = passwords.key_digest(secret)
            db.execute(
                "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?)",
                [key_id, user, found[0], label, digest, expires],
            )
        return passwords.key_token(key_id, secret)

    def remove_key(self, key_id: str) -> None:
        """
        Revoke a token that lasts.

        @raise Invalid: there is none of that id.
        """
        with self._changed() as db:
            gone = db.execute("DELETE FROM keys WHERE id = ?", [key_id])
            if not gone.rowcount:
                raise Invalid(f"There is no API token {key_id}.")

    def revoke(self, token_id: str, expires: float, now: float) -> None:
        """
        Have a token not believed any more.

        @param expires: when it is not, anyway, in seconds since 1970.
        @param now: what expired before need not be remembered.
        """
        with self._changed() as db:
            db.execute("DELETE FROM revoked WHERE expires < ?", [now])
            db.execute(
                "INSERT OR IGNORE INTO revoked VALUES (?, ?)", [token_id, expires]
            )

    def change_secret(self) -> None:
        """
        Have no token believed any more that was given out before.  Keys, and
        passwords, are as they were.
        """
        with self._changed() as db:
            db.execute("UPDATE known SET secret = ?", [secrets.token_bytes(32)])
            db.execute("DELETE FROM revoked")

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        # To connect to a path would make a file.
        uri = f"{self.path.absolute().as_uri()}?mode=rw"
        try:
            with closing(
                sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)
            ) as db:
                if stat.S_IMODE(self.path.stat().st_mode) & 0o077:
                    raise AccountsUnusable(
                        f"{self.path} can be read by others than its owner: it holds "
                        f"secrets.  Run: chmod 600 {self.path}"
                    )
                db.execute("PRAGMA foreign_keys = ON")
                version = db.execute("PRAGMA user_version").fetchone()[0]
                if version != VERSION:
                    raise AccountsUnusable(
                        f"{self.path} was not made by this version of the program."
                    )
                yield db
        except (OSError, sqlite3.Error) as error:
            raise _unusable(self.path, error) from error

    @contextmanager
    def _changed(self) -> Iterator[sqlite3.Connection]:
        """
        Make a change, which others see whole or not at all.
        """
        with self._opened() as db:
            db.execute("BEGIN IMMEDIATE")
            # What raises here is rolled back as the connection is closed.
            yield db
            db.execute("UPDATE known SET generation = ?", [_new_generation()])
            db.execute("COMMIT")


def _new_generation() -> int:
    # Counted, it would be that of another change in a copy that went its own way,
    # and that may come in the place of this file.
    return secrets.randbits(62)


def own_file(path: Path, content: bytes) -> None:
    """
    Write a new file that only its owner can read, and see that it is on disk.
    The owner is that of the directory, where root does this.

    @raise OSError: it cannot be written, or is there.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        if os.geteuid() == 0:
            of = path.parent.stat()
            os.fchown(file.fileno(), of.st_uid, of.st_gid)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_directory(path: Path) -> None:
    """
    See that the names of what is in a directory are on disk.
    """
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _unusable(path: Path, error: Exception) -> AccountsUnusable:
    cure = "see that the file and its directory belong to the user of the daemon."
    if getattr(error, "sqlite_errorname", None) in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
        cure = (
            "put a copy of it back in its place; or move it away, and a first "
            "administrator is made anew."
        )
    return AccountsUnusable(
        f"The users in {path} cannot be read or changed ({error}): {cure}"
    )


def _rows(db: sqlite3.Connection, statement: str) -> Iterator[Mapping[str, Any]]:
    cursor = db.execute(statement)
    names = [column[0] for column in cursor.description]
    for row in cursor:
        yield dict(zip(names, row, strict=True))


def _user(db: sqlite3.Connection, name: str) -> str:
    found = db.execute("SELECT id FROM users WHERE name = ?", [name]).fetchone()
    if found is None:
        raise Invalid(f"There is no user {name}.")
    return str(found[0])


def _project(db: sqlite3.Connection, name: str) -> str:
    """
    Get the id of a project, which is made if there is none.
    """
    db.execute("INSERT OR IGNORE INTO projects VALUES (?, ?)", [uuid4().hex, name])
    found = db.execute("SELECT id FROM projects WHERE name = ?", [name]).fetchone()
    return str(found[0])


def _grant(db: sqlite3.Connection, user: str, project: str, role: str) -> None:
    db.execute("INSERT OR IGNORE INTO roles VALUES (?, ?, ?)", [user, project, role])


def _check_name(what: str, name: str) -> None:
    if not (_NAME.fullmatch(name) and name.isprintable()):
        raise Invalid(
            f"The name of a {what} has 1 to 64 characters; none is a colon, a slash "
            "or a control character, and no space begins or ends it."
        )


def _check_role(role: str) -> None:
    if not _ROLE.fullmatch(role):
        raise Invalid("The name of a role has 1 to 64 of a-z, 0-9, - and _.")


def _kept(password: str) -> str:
    if not 8 <= len(password) <= passwords.LONGEST or "\0" in password:
        raise Invalid(
            f"A password has at least 8 characters, and at most {passwords.LONGEST}; "
            "none is a NUL."
        )
    return passwords.hashed(password)
