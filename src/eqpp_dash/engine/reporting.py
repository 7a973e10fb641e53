"""Report how far a computation is, and measure its phases."""

from __future__ import annotations

import time
from collections.abc import Callable

from eqpp_dash.model.portrait import Progress

_SHARES = {
    "understand": 0.02,
    "window": 0.08,
    "structure": 0.12,
    "equilibria": 0.3,
    "cycles": 0.6,
    "field": 0.62,
    "nullclines": 0.66,
    "basins": 0.78,
    "trajectories": 1.0,
}
_MESSAGES = {
    "understand": "Reading the equations",
    "window": "Choosing the window",
    "field": "Sampling the vector field",
    "nullclines": "Tracing nullclines",
    "structure": "Looking for first integrals, symmetries and invariant curves",
    "equilibria": "Searching equilibria",
    "cycles": "Searching limit cycles",
    "basins": "Dividing the window into basins of attraction",
    "trajectories": "Integrating trajectories",
}

Report = Callable[[Progress], object]


class PhaseReporter:
    """Reports phases and fractions that never fall, and measures the phases.

    Parameters
    ----------
    progress : callable or None
        Called with every `Progress`; an exception from it is passed on.
    """

    def __init__(self, progress: Report | None) -> None:
        self.progress = progress
        self.began = self.phase_began = time.perf_counter()
        self.timing: dict[str, float] = {}
        self.phase = ""
        self.low = self.high = self.fraction = 0.0

    def begin(self, phase: str) -> None:
        """Start a phase."""
        self.end()
        self.phase, self.low, self.high = phase, self.high, _SHARES[phase]
        self.tell(0.0)

    def end(self) -> None:
        """End the phase that runs, if any."""
        now = time.perf_counter()
        if self.phase:
            self.timing[f"{self.phase}_s"] = now - self.phase_began
        self.phase_began = now

    def tell(self, share: float, message: str = "") -> None:
        """Tell which share of this phase is done."""
        value = self.low + min(max(share, 0.0), 1.0) * (self.high - self.low)
        self.fraction = max(self.fraction, value)
        if self.progress is not None:
            text = message or _MESSAGES[self.phase]
            self.progress(Progress(self.phase, self.fraction, text))

    def stage(self, low: float, high: float) -> Callable[[float], object]:
        """Give a callback for a part of this phase."""
        return lambda share: self.tell(low + (high - low) * min(max(share, 0.0), 1.0))

    def finish(self) -> dict[str, float]:
        """End the last phase; give the times."""
        self.end()
        self.tell(1.0, "Done")
        return {"engine_s": time.perf_counter() - self.began, **self.timing}
