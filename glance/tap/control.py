"""
The program C{glance-control}: starts and stops the daemons.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import click
from attrs import evolve, frozen

from glance import __version__
from glance.config.loading import load
from glance.config.settings import ConfigurationError, Service, Settings
from glance.errors import GlanceError
from glance.tap.daemon import SETTLING
from glance.tap.processes import PidFile, PidFileUnusable, Process, environment

NAME = "glance-control"

SERVERS: tuple[Service, ...] = ("registry", "api")
"""What C{all} is, in the order of their start: each needs those before it."""

MARGIN = 15
"""How many seconds more than it is given a daemon may take to end."""

STARTING = 120
"""How many seconds a daemon may take to start."""

SYSTEM = Path("/var/run/glance")
"""Where the pid files of the system's daemons are."""

NOT_RUNNING = 3
"""What C{status} exits with then, as the LSB has it."""


class Failed(GlanceError):
    """
    What was asked for cannot be done; the text says why.
    """


@frozen(kw_only=True)
class Server:
    """
    A daemon that is controlled.
    """

    service: Service
    config_files: tuple[str, ...]
    """The files it is told to read; none for the usual ones."""
    pid_file: PidFile

    @property
    def name(self) -> str:
        """
        What it is called.
        """
        return f"glance-{self.service}"

    def running(self) -> AbstractContextManager[Process | None]:
        """
        Have its process; L{None} if it isn't running.

        @raise PidFileUnusable: its pid file is something else.
        """
        return self.pid_file.process(self.name)


def start(server: Server) -> None:
    """
    Start a daemon, unless it is running, and wait until it has begun.

    @raise Failed: it cannot be started.
    """
    with server.running() as process:
        if process is not None:
            click.echo(
                f"{server.name} appears to already be running: {server.pid_file.path}",
                err=True,
            )
            return
    if server.pid_file.exists():
        click.echo(f"Removing stale pid file {server.pid_file.path}")
        server.pid_file.remove()
    settings = _settings(server)
    told = ", ".join(settings.files) or "its defaults"
    click.echo(f"Starting {server.name} with {told}")
    if settings.log.file is None:
        click.echo(
            f"{server.name} writes no log: it has no log_file or log_dir.", err=True
        )
    said = _launch(server)
    if settings.log.file is not None:
        # Whom a first start has made, which isn't in the log.
        click.echo(said, nl=False)


def _settings(server: Server) -> Settings:
    try:
        return load(server.service, config_files=server.config_files)
    except ConfigurationError as error:
        raise Failed(f"{server.name}: {error}") from None


def _launch(server: Server) -> str:
    server.pid_file.prepare()
    files = [f"--config-file={path}" for path in server.config_files]
    try:
        done = subprocess.run(
            [
                *_twistd(),
                f"--pidfile={server.pid_file.path}",
                "--rundir=/",
                server.name,
                *files,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(),
            timeout=STARTING,
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{server.name} did not start in {STARTING} seconds.") from None
    if done.returncode:
        raise Failed(_reason(server, done.stdout))
    return done.stdout


def _reason(server: Server, said: str) -> str:
    """
    Find the line in what a daemon said that tells why it has not started.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for line in lines:
        if line.startswith(server.name):
            return line
    return f"{server.name} did not start: {' '.join(lines[-2:]) or 'it says nothing.'}"


def _twistd() -> list[str]:
    # Not the script: a virtual environment may have been moved, or have none.
    # -P, because what lies in the working directory is not to be imported.
    return [
        sys.executable,
        "-P",
        "-c",
        "import sys; sys.argv[0] = 'twistd'; "
        "from twisted.scripts.twistd import run; run()",
    ]


def stop(server: Server) -> None:
    """
    Have a daemon end, and wait until it has.

    @raise Failed: it does not end.
    """
    with server.running() as process:
        if process is None:
            click.echo(f"No {server.name} running")
            return
        patience = _patience(server, process)
        _signal(server, process, "Stopping", signal.SIGTERM)
        if not process.wait(patience):
            raise Failed(
                f"{server.name} (pid {process.pid}) has not ended in {patience:.0f} "
                f"seconds: see its log; kill -9 {process.pid} would end it."
            )
    server.pid_file.remove()


def _patience(server: Server, process: Process) -> float:
    """
    Tell how many seconds a daemon may take to end.
    """
    files = server.config_files or process.config_files()
    try:
        settings = load(server.service, config_files=files)
    except ConfigurationError:
        # It is not the file that it was started with.
        return 60 + SETTLING + MARGIN
    return settings.graceful_shutdown_timeout + SETTLING + MARGIN


def _signal(
    server: Server, process: Process, doing: str, number: signal.Signals
) -> None:
    click.echo(f"{doing} {server.name}  pid: {process.pid}  signal: {number:d}")
    try:
        process.send(number)
    except PermissionError:
        raise Failed(
            f"{server.name} (pid {process.pid}) belongs to another user: "
            "do this as that user, or as root."
        ) from None


def reload(server: Server) -> None:
    """
    Have a daemon read its configuration again.

    @raise Failed: it isn't running.
    """
    with server.running() as process:
        if process is None:
            raise Failed(f"No {server.name} running")
        _signal(server, process, "Reloading", signal.SIGHUP)


def startable(server: Server) -> Server:
    """
    Get a daemon that is to be restarted, with the files that it was started
    with unless others are said.

    @raise Failed: it could not be started with them.
    """
    with server.running() as process:
        if process is not None and not server.config_files:
            server = evolve(server, config_files=process.config_files())
    _settings(server)
    return server


def status(server: Server) -> bool:
    """
    Show whether a daemon is running.
    """
    with server.running() as process:
        if process is None:
            click.echo(f"{server.name} is not running")
            return False
        click.echo(f"{server.name} is running, pid {process.pid}")
        return True


RESTART = (stop, start)

COMMANDS: Mapping[str, tuple[Callable[[Server], object], ...]] = {
    "start": (start,),
    "stop": (stop,),
    "shutdown": (stop,),
    "restart": RESTART,
    "force-reload": RESTART,
    "reload": (reload,),
    "status": (status,),
}
"""What is done, each to all servers before the next."""


def default_directory() -> Path:
    """
    Say where pid files are if nobody says: the system's place, or for users
    who may not write there one of their own.

    @raise Failed: there is none.
    """
    if os.geteuid() == 0 or os.access(SYSTEM, os.W_OK | os.X_OK):
        return SYSTEM
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    if runtime.is_absolute():
        return runtime / "glance"
    try:
        return Path.home() / ".glance" / "run"
    except RuntimeError:
        raise Failed("There is no place for pid files: name one, --pid-dir.") from None


def servers(
    service: str, conf: str | None, pid_file: str | None, pid_dir: str | None
) -> tuple[Server, ...]:
    """
    List the daemons that are meant, in the order of their start.

    @raise Failed: there is no place for pid files.
    """
    directory = Path(pid_dir) if pid_dir is not None else None

    def server(service: Service) -> Server:
        path = Path(pid_file) if pid_file is not None else None
        if path is None:
            path = (directory or default_directory()) / f"glance-{service}.pid"
        return Server(
            service=service,
            config_files=() if conf is None else (str(Path(conf).absolute()),),
            pid_file=PidFile(path),
        )

    return tuple(server(name) for name in SERVERS if service in (name, "all"))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("server", type=click.Choice(["api", "registry", "all"]))
@click.argument("command", type=click.Choice(list(COMMANDS)))
@click.argument("conf", required=False)
@click.option("--pid-file", metavar="PATH", help="The pid file of the daemon.")
@click.option(
    "--pid-dir",
    metavar="DIRECTORY",
    help="Where pid files are.  [default: /var/run/glance for root, and for others "
    "$XDG_RUNTIME_DIR/glance or ~/.glance/run]",
)
@click.version_option(__version__, prog_name=NAME)
def program(
    server: str,
    command: str,
    conf: str | None,
    pid_file: str | None,
    pid_dir: str | None,
) -> None:
    """
    Start and stop the daemons glance-api and glance-registry, or both.

    CONF is the configuration file that a daemon is to read; without it the
    usual places are searched.

    \b
    start         start it in the background; its log goes to log_file
    stop          let requests under way finish, and end it (shutdown is the same)
    restart       stop, then start (force-reload is the same)
    reload        have it read its configuration again, and open its logs anew
    status        tell whether it runs: exit with 0 if it does, with 3 if not
    """
    if server == "all" and pid_file is not None:
        raise click.UsageError("Each daemon has a pid file: use --pid-dir with all.")
    try:
        asked = servers(server, conf, pid_file, pid_dir)
        if COMMANDS[command] == RESTART:
            # What cannot be started is not stopped either.
            asked = tuple(startable(each) for each in asked)
        answers = [
            do(each)
            for do in COMMANDS[command]
            for each in (asked[::-1] if do is stop else asked)
        ]
    except (Failed, PidFileUnusable) as error:
        click.echo(f"{NAME}: {' '.join(str(error).split())}", err=True)
        raise SystemExit(1) from None
    if command == "status" and not all(answers):
        raise SystemExit(NOT_RUNNING)


def main() -> None:
    """
    Be C{glance-control}.
    """
    program(prog_name=NAME)
