"""
Passes connections on to a port of 127.0.0.1, until it is told to do harm.

Usage: tcpfault.py LISTEN UPSTREAM CONTROL

Whoever connects to CONTROL may write a line of JSON, gets one with the number of bytes
that have gone in each direction since the last such line, and sets what goes wrong:

    {"up": {"cut": 1000}}     to the server: after 1000 bytes in all the connection that
                              has the next one is closed, both ways
    {"down": {"reset": 1000}} to the client: it is reset
    "stall"                   from there on nothing goes on that connection, that way
    "flip"                    the lowest bit of the next byte is another one
    {}                        nothing goes wrong

It goes wrong once; with "again": true beside "up" or "down", each time when so many
bytes have gone since it did before.  {"refuse": true} has all connections reset, and
new ones too.
"""

import asyncio
import json
import socket
import struct
import sys

LISTEN, UPSTREAM, CONTROL = map(int, sys.argv[1:])


class Faults:
    """
    What is to go wrong, and what has gone by.
    """

    def __init__(self):
        self.set({})

    def set(self, wanted):
        """
        Have something else go wrong.
        """
        self.wanted = wanted
        self.passed = {"up": 0, "down": 0}
        self.happened = False

    def look(self, way, data):
        """
        Count data that is about to go.

        @return: the name of what happens now, if something does, and after how
            many bytes of it.
        """
        before = self.passed[way]
        self.passed[way] += len(data)
        for name, position in self.wanted.get(way, {}).items():
            at = position - before
            if not self.happened and 0 <= at < len(data):
                self.happened = not self.wanted.get("again")
                self.passed[way] = 0 if self.wanted.get("again") else self.passed[way]
                return name, at
        return None, len(data)


faults = Faults()
live = set()


def reset(*writers):
    """
    Have the other ends see a reset.
    """
    for writer in writers:
        linger = struct.pack("ii", 1, 0)
        end = writer.get_extra_info("socket")
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()


async def pass_on(way, reader, writer, other):
    """
    Pass on one direction of a connection.
    """
    while data := await reader.read(1 << 16):
        name, at = faults.look(way, data)
        if name == "flip":
            data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        elif name is not None:
            data = data[:at]
        writer.write(data)
        await writer.drain()
        if name == "stall":
            await asyncio.Event().wait()
        elif name == "reset":
            # What went before is to arrive.
            await asyncio.sleep(0.02)
            reset(writer, other)
            return
        elif name == "cut":
            return


async def connected(reader, writer):
    """
    Pass on a connection.
    """
    if faults.wanted.get("refuse"):
        reset(writer)
        return
    try:
        there, back = await asyncio.open_connection("127.0.0.1", UPSTREAM)
    except OSError:
        writer.close()
        return
    live.update((writer, back))
    ways = [
        asyncio.ensure_future(pass_on("up", reader, back, writer)),
        asyncio.ensure_future(pass_on("down", there, writer, back)),
    ]
    # Nobody who speaks HTTP closes one direction alone.
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in ways:
        way.cancel()
    for result in await asyncio.gather(*ways, return_exceptions=True):
        if isinstance(result, Exception) and not isinstance(result, OSError):
            raise result
    for end in (writer, back):
        live.discard(end)
        end.close()


async def controlled(reader, writer):
    """
    Do what somebody says.
    """
    wanted = json.loads(await reader.readline())
    writer.write(json.dumps(faults.passed).encode() + b"\n")
    faults.set(wanted)
    if wanted.get("refuse"):
        reset(*live)
    await writer.drain()
    writer.close()


async def main():
    """
    Listen until the end, and say when that has begun.
    """
    await asyncio.start_server(connected, "127.0.0.1", LISTEN)
    await asyncio.start_server(controlled, "127.0.0.1", CONTROL)
    sys.stdout.write("up\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


asyncio.run(main())
