"""
A client that costs little: many transfers at once, or many small requests.

It is run as C{python -m bench.load} where there is no compiler for C{load.c},
which says how; it understands and tells the same.
"""

import contextlib
import itertools
import socket
import sys
import threading
import time
from pathlib import Path

BLOCK = 1 << 20
"""How many bytes go to or come from the system in one call."""

PATIENCE = 900
"""How many seconds one transfer may take."""


def transfer(port, path, size, chunk=None):
    """
    Send or fetch some data.

    @param size: how many bytes, all of them zero, are sent; or must come.
    @param chunk: how many bytes a chunk has, 0 for C{Content-Length}; L{None}
        to fetch.

    @return: what is told.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as wire:
            wire.settimeout(None)
            began = time.monotonic()
            with contextlib.suppress(OSError):
                wire.sendall(_head(path, size, chunk))
                if chunk is not None:
                    _send(wire, size, chunk)
            status, body, came = _answer(wire, keep=chunk is not None)
            ended = time.monotonic()
        if chunk is None and came != size:
            raise ConnectionError(f"{came} bytes came, not {size}: {body}")
    except OSError as error:
        return f"0 0 0 {error}"
    return f"{status} {began:.6f} {ended:.6f} {body.partition(chr(10))[0]}"


def _head(path, size, chunk):
    lines = [
        f"{'GET' if chunk is None else 'PUT'} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Connection: close",
    ]
    if chunk is not None:
        lines.append("Content-Type: application/octet-stream")
        lines.append(
            "Transfer-Encoding: chunked" if chunk else f"Content-Length: {size}"
        )
    return "\r\n".join([*lines, "", ""]).encode()


def _send(wire, size, chunk):
    blocks, rest = divmod(size, BLOCK)
    unit = _framed(BLOCK, chunk)
    for _ in range(blocks):
        wire.sendall(unit)
    wire.sendall(_framed(rest, chunk))
    if chunk:
        wire.sendall(b"0\r\n\r\n")


def _framed(size, chunk):
    if not chunk:
        return bytes(size)
    count, rest = divmod(size, chunk)
    return b"".join(
        b"%x\r\n%b\r\n" % (piece, bytes(piece))
        for piece in [chunk] * count + [rest] * (rest > 0)
    )


def _read_head(wire):
    received = b""
    while b"\r\n\r\n" not in received:
        data = wire.recv(1 << 16)
        if not data:
            raise ConnectionError("There was no answer.")
        received += data
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = (line.partition(":") for line in lines[1:])
    names = {name.lower(): value.strip() for name, _, value in fields}
    return int(lines[0].split()[1]), names, body


def _answer(wire, keep):
    status, _, body = _read_head(wire)
    if keep or status != 200:
        while data := wire.recv(1 << 16):
            body += data
        return status, body.decode("utf-8", "replace"), len(body)
    room, came = bytearray(BLOCK), len(body)
    # The system throws the data away instead of copying it.
    while got := wire.recv_into(room, BLOCK, socket.MSG_TRUNC):
        came += got
    return status, "", came


class Asking:
    """
    Small requests on several connections, a thread for each.
    """

    def __init__(self, port, requests, until, most):
        self._port = port
        self._requests = itertools.cycle(requests)
        self._until = until
        self._left = itertools.count(most or sys.maxsize, -1)
        self._lock = threading.Lock()
        self.seconds = []
        self.failures = []

    def _next(self):
        with self._lock:
            if next(self._left) <= 0:
                return None
            return next(self._requests)

    def run(self):
        """
        Ask on one connection until it is over.
        """
        wire = None
        while time.monotonic() < self._until and (request := self._next()):
            began = time.monotonic()
            try:
                wire = self._ask(wire, request)
            except OSError as error:
                self.failures.append(str(error))
                wire = None
                continue
            self.seconds.append(time.monotonic() - began)
        if wire is not None:
            wire.close()

    def _ask(self, wire, request):
        if wire is None:
            wire = socket.create_connection(("127.0.0.1", self._port), PATIENCE)
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire.sendall(request)
        status, fields, body = _read_head(wire)
        left = int(fields.get("content-length", 0)) - len(body)
        while left > 0 and (data := wire.recv(1 << 16)):
            left -= len(data)
        if status // 100 != 2 or left:
            wire.close()
            raise ConnectionError(f"{status} {body[:200]!r}")
        if fields.get("connection", "").lower() != "close":
            return wire
        wire.close()
        return None

    def tell(self, took):
        """
        Get what is told.
        """
        ordered = sorted(self.seconds) or [0]
        count = len(ordered)
        figures = [ordered[count // 2], ordered[count * 99 // 100], ordered[-1]]
        words = [len(self.seconds), len(self.failures), f"{took:.6f}"]
        words += [f"{figure * 1000:.4f}" for figure in figures]
        return " ".join(map(str, [*words, *self.failures[:1]]))


def ask(port, connections, seconds, most, path):
    """
    Ask what is in a file.
    """
    began = time.monotonic()
    requests = Path(path).read_bytes().rstrip(b"\0").split(b"\0")
    asking = Asking(port, requests, began + seconds, most)
    _together([asking.run] * connections)
    return asking.tell(time.monotonic() - began)


def _together(work, pause=0):
    threads = [threading.Thread(target=f) for f in work]
    for number, thread in enumerate(threads):
        time.sleep(pause if number else 0)
        thread.start()
    for thread in threads:
        thread.join()


def main(kind, port, *words):
    """
    Do it all, and tell.
    """
    told = []
    if kind == "ask":
        connections, seconds, most, path = words
        told = [ask(int(port), int(connections), float(seconds), int(most), path)]
    else:
        size, *paths = words
        chunk = int(paths.pop(0)) if kind == "put" else None
        pause = float(paths.pop(0)) if kind == "put" else 0

        def run(path):
            told.append(transfer(int(port), path, int(size), chunk))

        _together([lambda path=path: run(path) for path in paths], pause)
    for line in told:
        print(line)


if __name__ == "__main__":
    main(*sys.argv[1:])
