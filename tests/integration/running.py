"""
Clients of all kinds, against daemons that run.
"""

import os
import pty
import subprocess
from contextlib import contextmanager

from tests.functional.daemons import Place, environment

PATIENCE = 120
"""How many seconds a client may take."""


class Clients:
    """
    Starts daemons, and runs clients against them.
    """

    timeout = 600
    daemons = ("glance-registry", "glance-api")

    def setUp(self):
        self.place = Place(self.mktemp())
        config = self.place.configure(**self.options())
        with config.open("a") as file:
            for section, options in self.sections().items():
                file.write(f"[{section}]\n")
                file.writelines(f"{n} = {v}\n" for n, v in options.items())
        for name in self.daemons:
            self.start(name)

    def options(self):
        """
        Get the options of the daemons that are not as usual.
        """
        return {}

    def sections(self):
        """
        Get those in sections of their own, by these.
        """
        return {}

    def start(self, name):
        """
        Run a daemon until the end of the test.
        """
        self.running = self.place.start(name)
        self.addCleanup(self.stop, self.running)

    def stop(self, running):
        """
        See that a daemon is well to the end, and has nothing to complain of.
        """
        self.assertEqual(running.stop(), -15, running.log)
        self.assertNotIn("Traceback", running.log)

    def environment(self):
        """
        Get the environment of clients: no settings and caches of who runs the
        tests.
        """
        kept = {k: v for k, v in environment().items() if not k.startswith("OS_")}
        return {**kept, "HOME": str(self.place.path)}

    def run_client(self, *command, status=0, **how):
        """
        Run a program to its end.

        @return: what it prints, as bytes.
        """
        return self.run_to_end(command, status, how).stdout

    def refuse_client(self, *command, **how):
        """
        Run a program that is refused what it asks for, and says so.

        @return: what it complains of, as bytes.
        """
        return self.run_to_end(command, 1, how).stderr

    def run_to_end(self, command, status, how):
        """
        Run a program to its end.

        @return: what it has printed, and complained of.
        """
        done = subprocess.run(
            [str(argument) for argument in command],
            cwd=self.place.path,
            env=self.environment(),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
            **how,
        )
        self.assertEqual(done.returncode, status, (command, done.stdout, done.stderr))
        return done

    def run_at_terminal(self, *command, **how):
        """
        Run a program at a terminal: anything else that OpenStack's commands are
        given for their input they take for an image.
        """
        ends = pty.openpty()
        for end in ends:
            self.addCleanup(os.close, end)
        return self.run_client(*command, stdin=ends[1], **how)

    @contextmanager
    def pipe(self, path):
        """
        Get the end of a pipe that a file comes from.
        """
        with (
            path.open("rb") as file,
            subprocess.Popen(["cat"], stdin=file, stdout=subprocess.PIPE) as cat,
        ):
            yield cat.stdout

    def assert_empty(self):
        """
        See that nothing is left.
        """
        self.assertEqual(self.place.files(), [])
