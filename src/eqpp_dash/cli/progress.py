"""A job's progress on a terminal."""

from __future__ import annotations

import shutil
import sys
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from eqpp_dash.services.views import JobView

BAR_WIDTH = 24


class ProgressBar:
    """One line that is rewritten; silent where the stream is not a terminal.

    Parameters
    ----------
    stream : text stream, optional
        By default standard error.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._shown = self._stream.isatty()

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def __call__(self, job: JobView) -> None:
        """Show the job as it is now."""
        if self._shown:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r{progress_line(job)[:width]}\x1b[K")
            self._stream.flush()


def progress_line(job: JobView) -> str:
    """Describe a job's progress in one line, with a bar once it runs."""
    if job.status == "queued":
        before = job.queue_place or 0
        return f"queued, {before} before it" if before else "queued, next"
    done = round(BAR_WIDTH * job.fraction)
    bar = "█" * done + "░" * (BAR_WIDTH - done)
    words = job.message or job.phase or job.status
    return f"{bar} {100 * job.fraction:3.0f} %  {words}"
