"""
Tests of daemons whose API several processes serve.
"""

import json
import os
import signal
import socket
import time
import urllib.request
from pathlib import Path

from bench.reloads import Load, reload_under
from tests.functional.daemons import get
from tests.functional.races import RacingWorkersContract
from tests.functional.working import (
    WORKER,
    HalfUpload,
    WorkersCase,
    arguments,
    children,
    connections,
)

NO_PROCESSES = """
from twisted.internet.posixbase import PosixReactorBase
spawn, calls = PosixReactorBase.spawnProcess, []
def fail(*arguments, **how):
    calls.append(arguments)
    if len(calls) in (4, 5):
        raise BlockingIOError(11, "There is none")
    return spawn(*arguments, **how)
PosixReactorBase.spawnProcess = fail
"""


class SharedWorkTests(RacingWorkersContract, WorkersCase):
    """
    Several processes are as one.
    """

    def test_balance(self):
        """
        Connections are spread over all of them.
        """
        running = self.start_all()
        for _ in range(64):
            self.connect()
        pids = self.workers(running)
        self.assertEqual(len(pids), 2)

        def counts():
            return [connections(pid, self.place.api_port) for pid in pids]

        running.wait_for(lambda: sum(counts()) >= 64)
        # Less than that has one chance in a hundred thousand.
        self.assertGreaterEqual(min(counts()), 15)

    def test_metrics(self):
        """
        Whichever is asked tells what all have counted, and those that are dead.
        """
        running = self.start_all()
        self.post(b"data")
        for _ in range(30):
            get(f"{self.place.api}/v1/images")
        name = 'glance_requests_total{method="GET",route="/v1/images",status="200"}'
        for _ in range(6):
            self.assertEqual(self.figures()[name], 30)
        before = self.figures()
        self.assertEqual(before["glance_received_bytes_total"], 4)
        old = self.workers(running)
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        self.replaced(running, *old)
        get(f"{self.place.api}/v1/images")
        after = self.figures()
        self.assertEqual(after[name], 31)
        self.assertEqual(after["glance_received_bytes_total"], 4)
        cpu = "process_cpu_seconds_total"
        self.assertGreaterEqual(after[cpu], before[cpu])

    def test_metrics_of_now(self):
        """
        What is under way is the sum of what is under way in each, and none of it
        in those that are dead.
        """
        running = self.start_all()
        name = 'glance_transfers_in_flight{direction="up"}'
        uploads = [HalfUpload(self) for _ in range(8)]
        running.wait_for(lambda: self.figures()[name] == 8)
        old = self.workers(running)
        reload_under(running, 1)
        self.assertEqual(self.figures()[name], 8)
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        self.assertEqual([u.finish() for u in uploads], [None] * 8)
        running.wait_for(lambda: self.figures()[name] == 0)

    def test_registry_port(self):
        """
        The registry has its port, if one is configured, and one process serves
        it; its health and figures are there.
        """
        self.start_all()
        image = self.post(b"data")
        old = json.loads(get(f"{self.place.registry}/images/{image['id']}")[2])
        self.assertEqual(old["image"]["size"], 4)
        text = get(f"{self.place.registry}/metrics")[2].decode()
        self.assertIn('glance_pool_calls{pool="database-write"}', text)

    def test_unix_socket(self):
        """
        They share a UNIX socket, which is gone when they are, and not before.
        """
        import tempfile

        path = Path(tempfile.mkdtemp()) / "api.sock"
        config = self.place.configure(workers=2)
        section = "[app:glance-api]\nbind_host = "
        text = config.read_text()
        config.write_text(text.replace(f"{section}127.0.0.1", f"{section}unix:{path}"))
        running = self.start("glance", wait=False)
        running.wait_for_log("2 processes serve.")
        self.assertEqual(path.stat().st_mode & 0o777, 0o660)

        def ask():
            with socket.socket(socket.AF_UNIX) as sock:
                sock.settimeout(60)
                sock.connect(str(path))
                sock.sendall(b"GET /healthcheck HTTP/1.0\r\n\r\n")
                return sock.recv(65536)

        self.assertIn(b"200 OK", ask())
        reload_under(running, 1)
        for _ in range(8):
            self.assertIn(b"200 OK", ask())
        running.stop()
        self.assertFalse(path.exists())

    def test_separate_registry(self):
        """
        C{glance-api} has several processes, too, and asks the registry that it
        is told of.
        """
        self.start("glance-registry")
        api = self.start("glance-api")
        api.wait_for_log("2 processes serve.")
        self.assertEqual(self.post(b"data")["size"], 4)
        self.assertEqual(len(children(api.process.pid)), 2)
        self.assertEqual(api.stop(), -signal.SIGTERM)


class DyingTests(WorkersCase):
    """
    Processes die, and others come.
    """

    def impatient(self):
        """
        Get the command of a daemon that takes processes to hang after 5 seconds.
        """
        command = self.place.twistd("glance")
        patience = "import glance.tap.supervisor as s; s.HANGING = 5;"
        command[2] = f"{patience} {command[2]}"
        return command

    def test_killed(self):
        """
        One that dies under load is started anew; uploads that others have under
        way don't notice.
        """
        running = self.start_all()
        victim, other = self.workers(running)
        port = self.place.api_port
        running.wait_for(
            lambda: connections(victim, port) + connections(other, port) == 0
        )
        uploads = [HalfUpload(self) for _ in range(12)]
        running.wait_for(lambda: len(self.place.files()) == 12)
        counts = [0, 0]

        def all_are_seen():
            # The system's list lacks some while others come and go.
            counts[:] = [connections(pid, port) for pid in (victim, other)]
            return sum(counts) == 12

        running.wait_for(all_are_seen)
        there = counts[1]
        os.kill(victim, signal.SIGKILL)
        answers = {upload.id: upload.finish() for upload in uploads}
        statuses = list(answers.values())
        self.assertEqual(statuses.count(201), there, running.log)
        self.assertEqual(statuses.count(None), 12 - there, running.log)
        self.replaced(running, victim)
        for upload in uploads:
            if answers[upload.id] == 201:
                path = f"{self.place.api}/v1/images/{upload.id}"
                self.assertEqual(get(path)[2], upload.data)

    def test_waiting(self):
        """
        Clients that are to be served by one that is dead wait for the next.
        """
        running = self.start_all()
        for pid in self.workers(running):
            os.kill(pid, signal.SIGKILL)
        for _ in range(6):
            self.assertEqual(get(f"{self.place.api}/healthcheck")[0], 200)

    def test_registry_killed(self):
        """
        So do the processes of the API for the one of the registry.
        """
        running = self.start_all()
        image = self.post(b"data")
        workers = self.workers(running)
        [registry] = set(children(running.process.pid)) - set(workers)
        os.kill(registry, signal.SIGKILL)
        for _ in range(6):
            self.assertEqual(get(f"{self.place.api}/v1/images/{image['id']}")[0], 200)
        self.assertEqual(self.workers(running), workers)

    def test_hanging(self):
        """
        One that does nothing is killed, and another comes; so is that of the
        registry.
        """
        running = self.start_all(command=self.impatient())
        pids, serving = children(running.process.pid), self.workers(running)
        victims = {serving[0], *pids} - {serving[1]}
        for pid in victims:
            os.kill(pid, signal.SIGSTOP)
        for pid in victims:
            running.wait_for_log(f"Process {pid} hangs")
        self.replaced(running, serving[0])
        self.assertEqual(self.post(b"data")["size"], 4)
        now = children(running.process.pid)
        self.assertEqual(set(now) & set(pids), {serving[1]})
        self.assertEqual(len(now), 3)

    def test_told_to_end(self):
        """
        One that somebody else tells to end finishes what it does, while another
        serves in its place.
        """
        running = self.start_all()
        uploads = [HalfUpload(self) for _ in range(8)]
        running.wait_for(lambda: len(self.place.files()) == 8)
        port = self.place.api_port
        other, victim = sorted(
            self.workers(running), key=lambda pid: connections(pid, port)
        )
        os.kill(victim, signal.SIGTERM)
        self.replaced(running, victim)
        self.assertIn(other, self.workers(running))
        self.assertEqual(len(children(running.process.pid)), 4)
        for _ in range(8):
            self.assertEqual(get(f"{self.place.api}/healthcheck")[0], 200)
        self.assertEqual([u.finish() for u in uploads], [201] * 8)
        running.wait_for(lambda: len(children(running.process.pid)) == 3)
        self.assertNotIn("has died", running.log)

    def test_no_processes(self):
        """
        Where the system lets none be started, it is tried again, and said.
        """
        command = self.place.twistd("glance")
        command[2] = f"{NO_PROCESSES}{command[2]}"
        running = self.start_all(command=command)
        victim = self.workers(running)[0]
        os.kill(victim, signal.SIGKILL)
        running.wait_for_log("has died ([Errno 11] There is none)")
        self.replaced(running, victim)
        self.assertEqual(running.log.count("There is none"), 2)

    def test_stopped(self):
        """
        One that has looked after nobody for a while, as it was stopped, kills
        nobody for that.
        """
        running = self.start_all(command=self.impatient())
        workers = self.workers(running)
        running.signal(signal.SIGSTOP)
        time.sleep(6)
        running.signal(signal.SIGCONT)
        time.sleep(1.5)
        self.assertEqual(self.workers(running), workers)
        self.assertNotIn("hangs", running.log)

    def test_supervisor_killed(self):
        """
        Without the one that looks after them, all end, and another daemon can
        take their place at once.
        """
        running = self.start_all()
        pids = children(running.process.pid)
        self.assertEqual(len(pids), 3)
        running.kill()
        running.wait_for(lambda: not any(WORKER in arguments(pid) for pid in pids))
        again = self.start_all()
        self.assertEqual(self.post(b"data")["size"], 4)
        again.stop()

    def test_none_serves(self):
        """
        If one cannot begin at all, the daemon ends with status 1, and says why.
        """
        # It is there as long as the daemon looks, and no longer.
        logs = self.place.path / "logs"
        self.place.configure(workers=2, log_file=logs / "log")
        logs.mkdir()
        code = (
            "import glance.tap.supervisor as s, shutil;"
            "start = s.Supervisor.startService;"
            "s.Supervisor.startService = lambda self: ("
            f"shutil.rmtree({str(logs)!r}), start(self));"
            "from twisted.scripts.twistd import run; run()"
        )
        command = self.place.twistd("glance")
        command[2] = code
        done = self.place.run(command)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("log_file", done.stderr)


class EndingTests(WorkersCase):
    """
    They end together.
    """

    def test_term(self):
        """
        Uploads under way are finished; nobody new comes in; then all end, and
        nothing is left.
        """
        running = self.start_all()
        pids = children(running.process.pid)
        uploads = [HalfUpload(self) for _ in range(6)]
        running.wait_for(lambda: len(self.place.files()) == 6)
        running.signal(signal.SIGTERM)

        def refused():
            try:
                self.connect()
            except ConnectionRefusedError:
                return True
            return False

        running.wait_for(refused)
        for again in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            running.signal(again)
            time.sleep(0.2)
        self.assertNotIn("Traceback", running.log)
        self.assertIsNone(running.process.poll())
        self.assertEqual([u.finish() for u in uploads], [201] * 6)
        self.assertEqual(running.wait(), -signal.SIGTERM)
        self.assertFalse(any(WORKER in arguments(pid) for pid in pids))
        self.assertEqual(self.place.litter(), [])

    def test_interrupt(self):
        """
        Ctrl-C, which all processes get, ends them as gently.
        """
        running = self.start_all()
        pids = children(running.process.pid)
        upload = HalfUpload(self)
        running.wait_for(lambda: len(self.place.files()) == 1)
        for pid in [running.process.pid, *pids]:
            os.kill(pid, signal.SIGINT)
        time.sleep(0.5)
        self.assertEqual(upload.finish(), 201)
        running.wait()

    def test_terminated_together(self):
        """
        So does SIGTERM, if all get it: the registry is there to the end.
        """
        running = self.start_all()
        pids = children(running.process.pid)
        upload = HalfUpload(self)
        running.wait_for(lambda: len(self.place.files()) == 1)
        for pid in [running.process.pid, *pids]:
            os.kill(pid, signal.SIGTERM)
        time.sleep(0.5)
        self.assertEqual(upload.finish(), 201)
        running.wait()


class ReloadTests(WorkersCase):
    """
    SIGHUP replaces the processes one by one.
    """

    def test_under_load(self):
        """
        No request fails, on connections old and new.
        """
        running = self.start_all()
        before = set(self.workers(running))
        load = Load(self.place)
        self.addCleanup(load.end)
        load.begin(2, 1)
        reload_under(running, 3)
        load.end()
        self.assertEqual(load.failures, [])
        self.assertGreater(len(load.seconds), 50)
        # The last of the old ones may be about to close its port.
        running.wait_for(lambda: not before & set(self.workers(running)))
        self.assertEqual(len(self.workers(running)), 2)

    def test_upload_survives(self):
        """
        An upload under way is finished by the process that has begun it, however
        long it takes.
        """
        self.place.configure(workers=2, graceful_shutdown_timeout=1)
        running = self.start_all()
        uploads = [HalfUpload(self) for _ in range(4)]
        running.wait_for(lambda: len(self.place.files()) == 4)
        reload_under(running, 1)
        time.sleep(3)
        self.assertEqual([u.finish() for u in uploads], [201] * 4)
        running.wait_for(lambda: len(children(running.process.pid)) == 3)

    def test_end_after_reload(self):
        """
        When the daemon ends, so do processes that were replaced and have uploads.
        """
        self.place.configure(workers=2, graceful_shutdown_timeout=1)
        running = self.start_all()
        uploads = [HalfUpload(self) for _ in range(4)]
        running.wait_for(lambda: len(self.place.files()) == 4)
        reload_under(running, 1)
        began = time.monotonic()
        running.signal(signal.SIGTERM)
        running.wait()
        self.assertLess(time.monotonic() - began, 40)
        self.assertEqual({u.finish() for u in uploads} & {200, 201}, set())
        self.assertEqual(self.place.files(), [])

    def test_first_request(self):
        """
        A client that is connected, and has yet to send its first request, is
        served.
        """
        running = self.start_all()
        socks = [self.connect() for _ in range(20)]
        pids, port = self.workers(running), self.place.api_port
        running.wait_for(lambda: sum(connections(pid, port) for pid in pids) == 20)
        running.signal(signal.SIGHUP)
        # Who is silent for long after that is let go of.
        running.wait_for(lambda: not all(self.serves(pid) for pid in pids))
        answers = []
        for sock in socks:
            sock.sendall(b"GET /healthcheck HTTP/1.1\r\nHost: glance\r\n\r\n")
            answers.append(sock.recv(65536).lower())
        self.assertTrue(all(b"200 ok" in answer for answer in answers))
        self.assertTrue(any(b"connection: close" in answer for answer in answers))

    def test_options(self):
        """
        New processes live by what is written now; what can't change so is named.
        """
        running = self.start_all()
        self.place.configure(workers=3, image_size_cap=10, upload_memory=100)
        reload_under(running, 1)
        self.assertIn("workers takes effect after a restart only", running.log)
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.post(b"more than ten bytes")
        self.assertEqual(caught.exception.code, 400)

    def test_mistake(self):
        """
        A mistake changes nothing, and is logged; the next reload is as good as
        ever.
        """
        running = self.start_all()
        workers = self.workers(running)
        self.place.configure(workers=2, image_size_cap="much")
        running.signal(signal.SIGHUP)
        running.wait_for_log("Nothing was reloaded: image_size_cap")
        self.assertEqual(self.workers(running), workers)
        self.place.configure(workers=2)
        reload_under(running, 1)
        self.assertNotEqual(self.workers(running), workers)

    def test_exposed(self):
        """
        What would let strangers in at an address that stays is refused.
        """
        config = self.place.configure(workers=2, auth_strategy="trusted_headers")
        text = config.read_text()
        section = "[app:glance-api]\nbind_host = "
        config.write_text(text.replace(f"{section}127.0.0.1", f"{section}0.0.0.0"))
        running = self.start_all()
        self.place.configure(workers=2)
        running.signal(signal.SIGHUP)
        running.wait_for_log("Nothing was reloaded: Whoever reaches")

    def test_not_starting(self):
        """
        If a new process cannot begin, the old ones go on; and one that comes in
        place of one that dies then lives as they do.
        """
        running = self.start_all()
        workers = self.workers(running)
        blocked = self.place.path / "blocked"
        blocked.touch()
        self.place.configure(workers=2, filesystem_store_datadir=blocked)
        running.signal(signal.SIGHUP)
        running.wait_for_log("a new process does not serve: filesystem_store_datadir")
        self.assertEqual(self.workers(running), workers)
        self.assertEqual(self.post(b"data")["size"], 4)
        serving = "Daemon] Listening at http"
        before = running.log.count(serving)
        os.kill(workers[0], signal.SIGKILL)
        running.wait_for(lambda: running.log.count(serving) > before)

    def test_at_once(self):
        """
        Many that come at once are one or two.
        """
        running = self.start_all()
        before = set(children(running.process.pid))
        running.signal(signal.SIGHUP)
        running.wait_for(lambda: set(children(running.process.pid)) - before)
        for _ in range(5):
            running.signal(signal.SIGHUP)
            time.sleep(0.05)
        running.wait_for(
            lambda: (
                running.log.count("Supervisor] Reloaded.") == 2
                and len(children(running.process.pid)) == 3
            )
        )
        self.assertEqual(self.post(b"data")["size"], 4)
