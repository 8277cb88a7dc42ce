"""
What tests of the operators' programs have in common.
"""

import os
import subprocess
import sys
from pathlib import Path

import tests

ROOT = Path(tests.__file__).parent.parent
"""Where the programs can be imported from."""

PATIENCE = 120
"""How many seconds a program may take."""


def run_program(module, *arguments, before="", cwd=None, said=""):
    """
    Run a program to its end.

    @param module: that of its function C{main}.
    @param before: statements to run first.
    @param said: what it finds at its standard input.
    """
    code = f"{before}\nfrom {module} import main; main()"
    command = [sys.executable, "-P", "-c", code, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=cwd,
        env=environment,
        input=said,
        check=False,
    )
