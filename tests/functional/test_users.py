"""
The commands that see to users and tokens.
"""

from pathlib import Path

import click
from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from glance.identity.local import passwords
from glance.identity.local.file import AccountsFile
from glance.tap.users import token_commands, user_commands
from tests.identity.local.users import EVA, cheap


class UsersTests(SynchronousTestCase):
    """
    C{glance-manage user} and C{glance-manage token}.
    """

    def setUp(self):
        cheap(self)
        self.file = AccountsFile(Path(self.mktemp()))
        self.program = click.Group(
            commands=[user_commands(self.file_of), token_commands(self.file_of)]
        )

    def file_of(self, told):
        """
        Get the file.
        """
        return self.file

    def manage(self, *arguments, said="", status=0):
        """
        Run the program, see what it exits with, and get what it says.
        """
        done = CliRunner().invoke(self.program, arguments, input=said)
        self.assertEqual(done.exit_code, status, done.output)
        return done.output

    def refused(self, *arguments, said=""):
        """
        Run the program, and get the one line that says why it fails.
        """
        [line] = self.manage(*arguments, said=said, status=1).splitlines()
        self.assertTrue(line.startswith("glance-manage: "), line)
        return line

    def add(self, *arguments):
        """
        Add eva.
        """
        return self.manage("user", "add", "eva", *arguments, said=f"{EVA}\n")

    def test_add(self):
        """
        The first user makes the file; it has a project of its own, unless one
        is named.
        """
        self.assertEqual(self.add(), "")
        accounts = self.file.read()
        eva, project = accounts.user_named("eva"), accounts.project_named("eva")
        self.assertEqual(accounts.roles_of(eva.id, project.id), {"member", "reader"})
        self.assertTrue(passwords.matches(EVA, eva.password))
        arguments = ("bob", "--project", "acme", "--role", "reader")
        self.manage("user", "add", *arguments, said="bob's password\n")
        listed = self.manage("user", "list").splitlines()
        self.assertEqual(
            [line.split("  ", 1)[1] for line in listed],
            ["bob  (acme: reader)", "eva  (eva: member)"],
        )

    def test_no_password(self):
        """
        Without a password, or with a bad one, there is no user.
        """
        self.assertIn("password", self.refused("user", "add", "eva"))
        self.assertIn("8", self.refused("user", "add", "eva", said="short\n"))
        self.assertEqual(self.manage("user", "list"), "")

    def test_change(self):
        """
        A user gets another password, and roles, and goes.
        """
        self.add()
        self.manage("user", "passwd", "eva", said="another one\n")
        self.manage("user", "grant", "eva", "acme", "reader")
        self.manage("user", "grant", "eva", "acme", "service")
        self.manage("user", "withdraw", "eva", "eva", "member")
        eva = self.file.read().user_named("eva")
        self.assertTrue(passwords.matches("another one", eva.password))
        self.assertIn("(acme: reader, service)", self.manage("user", "list"))
        self.manage("user", "remove", "eva")
        self.assertEqual(self.manage("user", "list"), "")

    def test_nobody(self):
        """
        Who isn't there cannot be changed, and the operator is told so.
        """
        self.add()
        for arguments in (
            ("passwd", "x"),
            ("remove", "x"),
            ("grant", "x", "y", "member"),
            ("withdraw", "x", "y", "member"),
        ):
            said = self.refused("user", *arguments, said="a password\n")
            self.assertIn("no user x", said)
        self.assertIn("already", self.refused("user", "add", "eva", said=f"{EVA}\n"))

    def test_no_file(self):
        """
        Without a file there is nobody.
        """
        self.refused("user", "list")
        self.assertFalse(self.file.exists())

    def test_tokens(self):
        """
        A token is printed once, listed by its id, and revoked.
        """
        self.add()
        arguments = ("--label", "for curl", "--days", "30")
        token = self.manage("token", "add", "eva", *arguments).strip()
        key_id, secret = passwords.key_parts(token)
        listed = self.manage("token", "list")
        self.assertRegex(
            listed, rf"\A{key_id}  eva  eva  \d{{4}}-\d\d-\d\d  for curl\n"
        )
        self.assertNotIn(secret, listed)
        self.manage("token", "revoke", key_id)
        self.assertEqual(self.manage("token", "list"), "")
        self.assertIn(key_id, self.refused("token", "revoke", key_id))
        self.manage("token", "add", "eva")
        self.assertIn("never", self.manage("token", "list"))

    def test_renew(self):
        """
        The secret of tokens is changed when it is known to others.
        """
        self.manage("user", "add", "eva", said="eva's password")
        before = self.file.read().secret
        self.manage("token", "renew")
        self.assertNotEqual(self.file.read().secret, before)
