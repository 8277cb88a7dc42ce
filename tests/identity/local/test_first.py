"""
Tests for L{glance.identity.local.first}.
"""

import subprocess
import sys
from pathlib import Path

import yaml
from twisted.trial.unittest import SynchronousTestCase

from glance.errors import AccountsUnusable
from glance.identity.local import passwords
from glance.identity.local.file import AccountsFile
from glance.identity.local.first import clouds_yaml, first_start
from tests.identity.local.users import cheap

URL = "http://127.0.0.1:9292"


class FirstStartTests(SynchronousTestCase):
    """
    L{first_start} makes an administrator.
    """

    def setUp(self):
        cheap(self)
        self.here = Path(self.mktemp())
        self.here.mkdir()
        self.file = AccountsFile(self.here / "users.sqlite")
        self.clouds = self.here / "clouds.yaml"

    def start(self, url=URL):
        """
        Start for the first time, or again.
        """
        return first_start(self.file, self.clouds, url, "RegionOne")

    def cloud(self):
        """
        Get what the clients' file says.
        """
        return yaml.safe_load(self.clouds.read_text())["clouds"]["glance"]

    def test_first(self):
        """
        There is an administrator, whose password is in the clients' file, which
        only its owner can read.
        """
        self.assertTrue(self.start())
        auth = self.cloud()["auth"]
        self.assertEqual(auth["auth_url"], f"{URL}/v3")
        accounts = self.file.read()
        admin = accounts.user_named(auth["username"])
        project = accounts.project_named(auth["project_name"])
        self.assertIn("admin", accounts.roles_of(admin.id, project.id))
        self.assertTrue(passwords.matches(auth["password"], admin.password))
        self.assertEqual(self.clouds.stat().st_mode & 0o777, 0o600)
        self.assertEqual(
            sorted(path.name for path in self.here.iterdir()),
            ["clouds.yaml", "users.sqlite"],
        )

    def test_again(self):
        """
        Where there is a file of users, nothing is done.
        """
        self.start()
        before = self.clouds.read_text(), self.file.read().generation
        self.assertFalse(self.start())
        after = self.clouds.read_text(), self.file.read().generation
        self.assertEqual(after, before)

    def test_no_users(self):
        """
        Nor where its users were removed.
        """
        self.file.create()
        self.assertFalse(self.start())
        self.assertFalse(self.clouds.exists())

    def test_cut_short(self):
        """
        A start that was cut short before there was a user is done again, also
        over a file that others may read.
        """
        self.clouds.write_text(clouds_yaml(URL, "RegionOne", "old"))
        self.clouds.chmod(0o644)
        self.assertTrue(self.start())
        self.assertEqual(self.cloud()["auth"]["username"], "admin")
        self.assertEqual(self.clouds.stat().st_mode & 0o777, 0o600)

    def test_of_others(self):
        """
        What somebody else has written is left alone, and so is what a link
        points to; nobody is made then.
        """
        elsewhere = self.here / "elsewhere"
        for text in ("clouds: {other: {}}", "", clouds_yaml(URL, "RegionOne", "x")):
            elsewhere.write_text(text)
            self.clouds.symlink_to(elsewhere)
            self.assertIn("move it away", self.refusal())
            self.clouds.unlink()
            if "glance" not in text:
                self.clouds.write_text(text)
                self.assertIn("move it away", self.refusal())
                self.assertEqual(self.clouds.read_text(), text)
                self.clouds.unlink()
            self.assertEqual(elsewhere.read_text(), text)
        self.assertFalse(self.file.exists())

    def refusal(self):
        """
        Get why it cannot start.
        """
        return str(self.assertRaises(AccountsUnusable, self.start))

    def test_odd_url(self):
        """
        Whatever the URL, the file is what it should be.
        """
        self.start('https://[::1]:9292/a"b: #c')
        self.assertEqual(
            self.cloud()["auth"]["auth_url"], 'https://[::1]:9292/a"b: #c/v3'
        )

    def test_no_place(self):
        """
        Where nothing can be written, the operator is told where.
        """
        self.file = AccountsFile(self.here / "missing" / "users.sqlite")
        error = self.assertRaises(AccountsUnusable, self.start)
        self.assertIn("missing", str(error))

    def test_several(self):
        """
        Of several daemons that start at once one does it, so that the password
        in the clients' file is the right one.
        """
        script = (
            "import sys; from pathlib import Path\n"
            "from glance.identity.local.file import AccountsFile\n"
            "from glance.identity.local.first import first_start\n"
            "file, clouds = AccountsFile(Path(sys.argv[1])), Path(sys.argv[2])\n"
            "sys.exit(first_start(file, clouds, 'http://x', 'r'))\n"
        )
        command = [sys.executable, "-c", script, self.file.path, self.clouds]
        running = [subprocess.Popen(command) for _ in range(4)]
        ends = [process.wait() for process in running]
        self.assertEqual(sorted(ends), [0, 0, 0, 1])
        admin = self.file.read().user_named("admin")
        said = self.cloud()["auth"]["password"]
        self.assertTrue(passwords.matches(said, admin.password))
