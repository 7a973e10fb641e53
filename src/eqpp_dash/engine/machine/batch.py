"""Trajectories to integrate, checked, and what comes of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.machine.layout import End
from eqpp_dash.engine.machine.sections import Events, make_events

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

_CANCELLED = int(End.CANCELLED)

LEAST_TOLERANCE = 1e-15
"""Relative tolerances are raised to this: less is lost in rounding."""

LEAST_SIZE = 1e-300
"""Absolute tolerances are raised to this."""


@dataclass(slots=True)
class Batch:
    """Trajectories to integrate, and what has come of them.

    Attributes
    ----------
    starts, states : ndarray, shape (n, m)
        Where they start and end.
    parameters : ndarray, shape (p, m)
        Parameters.
    spans, times : ndarray, shape (m,)
        Time to go, negative for backward; time gone, at the starts too if they are not zero.
    steps, ends : ndarray of int, shape (m,)
        Steps tried, `End`.
    relative, absolute, low, high : ndarray, shape (n,)
        Tolerances; the box.
    limit : int
        Most steps of each.
    start_time : float
        Time of the starts.
    moments : ndarray, shape (k,)
        Times since the start at which states are wanted, and an infinite one.
    firsts : ndarray of int, shape (m,)
        Which of them is the first after the start, for each.
    samples : ndarray, shape (m, k - 1, n)
        States at the moments; NaN where there is none.
    events : Events
        Sections and points that are looked for, and what was found.
    begun : ndarray, shape (m,)
        Time gone at the starts.
    passed, reached : ndarray of int, shape (m,)
        One more than the number of the section and of the point that ended each; 0 for none.
    """

    starts: Array
    parameters: Array
    spans: Array
    relative: Array
    absolute: Array
    low: Array
    high: Array
    limit: int
    start_time: float
    events: Events
    moments: Array = field(default_factory=lambda: np.full(1, np.inf))
    samples: Array = field(default_factory=lambda: np.empty((0, 0, 0)))
    states: Array = field(init=False)
    times: Array = field(init=False)
    steps: Integers = field(init=False)
    ends: Integers = field(init=False)
    passed: Integers = field(init=False)
    reached: Integers = field(init=False)
    firsts: Integers = field(init=False)
    begun: Array = field(init=False)

    def __post_init__(self) -> None:
        count = self.starts.shape[1]
        self.states = self.starts.copy()
        self.times, self.begun = np.zeros((2, count))
        self.steps, self.passed, self.reached, self.firsts = np.zeros((4, count), dtype=np.int64)
        self.ends = filled(count, _CANCELLED, np.int64)

    def rest(self, which: NDArray[np.intp]) -> Batch:
        """Give what is left of some trajectories; all of them, if states at moments are wanted.

        Parameters
        ----------
        which : ndarray of int
            The trajectories.
        """
        sampled = self.samples.size > 0
        part = replace(
            self,
            starts=np.ascontiguousarray((self.starts if sampled else self.states)[:, which]),
            parameters=np.ascontiguousarray(self.parameters[:, which]),
            spans=self.spans[which],
            samples=self.samples[which] if sampled else self.samples,
            events=self.events.part(which),
        )
        if sampled:
            part.firsts = self.firsts[which]
            for sides in part.events.sides:
                sides[:] = 0.0
            part.samples[np.arange(len(self.moments) - 1) >= part.firsts[:, None]] = np.nan
        part.times = (self.begun if sampled else self.times)[which]
        part.begun = part.times.copy()
        return part

    def take(self, which: NDArray[np.intp], part: Batch) -> None:
        """Put in what has come of the rest of some trajectories."""
        self.states[:, which] = part.states
        self.times[which], self.ends[which] = part.times, part.ends
        self.steps[which] += part.steps
        self.passed[which], self.reached[which] = part.passed, part.reached
        self.events.take(which, part.events)
        if self.samples.size:
            self.samples[which] = part.samples


def make_batch(
    dimension: int,
    values: Callable[[int], Array],
    starts: Any,
    span: Any,
    *,
    rtol: Any = 1e-8,
    atol: Any = 1e-8,
    box: Any = None,
    max_steps: int = 100_000,
    start_time: float = 0.0,
    events: Callable[[int], Events] | None = None,
) -> Batch:
    """Make a batch of what a caller gives.

    Parameters
    ----------
    dimension : int
        Number of state variables.
    values : callable
        Gives the parameters of so many trajectories, shape (p, m).
    starts : array_like, shape (n, m)
        Starts.
    span : float or array_like, shape (m,)
        Time to integrate; negative goes backward.
    rtol, atol, box, max_steps, start_time
        See `options.Options`.
    events : callable, optional
        Gives what so many trajectories look for; nothing, if left out.

    Raises
    ------
    ValueError
        If shapes do not match, or a number that must be finite is not.
    """
    places = np.ascontiguousarray(starts, dtype=np.float64)
    n = dimension
    if places.ndim != 2 or len(places) != n:
        raise ValueError(f"the starts must have shape ({n}, m), not {places.shape}")
    count = places.shape[1]
    spans = row_of(span, count, "span")
    known = isinstance(span, float | int)  # one number is looked at instead of all its copies
    if not (math.isfinite(span) if known else np.isfinite(spans).all()) or not math.isfinite(
        start_time
    ):
        raise ValueError("times must be finite")
    if max_steps < 1:
        raise ValueError("max_steps must be positive")
    low, high = _bounds(box, n)
    return Batch(
        starts=places,
        parameters=values(count),
        spans=spans,
        relative=_tolerances(rtol, n, "rtol", LEAST_TOLERANCE, finite=True),
        absolute=_tolerances(atol, n, "atol", LEAST_SIZE, finite=False),
        low=low,
        high=high,
        limit=min(int(max_steps), 1 << 40),
        start_time=float(start_time),
        events=events(count) if events else make_events(n, count, 0),
    )


def _bounds(box: Any, n: int) -> tuple[Array, Array]:
    if box is None:
        return filled(n, -math.inf), filled(n, math.inf)
    bounds = np.asarray(box, dtype=float)
    if bounds.shape != (n, 2) or any(map(math.isnan, bounds.ravel().tolist())):
        raise ValueError(f"the box must have shape ({n}, 2)")
    return np.ascontiguousarray(bounds[:, 0]), np.ascontiguousarray(bounds[:, 1])


def _tolerances(value: Any, n: int, name: str, least: float, *, finite: bool) -> Array:
    rows = row_of(value, n, name)
    for number in rows.tolist():
        if not number >= 0.0 or (finite and number == math.inf):
            raise ValueError("tolerances must not be negative, nor relative ones infinite")
    return np.maximum(rows, least)


def filled(count: int, value: float, kind: type[np.generic] = np.float64) -> NDArray[Any]:
    """Give an array of one number; `numpy.full` takes three times as long for a small one."""
    row = np.empty(count, dtype=kind)
    row.fill(value)
    return row


def row_of(value: Any, count: int, name: str) -> Array:
    """Give a number, or one for each, as an array of `count` numbers."""
    if isinstance(value, float | int):
        return filled(count, value)
    given = np.asarray(value, dtype=np.float64)
    if given.shape not in ((), (count,)):
        raise ValueError(f"{name} must be a number or have shape ({count},), not {given.shape}")
    return np.ascontiguousarray(np.broadcast_to(given, (count,)))
