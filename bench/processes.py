"""
What processes use.
"""

import os
from contextlib import suppress
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids):
    """
    Get how many seconds of processor time some processes have used.
    """
    total = 0
    for pid in pids:
        stat = Path(f"/proc/{pid}/stat").read_text()
        fields = stat.rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def resident(pid):
    """
    Get how many bytes of a process are in memory.
    """
    return _status(pid, "VmRSS")


def peak(pid):
    """
    Get how many bytes of a process were in memory at the most since
    L{forget_peak}.
    """
    return _status(pid, "VmHWM")


def forget_peak(pid):
    """
    Have the peak start anew.
    """
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def children(pid):
    """
    List the processes that a process has started.
    """
    found = []
    for directory in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            stat = (directory / "stat").read_text()
            if int(stat.rpartition(")")[2].split()[1]) == pid:
                found.append(int(directory.name))
    return found


def _status(pid, name):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)
