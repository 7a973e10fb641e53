"""Report how far a computation is, and measure its phases."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

from eqpp_dash.engine.pulse import listening
from eqpp_dash.errors import StopAndKeep
from eqpp_dash.model.portrait import Progress

_SHARES = {
    "understand": 0.02,
    "window": 0.08,
    "field": 0.09,
    "nullclines": 0.12,
    "structure": 0.16,
    "equilibria": 0.34,
    "cycles": 0.66,
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

_DOING = {
    "understand": "the equations were read",
    "window": "the window was chosen",
    "field": "the vector field was sampled",
    "nullclines": "nullclines were traced",
    "structure": "first integrals and symmetries were looked for",
    "equilibria": "equilibria were searched",
    "cycles": "limit cycles were searched",
    "basins": "the window was divided into basins",
    "trajectories": "trajectories were integrated",
}
"""What a computation was doing when it was stopped."""

BEAT_EVERY_S = 0.05
"""A phase that says nothing for longer is told again, so that it can be stopped."""

KEEP_S = 3.0
"""Longest time, after a stop, for which what was found is brought to an end."""

Report = Callable[[Progress], object]


class PhaseReporter:
    """Reports phases and fractions that never fall, and measures the phases.

    Parameters
    ----------
    progress : callable or None
        Called with every `Progress`; an exception from it is passed on.

    Attributes
    ----------
    phase, doing : str
        The phase that runs, and in words for "it was stopped while ...".
    """

    def __init__(self, progress: Report | None) -> None:
        self.progress = progress
        self.began = self.phase_began = time.perf_counter()
        self.timing: dict[str, float] = {}
        self.phase = self.doing = self.message = ""
        self.told = self.began
        self.low = self.high = self.fraction = 0.0
        self._silent_until: float | None = None

    def begin(self, phase: str) -> None:
        """Start a phase."""
        self.end()
        self.phase, self.low, self.high = phase, self.high, _SHARES[phase]
        self.doing = _DOING[phase]
        self.tell(0.0)

    def end(self) -> None:
        """End the phase that runs, if any."""
        now = time.perf_counter()
        if self.phase:
            name = f"{self.phase}_s"
            self.timing[name] = self.timing.get(name, 0.0) + now - self.phase_began
        self.phase_began = now

    def tell(self, share: float, message: str = "") -> None:
        """Tell which share of this phase is done."""
        value = self.low + min(max(share, 0.0), 1.0) * (self.high - self.low)
        self.fraction = max(self.fraction, value)
        self.message = message or _MESSAGES[self.phase]
        if self.progress is not None and not self._silent():
            self.progress(Progress(self.phase, self.fraction, self.message))
        self.told = time.perf_counter()

    def listening(self) -> AbstractContextManager[None]:
        """Tell the phase again at beats of this thread, where nothing else was told of late."""
        return listening(self._beat if self.progress is not None else lambda: None)

    def _beat(self) -> None:
        late = time.perf_counter() - self.told > BEAT_EVERY_S
        if self.progress is not None and late and not self._silent():
            self.progress(Progress(self.phase, self.fraction, self.message))
            self.told = time.perf_counter()

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Tell nobody for a while, of what is done after a stop to keep what is found."""
        self._silent_until = time.perf_counter() + KEEP_S
        try:
            yield
        finally:
            self._silent_until = None

    def _silent(self) -> bool:
        return self._silent_until is not None and time.perf_counter() < self._silent_until

    def stage(self, low: float, high: float) -> Callable[[float], object]:
        """Give a callback for a part of this phase."""
        return lambda share: self.tell(low + (high - low) * min(max(share, 0.0), 1.0))

    def finish(self) -> dict[str, float]:
        """End the last phase; give the times."""
        times = self.times()
        with suppress(StopAndKeep):  # there is nothing left to stop: all is found
            self.tell(1.0, "Done")
        return times

    def times(self) -> dict[str, float]:
        """End the phase that runs; give the times."""
        self.end()
        return {"engine_s": time.perf_counter() - self.began, **self.timing}
