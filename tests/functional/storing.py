"""
A process of its own that stores data: C{python -m tests.functional.storing}.

It says on its output what became of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater, react
from twisted.python.threadpool import ThreadPool

from glance.deferreds import Threads
from glance.errors import DataExists
from glance.stores.filesystem import FilesystemStore
from glance.streams.bodies import BytesBody
from glance.streams.strands import Window
from tests.bodies import ManualBody, collect

PIECE = bytes(range(256)) * 256


async def add(store, reactor, key, pieces):
    """
    Add so many pieces, and say how many bytes were kept, or what went wrong.
    """
    try:
        kept = await store.add(key, BytesBody([PIECE] * int(pieces)))
    except Exception as error:
        say(type(error).__name__)
    else:
        say(kept)


async def hang(store, reactor, key):
    """
    Add some of the data, say so, and wait for ever.
    """
    body = ManualBody(10 * len(PIECE))
    adding = store.add(key, body)
    while body.consumer is None:
        await deferLater(reactor, 0.01)
    body.data(PIECE)
    say("half")
    await adding


async def compete(store, reactor, name, count):
    """
    Add, read and delete in the same directory as others do, and sweep it all
    the time.  Say how much was how many adds of a key that others want, too, came
    too late.
    """
    late = 0
    done = False

    async def sweep():
        while not done:
            await store.sweep()

    async def use(i):
        nonlocal late
        own = f"{name}.{i}"
        data = [own.encode()] * 1000
        await store.add(own, BytesBody(data))
        assert await collect(await store.get(own)) == b"".join(data)
        try:
            await store.add(f"common.{i}", BytesBody(data))
        except DataExists:
            late += 1
        if i % 2:
            await store.delete(own)

    sweeping = Deferred.fromCoroutine(sweep())
    for i in range(0, int(count), 4):
        await gatherResults(Deferred.fromCoroutine(use(i + j)) for j in range(4))
    done = True
    await sweeping
    say(late)


def say(what):
    """
    Write a line at once.
    """
    print(what, flush=True)  # noqa: T201


async def main(reactor, deed, directory, *args):
    """
    Do what the command line says.
    """
    pool = ThreadPool(0, 4)
    pool.start()
    store = FilesystemStore(Path(directory), Threads(reactor, pool), Window(1 << 22))
    try:
        deeds = {"add": add, "hang": hang, "compete": compete}
        await deeds[deed](store, reactor, *args)
    finally:
        pool.stop()


if __name__ == "__main__":
    react(lambda *args: Deferred.fromCoroutine(main(*args)), sys.argv[1:])
