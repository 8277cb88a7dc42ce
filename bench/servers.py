"""
The servers that are measured, each in processes of its own.
"""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from uuid import uuid4

from attrs import frozen

from bench import processes
from bench.cache import Failed, client
from tests.functional.daemons import Place, environment, free_port, get

MIB = 1 << 20
GIB = 1 << 30
PATIENCE = 60
"""How many seconds a server may take to start."""


@frozen
class Rate:
    """
    What some transfers at once took.
    """

    speed: float
    """MiB a second."""
    cost: float
    """Seconds of the server's processor time for a GiB."""


@frozen
class Answers:
    """
    What some requests took.
    """

    count: int
    """How many went well."""
    failures: int
    seconds: float
    middle: float
    """Milliseconds of the median."""
    late: float
    """Milliseconds of the 99th percentile."""
    latest: float
    """Milliseconds of the slowest."""
    problem: str = ""
    """What the first was that did not go well."""


def transfer(kind, port, size, paths, chunk=0, pause=0):
    """
    Run transfers at once, in a process of their own.

    @param kind: C{put} or C{get}.
    @param chunk: the bytes of a chunk; 0 for C{Content-Length}.
    @param pause: the seconds between two beginnings of uploads.

    @return: the seconds it all took.

    @raise Failed: one did not go well.
    """
    how = [str(chunk), str(pause)] if kind == "put" else []
    lines = _client(kind, port, str(size), *how, *paths)
    outcomes = [line.split(" ", 3) for line in lines]
    for status, _, _, body in outcomes:
        if status not in ("200", "201", "204"):
            raise Failed(f"{kind}: {status} {body}")
    return max(float(o[2]) for o in outcomes) - min(float(o[1]) for o in outcomes)


def ask(port, requests, connections, seconds=600, most=0):
    """
    Ask one thing after the other on some connections, in a process of its own.

    @param requests: the bytes of each, of which those after the last are the
        first again.
    @param seconds: after how long it is over.
    @param most: after how many requests it is over; 0 for any.
    """
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(request + b"\0" for request in requests))
        file.flush()
        words = (str(connections), str(seconds), str(most), file.name)
        line = _client("ask", port, *words)[0]
    *figures, problem = line.split(" ", 6)
    count, failures, *others = figures
    return Answers(int(count), int(failures), *map(float, others), problem)


def _client(kind, port, *words):
    ran = subprocess.run(
        [*client(), kind, str(port), *words],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [f"{line} " for line in ran.stdout.splitlines()]


def request(method, path, body=b"", **headers):
    """
    Make the bytes of a request.
    """
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Server:
    """
    A server that data is sent to and fetched from.
    """

    name: str
    port: int
    pause = 0
    """How many seconds there are between the beginnings of two uploads."""

    def pids(self):
        """
        List its processes.
        """
        raise NotImplementedError

    def upload(self, size, clients, chunk):
        """
        Send data, and have it removed afterwards.

        @param size: the bytes that each client sends.
        @param chunk: the bytes of a chunk; 0 for C{Content-Length}.

        @return: the L{Rate}.
        """
        raise NotImplementedError

    def prepare(self, size):
        """
        Have something to be fetched, and warm up.

        @return: its name, where it has one.
        """
        raise NotImplementedError

    def path(self):
        """
        Get the path of what was prepared.
        """
        raise NotImplementedError

    def download(self, size, clients):
        """
        Fetch what was prepared; get the L{Rate}.
        """
        return self.measure("get", size, [self.path()] * clients)

    def stop(self):
        """
        End it.
        """
        raise NotImplementedError

    def measure(self, kind, size, paths, chunk=0):
        """
        Run transfers, and get the L{Rate}.
        """
        before = processes.cpu_seconds(self.pids())
        seconds = transfer(kind, self.port, size, paths, chunk, self.pause)
        used = processes.cpu_seconds(self.pids()) - before
        total = size * len(paths)
        return Rate(total / MIB / seconds, used / (total / GIB))


class ImageServer(Server):
    """
    One that has images, by version 2 of the API.
    """

    # With SQLite OpenStack's finds the database locked where two begin at once.
    pause = 0.3
    at_once = 4
    """How many clients make and remove images."""
    _image = None

    def upload(self, size, clients, chunk):
        images = self.make(clients)
        try:
            rate = self.measure("put", size, [*map(data_of, images)], chunk)
            self.check(images, size)
        finally:
            self.remove(images)
        return rate

    def prepare(self, size):
        [self._image] = self.make(1)
        transfer("put", self.port, size, [self.path()])
        self.check([self._image], size)
        self.download(size, 1)
        return self._image

    def path(self):
        return data_of(self._image)

    def forget(self):
        """
        Remove what was prepared.
        """
        self.remove([self._image])

    def make(self, count, **attributes):
        """
        Make images without data; get their ids.
        """
        images = [str(uuid4()) for _ in range(count)]
        self.ask_all([creation(image, **attributes) for image in images])
        return images

    def remove(self, images):
        """
        Remove images.
        """
        self.ask_all([request("DELETE", f"/v2/images/{image}") for image in images])

    def check(self, images, size):
        """
        See that images have all their data.
        """
        for image in images:
            _, _, body = get(f"http://127.0.0.1:{self.port}/v2/images/{image}")
            if f'"size":{size},' not in body.decode().replace(" ", ""):
                raise Failed(f"The image isn't whole: {body}")

    def ask_all(self, requests):
        """
        Have each request answered once.
        """
        done = ask(self.port, requests, self.at_once, most=len(requests))
        if done.count != len(requests):
            raise Failed(f"{done.failures} requests failed: {done.problem}")


def data_of(image):
    """
    Get the path of an image's data.
    """
    return f"/v2/images/{image}/file"


def creation(image, **attributes):
    """
    Get the request that makes an image.

    @param image: its id; L{None} for any.
    """
    ident = f'"id": "{image}", ' if image else ""
    more = "".join(f', "{name}": {value}' for name, value in attributes.items())
    body = (
        f'{{{ident}"name": "bench", "disk_format": "raw", '
        f'"container_format": "bare"{more}}}'
    )
    return request("POST", "/v2/images", body.encode())


class Glance(ImageServer):
    """
    The daemons, with SQLite and the filesystem store.
    """

    name = "ours"

    def __init__(self, directory, names=("glance-registry", "glance-api"), **options):
        """
        @param names: the daemons that are run.
        @param options: what else is written to their configuration.
        """
        self.place = Place(directory)
        self.place.configure(**options)
        self.port = self.place.api_port
        self.daemons = {}
        try:
            for name in names:
                self.daemons[name] = self.place.start(name, wait=False)
                self.daemons[name].wait_until_up()
            if "workers" in options:
                text = f"{options['workers']} processes serve."
                self.daemons[names[0]].wait_for_log(text)
        except BaseException:
            self.stop()
            raise

    def pids(self):
        return processes.families(d.process.pid for d in self.daemons.values())

    def stop(self):
        for daemon in reversed(self.daemons.values()):
            daemon.stop()


NGINX = """
daemon off;
worker_processes auto;
worker_rlimit_nofile {files};
{user}
error_log {path}/error.log;
pid {path}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
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
        self.directory = Path(directory).absolute()
        (self.directory / "files").mkdir(parents=True)
        self.port = free_port()
        built = subprocess.run([program, "-V"], capture_output=True, text=True).stderr
        self.can_upload = "http_dav_module" in built
        (self.directory / "nginx.conf").write_text(
            NGINX.format(
                path=self.directory,
                port=self.port,
                files=4096,
                user="user root;" if os.getuid() == 0 else "",
                dav="dav_methods PUT DELETE;" if self.can_upload else "",
            )
        )
        conf = str(self.directory / "nginx.conf")
        self._process = subprocess.Popen(
            [program, "-p", str(self.directory), "-c", conf],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    def _wait(self):
        deadline = time.monotonic() + PATIENCE
        (self.directory / "files" / "up").write_bytes(b"")
        while True:
            try:
                get(f"http://127.0.0.1:{self.port}/up")
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise Failed("nginx does not start.") from None
            time.sleep(0.05)

    def pids(self):
        return processes.families([self._process.pid])

    def upload(self, size, clients, chunk):
        paths = [f"/new-{number}" for number in range(clients)]
        rate = self.measure("put", size, paths, chunk)
        for path in paths:
            (self.directory / "files" / path[1:]).unlink()
        return rate

    def prepare(self, size):
        with (self.directory / "files" / "data").open("wb") as file:
            for _ in range(size // MIB):
                file.write(bytes(MIB))
            file.write(bytes(size % MIB))
        self.download(size, 1)

    def path(self):
        return "/data"

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
