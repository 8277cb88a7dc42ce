"""
Connections that do next to nothing, many at once.

It is run as C{python -m bench.holding}, says C{ready} when all are there, goes on
until its standard input ends, and then says how many are left.
"""

import asyncio
import contextlib
import sys

PIECE = 1 << 14
"""How many bytes a slow client sends or takes in one go."""

PAUSE = 0.25
"""How many seconds it then waits."""

AT_ONCE = 200
"""How many connections are made at once."""

HEAD = "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}\r\n"


class Crowd:
    """
    Connections to one port.
    """

    def __init__(self, port):
        self._port = port
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
                    "127.0.0.1", self._port, limit=PIECE
                )
                going = await work(number, reader, writer)
            self._ready += 1
            self._left += 1
            try:
                await going
            finally:
                self._left -= 1


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


async def main(kind, port, number, *paths):
    """
    Hold what is asked for.

    @param number: for uploads, the bytes that each has; else how many
        connections there are.
    """
    crowd = Crowd(int(port))
    if kind == "send":
        await crowd.hold(len(paths), lambda n, _, w: send(paths[n], number, w))
    else:
        work = {"idle": idle, "read": read}[kind]
        await crowd.hold(int(number), lambda _, r, w: work(paths[0], r, w))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
