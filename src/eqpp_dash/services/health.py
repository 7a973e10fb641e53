"""Whether this process lives, and whether it can do its work."""

from __future__ import annotations

import os
import time
from typing import Any

from eqpp_dash.errors import ArchiveError
from eqpp_dash.jobs.launch import Launcher
from eqpp_dash.jobs.processes import this_package
from eqpp_dash.jobs.queue import Queue


class Health:
    """Health of the process, the archive and the executor.

    Parameters
    ----------
    queue, launcher
        What is looked at.
    """

    def __init__(self, queue: Queue, launcher: Launcher) -> None:
        self._queue = queue
        self._launcher = launcher
        self._began = time.monotonic()

    def alive(self) -> dict[str, Any]:
        """Say who this process is."""
        package = this_package()
        return {
            "status": "ok",
            "pid": os.getpid(),
            "package_file": package.file,
            "package_version": package.version,
            "up_s": round(time.monotonic() - self._began, 1),
        }

    def ready(self) -> dict[str, Any]:
        """Try a write and reach for the executor, starting it if it sleeps.

        Returns
        -------
        dict
            ``ready`` (bool); ``database`` and ``executor``, each with ``ok`` and ``error``;
            ``jobs``, the counts by status.
        """
        answer: dict[str, Any] = {"ready": False, "jobs": {}}
        try:
            began = time.perf_counter()
            self._launcher.starts.probe()
            seconds = time.perf_counter() - began
            answer["database"] = {"ok": True, "error": "", "write_ms": round(1000 * seconds, 1)}
            answer["jobs"] = self._queue.counts()
        except ArchiveError as error:
            answer["database"] = {"ok": False, "error": str(error)}
            answer["executor"] = {"ok": False, "error": "not looked at: the archive fails"}
            return answer
        reachable = self._reach_executor()
        answer["executor"] = {
            "ok": reachable,
            "error": "" if reachable else self._launcher.log_tail(500) or "it does not start",
        }
        answer["ready"] = reachable
        return answer

    def _reach_executor(self, patience_s: float = 5.0) -> bool:
        end = time.monotonic() + patience_s
        try:
            while not self._launcher.ensure():
                if time.monotonic() > end:
                    return False
                time.sleep(0.05)
        except OSError:
            return False  # the data folder is gone or closed to us
        return True
