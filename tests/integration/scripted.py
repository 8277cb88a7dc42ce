"""
Servers that scripts in C{tests/servers} start and stop.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

SCRIPTS = Path(__file__).parent.parent / "servers"


class Scripted:
    """
    A private server that a script starts and stops.
    """

    def __init__(self, kind, script, **environment):
        """
        @param kind: what its directory is called by.
        @param script: the name of the script.
        @param environment: what the script is told.
        """
        self.base = Path(tempfile.mkdtemp(prefix=f"glance-{kind}-"))
        self.url = None
        self._script = SCRIPTS / script
        self._environment = {**os.environ, **environment}

    def run(self, deed, *arguments):
        """
        Have the script do something.

        @return: what it prints.
        """
        done = subprocess.run(
            [self._script, deed, str(self.base), *arguments],
            check=True,
            text=True,
            capture_output=True,
            env=self._environment,
        )
        return done.stdout.strip()

    def remove(self):
        """
        Stop it, and remove all that it has left.
        """
        self.run("wipe")
        shutil.rmtree(self.base)
