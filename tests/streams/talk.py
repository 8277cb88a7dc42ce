"""
What clients say, in any pieces, and what they are answered.
"""

import re
from itertools import pairwise

from attrs import frozen

from tests.streams.wire import Sink, WireTestCase

HOST = b"Host: glance\r\n"

NEXT = b"GET /pong HTTP/1.1\r\n" + HOST + b"\r\n"
"""A request that may not be answered where the one before it has no end."""

LINE = re.compile(rb"HTTP/1\.[01] (\d{3}) [^\r\n]*\Z")


def in_chunks(pieces, extension=b"", trailer=b""):
    """
    Put data into chunks.
    """
    wire = [b"%x%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in pieces]
    return b"".join([*wire, b"0\r\n", trailer, b"\r\n"])


def answers_in(wire):
    """
    Take answers apart, and be strict about it.

    @return: the status and the body of each, without those that only tell a
        client to continue.
    """
    answers = []
    while wire:
        head, end, wire = wire.partition(b"\r\n\r\n")
        assert end, head
        line, *fields = head.split(b"\r\n")
        match = LINE.match(line)
        assert match is not None, line
        named = dict(field.lower().split(b": ", 1) for field in fields)
        if match[1] == b"100":
            assert not named, named
            continue
        length = 0 if match[1] == b"204" else int(named[b"content-length"])
        body, wire = wire[:length], wire[length:]
        assert len(body) == length, body
        answers.append((int(match[1]), body))
    return answers


@frozen
class Talked:
    """
    What became of what a client said.
    """

    asked: list
    """
    The method, the target and the body of each request; or, where its body
    failed, the name of that failure.
    """
    answers: list
    """The status and the body of each answer."""
    kept: bool
    """Whether the connection can have more requests."""


def pieces_of(wire, cuts):
    """
    Cut something.

    @param cuts: where; L{None} for everywhere.
    """
    if cuts is None:
        cuts = range(len(wire))
    places = sorted({0, len(wire), *(cut for cut in cuts if cut < len(wire))})
    return [wire[a:b] for a, b in pairwise(places)]


class TalkTestCase(WireTestCase):
    """
    Has a site that answers C{/drop} without reading its body, C{/late} when all
    has come that comes before somebody reads it, and all else at once.
    """

    def talk(self, wire, cuts=()):
        """
        Say something to a new site.

        @param cuts: where to cut it; L{None} for everywhere.

        @return: L{Talked}.
        """
        self.asked, self.late = [], []
        self.channel, self.transport = self.serve(self.answer)
        for piece in pieces_of(wire, cuts):
            if not self.reading():
                self.answer_late()
            if self.transport.connected:
                self.channel.dataReceived(piece)
        while self.late:
            self.answer_late()
        kept = self.transport.connected and not self.transport.disconnecting
        return Talked(self.asked, answers_in(self.transport.value()), kept)

    def answer_late(self):
        late, self.late = self.late, []
        for request in late:
            self.read(request)

    def answer(self, request):
        if request.uri == b"/late":
            self.late.append(request)
        elif request.uri == b"/drop":
            self.asked.append((request.method, request.uri, None))
            self.respond(request, b"no")
        else:
            self.read(request)

    def read(self, request):
        """
        Read the body of a request, and answer with it.
        """
        sink = Sink()

        def over(_):
            self.asked.append((request.method, request.uri, sink.data))
            self.respond(request, b"" if request.method == b"HEAD" else sink.data)

        def failed(failure):
            self.asked.append((request.method, request.uri, failure.type.__name__))
            if request.channel is not None:
                self.respond(request, b"", 400)

        if request.body is None:
            over(None)
        else:
            request.body.startProducing(sink).addCallbacks(over, failed)
