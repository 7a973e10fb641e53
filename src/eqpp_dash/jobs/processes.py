"""Who a process is, and whether it still runs."""

from __future__ import annotations

import os
import signal
import socket
import sys
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

_GONE = frozenset("ZXx")  # zombie, dead


@dataclass(frozen=True, slots=True)
class Package:
    """Which copy of the code: its file and version."""

    file: str
    version: str


@cache
def this_package() -> Package:
    """Give the copy of the package that this process runs."""
    root = Path(os.path.realpath(__file__)).parents[1]
    return Package(str(root / "__init__.py"), installed_version())


def installed_version() -> str:
    """Give the package's version as it is on the disk now."""
    try:
        return metadata.version("eqpp-dash")
    except metadata.PackageNotFoundError:
        return "0+unknown"  # run from sources that were never installed


@cache
def this_host() -> str:
    """Give the host's name, for people."""
    return socket.gethostname()


@cache
def this_machine() -> str:
    """Give a name for the set of processes that this one can see.

    Process ids mean something only within one boot of one kernel and one namespace: two
    containers may share a folder and a host name, and yet not see each other's processes.
    """
    parts = [this_host(), _read("/proc/sys/kernel/random/boot_id")]
    try:
        parts.append(os.readlink("/proc/self/ns/pid"))
    except OSError:
        parts.append(sys.platform)
    return "/".join(part for part in parts if part)


def start_time(pid: int) -> float | None:
    """Give when a process started, which tells it from a later one with the same number.

    Parameters
    ----------
    pid : int
        The process.

    Returns
    -------
    float or None
        On Linux in clock ticks since the boot, so that a change of the clock does not
        matter; None if there is no such process, or it has ended and waits to be reaped.
    """
    if sys.platform != "linux":
        return _start_time_elsewhere(pid)
    text = _read(f"/proc/{pid}/stat")
    fields = text.rpartition(")")[2].split()
    if len(fields) < 20 or fields[0] in _GONE:
        return None
    return float(fields[19])


def is_alive(pid: int | None, started: float | None) -> bool:
    """Tell whether the process with this number and start still runs."""
    return pid is not None and started is not None and start_time(pid) == started


def kill_group(pid: int, started: float) -> bool:
    """Kill a process that leads its own group, with all of the group.

    Parameters
    ----------
    pid : int
        The leader.
    started : float
        Its start, so that no later process with that number is hit.

    Returns
    -------
    bool
        Whether it was there.
    """
    if pid <= 1 or not is_alive(pid, started):
        return False
    try:
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def describe_exit(pid: int, status: int) -> str:
    """Say how a worker ended, from the status that `os.waitpid` gave.

    Examples
    --------
    >>> describe_exit(4711, 9)
    'worker 4711 was killed (SIGKILL)'
    >>> describe_exit(4711, 3 << 8)
    'worker 4711 left with exit status 3 before it gave a result'
    """
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"worker {pid} left with exit status {code} before it gave a result"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"worker {pid} was killed ({name})"


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace").strip()
    except OSError:
        return ""  # the process is gone, or the system has no such file


def _start_time_elsewhere(pid: int) -> float | None:
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return float(process.create_time())
    except psutil.Error:
        return None


def usable_cores() -> int:
    """Count the cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
