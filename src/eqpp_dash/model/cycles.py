"""Closed orbits as frozen values: limit cycles, annuli, and what a search for them covered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NOT_SEARCHED = "not searched"
NOT_TO_THE_END = f"{NOT_SEARCHED} to the end"
"""What is said of a search that was stopped on the way."""


@dataclass(frozen=True, slots=True, eq=False)
class LimitCycle:
    """An isolated closed orbit.

    Attributes
    ----------
    point : ndarray, shape (2,)
        Its rightmost point; of a cycle that winds, one point of it.
    period : float
        Its period.
    log_multiplier : float
        Logarithm of its Floquet multiplier: the integral of the divergence over a period.
    stability : str
        ``stable``, ``unstable`` or ``semi-stable``.
    bounds : ndarray, shape (2, 2)
        Least and greatest value of each variable, a row each.
    location : str
        ``inside`` the window, ``crosses`` its border, or ``outside``.
    points : ndarray, shape (m, 2)
        The curve, in the sense of time, its first point repeated at the end. Of a cycle that winds
        as many turns as span the window; `bounds` are those of one turn.
    equilibria, cycles : tuple of int
        What it encloses, by their numbers.
    evidence, method : str
        How sure it is and by which method.
    error : float
        Estimated error of the rightmost x.
    period_error, multiplier_error : float
        Estimated errors of the period and of the log multiplier.
    winding : tuple of int
        How often it winds round each periodic variable.
    """

    point: Array
    period: float
    log_multiplier: float
    stability: str
    bounds: Array
    location: str
    points: Array
    equilibria: tuple[int, ...]
    cycles: tuple[int, ...]
    evidence: str
    method: str
    error: float
    period_error: float
    multiplier_error: float
    winding: tuple[int, ...] = (0, 0)

    @property
    def multiplier(self) -> float:
        """The Floquet multiplier across the orbit; 0 or infinite beyond a double's range."""
        with np.errstate(over="ignore", under="ignore"):
            return float(np.exp(self.log_multiplier))


@dataclass(frozen=True, slots=True, eq=False)
class Annulus:
    """A band of closed orbits: orbits come back to their starts within the error throughout.

    Attributes
    ----------
    inner, outer : ndarray, shape (2,)
        The rightmost points of the innermost and the outermost orbit that was followed. Of orbits
        that wind round a cylinder points of the one nearer to the equilibria and the other.
    periods : tuple of float
        Their periods; of orbits that wind, times of one turn.
    equilibria : tuple of int
        Equilibria that it goes round, by their numbers.
    evidence : str
        ``numerical``: a displacement below the error is not excluded. ``verified``: a first
        integral leaves none, and the first and the last orbit were followed.
    error : float
        Largest displacement, in logarithms, that would not have been seen.
    within, beyond : str
        What it ends at: ``equilibrium k``, ``polycycle k``, ``set k``, of orbits that wind
        ``connection k``, or ``infinity``; else ``undecided``.
    winding : tuple of int
        How often its orbits wind round each periodic variable.
    shift : tuple of float
        Whole periods by which the polycycle is moved at which it ends; empty if it is not.
    ground : str
        Why it reaches to infinity; else empty.
    """

    inner: Array
    outer: Array
    periods: tuple[float, float]
    equilibria: tuple[int, ...]
    evidence: str
    error: float
    within: str = "undecided"
    beyond: str = "undecided"
    winding: tuple[int, ...] = (0, 0)
    shift: tuple[float, ...] = ()
    ground: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class CycleGap:
    """A piece of a section on which the number of cycles is not known.

    Attributes
    ----------
    first, last : ndarray, shape (2,)
        Its ends.
    count : str
        What is possible, such as ``0, 1 double or 2``.
    reason : str
        Why it is not known.
    """

    first: Array
    last: Array
    count: str
    reason: str


@dataclass(frozen=True, slots=True)
class CycleCoverage:
    """What a search for limit cycles has covered.

    Attributes
    ----------
    status : str
        ``searched``; ``searched; no others (proved: ...)`` if those found are all there are in the
        plane; ``none (proved: ...)`` if there can be none in the window; ``not
        searched``, and why; ``not searched to the end``, why, and how many sections were.
    arcs : int
        Sections that were searched.
    blind : tuple of str
        Where it could not look, and why.
    """

    status: str = NOT_SEARCHED
    arcs: int = 0
    blind: tuple[str, ...] = ()
