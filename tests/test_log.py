"""
Tests for L{glance.log}.
"""

import json
import logging
import os
from pathlib import Path

from twisted.application.service import Application
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, Logger, LogLevel, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from glance.log import (
    MOMENT,
    LineObserver,
    LogFile,
    LoggedService,
    Logs,
    access,
    as_json,
    as_text,
    redirect_stdlib,
    request_id,
)


def failure(message):
    """
    Make a failure with a traceback.
    """
    try:
        raise ValueError(message)
    except ValueError:
        return Failure()


class LinesTests(SynchronousTestCase):
    """
    An observer writes a line for each event.
    """

    def setUp(self):
        self.path = Path(self.mktemp())
        self.file = LogFile(str(self.path))
        self.addCleanup(self.file.close)
        self.text = LineObserver(self.file, as_text)
        self.json = LineObserver(self.file, as_json)

    def logger(self, observer):
        """
        Make a logger whose events come to one observer.
        """
        return Logger(namespace="glance.test", observer=observer)

    def lines(self):
        """
        Read what has been written.
        """
        return self.path.read_text().splitlines()

    def test_interface(self):
        """
        The observers are what twisted.logger takes.
        """
        for observer in (self.text, self.json):
            self.assertTrue(verifyObject(ILogObserver, observer))

    def test_text(self):
        """
        A line has the time, the level, the namespace and the message.
        """
        self.logger(self.text).warn("{n} images", n=3)
        [line] = self.lines()
        self.assertRegex(
            line,
            r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d"
            r"     WARN \[glance.test\] 3 images$",
        )

    def test_request(self):
        """
        The id of the request that is being answered is in its lines.
        """
        token = request_id.set("req-1")
        self.addCleanup(request_id.reset, token)
        self.logger(self.text).info("one")
        self.logger(self.json).info("two")
        text, document = self.lines()
        self.assertIn("[glance.test] [req-1] one", text)
        self.assertEqual(json.loads(document)["request_id"], "req-1")

    def test_json(self):
        """
        A JSON line holds what a text line does, flat.
        """
        self.logger(self.json).error("no {what}", what="room")
        document = json.loads(self.lines()[0])
        self.assertRegex(document.pop("time"), r"^\d{4}-\d\d-\d\dT.*\+00:00$")
        self.assertEqual(
            document,
            {
                "level": "error",
                "namespace": "glance.test",
                "message": "no room",
                "request_id": None,
            },
        )

    def test_failure(self):
        """
        A failure is followed by its traceback, indented in text.
        """
        for observer in (self.text, self.json):
            self.logger(observer).failure("It broke", failure=failure("because"))
        first, *rest, last = self.lines()
        self.assertTrue(first.endswith("CRITICAL [glance.test] It broke"))
        self.assertTrue(all(line.startswith("    ") for line in rest))
        self.assertTrue(rest[-1].endswith("ValueError: because"))
        self.assertIn("ValueError: because", json.loads(last)["traceback"])

    def test_forged(self):
        """
        Nobody can add a line to the log by what he sends.
        """
        forged = "/v1\n2026-01-01 00:00:00 CRITICAL [glance] \x1b[2Jgone"
        log = self.logger(self.text)
        log.info("{path}", path=forged)
        log.failure("It broke", failure=failure(forged))
        lines = self.lines()
        self.assertNotIn("\x1b", self.path.read_text())
        self.assertFalse([line for line in lines[1:] if line.startswith("2026-01-01")])
        self.assertIn("/v1\\x0a2026", lines[0])

    def test_namespace(self):
        """
        A namespace or a request id from elsewhere ends no line either.
        """
        log = Logger(namespace="a\nb", observer=self.text)
        log.info("c", request_id="d\ne")
        self.assertIn("[a\\x0ab] [d\\x0ae] c", self.lines()[0])

    def test_secrets(self):
        """
        Tokens and passwords are in no line, nor in a traceback.
        """
        for observer in (self.text, self.json):
            log = self.logger(observer)
            log.info("{headers}", headers={b"X-Auth-Token": [b"hunter2"]})
            log.failure("mysql://u:hunter2@h", failure=failure("s3://a:hunter2@h/b"))
        self.assertNotIn("hunter2", self.path.read_text())

    def test_surrogates(self):
        """
        Text that is not Unicode is written all the same.
        """
        for observer in (self.text, self.json):
            self.logger(observer).info("{name}", name="\udcff")
        text, document = self.lines()
        self.assertIn("\\udcff", text)
        self.assertEqual(json.loads(document)["message"], "\\udcff")

    def test_access(self):
        """
        The line of a request says what it was and what became of it.
        """
        for observer in (self.text, self.json):
            access(
                self.logger(observer),
                method=b"GET",
                uri=b"/v1/images?limit=3&token=hunter2&x=\xff\n",
                status=200,
                received=0,
                sent=512,
                seconds=0.01234567,
                client="::1",
                request_id="req-2",
            )
        text, document = self.lines()
        path = "/v1/images?limit=3&token=***&x=\\xff\\x0a"
        self.assertTrue(
            text.endswith(f"[req-2] ::1 GET {path} 200 in=0 out=512 0.012s"), text
        )
        self.assertEqual(
            {
                key: value
                for key, value in json.loads(document).items()
                if key not in ("time", "message", "level", "namespace")
            },
            {
                "client": "::1",
                "method": "GET",
                "path": path,
                "status": 200,
                "received": 0,
                "sent": 512,
                "seconds": 0.012346,
                "request_id": "req-2",
            },
        )


class LogFileTests(SynchronousTestCase):
    """
    A log file can be moved away, and is not needed to go on.
    """

    def setUp(self):
        self.path = Path(self.mktemp())
        self.file = LogFile(str(self.path))
        self.addCleanup(self.file.close)

    def test_reopen(self):
        """
        After the file was moved, lines go to a new one of its name.
        """
        self.file.write("one\n")
        moved = self.path.rename(self.path.with_suffix(".1"))
        self.file.write("two\n")
        self.file.reopen()
        self.file.write("three\n")
        self.assertEqual(moved.read_text(), "one\ntwo\n")
        self.assertEqual(self.path.read_text(), "three\n")

    def test_gathered(self):
        """
        What may wait is written together, after a moment.
        """
        clock = Clock()
        self.file.gather(clock)
        for _ in range(2):
            self.file.write_soon("one\n")
            clock.advance(MOMENT / 2)
            self.file.write_soon("two\n")
            self.assertEqual(self.path.read_text(), "")
            clock.advance(MOMENT / 2)
            self.assertEqual(self.path.read_text(), "one\ntwo\n")
            os.truncate(self.path, 0)
        self.assertEqual(clock.getDelayedCalls(), [])

    def test_order(self):
        """
        What is written at once comes after what was gathered before it.
        """
        clock = Clock()
        self.file.gather(clock)
        self.file.write_soon("one\n")
        self.file.write("two\n")
        self.assertEqual(self.path.read_text(), "one\ntwo\n")
        self.file.write_soon("three\n")
        clock.advance(MOMENT)
        self.assertEqual(self.path.read_text(), "one\ntwo\nthree\n")

    def test_gathered_until_the_end(self):
        """
        Nothing that was gathered is lost when the file is moved, when no more is
        gathered, and when it is closed.
        """
        clock = Clock()
        self.file.gather(clock)
        self.file.write_soon("one\n")
        moved = self.path.rename(self.path.with_suffix(".1"))
        self.file.reopen()
        self.assertEqual(moved.read_text(), "one\n")
        self.file.write_soon("two\n")
        self.file.gather(None)
        self.file.write_soon("three\n")
        self.assertEqual(self.path.read_text(), "two\nthree\n")
        self.file.gather(clock)
        self.file.write_soon("four\n")
        self.file.close()
        self.assertEqual(self.path.read_text(), "two\nthree\nfour\n")
        self.assertEqual(clock.getDelayedCalls(), [])

    def test_cannot_reopen(self):
        """
        When there can be no new file, the old one stays in use.
        """
        moved = self.path.rename(self.path.with_suffix(".1"))
        self.path.mkdir()
        self.assertRaises(OSError, self.file.reopen)
        self.file.write("on\n")
        self.assertEqual(moved.read_text(), "on\n")

    def test_private(self):
        """
        Others cannot read the file.
        """
        self.assertEqual(self.path.stat().st_mode & 0o007, 0)

    def test_full(self):
        """
        A full disk loses lines, and nothing else.
        """
        LogFile("/dev/full").write("lost\n")


class LogsTests(SynchronousTestCase):
    """
    L{Logs} writes what is important enough.
    """

    def setUp(self):
        self.path = Path(self.mktemp())
        self.file = LogFile(str(self.path))
        self.addCleanup(self.file.close)
        self.logs = Logs(
            self.file, format="text", level="info", levels={"sqlalchemy": "error"}
        )

    def written(self):
        """
        Log once at each level by two names, and say what was written.
        """
        before = len(self.path.read_text())
        for namespace in ("glance.images", "sqlalchemy.engine"):
            log = Logger(namespace=namespace, observer=self.logs)
            for level in LogLevel.iterconstants():
                log.emit(level, "{name}", name=f"{namespace[:2]}-{level.name}")
        lines = self.path.read_text()[before:].splitlines()
        return [line.split()[-1] for line in lines]

    def test_requests(self):
        """
        Lines of requests may wait for each other; others don't.
        """
        clock = Clock()
        self.logs.gather(clock)
        log = Logger(namespace="glance.requests", observer=self.logs)
        access(
            log,
            method=b"GET",
            uri=b"/",
            status=200,
            received=0,
            sent=0,
            seconds=0,
            client="::1",
            request_id=None,
        )
        self.assertEqual(self.path.read_text(), "")
        clock.advance(MOMENT)
        self.assertEqual(self.path.read_text().count("\n"), 1)
        log.info("at once")
        self.assertEqual(self.path.read_text().count("\n"), 2)

    def test_level(self):
        """
        What is below the level of its namespace is not written.
        """
        self.assertEqual(
            self.written(),
            [
                *("gl-info", "gl-warn", "gl-error", "gl-critical"),
                *("sq-error", "sq-critical"),
            ],
        )

    def test_set_level(self):
        """
        Levels change while the daemon runs.
        """
        self.logs.set_level("error", {"glance.images": "critical"})
        self.assertEqual(self.written(), ["gl-critical", "sq-error", "sq-critical"])

    def test_reopen(self):
        """
        The logs go on in a new file.
        """
        self.path.rename(self.path.with_suffix(".1"))
        self.logs.reopen()
        self.assertEqual(len(self.written()), 6)

    def test_application(self):
        """
        An application logs to where its service says.
        """
        self.assertTrue(verifyObject(ILogObserver, self.logs))
        application = Application("glance")
        LoggedService(self.logs).setServiceParent(application)
        self.assertIs(ILogObserver(application), self.logs)


class StandardLibraryTests(SynchronousTestCase):
    """
    What libraries log by L{logging} comes to L{twisted.logger}.
    """

    def setUp(self):
        self.events = []
        root = logging.getLogger()
        handlers, level = list(root.handlers), root.level
        self.addCleanup(setattr, root, "handlers", handlers)
        self.addCleanup(root.setLevel, level)
        self.addCleanup(logging.getLogger("glance_test.sql").setLevel, 0)
        redirect_stdlib("info", {"glance_test.sql": "error"})

        globalLogPublisher.addObserver(self.observe)
        self.addCleanup(globalLogPublisher.removeObserver, self.observe)

    def observe(self, event):
        """
        Keep an event.
        """
        if event["log_namespace"].startswith("glance_test"):
            self.events.append((event["log_level"].name, event.get("text")))

    def test_levels(self):
        """
        Each level is the one of the same meaning.
        """
        log = logging.getLogger("glance_test.some")
        for level in (5, 10, 20, 25, 30, 40, 50, 60):
            log.log(level, "at %d", level)
        self.assertEqual(
            self.events,
            [
                ("info", "at 20"),
                ("info", "at 25"),
                ("warn", "at 30"),
                ("error", "at 40"),
                ("critical", "at 50"),
                ("critical", "at 60"),
            ],
        )

    def test_own_level(self):
        """
        What a library need not log, it does not.
        """
        log = logging.getLogger("glance_test.sql.engine")
        self.assertFalse(log.isEnabledFor(logging.WARNING))
        self.assertTrue(log.isEnabledFor(logging.ERROR))

    def test_twice(self):
        """
        Doing it again changes the levels, and writes nothing twice.
        """
        redirect_stdlib("error", {})
        log = logging.getLogger("glance_test.some")
        log.warning("no")
        log.error("yes")
        self.assertEqual(self.events, [("error", "yes")])

    def test_no_own_level_any_more(self):
        """
        A library whose level is taken back has that of all.
        """
        log = logging.getLogger("glance_test.sql")
        redirect_stdlib("info", {"glance_test.other": "error"})
        self.addCleanup(logging.getLogger("glance_test.other").setLevel, 0)
        self.assertTrue(log.isEnabledFor(logging.INFO))
        redirect_stdlib("warn", {})
        self.assertFalse(log.isEnabledFor(logging.INFO))
        other = logging.getLogger("glance_test.other")
        self.assertTrue(other.isEnabledFor(logging.WARNING))

    def test_braces(self):
        """
        A message is not taken for a format, and a bad one is logged.
        """
        log = logging.getLogger("glance_test.some")
        log.error("{oops} %s")
        log.error("%d", "x")
        self.assertEqual(
            self.events, [("error", "{oops} %s"), ("error", "'%d' ('x',)")]
        )

    def test_exception(self):
        """
        An exception keeps its traceback.
        """
        seen = []

        def observe(event):
            seen.append(event.get("log_failure"))

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        try:
            raise ValueError("because")
        except ValueError:
            logging.getLogger("glance_test.some").exception("It broke")
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual([str(f.value) for f in seen if f], ["because"])
