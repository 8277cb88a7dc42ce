"""
Data on its way from a socket into blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from mmap import mmap
from typing import Any

from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST

from glance.streams.blocks import PAGE, Blocks
from glance.streams.chunks import Framing, MalformedChunks
from glance.streams.measures import RECEIVE
from glance.streams.request import UploadBody


class Receiving:
    """
    A body that is received: more at once than sockets do, and into blocks, while
    there is memory for them, where its consumer wants those.
    """

    def __init__(
        self,
        socket: Any,
        direct: bool,
        body: UploadBody,
        framing: Framing,
        refuse: Callable[[], object],
    ) -> None:
        """
        @param direct: whether what the socket receives is the body itself, and
            not enciphered.
        @param refuse: is called when what came makes no sense.
        """
        self._socket = socket
        self._direct = direct
        self._body = body
        self._framing = framing
        self._refuse = refuse
        self._usual: int = socket.bufferSize
        self._into_blocks = False

    def start(self) -> None:
        """
        Begin.
        """
        self._socket.bufferSize = RECEIVE

    def go_on(self) -> None:
        """
        Stand in for the socket's own reading, once the consumer wants blocks.
        """
        if self._body.blocks is not None and not self._into_blocks:
            self._into_blocks = True
            self._socket.doRead = self._read

    def stop(self) -> None:
        """
        Let the socket read by itself again.
        """
        # Who aborts the connection has put something else here.
        if self._socket.__dict__.get("doRead") == self._read:
            del self._socket.doRead
        self._socket.bufferSize = self._usual

    def _read(self) -> Any:
        if self._body.wanted and self._body.has_to_wait(self._receive):
            return None
        return self._receive()

    def _receive(self) -> Any:
        socket, blocks = self._socket, self._body.blocks
        if not self._direct or blocks is None or not self._body.wanted:
            return type(socket).doRead(socket)
        held = self._framing.held
        memory = blocks.lend()
        at = max(PAGE, len(held))
        with memoryview(memory) as view, view[at : at + self._framing.wanted] as room:
            try:
                count = socket.socket.recv_into(room)
            except OSError as error:
                blocks.give_back(memory)
                return None if isinstance(error, BlockingIOError) else CONNECTION_LOST
        if not count:
            blocks.give_back(memory)
            return CONNECTION_DONE
        memory[at - len(held) : at] = held
        self._take(blocks, memory, at - len(held), at + count)
        return None

    def _take(self, blocks: Blocks, memory: mmap, at: int, end: int) -> None:
        """
        Take what has come, in memory that was lent for it.
        """
        try:
            start, stop, rest = self._framing.compact(memory, at, end)
        except MalformedChunks:
            blocks.give_back(memory)
            self._refuse()
            return
        after = memory[rest:end]
        if start < stop:
            self._body.block_received(blocks.take(memory, start, stop))
        else:
            blocks.give_back(memory)
        self._framing.finish(after)
