"""
The peer that does the same: OpenStack's Glance, under uWSGI.
"""

import os
import subprocess
import time
from pathlib import Path

from bench import processes
from bench.cache import HERE, Failed, environment_of
from bench.servers import ImageServer
from tests.functional.daemons import free_port, get

PATIENCE = 300
"""How many seconds it may take to start, on a busy machine."""

REQUIREMENTS = HERE / "openstack.txt"

API = """\
[DEFAULT]
worker_self_reference_url = http://127.0.0.1:{port}
enabled_import_methods = []
[database]
connection = sqlite:///{path}/glance.sqlite
[glance_store]
stores = file
default_store = file
filesystem_store_datadir = {path}/images
[paste_deploy]
config_file = {venv}/etc/glance/glance-api-paste.ini
[oslo_policy]
enforce_scope = false
enforce_new_defaults = false
"""
"""
Without C{flavor} nobody is asked who they are, and everybody is an administrator;
the new policies would want a role as well.
"""

UWSGI = """\
[uwsgi]
module = glance.wsgi.api:application
http-socket = 127.0.0.1:{port}
processes = {workers}
master = true
lazy-apps = true
thunder-lock = true
enable-threads = true
add-header = Connection: close
buffer-size = 65535
socket-timeout = 10
http-auto-chunked = true
http-chunked-input = true
http-raw-body = true
chunked-input-limit = 2097152
exit-on-reload = true
die-on-term = true
"""
"""
What Glance's administrators' guide says, and chunks of 1 MiB, which would be
refused.
"""


class OpenStack(ImageServer):
    """
    OpenStack's Glance with SQLite and its filesystem store.
    """

    name = "OpenStack"
    at_once = 1

    def __init__(self, directory, workers, *, install):
        """
        @param workers: how many processes serve.
        @param install: whether it may be installed where it is missing.

        @raise Failed: it cannot be run.
        """
        self.venv = environment_of("glance", ["-r", str(REQUIREMENTS)], install)
        self.directory = Path(directory).absolute()
        (self.directory / "images").mkdir(parents=True)
        self.port = free_port()
        values = {"path": self.directory, "port": self.port, "venv": self.venv}
        (self.directory / "glance-api.conf").write_text(API.format(**values))
        config = UWSGI.format(port=self.port, workers=workers)
        (self.directory / "uwsgi.ini").write_text(config)
        self._workers = workers
        self._log = self.directory / "log"
        self._run(["glance-manage", "--config-dir", self.directory, "db", "sync"])
        self.start()
        self._wait()

    def _run(self, command):
        program = self.venv / "bin" / command[0]
        done = subprocess.run(
            [program, *command[1:]],
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise Failed(f"{command[0]}: {done.stderr[-2000:]}")

    def _environment(self):
        # Without PYTHONPATH, where another glance may be.
        kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        return {**kept, "OS_GLANCE_CONFIG_DIR": str(self.directory)}

    def start(self):
        """
        Start it, without waiting for it.
        """
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [self.venv / "bin" / "uwsgi", "--ini", "uwsgi.ini"],
                cwd=self.directory,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _wait(self):
        deadline = time.monotonic() + PATIENCE
        while self._log.read_text().count("WSGI app 0 ") < self._workers:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise Failed(f"uWSGI: {self._log.read_text()[-2000:]}")
            time.sleep(0.05)
        get(f"http://127.0.0.1:{self.port}/v2/images")

    def pids(self):
        return processes.families([self._process.pid])

    def stop(self):
        self._process.terminate()
        self._process.wait(PATIENCE)
