"""
A client that costs little: many transfers at once, from one process.

It is run as C{python -m bench.load}, gets what to do as JSON on its standard
input, and says as JSON what came of it.
"""

import contextlib
import json
import socket
import sys
import threading
import time

BLOCK = 1 << 20
"""How many bytes go to or come from the system in one call."""

CHUNK = 1 << 16
"""How many bytes of data a chunk has."""

PATIENCE = 900
"""How many seconds one transfer may take."""


def transfer(port, method, path, size, chunked):
    """
    Send or fetch some data.

    @param size: how many bytes, all of them zero, are sent; at C{GET}, how many
        must come.

    @return: the status and the body of the answer, where that is short, and
        when the transfer began and ended.
    """
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as wire:
        wire.settimeout(None)
        began = time.monotonic()
        wire.sendall(_head(method, path, size, chunked))
        if method != "GET":
            with contextlib.suppress(OSError):
                _send(wire, size, chunked)
        status, body, came = _answer(wire, keep=method != "GET")
        ended = time.monotonic()
    if method == "GET" and came != size:
        raise ConnectionError(f"{came} bytes came, not {size}.")
    return {"status": status, "body": body, "began": began, "ended": ended}


def _head(method, path, size, chunked):
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Connection: close",
        "X-Image-Meta-Name: bench",
        "X-Image-Meta-Disk-Format: raw",
        "X-Image-Meta-Container-Format: bare",
    ]
    if method != "GET":
        lines.append("Content-Type: application/octet-stream")
        lines.append(
            "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
        )
    return "\r\n".join([*lines, "", ""]).encode()


def _send(wire, size, chunked):
    blocks, rest = divmod(size, BLOCK)
    unit = _framed(BLOCK, chunked)
    for _ in range(blocks):
        wire.sendall(unit)
    wire.sendall(_framed(rest, chunked))
    if chunked:
        wire.sendall(b"0\r\n\r\n")


def _framed(size, chunked):
    if not chunked:
        return bytes(size)
    count, rest = divmod(size, CHUNK)
    return b"".join(
        b"%x\r\n%b\r\n" % (piece, bytes(piece))
        for piece in [CHUNK] * count + [rest] * (rest > 0)
    )


def _answer(wire, keep):
    received = b""
    while b"\r\n\r\n" not in received:
        data = wire.recv(1 << 16)
        if not data:
            raise ConnectionError("There was no answer.")
        received += data
    head, _, body = received.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    if keep or status != 200:
        while data := wire.recv(1 << 16):
            body += data
        return status, body.decode("utf-8", "replace"), len(body)
    room, came = bytearray(BLOCK), len(body)
    # The system throws the data away instead of copying it.
    while got := wire.recv_into(room, BLOCK, socket.MSG_TRUNC):
        came += got
    return status, "", came


def main():
    """
    Do all the transfers at once.
    """
    wanted = json.load(sys.stdin)
    outcomes = []

    def run(path):
        try:
            outcomes.append(transfer(path=path, **how))
        except OSError as error:
            outcomes.append({"status": 0, "body": str(error), "began": 0, "ended": 0})

    how = {name: wanted[name] for name in ("port", "method", "size", "chunked")}
    threads = [threading.Thread(target=run, args=[path]) for path in wanted["paths"]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    json.dump(outcomes, sys.stdout)


if __name__ == "__main__":
    main()
