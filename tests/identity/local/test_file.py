"""
Tests for L{glance.identity.local.file}.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from threading import Timer

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from glance.errors import AccountsUnusable, Invalid
from glance.identity.local import passwords
from glance.identity.local.file import AccountsFile
from tests.identity.local.users import BOB, BOSS, EVA, NOON, users_file


class ReadingTests(SynchronousTestCase):
    """
    What was written down is read.
    """

    def setUp(self):
        self.file = users_file(self)

    def test_users(self):
        """
        There are users, by name and id, each with the project it works for.
        """
        accounts = self.file.read()
        self.assertEqual([user.name for user in accounts.users], ["bob", "boss", "eva"])
        eva = accounts.user_named("eva")
        self.assertEqual(accounts.user(eva.id), eva)
        acme = accounts.project_named("acme")
        self.assertEqual(accounts.project(acme.id), acme)
        self.assertEqual(eva.project, acme.id)
        self.assertIsNone(accounts.user_named("nobody"))
        self.assertIsNone(accounts.project("nothing"))

    def test_roles(self):
        """
        A role implies those that are less.
        """
        accounts = self.file.read()

        def roles(name, project):
            of = accounts.project_named(project).id
            return accounts.roles_of(accounts.user_named(name).id, of)

        self.assertEqual(roles("bob", "acme"), {"reader"})
        self.assertEqual(roles("eva", "acme"), {"member", "reader"})
        self.assertEqual(roles("boss", "admin"), {"admin", "member", "reader"})
        self.assertEqual(roles("boss", "acme"), set())

    def test_secrets(self):
        """
        No password and no key is in the file.
        """
        token = self.file.add_key("eva", None, "for curl", None)
        data = self.file.path.read_bytes()
        _, secret = passwords.key_parts(token)
        for text in (EVA, BOB, BOSS, token, secret):
            self.assertNotIn(text.encode(), data)

    def test_owner_only(self):
        """
        Only its owner can read the file; one that others can is not used.
        """
        self.assertEqual(self.file.path.stat().st_mode & 0o777, 0o600)
        self.file.path.chmod(0o640)
        error = self.assertRaises(AccountsUnusable, self.file.read)
        self.assertIn("chmod 600", str(error))

    def test_root(self):
        """
        What root makes in the directory of a daemon's user is that user's.
        """
        if os.geteuid() != 0:
            raise SkipTest("only root can give files away")
        place = Path(self.mktemp())
        place.mkdir()
        os.chown(place, 65534, 65534)
        file = AccountsFile(place / "users")
        file.create()
        made = file.path.stat()
        self.assertEqual((made.st_uid, made.st_gid), (65534, 65534))

    def test_unchanged(self):
        """
        Who knows all is told so; after a change there is more to know.
        """
        known = self.file.read()
        self.assertIs(self.file.read(known), known)
        self.file.grant("eva", "other", "reader")
        self.assertIsNot(self.file.read(known), known)

    def test_no_file(self):
        """
        Reading makes no file.
        """
        file = AccountsFile(Path(self.mktemp()))
        self.assertRaises(AccountsUnusable, file.read)
        self.assertFalse(file.exists())

    def test_other_file(self):
        """
        What isn't such a file is not used, and neither is a damaged one.
        """
        path = Path(self.mktemp())
        path.write_text("no database" * 100)
        path.chmod(0o600)
        error = self.assertRaises(AccountsUnusable, AccountsFile(path).read)
        self.assertIn("put a copy of it back", str(error))
        with sqlite3.connect(self.file.path) as db:
            db.execute("PRAGMA user_version = 99")
        error = self.assertRaises(AccountsUnusable, self.file.read)
        self.assertIn("version", str(error))


class ChangingTests(SynchronousTestCase):
    """
    What is known can be changed.
    """

    def setUp(self):
        self.file = users_file(self)

    def test_create_once(self):
        """
        A file that is there is left alone.
        """
        before = self.file.path.read_bytes()
        self.assertRaises(Invalid, self.file.create)
        self.assertEqual(self.file.path.read_bytes(), before)
        self.assertEqual(list(self.file.path.parent.iterdir()), [self.file.path])

    def test_secret(self):
        """
        Each file has another secret.
        """
        self.assertNotEqual(users_file(self).read().secret, self.file.read().secret)

    def test_change_secret(self):
        """
        The secret can be changed; that is known as soon as the file is read.
        """
        before = self.file.read()
        self.file.change_secret()
        after = self.file.read(before)
        self.assertNotEqual(after.secret, before.secret)
        self.assertEqual(after.users, before.users)

    def test_replaced(self):
        """
        Another file in the place of this one is noticed, however old it is.
        """
        before = self.file.read()
        other = users_file(self)
        other.path.replace(self.file.path)
        self.assertNotEqual(self.file.read(before).secret, before.secret)

    def test_replaced_by_copy(self):
        """
        So is a copy in which something else was changed, however often.
        """
        copy = AccountsFile(self.file.path.with_name("copy"))
        shutil.copy(self.file.path, copy.path)
        copy.path.chmod(0o600)
        self.file.revoke("a token", NOON + 60, NOON)
        copy.remove_user("eva")
        before = self.file.read()
        copy.path.replace(self.file.path)
        self.assertIsNone(self.file.read(before).user_named("eva"))

    def test_same_name(self):
        """
        No two users have one name.
        """
        error = self.assertRaises(
            Invalid, self.file.add_user, "eva", EVA, "other", "member"
        )
        self.assertIn("eva", str(error))
        self.assertIsNone(self.file.read().project_named("other"))

    def test_names(self):
        """
        What cannot be a name, a role or a password is refused.
        """
        for name in ("", " x", "x ", "a:b", "a/b", "a\nb", "\udc80", "x" * 65):
            for arguments in ((name, EVA, "acme"), ("new", EVA, name)):
                self.assertRaises(Invalid, self.file.add_user, *arguments, "member")
        self.assertRaises(Invalid, self.file.add_user, "new", EVA, "acme", "Admin")
        for password in ("seven77", "x" * (passwords.LONGEST + 1), "eight888\0"):
            self.assertRaises(Invalid, self.file.add_user, "n", password, "a", "member")
        self.file.add_user("José Müller", "x" * 8, "naïve", "member")
        self.assertIsNotNone(self.file.read().user_named("José Müller"))

    def test_password(self):
        """
        A user gets another password.
        """
        before = self.file.read().user_named("eva")
        self.file.set_password("eva", "another one")
        after = self.file.read().user_named("eva")
        self.assertEqual(after.revision, before.revision + 1)
        self.assertTrue(passwords.matches("another one", after.password))
        self.assertRaises(Invalid, self.file.set_password, "nobody", EVA)

    def test_remove(self):
        """
        A user goes with its roles and keys; its project stays.
        """
        self.file.add_key("eva", None, "x", None)
        self.file.remove_user("eva")
        accounts = self.file.read()
        self.assertIsNone(accounts.user_named("eva"))
        self.assertEqual(dict(accounts.keys), {})
        self.assertEqual(len(accounts.roles), 2)
        self.assertIsNotNone(accounts.project_named("acme"))
        self.assertRaises(Invalid, self.file.remove_user, "eva")

    def test_grant(self):
        """
        A role in a project is given, and taken.
        """
        self.file.grant("bob", "other", "member")
        accounts = self.file.read()
        bob, other = accounts.user_named("bob"), accounts.project_named("other")
        self.assertIn("member", accounts.roles_of(bob.id, other.id))
        self.assertEqual(
            [project.name for project in accounts.projects_of(bob.id)],
            ["acme", "other"],
        )
        self.file.withdraw("bob", "other", "member")
        self.assertEqual(self.file.read().roles_of(bob.id, other.id), set())
        self.assertRaises(Invalid, self.file.withdraw, "bob", "other", "member")

    def test_keys(self):
        """
        A key is for the project that its user works for, or another in which
        it has a role.
        """
        self.file.grant("eva", "other", "member")
        for project, meant in ((None, "acme"), ("other", "other")):
            token = self.file.add_key("eva", project, "for curl", 123.0)
            key_id, secret = passwords.key_parts(token)
            accounts = self.file.read()
            key = accounts.keys[key_id]
            self.assertEqual(accounts.project(key.project).name, meant)
            self.assertEqual((key.name, key.expires), ("for curl", 123.0))
            self.assertTrue(passwords.key_matches(secret, key.digest))
            self.assertFalse(passwords.key_matches(secret + "x", key.digest))
            self.file.remove_key(key_id)
            self.assertRaises(Invalid, self.file.remove_key, key_id)
        for project in ("admin", "nothing"):
            self.assertRaises(Invalid, self.file.add_key, "eva", project, "", None)
        self.assertRaises(Invalid, self.file.add_key, "eva", None, "a\nb", None)

    def test_revoked(self):
        """
        Tokens that were revoked are remembered until they expire.
        """
        self.file.revoke("one", 100.0, 50.0)
        self.file.revoke("one", 100.0, 50.0)
        self.file.revoke("two", 300.0, 99.0)
        self.assertEqual(self.file.read().revoked, {"one", "two"})
        self.file.revoke("three", 400.0, 200.0)
        self.assertEqual(self.file.read().revoked, {"two", "three"})

    def test_locked(self):
        """
        Another process that never ends its change does not hold this one up
        for ever.
        """
        self.patch(sys.modules[AccountsFile.__module__], "PATIENCE", 0.1)
        other = sqlite3.connect(self.file.path, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN EXCLUSIVE")
        self.assertRaises(AccountsUnusable, self.file.read)
        self.assertRaises(AccountsUnusable, self.file.remove_user, "eva")
        other.execute("ROLLBACK")
        self.assertIsNotNone(self.file.read().user_named("eva"))

    def test_waits(self):
        """
        A change waits for that of another process, and is made upon it.
        """
        other = sqlite3.connect(
            self.file.path, isolation_level=None, check_same_thread=False
        )
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM users WHERE name = 'bob'")
        ending = Timer(0.3, other.execute, ["COMMIT"])
        ending.start()
        self.file.remove_user("eva")
        ending.join()
        self.assertEqual([user.name for user in self.file.read().users], ["boss"])


class ProcessesTests(SynchronousTestCase):
    """
    Several processes change one file.
    """

    def test_all_stay(self):
        """
        What each of them changes is there.
        """
        file = users_file(self)
        script = (
            "import sys; from pathlib import Path\n"
            "from glance.identity.local.file import AccountsFile\n"
            "file = AccountsFile(Path(sys.argv[1]))\n"
            "for n in range(10): file.grant('eva', f'{sys.argv[2]}-{n}', 'member')\n"
        )
        running = [
            subprocess.Popen([sys.executable, "-c", script, file.path, str(number)])
            for number in range(3)
        ]
        self.assertEqual([process.wait() for process in running], [0, 0, 0])
        accounts = file.read()
        eva = accounts.user_named("eva")
        self.assertEqual(len(accounts.projects_of(eva.id)), 31)
