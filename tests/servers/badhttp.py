"""
A web server that misbehaves: C{badhttp.py HOST PORT CANARY}.

Each path is one way to do so.  A body of so many bytes is always the same, and each
64 KiB of it begin with their number, so that what is lost or doubled shows.  The
canary, a port on 127.0.0.1 and ::1, stands for what nobody may be made to ask; who
did is told by C{/canary}, and what else was asked by C{/seen}.
"""

import asyncio
import base64
import gzip
import hashlib
import json
import socket
import struct
import sys
from contextlib import suppress
from urllib.parse import parse_qs, unquote, urlsplit

BLOCK = b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(2048))

SECRET = "SECRET-THAT-MUST-NOT-LEAK"

LOOPBACK = (
    "http://127.0.0.1:%d",
    "http://localhost:%d",
    "http://[::1]:%d",
    "http://0.0.0.0:%d",
    "http://2130706433:%d",
    "http://127.1:%d",
    "http://0x7f000001:%d",
    "http://[::ffff:127.0.0.1]:%d",
    "http://017700000001:%d",
    "http://user:pw@127.0.0.1:%d",
    "HTTP://127.0.0.1:%d",
    "//127.0.0.1:%d",
)
"""How to spell where the canary is."""

SCHEMES = {
    "file": "file:///etc/passwd",
    "ftp": "ftp://127.0.0.1:%d/x",
    "gopher": "gopher://127.0.0.1:%d/_x",
    "data": "data:text/plain,hello",
}

OK = b"HTTP/1.1 200 OK\r\n"

RAW = {
    "bad-status": b"HELLO THERE\r\n\r\n",
    "bad-version": b"HTTP/9.9 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "neg-length": OK + b"Content-Length: -5\r\n\r\nabc",
    "nan-length": OK + b"Content-Length: abc\r\n\r\nabc",
    "plus-length": OK + b"Content-Length: +3\r\n\r\nabc",
    "two-lengths": OK + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
    "huge-length": OK + b"Content-Length: 99999999999999999999999999\r\n\r\nabc",
    "bare-lf": b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc",
    "big-header": OK
    + b"X-Big: "
    + b"a" * (1 << 20)
    + b"\r\nContent-Length: 3\r\n\r\nabc",
    "many-headers": OK
    + b"".join(b"X-%d: y\r\n" % i for i in range(20000))
    + b"Content-Length: 3\r\n\r\nabc",
    "continue-flood": b"HTTP/1.1 100 Continue\r\n\r\n" * 5000
    + OK
    + b"Content-Length: 3\r\n\r\nabc",
    "http09": b"just bytes, no headers at all\n",
}
"""Answers that are none."""


def number(text):
    """
    Get the number of bytes that a text says.
    """
    if text[-1] in "kMGT":
        return int(text[:-1]) << {"k": 10, "M": 20, "G": 30, "T": 40}[text[-1]]
    return int(text)


def part(begin, size):
    """
    Get a part of the data.
    """
    if size <= 0:
        return b""
    first, skipped = divmod(begin, len(BLOCK))
    last = (begin + size - 1) // len(BLOCK)
    blocks = (n.to_bytes(8, "big") + BLOCK[8:] for n in range(first, last + 1))
    return b"".join(blocks)[skipped : skipped + size]


def pieces(size, begin=0, step=65536):
    """
    Get a part of the data in pieces.
    """
    while size > 0:
        most = min(step, size)
        yield part(begin, most)
        begin += most
        size -= most


def chunk(data):
    """
    Frame a piece.
    """
    return b"%x\r\n%s\r\n" % (len(data), data)


class Exchange:
    """
    One request, and its answer.
    """

    def __init__(self, server, writer, method, target, headers):
        self.server = server
        self.writer = writer
        self.method = method
        self.headers = headers
        parts = urlsplit(target)
        self.query = parse_qs(parts.query)
        self.path = [unquote(each) for each in parts.path.strip("/").split("/")]

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def head(self, code, **headers):
        lines = [f"HTTP/1.1 {code} x"]
        lines += [f"{n.replace('_', '-')}: {v}" for n, v in headers.items()]
        await self.send("".join(f"{line}\r\n" for line in [*lines, ""]).encode())

    async def whole(self, code, body, **headers):
        await self.head(code, Content_Length=len(body), **headers)
        await self.send(body)

    async def data(self, size, begin=0):
        for piece in pieces(size, begin):
            await self.send(piece)

    async def chunks(self, size):
        await self.head(200, Transfer_Encoding="chunked")
        for piece in pieces(size):
            await self.send(chunk(piece))

    def wanted(self, size):
        """
        Get the first and the last byte of the range that is asked for; L{None} if
        none is.
        """
        said = self.headers.get("range", "")
        if not said.startswith("bytes="):
            return None
        first, last = said[6:].split("-")
        return int(first), min(int(last) if last else size - 1, size - 1)

    # Each is a path; its pieces are the arguments.  Whether the connection goes on
    # is what they return.

    async def ok(self, size):
        size = number(size)
        asked = self.wanted(size)
        if asked is None:
            await self.head(200, Content_Length=size)
            await self.data(size)
        elif asked[0] >= size:
            await self.whole(416, b"", Content_Range=f"bytes */{size}")
        else:
            first, last = asked
            said = f"bytes {first}-{last}/{size}"
            await self.head(206, Content_Range=said, Content_Length=last - first + 1)
            await self.data(last - first + 1, first)
        return True

    async def truncated(self, size):
        await self.head(200, Content_Length=number(size))
        await self.data(number(size) // 2)

    async def reset(self, size):
        await self.truncated(size)
        await asyncio.sleep(0.1)
        linger = struct.pack("ii", 1, 0)
        peer = self.writer.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()

    async def too_long(self, size):
        await self.head(200, Content_Length=number(size))
        await self.data(number(size) + 100)

    async def corrupt(self, size):
        size = number(size)
        await self.head(200, Content_Length=size)
        await self.data(size // 2)
        await self.send(bytes([part(size // 2, 1)[0] ^ 1]))
        await self.data(size - size // 2 - 1, size // 2 + 1)

    async def stall(self, size):
        await self.truncated(size)
        await asyncio.sleep(600)

    async def slow(self, size, rate):
        await self.head(200, Content_Length=number(size))
        for piece in pieces(number(size), 0, max(1, number(rate) // 10)):
            await self.send(piece)
            await asyncio.sleep(len(piece) / number(rate))

    async def silent(self):
        await asyncio.sleep(600)

    async def close(self):
        pass

    async def no_length(self, size):
        await self.head(200, Connection="close")
        await self.data(number(size))

    async def chunked(self, size):
        await self.chunks(number(size))
        await self.send(b"0\r\n\r\n")
        return True

    async def chunked_cut(self, size):
        await self.chunks(number(size))

    async def chunked_bad(self, size):
        await self.chunks(number(size))
        await self.send(b"zz\r\nhello\r\n0\r\n\r\n")

    async def gzip(self, size):
        body = gzip.compress(b"".join(pieces(number(size))), 1)
        await self.whole(200, body, Content_Encoding="gzip")

    async def huge(self, size):
        await self.head(200, Content_Length=number(size))
        await self.data(number(size))

    async def endless(self):
        await self.head(200, Transfer_Encoding="chunked")
        while True:
            await self.send(chunk(BLOCK))

    async def status(self, code):
        await self.whole(int(code), b"what it says")

    async def range_ignored(self, size):
        await self.head(200, Content_Length=number(size))
        await self.data(number(size))

    async def range_wrong(self, size):
        first, last = self.wanted(number(size)) or (0, number(size) - 1)
        said = f"bytes {first + 1}-{last + 1}/{number(size)}"
        await self.head(206, Content_Range=said, Content_Length=last - first + 1)
        await self.data(last - first + 1, first + 1)

    async def shrinking(self, size):
        """
        Say, where one byte is asked for, that there is more than there is.
        """
        if self.wanted(number(size)) == (0, 0):
            said = f"bytes 0-0/{2 * number(size)}"
            await self.head(206, Content_Range=said, Content_Length=1)
            await self.data(1)
        else:
            await self.ok(size)

    async def auth(self, size):
        known = "Basic " + base64.b64encode(b"user:pass").decode()
        if self.headers.get("authorization") != known:
            await self.whole(401, b"no", WWW_Authenticate='Basic realm="x"')
            return True
        return await self.ok(size)

    async def redirect(self, code="302"):
        await self.whole(int(code), b"", Location=self.query["to"][0])

    async def redirect_internal(self, number):
        where = LOOPBACK[int(number)] % self.server.canary_port
        await self.whole(302, b"", Location=f"{where}/latest/meta-data/iam/")

    async def redirect_metadata(self):
        await self.whole(302, b"", Location="http://169.254.169.254/latest/meta-data/")

    async def redirect_scheme(self, scheme):
        where = SCHEMES[scheme].replace("%d", str(self.server.canary_port))
        await self.whole(302, b"", Location=where)

    async def redirect_loop(self):
        await self.whole(302, b"", Location="/redirect-loop")

    async def redirect_chain(self, hops, size):
        onward = f"/redirect-chain/{int(hops) - 1}/{size}"
        if int(hops) == 1:
            onward = f"/ok/{size}"
        await self.whole(302, b"", Location=onward)

    async def redirect_none(self):
        await self.whole(302, b"")

    async def raw(self, name):
        await self.send(RAW[name])

    async def canary(self):
        await self.whole(200, json.dumps(self.server.caught).encode())

    async def seen(self):
        await self.whole(200, json.dumps(self.server.seen).encode())


class Server:
    """
    What was asked, at both ports.
    """

    def __init__(self, canary_port):
        self.canary_port = canary_port
        self.seen = []
        self.caught = []

    async def talk(self, reader, writer):
        """
        Answer the requests of a connection.
        """
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").strip().split("\r\n")
        method, target, _ = first.split()
        pairs = (line.split(":", 1) for line in lines)
        headers = {name.lower(): value.strip() for name, value in pairs}
        exchange = Exchange(self, writer, method, target, headers)
        name, *arguments = exchange.path
        if name not in ("seen", "canary"):
            self.seen.append({"path": target, "headers": headers})
        answer = getattr(exchange, name.replace("-", "_"))
        goes_on = await answer(*arguments)
        return goes_on and headers.get("connection", "").lower() != "close"

    async def catch(self, reader, writer):
        """
        Be the canary.
        """
        self.caught.append((await reader.read(4096)).decode("latin-1"))
        body = json.dumps({"AccessKeyId": SECRET}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        writer.close()


async def main():
    """
    Serve until killed.
    """
    host, port, canary_port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    server = Server(canary_port)
    listening = [
        await asyncio.start_server(server.catch, "127.0.0.1", canary_port),
        await asyncio.start_server(server.talk, host, port),
    ]
    with suppress(OSError):
        # Not every machine has it.
        listening.append(await asyncio.start_server(server.catch, "::1", canary_port))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
