"""
A web server that misbehaves, in a process of its own.
"""

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.functional.daemons import PATIENCE, free_port
from tests.servers import badhttp

HOST = "127.0.0.2"
"""Where it is; its canary is elsewhere on this machine."""


class BadHTTP:
    """
    Such a server.
    """

    def __init__(self):
        self.port = free_port()
        self.canary_port = free_port()
        self.url = f"http://{HOST}:{self.port}"

    def start(self):
        """
        Start it, and wait until it answers.
        """
        ports = [str(self.port), str(self.canary_port)]
        command = [sys.executable, str(Path(badhttp.__file__)), HOST, *ports]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE)
        for _ in range(PATIENCE * 20):
            try:
                self.caught()
            except OSError:
                assert self._process.poll() is None, self._process.stderr.read()
                time.sleep(0.05)
            else:
                return

    def stop(self):
        """
        End it.
        """
        self._process.kill()
        self._process.wait()
        self._process.stderr.close()

    def caught(self):
        """
        Get what reached the canary.
        """
        return self._ask("canary")

    def seen(self):
        """
        Get what was asked otherwise: the path and the headers of each request.
        """
        return self._ask("seen")

    def _ask(self, name):
        with urllib.request.urlopen(f"{self.url}/{name}", timeout=PATIENCE) as answer:
            return json.load(answer)
