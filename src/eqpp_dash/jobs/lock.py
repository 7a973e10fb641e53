"""The lock that makes the executor the only one of its data folder."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC


class ExecutorLock:
    """An advisory lock on a file; the kernel drops it when its holder dies.

    Parameters
    ----------
    path : Path
        The lock's file, which also names its holder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def is_held(self) -> bool:
        """Tell whether some process holds the lock."""
        descriptor = os.open(self.path, _FLAGS, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            # Not left to the closing: a process forked just now shares it, and keeps it open.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def take(self, patience_s: float = 1.0) -> bool:
        """Take the lock; waits a moment, since `is_held` holds it for microseconds."""
        descriptor = os.open(self.path, _FLAGS, 0o600)
        end = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < end:
                    time.sleep(0.02)
                    continue
                os.close(descriptor)
                return False
            self._descriptor = descriptor
            return True

    def sign(self, pid: int, started: float) -> None:
        """Write the holder into the file."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{pid} {started!r}\n".encode(), 0)

    def holder(self) -> tuple[int, float] | None:
        """Give the process and its start that the file names, if any."""
        try:
            pid, started = self.path.read_text().split()
            return int(pid), float(started)
        except (OSError, ValueError):
            return None  # never signed, or just being signed

    def is_ours(self) -> bool:
        """Tell whether the file we locked is still the one at its path."""
        if self._descriptor is None:
            return False
        mine = os.fstat(self._descriptor)
        try:
            there = os.stat(self.path)
        except OSError:
            return False
        return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            self.forget()

    def forget(self) -> None:
        """Close a forked child's copy; the parent keeps the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
