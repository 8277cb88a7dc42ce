"""
Tests for L{glance.outbound.fetching}.
"""

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.iweb import UNKNOWN_LENGTH

from glance.errors import BodyStopped
from glance.outbound.errors import (
    BadAnswer,
    BadURL,
    Cut,
    NotThere,
    OutboundError,
    Refused,
    Unreachable,
)
from glance.outbound.rules import Rules
from glance.streams.bodies import pump
from tests.bodies import BrokenConsumer, Collector, SlowConsumer, collect
from tests.outbound.web import BIG, Web, answer, redirect

URL = "http://files.example.org/disk.raw?a=b"
DATA = bytes(range(256)) * 10


class Case(SynchronousTestCase):
    """
    A test with web servers.
    """

    def begin(self, *answers, url=URL, rules=None, closes=True, **part):
        """
        Begin to fetch.
        """
        self.web = Web(*answers, rules=rules, closes=closes)
        fetching = Deferred.fromCoroutine(self.web.fetcher.fetch(url, **part))
        return self.web.run(fetching)

    def read(self, *answers, **how):
        """
        Fetch, and read what comes.
        """
        found = self.successResultOf(self.begin(*answers, **how))
        return self.successResultOf(self.web.run(collect(found.body)))

    def fails(self, *answers, error, **how):
        """
        Fetch what cannot be, and get why.
        """
        return self.failureResultOf(self.begin(*answers, **how), error).value

    def breaks(self, *answers, error=Cut, **how):
        """
        Fetch what breaks off.
        """
        found = self.successResultOf(self.begin(*answers, **how))
        self.failureResultOf(self.web.run(collect(found.body)), error)


class WholeTests(Case):
    """
    All of what a URL has is fetched.
    """

    def test_data(self):
        """
        The data comes, and its size is known.
        """
        found = self.successResultOf(self.begin(answer(DATA)))
        self.assertEqual((found.size, found.body.length), (len(DATA), len(DATA)))
        self.assertEqual(self.successResultOf(self.web.run(collect(found.body))), DATA)
        (asked,) = self.web.seen
        self.assertTrue(asked.startswith("GET /disk.raw?a=b HTTP/1.1\r\n"), asked)
        self.assertIn("Host: files.example.org\r\n", asked)
        self.assertIn("Accept-Encoding: identity\r\n", asked)
        self.assertNotIn("Range", asked)
        self.assertEqual(self.web.lost, 1)

    def test_nothing(self):
        """
        There may be nothing.
        """
        self.assertEqual(self.read(answer()), b"")

    def test_cut(self):
        """
        Data that ends too early is not taken for whole.
        """
        self.breaks(answer(DATA, length=len(DATA) + 1))

    def test_unknown_length(self):
        """
        Data in chunks has an end, if not a length.
        """
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        body = b"4\r\ndata\r\n"
        found = self.successResultOf(self.begin(head + body + b"0\r\n\r\n"))
        self.assertEqual((found.size, found.body.length), (None, UNKNOWN_LENGTH))
        reading = self.web.run(collect(found.body))
        self.assertEqual(self.successResultOf(reading), b"data")
        self.breaks(head + body + b"0\r\n\r\n", size=3)
        self.breaks(head + body + b"0\r\n\r\n", size=5)
        self.breaks(head + body)
        self.breaks(head + body + b"zz\r\n")

    def test_no_length(self):
        """
        Where only the end of the connection is that of the data, the size has to be
        known, and be right.
        """
        raw = b"HTTP/1.1 200 OK\r\n\r\ndata"
        self.breaks(raw)
        self.assertEqual(self.read(raw, size=4), b"data")
        self.breaks(raw, size=3)
        self.breaks(raw, size=5)
        self.breaks(raw, size=0)

    def test_refusals(self):
        """
        Only 200 is an answer.
        """
        for status in ("404 Not Found", "410 Gone"):
            raw = answer(DATA, status, BIG)
            self.fails(raw, error=NotThere, closes=False)
            self.assertEqual(self.web.lost, 1)
        for status in ("201 X", "206 X", "300 X", "304 X", "401 X", "416 X", "503 X"):
            raw = answer(DATA, status, BIG)
            self.fails(raw, error=BadAnswer, closes=False)
            self.assertEqual(self.web.lost, 1)

    def test_coded(self):
        """
        Data that comes encoded is not what was asked for.
        """
        for coding in ("gzip", "br", "x-y"):
            self.fails(answer(DATA, Content_Encoding=coding), error=BadAnswer)
        self.assertEqual(self.read(answer(DATA, Content_Encoding="identity")), DATA)

    def test_no_answer(self):
        """
        What isn't HTTP is no answer.
        """
        for raw in (b"", b"HELLO\r\n\r\n", answer(length=-1), answer(length="x")):
            error = self.fails(raw, error=Unreachable)
            self.assertNotIn("example", str(error))


class PartTests(Case):
    """
    A part of what a URL has is fetched.
    """

    def part(self, first, last, size, **headers):
        """
        Get an answer that is a part.
        """
        said = f"bytes {first}-{last}/{size}"
        body = DATA[first : last + 1]
        return answer(body, "206 Partial Content", Content_Range=said, **headers)

    def test_part(self):
        """
        A part is asked for, and comes.
        """
        got = self.read(self.part(5, 104, len(DATA)), offset=5, length=100)
        self.assertEqual(got, DATA[5:105])
        self.assertIn("Range: bytes=5-104\r\n", self.web.seen[0])

    def test_rest(self):
        """
        So does what follows an offset.
        """
        got = self.read(self.part(5, len(DATA) - 1, len(DATA)), offset=5)
        self.assertEqual(got, DATA[5:])
        self.assertIn("Range: bytes=5-\r\n", self.web.seen[0])

    def test_shorter(self):
        """
        Where there is less than was asked for, that comes.
        """
        last = len(DATA) - 1
        got = self.read(self.part(last, last, len(DATA)), offset=last, length=100)
        self.assertEqual(got, DATA[-1:])

    def test_beyond(self):
        """
        Behind the end there is nothing.
        """
        refused = answer(status="416 X", Content_Range=f"bytes */{len(DATA)}")
        found = self.successResultOf(self.begin(refused, offset=len(DATA), length=5))
        self.assertEqual((found.size, found.body.length), (len(DATA), 0))
        self.assertEqual(self.read(refused, offset=len(DATA)), b"")
        self.fails(refused, offset=len(DATA) - 1, error=BadAnswer)

    def test_ignored(self):
        """
        From a server that knows no parts all comes, of which the part is taken; the
        rest is not waited for.
        """
        for offset, length in ((0, 1), (5, 100), (5, None), (len(DATA) - 1, 100)):
            got = self.read(answer(DATA), offset=offset, length=length)
            self.assertEqual(got, DATA[offset:][:length])
        more = answer(DATA, length=1 << 40)
        got = self.read(more, offset=1, length=9, closes=False)
        self.assertEqual(got, DATA[1:10])
        self.assertEqual(self.web.lost, 1)

    def test_ignored_and_cut(self):
        """
        Of such data too it is noticed that it ends early.
        """
        self.breaks(answer(DATA, length=len(DATA) + 1), offset=5)
        self.breaks(answer(DATA, length=1 << 40), offset=len(DATA) + 5, length=5)

    def test_wrong(self):
        """
        Another part than was asked for is refused.
        """
        wrong = [
            self.part(6, 105, len(DATA)),
            self.part(5, 103, len(DATA)),
            self.part(5, 105, len(DATA)),
            self.part(5, 104, len(DATA)).replace(b"bytes 5", b"lines 5"),
            self.part(5, 104, "*"),
            self.part(5, 104, len(DATA)).replace(b"Length: 100", b"Length: 99"),
            self.part(5, 104, len(DATA), content_range="bytes 5-104/9999"),
            answer(DATA[5:105], "206 Partial Content"),
        ]
        for each in wrong:
            self.fails(each, offset=5, length=100, error=BadAnswer)

    def test_size(self):
        """
        A size is told from one byte.
        """
        for raw, size in (
            (self.part(0, 0, 1 << 40), 1 << 40),
            (answer(DATA, length=1 << 40), 1 << 40),
            (answer(status="416 X", Content_Range="bytes */0"), 0),
            (b"HTTP/1.1 200 OK\r\n\r\ndata", None),
        ):
            self.web = Web(raw, closes=False)
            telling = Deferred.fromCoroutine(self.web.fetcher.size(URL))
            self.assertEqual(self.successResultOf(self.web.run(telling)), size)
            self.assertIn("Range: bytes=0-0\r\n", self.web.seen[0])
            self.assertEqual(self.web.lost, 1)


class RedirectTests(Case):
    """
    Redirects are followed.
    """

    def test_followed(self):
        """
        Each kind of redirect is followed, to another host too.
        """
        for status in (301, 302, 303, 307, 308):
            first = redirect("//other.example.org/x", f"{status} X")
            answers = (first, redirect("y?z"), answer(DATA))
            self.assertEqual(self.read(*answers, closes=False), DATA)
            self.assertIn("Host: other.example.org\r\n", self.web.seen[1])
            self.assertTrue(self.web.seen[2].startswith("GET /y?z HTTP"))
            self.assertIn("Host: other.example.org\r\n", self.web.seen[2])
            self.assertEqual(self.web.lost, 3)

    def test_part(self):
        """
        The same part is asked for at each.
        """
        said = f"bytes 5-104/{len(DATA)}"
        part = answer(DATA[5:105], "206 X", Content_Range=said)
        got = self.read(redirect("/x"), part, offset=5, length=100)
        self.assertEqual(got, DATA[5:105])

    def test_many(self):
        """
        Not more than five are followed.
        """
        self.assertEqual(self.read(*[redirect("/x")] * 5, answer(DATA)), DATA)
        self.fails(*[redirect("/x")] * 6, answer(DATA), error=BadAnswer)
        self.assertEqual((len(self.web.seen), self.web.lost), (6, 6))

    def test_nowhere(self):
        """
        One that leads nowhere is not.
        """
        for raw in (answer(status="302 X"), redirect("/a").replace(b"\r\n\r\n", b"")):
            self.fails(raw, error=OutboundError)

    def test_no_text(self):
        """
        One that isn't in any encoding leads nowhere, too.
        """
        raw = redirect("/xxx").replace(b"/xxx", b"/\xff\xe4")
        self.fails(raw, answer(DATA), error=BadURL)
        raw = answer(DATA, Content_Encoding="xxx").replace(b"xxx", b"\xff\xe4")
        self.fails(raw, error=BadAnswer)

    def test_checked(self):
        """
        Each is held against the rules.
        """
        for where in (
            "file:///etc/passwd",
            "ftp://h/",
            "data:text/plain,x",
            "http://[",
        ):
            self.fails(redirect(where), answer(DATA), error=BadURL)
        for where in ("http://files.example.org:22/", "//files.example.org:8080/"):
            self.fails(redirect(where), answer(DATA), error=Refused)
        rules = Rules(hosts=("files.example.org",))
        other = redirect("http://other.example.org/")
        self.fails(other, answer(DATA), rules=rules, error=Refused)
        self.assertEqual(len(self.web.seen), 1)

    def test_credentials(self):
        """
        Credentials are told to the host that they are for, and to no other, nor
        after a redirect, whatever that says.
        """
        url = "http://us%40er:pass@files.example.org/"
        first = redirect("http://a:b@other.example.org/")
        last = redirect("http://files.example.org/")
        self.assertEqual(self.read(first, last, answer(DATA), url=url), DATA)
        asked = "Authorization: Basic dXNAZXI6cGFzcw==\r\n"
        self.assertEqual(
            [asked in each for each in self.web.seen], [True, False, False]
        )
        self.assertNotIn("Authorization", "".join(self.web.seen[1:]))
        self.assertNotIn("pass", "".join(self.web.seen))

    def test_refused_before(self):
        """
        What the rules are against isn't asked for at all.
        """
        for url, error in (
            ("http://files.example.org:22/", Refused),
            ("file:///etc/passwd", BadURL),
        ):
            self.fails(answer(DATA), url=url, error=error)
            self.assertEqual(self.web.seen, [])


class PatienceTests(Case):
    """
    Servers are waited for, but not for ever.
    """

    def test_no_answer(self):
        """
        A server that doesn't answer is given up.
        """
        fetching = self.begin()
        self.web.clock.advance(9)
        self.assertNoResult(fetching)
        self.web.clock.advance(1)
        self.web.run(None)
        self.failureResultOf(fetching, Unreachable)
        self.assertEqual(self.web.lost, 1)

    def test_cancelled(self):
        """
        Who gives up isn't told that the server didn't answer.
        """
        fetching = self.begin()
        fetching.cancel()
        self.web.run(None)
        self.failureResultOf(fetching, CancelledError)
        self.assertEqual((self.web.lost, self.web.clock.getDelayedCalls()), (1, []))

    def transfer(self, consumer, first=b"first"):
        """
        Begin a transfer that goes on.
        """
        begun = answer(first, length=BIG)
        found = self.successResultOf(self.begin(begun, closes=False))
        return self.web.run(pump(found.body, consumer))

    def send(self, data):
        """
        Have more come.
        """
        self.web.connections[-1].transport.write(data)
        self.web.run(None)

    def test_silence(self):
        """
        A server that falls silent is given up, however slow it was before.
        """
        pumping = self.transfer(Collector())
        for _ in range(100):
            self.web.clock.advance(9)
            self.send(b"more")
        self.assertNoResult(pumping)
        self.web.clock.pump([5, 4, 2])
        self.failureResultOf(pumping, Unreachable)
        self.web.run(None)
        self.assertEqual(self.web.lost, 1)

    def test_paused(self):
        """
        Nothing is read while nobody wants more, and the server isn't blamed.
        """
        consumer = SlowConsumer()
        pumping = self.transfer(consumer)
        self.send(b"second")
        self.web.clock.advance(1000)
        self.assertEqual(consumer.data, b"first")
        consumer.more()
        self.assertEqual(consumer.data, b"firstsecond")
        consumer.more()
        self.web.clock.pump([5, 6])
        self.failureResultOf(pumping, Unreachable)

    def test_stopped(self):
        """
        A body that is stopped, before or after its start, lets the connection go.
        """
        pumping = self.transfer(Collector())
        pumping.cancel()
        self.failureResultOf(pumping, BodyStopped)
        self.web.run(None)
        self.assertEqual((self.web.lost, self.web.clock.getDelayedCalls()), (1, []))
        found = self.successResultOf(self.begin(answer(b"x", length=5), closes=False))
        found.body.stopProducing()
        self.web.run(None)
        self.assertEqual(self.web.lost, 1)

    def test_broken_consumer(self):
        """
        A consumer that fails ends the transfer.
        """
        pumping = self.transfer(BrokenConsumer(0, ZeroDivisionError()))
        self.failureResultOf(pumping, ZeroDivisionError)
        self.web.run(None)
        self.assertEqual(self.web.lost, 1)
