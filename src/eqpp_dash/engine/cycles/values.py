"""What the search for limit cycles finds, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from eqpp_dash.model.portrait import Array


@dataclass(frozen=True, slots=True, eq=False)
class LimitCycle:
    """An isolated closed orbit.

    Attributes
    ----------
    point : ndarray, shape (2,)
        Its rightmost point.
    period : float
        Its period.
    log_multiplier : float
        Logarithm of its Floquet multiplier: the integral of the divergence over a period.
    stability : str
        ``stable`` or ``unstable``.
    bounds : ndarray, shape (2, 2)
        Least and greatest value of each variable, a row each.
    location : str
        ``inside`` the window, ``crosses`` its border, or ``outside``.
    points : ndarray, shape (m, 2)
        The curve, in the sense of time, its first point repeated at the end.
    equilibria, cycles : tuple of int
        What it encloses, by their numbers.
    evidence, method : str
        How sure it is and by which method.
    error : float
        Estimated error of the rightmost x.
    period_error, multiplier_error : float
        Estimated errors of the period and of the log multiplier.
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


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """An annulus of closed orbits: the displacement is zero within its error throughout.

    Attributes
    ----------
    inner, outer : ndarray, shape (2,)
        The rightmost points of the innermost and the outermost orbit that was followed.
    periods : tuple of float
        Their periods.
    equilibria : tuple of int
        Equilibria that it goes round, by their numbers.
    evidence : str
        ``numerical``: a displacement below the error is not excluded.
    error : float
        Largest displacement, in logarithms, that would not have been seen.
    """

    inner: Array
    outer: Array
    periods: tuple[float, float]
    equilibria: tuple[int, ...]
    evidence: str
    error: float


@dataclass(frozen=True, slots=True, eq=False)
class Undecided:
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
class Completeness:
    """What the search has covered.

    Attributes
    ----------
    status : str
        ``searched``; ``none (proved: ...)`` if there can be none in the window.
    arcs : int
        Sections that were searched.
    blind : tuple of str
        Where it could not look, and why.
    """

    status: str
    arcs: int
    blind: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class CycleSearch:
    """What the search for limit cycles found.

    Attributes
    ----------
    cycles : tuple of LimitCycle
        From inside to outside where they are nested, else by their rightmost points.
    bands : tuple of Band
        Annuli of closed orbits.
    undecided : tuple of Undecided
        Where the number of cycles is not known.
    completeness : Completeness
        What was covered.
    """

    cycles: tuple[LimitCycle, ...]
    bands: tuple[Band, ...]
    undecided: tuple[Undecided, ...]
    completeness: Completeness
