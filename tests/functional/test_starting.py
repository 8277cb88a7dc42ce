"""
Tests of how daemons start, or don't.
"""

from tests.functional.test_daemons import DaemonCase


class PidFileTests(DaemonCase):
    """
    C{twistd} writes a pid file where it is told to, and nowhere else.
    """

    def test_unsaid(self):
        """
        Daemons that are told of none can share a working directory, and leave
        nothing in it.
        """
        daemons = [
            self.start(name, command=self.place.twistd(name, twistd=("-n",)))
            for name in ("glance-registry", "glance-api")
        ]
        self.assertEqual(self.place.litter(), [])
        for daemon in daemons:
            daemon.stop()

    def test_said(self):
        """
        One that is named is written, relative to the working directory, too.
        """
        command = self.place.twistd(
            "glance-registry", twistd=("-n", "--pidfile=registry.pid")
        )
        registry = self.start("glance-registry", command=command)
        self.assertEqual(self.place.litter(), ["registry.pid"])
        registry.stop()
        self.assertEqual(self.place.litter(), [])

    def test_not_writable(self):
        """
        One that cannot be written is refused before the daemon goes into the
        background.
        """
        for path in (self.place.path / "none" / "pid", self.place.path / "cwd"):
            command = self.place.twistd("glance-api", twistd=(f"--pidfile={path}",))
            done = self.place.run(command)
            self.assertEqual(done.returncode, 1, done)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            self.assertIn(f"glance-api: --pidfile {path} cannot be", done.stderr)
