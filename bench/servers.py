"""
The servers that are measured, each in processes of its own.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from attrs import frozen

from bench import processes
from tests.functional.daemons import Place, environment, free_port

MIB = 1 << 20
GIB = 1 << 30
PATIENCE = 60
"""How many seconds a server may take to start."""


class Failed(Exception):
    """
    A server did not do what it was asked, so there is nothing to measure.
    """


@frozen
class Rate:
    """
    What some transfers at once took.
    """

    speed: float
    """MiB a second."""
    cost: float
    """Seconds of the server's processor time for a GiB."""


def load(port, method, paths, size=0, chunked=False):
    """
    Run transfers at once, in a process of their own.

    @return: the bodies of the answers, and the seconds it all took.

    @raise Failed: one did not go well.
    """
    wanted = {
        "port": port,
        "method": method,
        "paths": paths,
        "size": size,
        "chunked": chunked,
    }
    client = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(wanted),
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    outcomes = json.loads(client.stdout)
    for outcome in outcomes:
        if not 200 <= outcome["status"] < 300:
            raise Failed(f"{method}: {outcome['status']} {outcome['body']}")
    seconds = max(o["ended"] for o in outcomes) - min(o["began"] for o in outcomes)
    return [outcome["body"] for outcome in outcomes], seconds


class Server:
    """
    A server that data is sent to and fetched from.
    """

    name: str
    port: int

    def pids(self):
        """
        List its processes.
        """
        raise NotImplementedError

    def upload(self, size, clients, chunked):
        """
        Send data, and have it removed afterwards.

        @param size: the bytes that each client sends.
        """
        raise NotImplementedError

    def prepare(self, size):
        """
        Have something to be fetched, and warm up.

        @return: its name, where it has one.
        """
        raise NotImplementedError

    def download(self, size, clients):
        """
        Fetch what was prepared.
        """
        raise NotImplementedError

    def stop(self):
        """
        End it.
        """
        raise NotImplementedError

    def measure(self, *arguments, **more):
        """
        Run transfers, and see what they take.

        @return: the bodies of the answers, and the L{Rate}.
        """
        before = processes.cpu_seconds(self.pids())
        bodies, seconds = load(self.port, *arguments, **more)
        used = processes.cpu_seconds(self.pids()) - before
        total = more["size"] * len(bodies)
        return bodies, Rate(total / MIB / seconds, used / (total / GIB))


class Glance(Server):
    """
    The two daemons, with SQLite and the filesystem store.
    """

    name = "Glance"

    def __init__(self, directory):
        self.place = Place(directory)
        self.place.configure()
        self.port = self.place.api_port
        self.daemons = {}
        self._image = None
        try:
            for name in ("glance-registry", "glance-api"):
                self.daemons[name] = self.place.start(name, wait=False)
                self.daemons[name].wait_until_up()
        except BaseException:
            self.stop()
            raise

    def pids(self):
        return [daemon.process.pid for daemon in self.daemons.values()]

    def upload(self, size, clients, chunked):
        paths = ["/v1/images"] * clients
        bodies, rate = self.measure("POST", paths, size=size, chunked=chunked)
        for body in bodies:
            self._delete(_image(body, size))
        return rate

    def prepare(self, size):
        bodies, _ = load(self.port, "POST", ["/v1/images"], size)
        self._image = _image(bodies[0], size)
        self.download(size, 1)
        return self._image

    def download(self, size, clients):
        paths = [f"/v1/images/{self._image}"] * clients
        return self.measure("GET", paths, size=size)[1]

    def forget(self):
        """
        Remove what was prepared.
        """
        self._delete(self._image)

    def _delete(self, image):
        load(self.port, "DELETE", [f"/v1/images/{image}"])

    def stop(self):
        for daemon in reversed(self.daemons.values()):
            daemon.stop()


def _image(body, size):
    image = json.loads(body)["image"]
    if (image["status"], image["size"]) != ("active", size):
        raise Failed(f"The image isn't whole: {body}")
    return image["id"]


NGINX = """
daemon off;
worker_processes auto;
{user}
error_log {path}/error.log;
pid {path}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    client_max_body_size 0;
    client_body_buffer_size 1m;
    client_body_temp_path {path}/incoming;
    proxy_temp_path {path}/temp-proxy;
    fastcgi_temp_path {path}/temp-fastcgi;
    uwsgi_temp_path {path}/temp-uwsgi;
    scgi_temp_path {path}/temp-scgi;
    server {{
        listen 127.0.0.1:{port};
        root {path}/files;
        {dav}
    }}
}}
"""


class Nginx(Server):
    """
    The peer: files by sendfile, and where it can, uploads by WebDAV's PUT.
    """

    name = "nginx"

    def __init__(self, directory, *, install):
        """
        @param install: whether it may be installed where it is missing.

        @raise Failed: it cannot be run.
        """
        program = find_nginx(install)
        self.path = Path(directory).absolute()
        (self.path / "files").mkdir(parents=True)
        self.port = free_port()
        built = subprocess.run([program, "-V"], capture_output=True, text=True).stderr
        self.can_upload = "http_dav_module" in built
        (self.path / "nginx.conf").write_text(
            NGINX.format(
                path=self.path,
                port=self.port,
                user="user root;" if os.getuid() == 0 else "",
                dav="dav_methods PUT DELETE;" if self.can_upload else "",
            )
        )
        self._process = subprocess.Popen(
            [program, "-p", str(self.path), "-c", str(self.path / "nginx.conf")],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    def _wait(self):
        deadline = time.monotonic() + PATIENCE
        (self.path / "files" / "up").write_bytes(b"")
        while True:
            try:
                load(self.port, "GET", ["/up"])
                return
            except Failed:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise Failed("nginx does not start.") from None
            time.sleep(0.05)

    def pids(self):
        return [self._process.pid, *processes.children(self._process.pid)]

    def upload(self, size, clients, chunked):
        paths = [f"/new-{number}" for number in range(clients)]
        _, rate = self.measure("PUT", paths, size=size, chunked=chunked)
        for path in paths:
            (self.path / "files" / path[1:]).unlink()
        return rate

    def prepare(self, size):
        with (self.path / "files" / "data").open("wb") as file:
            for _ in range(size // MIB):
                file.write(bytes(MIB))
            file.write(bytes(size % MIB))
        self.download(size, 1)

    def download(self, size, clients):
        return self.measure("GET", ["/data"] * clients, size=size)[1]

    def stop(self):
        self._process.terminate()
        self._process.wait(PATIENCE)


def find_nginx(install):
    """
    Get the path of nginx.

    @param install: whether to install it where it is missing.

    @raise Failed: it isn't there.
    """
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    found = shutil.which("nginx", path=path)
    if install and found is None and os.getuid() == 0 and shutil.which("apt-get"):
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "nginx-light"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            check=False,
        )
        found = shutil.which("nginx", path=path)
    if found is None:
        raise Failed("nginx is not installed: apt-get install nginx-light")
    return found
