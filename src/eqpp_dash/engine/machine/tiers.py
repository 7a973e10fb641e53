"""Two kernels of one variant: one that is soon there, and one that is quicker, for long work.

Which of them computes changes no bit of a result, so it may depend on how much there is to do. The
first takes all work until it has done `PATIENCE` steps. By then the other would have saved about
the time that it takes to compile; it is compiled, and goes on with the trajectories where they are.
So nobody waits for more than about twice the time of the better choice, and it need not be known
beforehand how long the work is (Karlin, Manasse, Rudolph and Sleator, *Algorithmica* 3, 1988).
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from eqpp_dash.engine.machine.kernel import Kernel
from eqpp_dash.engine.machine.layout import Job

PATIENCE = 300_000
"""Steps of a vector that the kernel that is soon there takes at most, or little more."""


class Tiered:
    """Machine code of one variant; to be closed.

    Parameters
    ----------
    make : callable
        Makes a kernel; its argument tells whether it is to be there soon.
    patience : int, optional
        Steps for the kernel that is soon there; `PATIENCE`, if left out.
    failed : callable, optional
        Told why the other kernel could not be made where work became long. The first one then
        goes on; without anybody to tell, the error is raised.
    """

    def __init__(
        self,
        make: Callable[[bool], Kernel],
        patience: int | None = None,
        failed: Callable[[Exception], object] | None = None,
    ) -> None:
        self._make, self._failed = make, failed
        self._making = threading.Lock()
        self._left = PATIENCE if patience is None else patience
        self._first = make(self._left > 0)
        self._full = None if self._first.quick else self._first

    def run(self, job: Job) -> None:
        """Integrate the trajectories of a job that no other thread takes; see `Kernel.run`."""
        if self._full is None and self._left > 0:
            pause = self._first.run(job, patience=self._left)
            self._left -= pause.steps
            if pause.rows is not None:
                self._best().run(job, begun=pause.rows)
        else:
            self._best().run(job)

    def _best(self) -> Kernel:
        """Give the kernel for long work; if it cannot be made, tell that once and go on."""
        try:
            return self.finish()
        except Exception as error:
            if self._failed is None:
                raise
            with self._making:
                told, self._full = self._full is not None, self._full or self._first
            if not told:
                self._failed(error)
            return self._full

    def finish(self) -> Kernel:
        """Give the kernel for long work, compiled if it is not there yet."""
        with self._making:
            if self._full is None:
                self._full = self._make(False)
            return self._full

    def close(self) -> None:
        """Free the code; nothing may be running in it."""
        self._first.close()
        if self._full is not None and self._full is not self._first:
            self._full.close()
