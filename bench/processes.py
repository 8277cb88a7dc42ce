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


def families(pids):
    """
    List processes and all that descends from them.
    """
    parents = {}
    for directory in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            stat = (directory / "stat").read_text()
            parent = int(stat.rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(int(directory.name))
    found = list(pids)
    for pid in found:
        found += parents.get(pid, [])
    return found


def proportional(pids):
    """
    Get how many bytes of some processes are in memory, where what they share
    counts once.
    """
    total = 0
    for pid in pids:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += int(rollup.partition("\nPss:")[2].split()[0]) * 1024
    return total


def _status(pid, name):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)
