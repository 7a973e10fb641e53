"""Interval tests for zeros: contraction, uniqueness and existence, on many boxes at once.

Boxes are arrays of lower and upper limits, shape (n, m). Linear algebra is done in
midpoint-radius form; the rounding of the few operations is covered by widening radii by
`SLACK`, far more than their a priori bound of some n eps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eqpp_dash.engine.problem import Bounds, Mask, ZeroProblem
from eqpp_dash.model.portrait import Array

SLACK = 64 * float(np.finfo(float).eps)
TINY = float(np.finfo(float).tiny)
INFLATION = 0.2
"""Share of its radius by which a box is widened where uniqueness is tested."""


@dataclass(frozen=True, slots=True, eq=False)
class Contraction:
    """Result of `contract`: new limits, boxes without zeros, boxes with one zero at most.

    `smear` (n, m) is how much the field varies along each variable of the box; `center` and
    `reach` (n, m) are midpoint and half width of the wider box on which `unique` holds.
    """

    lo: Array
    hi: Array
    empty: Mask
    unique: Mask
    smear: Array
    center: Array
    reach: Array


def contract(
    problem: ZeroProblem, lo: Array, hi: Array, center: Bounds, floor: Array
) -> Contraction:
    """Contract boxes towards the zeros in them.

    Parameters
    ----------
    problem : ZeroProblem
        The map.
    lo, hi : ndarray, shape (n, m)
        The boxes.
    center : Bounds
        Bounds of the map at the boxes' midpoints, shape (n, m).
    floor : ndarray, shape (n, 1)
        Least widening of a box, in the variables' units.

    Returns
    -------
    Contraction
        No zero of the map in a box is lost.

    Notes
    -----
    The linear interval equation J (x - c) + f(c) = 0 is solved for each variable from each
    row (Hansen and Sengupta), once as it is and once preconditioned by the inverse of the
    midpoint of J. At most one zero is in a box if the preconditioned J is close enough to
    the identity on a wider one. Neumaier, *Interval Methods for Systems of Equations*, 4.3
    and 5.1-5.3.
    """
    c = 0.5 * (lo + hi)
    radius = np.maximum(hi - c, c - lo) * (1 + SLACK) + TINY
    wide = radius * (1 + INFLATION) + floor
    derivative = problem.jacobian_boxes(c - wide, c + wide)
    usable = (
        derivative.continuous
        & np.isfinite(derivative.lo).all(axis=(0, 1))
        & np.isfinite(derivative.hi).all(axis=(0, 1))
        & np.isfinite(center.lo).all(axis=0)
        & np.isfinite(center.hi).all(axis=0)
    )
    new_lo, new_hi = lo.copy(), hi.copy()
    empty = np.zeros(lo.shape[1], bool)
    unique = empty.copy()
    smear = radius.copy()
    if not usable.any():
        return Contraction(new_lo, new_hi, empty, unique, smear, c, wide)
    with np.errstate(all="ignore"):
        a_mid, a_rad = _middle(derivative.lo[:, :, usable], derivative.hi[:, :, usable])
        b_mid, b_rad = _middle(center.lo[:, usable], center.hi[:, usable])
        r = radius[:, usable]
        smear[:, usable] = _smear(a_mid, a_rad, r)
        first = _solve_rows(a_mid, a_rad, b_mid, b_rad, r)
        y = inverse(a_mid)
        m_mid, m_rad = _precondition(y, a_mid, a_rad)
        z_mid, z_rad = _apply(y, b_mid, b_rad)
        second = _solve_rows(m_mid, m_rad, z_mid, z_rad, r)
        lower, upper = np.fmax(first[0], second[0]), np.fmin(first[1], second[1])
        cc = c[:, usable]
        rounding = SLACK * (np.abs(cc) + np.minimum(np.maximum(abs(lower), abs(upper)), r)) + TINY
        new_lo[:, usable] = np.fmax(lo[:, usable], cc + lower - rounding)
        new_hi[:, usable] = np.fmin(hi[:, usable], cc + upper + rounding)
        eye = np.eye(problem.dimension)[:, :, None]
        deviation = (np.abs(m_mid - eye) + m_rad) * wide[None, :, usable]
        unique[usable] = (deviation.sum(axis=1) * (1 + SLACK) < wide[:, usable]).all(axis=0)
    empty = np.asarray((new_lo > new_hi).any(axis=0))
    return Contraction(new_lo, new_hi, empty, unique, smear, c, wide)


def newton(problem: ZeroProblem, points: Array, steps: int = 40) -> tuple[Array, Array]:
    """Follow Newton's iteration from points until it stalls.

    Parameters
    ----------
    problem : ZeroProblem
        The map.
    points : ndarray, shape (n, m)
        Where to start.
    steps : int
        Most iterations.

    Returns
    -------
    points : ndarray, shape (n, m)
        Where it came to; NaN where it left the domain.
    last : ndarray, shape (n, m)
        Size of the last step.
    """
    x = points.copy()
    last = np.full_like(x, np.inf)
    active = np.ones(x.shape[1], bool)
    with np.errstate(all="ignore"):
        for count in range(steps):
            p = x[:, active]
            step = _times(inverse(problem.jacobian(0.0, p)), problem(0.0, p))
            size = np.abs(step)
            x[:, active] = p - step
            before = last[:, active]
            last[:, active] = size
            small = size <= 4e-16 * np.abs(p)
            stalled = (size >= 0.5 * before) & (count >= 8)
            settled = (small | (size == 0) | stalled).all(axis=0)
            going = ~settled & np.isfinite(step).all(axis=0)
            active[active] = going
            if not active.any():
                break
    return x, last


def prove_zeros(
    problem: ZeroProblem, points: Array, radius: Array, attempts: int = 5
) -> tuple[Mask, Array]:
    """Prove that a zero lies near each point, by Krawczyk's test with epsilon-inflation.

    Parameters
    ----------
    problem : ZeroProblem
        The map.
    points : ndarray, shape (n, m)
        Approximate zeros.
    radius : ndarray, shape (n, m)
        Half widths of the first boxes tried; each failure widens them eightfold or more.
    attempts : int
        How many sizes are tried.

    Returns
    -------
    proved : ndarray of bool, shape (m,)
        Whether exactly one zero lies in the box of half width `error` around the point.
    error : ndarray, shape (n, m)
        The half widths; infinite where nothing is proved.

    Notes
    -----
    The operator K(X) = c - Y f(c) + (I - Y J(X)) (X - c) maps X into its interior: Krawczyk
    1969; Moore, Kearfott and Cloud, *Introduction to Interval Analysis*, 8.2; inflation
    after Rump, *Verification methods*, Acta Numerica 2010, section 13.
    """
    proved = np.zeros(points.shape[1], bool)
    error = np.full_like(points, np.inf)
    radius = radius.copy()
    for _ in range(attempts):
        open_ = ~proved & np.isfinite(points).all(axis=0)
        if not open_.any():
            break
        p, r = points[:, open_], radius[:, open_]
        image = krawczyk_radius(problem, p, r)
        with np.errstate(invalid="ignore"):
            good = (image < r * (1 - SLACK)).all(axis=0)
        places = np.flatnonzero(open_)[good]
        proved[places] = True
        error[:, places] = image[:, good]
        radius[:, open_] = np.maximum(8 * r, np.where(np.isfinite(image), 2 * image, 0.0))
    again = np.flatnonzero(proved)
    if again.size:  # once more on the smaller box, for a sharper bound
        r = error[:, again] * (1 + SLACK) + TINY
        error[:, again] = np.fmin(error[:, again], krawczyk_radius(problem, points[:, again], r))
    return proved, error


def krawczyk_radius(problem: ZeroProblem, points: Array, radius: Array) -> Array:
    """Bound the image of boxes around points under Krawczyk's operator.

    Parameters
    ----------
    problem : ZeroProblem
        The map.
    points, radius : ndarray, shape (n, m)
        Midpoints and half widths of the boxes.

    Returns
    -------
    ndarray, shape (n, m)
        Half widths, around the same points, of boxes that hold the image; infinite where the
        map is not differentiable or not bounded.
    """
    lo, hi = points - radius, points + radius
    reach = np.maximum(points - lo, hi - points) * (1 + SLACK)
    value, derivative = problem.boxes(points, points), problem.jacobian_boxes(lo, hi)
    with np.errstate(all="ignore"):
        a_mid, a_rad = _middle(derivative.lo, derivative.hi)
        y = inverse(a_mid)
        m_mid, m_rad = _precondition(y, a_mid, a_rad)
        z_mid, z_rad = _apply(y, *_middle(value.lo, value.hi))
        deviation = np.abs(m_mid - np.eye(problem.dimension)[:, :, None]) + m_rad
        image = np.abs(z_mid) + z_rad + (deviation * reach[None]).sum(axis=1)
        image = image * (1 + SLACK) + TINY
    usable = derivative.continuous & value.continuous & np.isfinite(image).all(axis=0)
    return np.where(usable, image, np.inf)


def at_most_one(problem: ZeroProblem, points: Array, radius: Array) -> Mask:
    """Tell whether boxes around points are proved to hold no two zeros.

    Parameters
    ----------
    problem : ZeroProblem
        The map.
    points, radius : ndarray, shape (n, m)
        Midpoints and half widths of the boxes.

    Returns
    -------
    ndarray of bool, shape (m,)
        True where the preconditioned derivative is near enough to the identity.
    """
    derivative = problem.jacobian_boxes(points - radius, points + radius)
    with np.errstate(all="ignore"):
        a_mid, a_rad = _middle(derivative.lo, derivative.hi)
        m_mid, m_rad = _precondition(inverse(a_mid), a_mid, a_rad)
        deviation = np.abs(m_mid - np.eye(problem.dimension)[:, :, None]) + m_rad
        near = (deviation * radius[None]).sum(axis=1) * (1 + SLACK) < radius
    return np.asarray(near.all(axis=0) & derivative.continuous)


def inverse(a: Array) -> Array:
    """Invert matrices, shape (n, n, m); the identity stands in where there is no inverse."""
    n = a.shape[0]
    with np.errstate(all="ignore"):
        if n == 1:
            result = 1.0 / a
        elif n == 2:
            scale = np.abs(a).max(axis=(0, 1))
            s = a / scale
            det = s[0, 0] * s[1, 1] - s[0, 1] * s[1, 0]
            result = np.array([[s[1, 1], -s[0, 1]], [-s[1, 0], s[0, 0]]]) / (det * scale)
        else:
            clean = np.where(np.isfinite(a), a, 0.0)
            result = np.moveaxis(np.linalg.pinv(np.moveaxis(clean, -1, 0)), 0, -1)
    bad = ~np.isfinite(result).all(axis=(0, 1))
    if bad.any():
        result[:, :, bad] = np.eye(n)[:, :, None]
    return result


def _middle(lo: Array, hi: Array) -> tuple[Array, Array]:
    mid = 0.5 * lo + 0.5 * hi
    return mid, np.maximum(hi - mid, mid - lo) * (1 + SLACK) + TINY


def _times(a: Array, b: Array) -> Array:
    product: Array = (a * b[None]).sum(axis=1)
    return product


def _product(a: Array, b: Array) -> Array:
    product: Array = (a[:, :, None] * b[None]).sum(axis=1)
    return product


def _precondition(y: Array, a_mid: Array, a_rad: Array) -> tuple[Array, Array]:
    size = np.abs(y)
    return _product(y, a_mid), _product(size, a_rad + SLACK * np.abs(a_mid)) * (1 + SLACK) + TINY


def _apply(y: Array, b_mid: Array, b_rad: Array) -> tuple[Array, Array]:
    size = np.abs(y)
    return _times(y, b_mid), _times(size, b_rad + SLACK * np.abs(b_mid)) * (1 + SLACK) + TINY


def _smear(a_mid: Array, a_rad: Array, r: Array) -> Array:
    part = (np.abs(a_mid) + a_rad) * r[None]
    share = part / np.maximum(part.sum(axis=1, keepdims=True), TINY)
    result: Array = np.nan_to_num(share.max(axis=0))
    return result


def _solve_rows(
    a_mid: Array, a_rad: Array, b_mid: Array, b_rad: Array, r: Array
) -> tuple[Array, Array]:
    """Bound x - c from every row of A (x - c) + b = 0, |x - c| <= r; shape (n, m) each.

    The lower bound is infinite where a row has no solution.
    """
    size = np.abs(a_mid)
    term = (size + a_rad) * r[None]
    total = term.sum(axis=1, keepdims=True)
    rest = total - term + SLACK * total + b_rad[:, None]
    sign = np.where(a_mid < 0, -1.0, 1.0)
    low = -sign * b_mid[:, None] - rest * (1 + SLACK)
    high = -sign * b_mid[:, None] + rest * (1 + SLACK)
    weakest, strongest = size - a_rad - SLACK * size, size + a_rad + SLACK * size
    lower = np.where(low < 0, low / weakest, low / strongest)
    upper = np.where(high > 0, high / weakest, high / strongest)
    open_ = ~(weakest > 0)
    lower = np.where(open_, -np.inf, lower - SLACK * np.abs(lower))
    upper = np.where(open_, np.inf, upper + SLACK * np.abs(upper))
    hopeless = (np.abs(b_mid) > (b_rad + total[:, 0]) * (1 + SLACK)).any(axis=0)
    lower, upper = np.fmax.reduce(lower, axis=0), np.fmin.reduce(upper, axis=0)
    return np.where(hopeless, np.inf, lower), np.where(hopeless, -np.inf, upper)
