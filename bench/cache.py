"""
What is built once and kept: peers, each in an environment of its own, and the
client.
"""

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).parent


class Failed(Exception):
    """
    A server did not do what it was asked, so there is nothing to measure.
    """


def cache():
    """
    Get the directory of what is kept.
    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).absolute() / "txglance-bench"


def environment_of(name, requirements, install):
    """
    Get the path of an environment that has some packages.

    @param requirements: the arguments of C{pip install}.
    @param install: whether they may be installed where they are missing.

    @raise Failed: it isn't there, and cannot or may not be made.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    venv = cache() / f"{name}-{version}"
    if (venv / "complete").exists():
        return venv
    if not install:
        raise Failed(f"{name} is not installed in {venv}.")
    shutil.rmtree(venv, ignore_errors=True)
    pip = [venv / "bin" / "pip", "--disable-pip-version-check", "-q"]
    for command in (
        [sys.executable, "-m", "venv", venv],
        [*pip, "install", *requirements],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"{name} cannot be installed: {done.stderr}")
    (venv / "complete").touch()
    return venv


def client():
    """
    Get the command of the client: compiled, where there is a compiler.
    """
    python = [sys.executable, "-m", "bench.load"]
    source = HERE / "load.c"
    built = cache() / f"load-{sha256(source.read_bytes()).hexdigest()[:12]}"
    compiler = shutil.which("cc")
    if not built.exists():
        if compiler is None:
            return python
        built.parent.mkdir(parents=True, exist_ok=True)
        fresh = built.with_name(f"{built.name}.{os.getpid()}")
        command = [compiler, "-O2", "-pthread", "-o", fresh, source]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            return python
        fresh.rename(built)
    return [str(built)]
