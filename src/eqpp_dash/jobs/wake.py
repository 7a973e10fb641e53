"""Waking the executor: a named pipe in the data folder."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import stat
from pathlib import Path


def wake(path: Path) -> None:
    """Wake the executor that listens at the pipe; does nothing if none does."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return  # nobody listens: the one who asked looks after the start of an executor
    try:
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            with contextlib.suppress(BlockingIOError, BrokenPipeError):
                os.write(descriptor, b"!")  # a full pipe will wake it just as well
    finally:
        os.close(descriptor)


class Alarm:
    """What the executor sleeps on: the pipe, and the end of its children.

    Parameters
    ----------
    path : Path
        The named pipe; made here. Where the file system has none, sleep is short instead.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pipe = self._open_pipe()
        self._child_read, self._child_write = os.pipe()
        os.set_blocking(self._child_read, False)
        os.set_blocking(self._child_write, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._child_write, warn_on_full_buffer=False)

    def _open_pipe(self) -> int | None:
        try:
            with contextlib.suppress(FileNotFoundError):
                if not stat.S_ISFIFO(os.stat(self.path).st_mode):
                    os.unlink(self.path)
            with contextlib.suppress(FileExistsError):
                os.mkfifo(self.path, 0o600)
            # Read and write, so that it never reports an end when the last writer closes.
            return os.open(self.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None

    def sleep(self, seconds: float) -> None:
        """Sleep until woken, or a child ends, or the time is over."""
        sources = [self._child_read]
        if self._pipe is None:
            seconds = min(seconds, 0.05)
        else:
            sources.append(self._pipe)
        ready, _, _ = select.select(sources, [], [], seconds)
        for descriptor in ready:
            with contextlib.suppress(BlockingIOError):
                while os.read(descriptor, 4096):
                    pass

    def close(self) -> None:
        """Close everything; also in a forked child, which must not listen."""
        signal.set_wakeup_fd(-1)
        for descriptor in (self._pipe, self._child_read, self._child_write):
            if descriptor is not None:
                os.close(descriptor)
        self._pipe = None
