"""Steps of several integrations as those of one: cut short, moved in time, put together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.dop853 import TERMS, interpolate
from eqpp_dash.engine.orbits import Flow, Steps

Array = NDArray[np.float64]
Index = NDArray[np.intp]


def shorten_terms(y: Array, terms: Array, share: Array) -> Array:
    """Give the interpolants of the first parts of steps.

    Parameters
    ----------
    y : ndarray, shape (n, m)
        States at the start.
    terms : ndarray, shape (7, n, m)
        Interpolants of the whole steps.
    share : ndarray, shape (m,)
        How much of each is kept.

    Returns
    -------
    ndarray, shape (7, n, m)
        The same polynomials, in terms of the shorter steps.
    """
    nodes = 0.5 - 0.5 * np.cos(np.pi * (np.arange(TERMS) + 0.5) / TERMS)
    factors = np.where(np.arange(TERMS) % 2 == 0, nodes[:, None], 1.0 - nodes[:, None])
    values = np.stack([interpolate(y, terms, node * share) - y for node in nodes])
    found = np.linalg.solve(np.cumprod(factors, axis=1), values.reshape(TERMS, -1))
    return np.asarray(found.reshape(terms.shape))


def part_of(flow: Flow, lanes: Index, begun: Array) -> Steps:
    """Give the steps of a flow as those of other lanes, which began it at given times.

    Parameters
    ----------
    flow : Flow
        What was integrated.
    lanes : ndarray of int, shape (m,)
        Which lanes its lanes are, rising.
    begun : ndarray, shape (m,)
        Elapsed times at which it begins for them.

    Returns
    -------
    Steps
        Steps beyond the end of a lane are cut off there.
    """
    steps = flow.steps
    left = (flow.ends.time[steps.lane] - steps.t) / steps.h
    kept = np.flatnonzero(left > 0)
    share = np.minimum(left[kept], 1.0)
    y = steps.y[:, kept]

    def terms_of(which: Index) -> Array:
        terms = steps.terms_of(kept[which]).copy()
        cut = np.flatnonzero(share[which] < 1.0)
        if cut.size:
            some = which[cut]
            terms[:, :, cut] = shorten_terms(y[:, some], terms[:, :, cut], share[some])
        return terms

    own = steps.lane[kept]
    return Steps(lanes[own], begun[own] + steps.t[kept], share * steps.h[kept], y, terms_of)


def put_together(parts: Sequence[Steps]) -> Steps:
    """Give the steps of several parts, sorted by lane, then time; terms are made when asked for."""
    lane, t = (np.concatenate([getattr(part, name) for part in parts]) for name in ("lane", "t"))
    order = np.lexsort((t, lane))
    y = np.concatenate([part.y for part in parts], axis=1)[:, order]
    bounds = np.concatenate([[0], np.cumsum([part.t.size for part in parts])])

    def terms_of(which: Index) -> Array:
        place = order[which]
        terms = np.empty((TERMS, len(y), place.size))
        for part, first, last in zip(parts, bounds, bounds[1:], strict=False):
            some = np.flatnonzero((place >= first) & (place < last))
            if some.size:
                terms[:, :, some] = part.terms_of(place[some] - first)
        return terms

    h = np.concatenate([part.h for part in parts])
    return Steps(lane[order], t[order], h[order], y, terms_of)
