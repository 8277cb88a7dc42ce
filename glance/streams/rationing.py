"""
Letting data pass only as far as there is room for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.python.failure import Failure
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from glance.errors import BodyStopped
from glance.streams.blocks import Block, Blocks, IBlockConsumer, PassedOn


@implementer(IBodyProducer, IPushProducer, IBlockConsumer)
class RationedBody(PassedOn):
    """
    A body that is another one, of which no byte passes before there is room for it.

    It is paused while more room is asked for; what has come by then is held.  Its
    consumer takes blocks.
    """

    def __init__(
        self, body: IBodyProducer, room: int, more: Callable[[int], Deferred[int]]
    ) -> None:
        """
        @param room: how many bytes there is room for.
        @param more: is told for how many there has to be room, and tells for how
            many there is; not less, or it fails.
        """
        self.length = body.length
        self._body = body
        self._room = room
        self._more = more
        self._passed = 0
        self._held: deque[Block] = deque()
        self._asking = False
        self._consumer: Any = None
        self._failure: Failure | None = None
        self._paused_by_consumer = False
        self._paused = False
        self._over = False
        self._drained: Deferred[None] | None = None

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        self._consumer = IBlockConsumer(consumer)
        producing: Deferred[None] = self._body.startProducing(self)
        return producing.addCallback(self._drain).addBoth(self._end)

    def _drain(self, _: object) -> Deferred[None] | None:
        if not self._held:
            return None
        self._drained = Deferred(lambda _: self._fail(_stopped()))
        return self._drained

    def _end(self, result: Any) -> Any:
        self._over = True
        self._drop()
        return self._failure or result

    def _drop(self) -> None:
        while self._held:
            self._held.popleft().release()

    def pauseProducing(self) -> None:
        self._paused_by_consumer = True
        self._flow()

    def resumeProducing(self) -> None:
        self._paused_by_consumer = False
        self._pass_on()
        self._flow()

    def stopProducing(self) -> None:
        if self._drained is not None:
            self._fail(_stopped())
        else:
            self._body.stopProducing()

    @property
    def blocks(self) -> Blocks:
        blocks: Blocks = self._consumer.blocks
        return blocks

    def writeBlock(self, block: Block) -> None:
        if self._failure is not None:
            return
        if not self._held and self._passed + len(block) <= self._room:
            self._pass(block)
            return
        block.hold()
        self._held.append(block)
        self._pass_on()
        self._flow()

    def _pass(self, block: Block) -> None:
        self._passed += len(block)
        self._consumer.writeBlock(block)

    def _pass_on(self) -> None:
        """
        Pass on what is held, as far as there is room; ask for more for the rest.
        """
        while self._held and not (self._paused_by_consumer or self._asking):
            if self._passed + len(self._held[0]) > self._room:
                self._ask()
                continue
            block = self._held.popleft()
            try:
                self._pass(block)
            except Exception:
                self._fail(Failure())
            finally:
                block.release()
        if not self._held and self._drained is not None:
            drained, self._drained = self._drained, None
            drained.callback(None)

    def _ask(self) -> None:
        self._asking = True
        needed = self._passed + sum(map(len, self._held))
        self._more(needed).addCallbacks(self._grant, self._refuse)

    def _grant(self, room: int) -> None:
        self._asking = False
        self._room = room
        if not self._over:
            self._pass_on()
            self._flow()

    def _refuse(self, failure: Failure) -> None:
        self._asking = False
        if not self._over:
            self._fail(failure)

    def _fail(self, failure: Failure) -> None:
        """
        End, for a reason of one's own.
        """
        if self._failure is not None:
            return
        self._failure = failure
        self._drop()
        if self._drained is not None:
            drained, self._drained = self._drained, None
            drained.errback(failure)
        else:
            self._body.stopProducing()

    def _flow(self) -> None:
        if self._over or self._failure is not None or self._drained is not None:
            return
        paused = self._paused_by_consumer or bool(self._held)
        if paused and not self._paused:
            self._paused = True
            self._body.pauseProducing()
        elif self._paused and not paused:
            self._paused = False
            self._body.resumeProducing()


def _stopped() -> Failure:
    return Failure(BodyStopped("The data was stopped before its end."))
