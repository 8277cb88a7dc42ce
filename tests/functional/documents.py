"""
Documents with commands in them, and a place where those are typed.
"""

import fcntl
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.functional.daemons import PATIENCE, ROOT

DAEMONS = {
    "make run": 9292,
    "glance-api": 9292,
    "glance-registry": 9191,
}
"""The commands that stay in the foreground, and the port that shows they are up."""

PROGRAMS = ("bash", "curl", "make", "setsid")
"""What is typed, and may not be there."""

MISLEADING = re.compile(r"GLANCE_|OS_|MAKE|MFLAGS$|PYTHON$|VENV$")
"""What of the environment would change what is typed: its names begin so."""

UNFIT = ("make test",)
"""What is not to be run inside a test."""

LOOPBACK = """
import fcntl, socket, struct
with socket.socket() as one:
    fcntl.ioctl(one, 0x8914, struct.pack("16sh14x", b"lo", 0x41))
"""
"""Brings up the interface lo in a new network."""

PRELUDE = r"""
up() {
    for i in $(seq 600); do
        (: < /dev/tcp/127.0.0.1/$1) 2> /dev/null && return
        sleep 0.1
    done
    cat daemons.log; exit 90
}
said() {
    for i in $(seq 100); do
        grep -qF -- "$1" daemons.log && return
        sleep 0.1
    done
}
daemon() {
    setsid bash -c "exec $1" >> daemons.log 2>&1 < /dev/null &
    daemons="$daemons $!"; up $2
}
halt() {
    for one in $daemons; do kill -TERM -- -$one; done
    wait $daemons; daemons=
}
trap halt EXIT
daemons=
"""


class Typed:
    """
    A command, and what a document says it prints.
    """

    def __init__(self, command):
        self.command = command
        self.shown = []
        self.printed = []
        self.status = None

    def missing(self):
        """
        Get the first line that was shown and not printed; None if there is
        none.
        """
        printed = iter(map(loose, self.printed))
        for line in self.shown:
            if not any(loose(line) in one for one in printed):
                return line
        return None


def loose(line):
    """
    Get what of a line is the same each time.
    """
    line = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", line)
    return " ".join(line.split())


def read(path, without=()):
    """
    Read a document: what is typed, and "halt" where it says to press Ctrl-C.

    @param without: the titles of sections to leave out.
    """
    steps, left_out = [], False
    pieces = re.split(r"(?m)^```(\S*)\n(.*?)^```\n", path.read_text(), flags=re.S)
    for number in range(0, len(pieces), 3):
        text = pieces[number]
        titles = re.findall(r"(?m)^## (.*)$", text)
        if titles:
            left_out = titles[-1] in without
        if "Press Ctrl-C" in " ".join(text.split()):
            steps.append("halt")
        if number + 2 < len(pieces) and not left_out:
            steps += commands(pieces[number + 1], pieces[number + 2])
    return steps


def commands(kind, block):
    """
    Read a block: of the kind console it has prompts and output, of the kind sh
    commands alone.
    """
    typed = []
    if kind == "sh":
        block = re.sub(r"\\\n", "", block)
        block = re.sub(r"(?m)\s+#.*$", "", block)
        typed = [Typed(line) for line in block.splitlines() if line.strip()]
    elif kind == "console":
        for line in block.splitlines():
            if line.startswith("$ "):
                typed.append(Typed(line[2:]))
            elif line.startswith(">"):
                typed[-1].command += "\n" + line[2:]
            else:
                typed[-1].shown.append(line)
    return [one for one in typed if not one.command.startswith(UNFIT)]


def script(steps):
    """
    Make a shell script of what is typed.
    """
    lines = [PRELUDE]
    for number, step in enumerate(steps):
        if step == "halt":
            lines.append("halt")
            continue
        port = next(
            (p for name, p in DAEMONS.items() if step.command.startswith(name)), None
        )
        lines.append(f"echo '@begin {number}'")
        if port is None:
            lines.append(step.command)
        else:
            lines.append(f"daemon {shlex.quote(step.command)} {port}")
            # It listens before it has said all.
            lines += [f"said {shlex.quote(line.strip())}" for line in step.shown[-1:]]
            lines.append("cat daemons.log")

        lines.append('s=$?; echo; echo "@end $s"')
    return "\n".join(lines) + "\n"


def programs(path):
    """
    Read what a document has of Python.
    """
    return re.findall(r"(?ms)^```python\n(.*?)^```$", path.read_text())


def private_network():
    """
    Get the command that runs others in a network of their own; None where that
    is impossible.
    """
    if shutil.which("unshare") is None:
        return None
    command = ["unshare", "-r", "-n"]
    tried = subprocess.run([*command, "true"], capture_output=True, check=False)
    return command if tried.returncode == 0 else None


def clone(directory):
    """
    Make a copy of this project, as if it were installed in its C{.venv}.
    """
    directory.mkdir(parents=True)
    for name in ("Makefile", "setup.py", "etc", "glance", "twisted"):
        (directory / name).symlink_to(ROOT / name)
    binaries = directory / ".venv" / "bin"
    binaries.mkdir(parents=True)
    scripts = dict(
        re.findall(r'"([\w-]+) = ([\w.]+:\w+)"', (ROOT / "setup.py").read_text()),
        twistd="twisted.scripts.twistd:run",
    )
    for name, entry in scripts.items():
        module, function = entry.split(":")
        code = f"from {module} import {function} as run; run()"
        executable(
            binaries / name,
            f"PYTHONPATH={shlex.quote(str(directory))} exec "
            f'{shlex.quote(sys.executable)} -c {shlex.quote(code)} "$@"',
        )
    executable(binaries / "pip", "exit 1")
    executable(
        binaries / "python",
        f"PYTHONPATH={shlex.quote(str(directory))} exec "
        f'{shlex.quote(sys.executable)} "$@"',
    )
    (binaries / "activate").write_text(f"PATH={shlex.quote(str(binaries))}:$PATH\n")
    (directory / ".venv" / "run.stamp").touch()


def executable(path, text):
    """
    Write a program for bash.
    """
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)


def environment():
    """
    Get an environment that changes nothing of what is typed.
    """
    kept = {k: v for k, v in os.environ.items() if not MISLEADING.match(k)}
    return {**kept, "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}


def type_all(steps, directory, network):
    """
    Type what a document says, in a new clone; the steps know then what came of
    it.
    """
    clone(directory)
    text = script(steps)
    code = (
        f"import subprocess, sys\n{LOOPBACK}\n"
        if network
        else "import subprocess, sys\n"
    )
    code += "sys.exit(subprocess.call(['bash', '-c', sys.stdin.read()]))"
    done = subprocess.run(
        [*(network or []), sys.executable, "-c", code],
        input=text,
        cwd=directory,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=5 * PATIENCE,
        check=False,
    )
    current = None
    for line in done.stdout.splitlines():
        if line.startswith("@begin "):
            current = steps[int(line.split()[1])]
        elif line.startswith("@end "):
            current.status = int(line.split()[1])
        elif current is not None:
            current.printed.append(line)
    return done.stdout


def missing_programs():
    """
    List the programs that are typed, and aren't there.
    """
    return [name for name in PROGRAMS if shutil.which(name) is None]


def take_ports():
    """
    Wait until no other test listens where the documents do.

    @return: what has to be closed to let others do so.
    """
    path = Path(tempfile.gettempdir(), f"glance-tests-{os.getuid()}.lock")
    lock = path.open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def ports_free():
    """
    Tell whether nobody listens where the documents do.
    """
    for port in set(DAEMONS.values()):
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return False
    return True
