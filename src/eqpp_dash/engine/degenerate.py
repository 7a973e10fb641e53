"""What is left of a search: clusters of boxes in which nothing could be decided.

A multiple zero, a zero on a kink or at the edge of the domain cannot be proved by Krawczyk's
test. The boxes around it shrink to a point, which is examined here.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from eqpp_dash.engine.problem import ZeroProblem
from eqpp_dash.model.portrait import Array


@dataclass(frozen=True, slots=True, eq=False)
class Cluster:
    """Undecided boxes that touch each other: their hull and midpoints, shape (n, m)."""

    lo: Array
    hi: Array
    centers: Array


def cluster_boxes(lo: Array, hi: Array, span: Array) -> list[Cluster]:
    """Join undecided boxes that touch or nearly touch.

    Parameters
    ----------
    lo, hi : ndarray, shape (n, m)
        The boxes.
    span : ndarray, shape (n,)
        Widths of the whole box that was searched.

    Returns
    -------
    list of Cluster
        In the order of their first boxes.
    """
    m = lo.shape[1]
    if not m:
        return []
    margin = np.maximum(1.5 * (hi - lo).max(axis=1), 1e-6 * span)[:, None]
    below, above = lo - margin, hi + margin
    label = np.full(m, -1)
    count = 0
    for seed in range(m):
        if label[seed] >= 0:
            continue
        front = np.array([seed])
        label[seed] = count
        while front.size:
            a, b = lo[:, front].min(axis=1), hi[:, front].max(axis=1)
            candidates = np.flatnonzero(
                (label < 0) & (below <= b[:, None]).all(axis=0) & (above >= a[:, None]).all(axis=0)
            )
            touch = (
                (below[:, candidates, None] <= hi[:, None, front])
                & (above[:, candidates, None] >= lo[:, None, front])
            ).all(axis=0)
            front = candidates[touch.any(axis=1)]
            label[front] = count
        count += 1
    clusters = []
    for k in range(count):
        part = label == k
        centers = 0.5 * (lo[:, part] + hi[:, part])
        clusters.append(Cluster(lo[:, part].min(axis=1), hi[:, part].max(axis=1), centers))
    return clusters


def simplest_fraction(low: float, high: float) -> Fraction:
    """Give the fraction of least denominator in an interval.

    Parameters
    ----------
    low, high : float
        The interval's ends.

    Returns
    -------
    fractions.Fraction
        Found by continued fractions (Graham, Knuth, Patashnik, *Concrete Mathematics*, 4.5).

    Examples
    --------
    >>> simplest_fraction(-1e-9, 2e-9)
    Fraction(0, 1)
    >>> simplest_fraction(0.3333, 0.3334)
    Fraction(1, 3)
    """
    if low <= 0 <= high:
        return Fraction(0)
    if high < 0:
        return -simplest_fraction(-high, -low)
    a, b = Fraction(low), Fraction(high)
    terms = []
    while True:
        whole = a.numerator // a.denominator
        if whole == a or whole + 1 <= b:
            terms.append(whole if whole == a else whole + 1)
            break
        terms.append(whole)
        a, b = 1 / (b - whole), 1 / (a - whole)
    value = Fraction(terms.pop())
    while terms:
        value = terms.pop() + 1 / value
    return value


def simple_point(lo: Array, hi: Array, digits: int = 6) -> Array | None:
    """Give the simplest rational point of a box, if its denominators are small.

    Parameters
    ----------
    lo, hi : ndarray, shape (n,)
        The box.
    digits : int
        Most decimal digits of a denominator.

    Returns
    -------
    ndarray, shape (n,), or None
        The point, rounded to doubles; None if there is no simple one.
    """
    fractions = [simplest_fraction(float(a), float(b)) for a, b in zip(lo, hi, strict=True)]
    if any(f.denominator > 10**digits for f in fractions):
        return None
    return np.array([float(f) for f in fractions])


def descend(field: ZeroProblem, points: Array, steps: int = 60) -> Array:
    """Move points towards zeros of a field, also where its derivative is singular.

    Parameters
    ----------
    field : ZeroProblem
        The vector field.
    points : ndarray, shape (n, m)
        Where to start.
    steps : int
        Most iterations.

    Returns
    -------
    ndarray, shape (n, m)
        The points with the least residual met.

    Notes
    -----
    Gauss and Newton's step by the pseudoinverse with rank decided at 1e-8; Deuflhard, *Newton
    Methods for Nonlinear Problems*, 4.3.
    """
    x = points.copy()
    with np.errstate(all="ignore"):
        best, least = x.copy(), _residual(field, x)
        for _ in range(steps):
            jacobian = np.moveaxis(field.jacobian(0.0, x), -1, 0)
            jacobian = np.where(np.isfinite(jacobian), jacobian, 0.0)
            pseudo = np.linalg.pinv(jacobian, rcond=1e-8)
            value = np.nan_to_num(field(0.0, x), posinf=0.0, neginf=0.0)
            x = x - (pseudo @ value.T[:, :, None])[:, :, 0].T
            residual = _residual(field, x)
            better = residual < least
            best[:, better], least[better] = x[:, better], residual[better]
            if not better.any():
                break
    return best


def _residual(field: ZeroProblem, x: Array) -> Array:
    size = np.asarray(np.abs(field(0.0, x)).max(axis=0))
    return np.where(np.isfinite(size), size, np.inf)
