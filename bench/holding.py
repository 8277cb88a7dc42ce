"""
Connections that do next to nothing, many at once.

It is run as C{python -m bench.holding}, says C{ready} when all are there, goes on
until its standard input ends, and then says how many are left.
"""

import asyncio
import contextlib
import os
import socket
import sys

PIECE = 1 << 14
"""How many bytes a slow client sends or takes in one go."""

PAUSE = 0.25
"""How many seconds it then waits."""

SLOWEST = 1.0
"""How many seconds one waits that sends or takes a byte at a time."""

LITTLE = 4096
"""How many bytes the system receives for one that takes a byte at a time."""

AT_ONCE = 200
"""How many connections are made at once."""

HEAD = "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}\r\n"


class Crowd:
    """
    Connections to one port.
    """

    def __init__(self, port, buffer=None):
        """
        @param buffer: the bytes that the system may receive for each; L{None} for
            as many as it likes.
        """
        self._port = port
        self._buffer = buffer
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._left = 0
        self._ready = 0

    async def hold(self, count, work):
        """
        Make connections, and tell.

        @param work: is called with the number, the reader and the writer of each.
        """
        tasks = [asyncio.create_task(self._one(n, work)) for n in range(count)]
        while self._ready < count and not all(task.done() for task in tasks):
            await asyncio.sleep(0.05)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        print(self._left, flush=True)
        for task in tasks:
            task.cancel()

    async def _one(self, number, work):
        with contextlib.suppress(OSError, EOFError, asyncio.LimitOverrunError):
            async with self._gate:
                reader, writer = await asyncio.open_connection(
                    limit=PIECE, sock=await self._connect()
                )
                going = await work(number, reader, writer)
            self._ready += 1
            self._left += 1
            try:
                await going
            finally:
                self._left -= 1

    async def _connect(self):
        sock = socket.socket()
        sock.setblocking(False)
        if self._buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._buffer)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self._port))
        return sock


async def idle(path, reader, writer):
    """
    Ask once, and keep the connection.
    """
    writer.write(HEAD.format(method="GET", path=path, more="").encode())
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].split()[0]
    await reader.readexactly(int(length))
    return reader.read(1)


async def send(path, size, writer):
    """
    Send slowly.
    """
    more = f"Content-Type: application/octet-stream\r\nContent-Length: {size}\r\n"
    writer.write(HEAD.format(method="PUT", path=path, more=more).encode())

    async def going():
        while True:
            writer.write(bytes(PIECE))
            await writer.drain()
            await asyncio.sleep(PAUSE)

    return going()


async def read(path, reader, writer):
    """
    Take slowly.
    """
    writer.write(HEAD.format(method="GET", path=path, more="").encode())
    await reader.readuntil(b"\r\n\r\n")

    async def going():
        while await reader.read(PIECE):
            await asyncio.sleep(PAUSE)

    return going()


async def drip(first, reader, writer, *, told):
    """
    Send something, and then a byte at a time.

    @param told: whether to wait until one is told to go on.
    """
    writer.write(first)
    if told:
        await reader.readuntil(b" 100 Continue")

    async def going():
        while True:
            await asyncio.sleep(SLOWEST)
            writer.write(b"a")
            await writer.drain()

    return going()


async def sip(path, writer):
    """
    Take a byte at a time.
    """
    transport = writer.transport
    transport.pause_reading()
    sock = socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
    sock.setblocking(False)
    writer.write(HEAD.format(method="GET", path=path, more="").encode())
    take = asyncio.get_running_loop().sock_recv
    await take(sock, 1)

    async def going():
        with sock:
            while await take(sock, 1):
                await asyncio.sleep(SLOWEST)

    return going()


async def slow(number, paths, reader, writer):
    """
    Be slow in one of three ways: with data, in taking it, or with headers.
    """
    taken, *filled = paths
    if number < len(filled):
        more = f"Content-Type: application/octet-stream\r\nContent-Length: {PIECE}\r\n"
        more += "Expect: 100-continue\r\n"
        head = HEAD.format(method="PUT", path=filled[number], more=more)
        return await drip(head.encode(), reader, writer, told=True)
    if number < 2 * len(filled):
        return await sip(taken, writer)
    # They come last, as they have only so much time.
    head = HEAD.format(method="GET", path="/", more="X: ").rstrip()
    return await drip(head.encode(), reader, writer, told=False)


async def main(kind, port, number, *paths):
    """
    Hold what is asked for.

    @param number: for uploads, the bytes that each has; else how many
        connections there are.
    """
    crowd = Crowd(int(port), LITTLE if kind == "slow" else None)
    if kind == "slow":
        await crowd.hold(int(number), lambda n, r, w: slow(n, paths, r, w))
    elif kind == "send":
        await crowd.hold(len(paths), lambda n, _, w: send(paths[n], number, w))
    else:
        work = {"idle": idle, "read": read}[kind]
        await crowd.hold(int(number), lambda _, r, w: work(paths[0], r, w))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
