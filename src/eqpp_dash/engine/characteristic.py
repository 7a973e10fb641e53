"""Separatrices of equilibria that are not hyperbolic, near these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.kinds.approach import Expansion
from eqpp_dash.engine.kinds.characteristic import characteristic_orbits
from eqpp_dash.engine.kinds.germ import UnclearError
from eqpp_dash.engine.manifolds import LONGEST, RESIDUAL, SHORTEST, meets_switch
from eqpp_dash.model.portrait import Equilibrium

WORST = 1e-9
"""Error beyond which an expansion is of no use, in widths of the window."""

ROUNDING = 16 * 2.0**-53
"""Relative error of the field's linear terms that rounding may make."""

NEAREST = 1e-3
"""Where drawing begins, in widths of the window: about a pixel."""

_TRIED = np.geomspace(1e-8, 8.0, 181)
_LEAD = 12
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)


@dataclass(frozen=True, slots=True, eq=False)
class CharacteristicBranch:
    """A characteristic orbit near its equilibrium; see `manifolds.LocalManifold` for saddles.

    Attributes
    ----------
    equilibrium : int
        The equilibrium's number.
    rate : float
        1 if the orbit leaves it, -1 if it tends to it; no eigenvalue.
    point : ndarray, shape (2,)
        The equilibrium.
    expansion : Expansion
        The orbit, seen from the equilibrium.
    size : float
        Greatest parameter used.
    radius : float
        Distance of that point, in widths of the window.
    residual : float
        Sine of the angle between curve and field, times the distance, in widths of the window:
        the same as the error of the invariance equation, divided by the rate, at saddles.
    nearest : float
        Parameter of the point at which drawing begins.
    field : CompiledField
        The field.
    """

    equilibrium: int
    rate: float
    point: Array
    expansion: Expansion
    size: float
    radius: float
    residual: float
    nearest: float
    field: CompiledField

    @property
    def order(self) -> int:
        """Order of the polynomial in the coordinates in which the point is blown up."""
        return self.expansion.order

    @property
    def direction(self) -> Array:
        """Unit vector in which the orbit leaves the equilibrium, or comes to it."""
        return self.expansion.direction

    @property
    def start(self) -> Array:
        """The point from which the branch is integrated."""
        return np.asarray(self.point + self.expansion.at(np.array([self.size]))[0][:, 0])

    def lead(self) -> tuple[Array, Array]:
        """Give times before the start, increasing in size, and the points then.

        Returns
        -------
        times : ndarray, shape (m,)
            Time that the flow takes between the points and the start; positive.
        points : ndarray, shape (m, 2)
            Points, ever nearer to the equilibrium; none if the start is as near.
        """
        if not self.nearest < self.size:
            return np.zeros(0), np.zeros((0, 2))
        logs = np.linspace(np.log(self.size), np.log(self.nearest), _LEAD + 1)
        half = 0.5 * (logs[:-1] - logs[1:])
        nodes = 0.5 * (logs[:-1] + logs[1:]) + half * _NODES[:, None]
        sizes = np.exp(nodes).ravel()
        points, along = self.expansion.at(sizes)
        flow = self.field(0.0, self.point[:, None] + points)
        rates = np.abs((along * flow).sum(axis=0)) / (flow**2).sum(axis=0) * sizes
        times = (half * (_WEIGHTS[:, None] * rates.reshape(nodes.shape))).sum(axis=0)
        places = self.point + self.expansion.at(np.exp(logs[1:]))[0].T
        return np.cumsum(times), places


def characteristic_branches(
    field: CompiledField, equilibria: Sequence[Equilibrium], which: Sequence[int], width: Array
) -> list[CharacteristicBranch]:
    """Give the orbits that bound hyperbolic sectors of equilibria that are not hyperbolic.

    Parameters
    ----------
    field : CompiledField
        A planar autonomous field.
    equilibria : sequence of Equilibrium
        All equilibria known.
    which : sequence of int
        Those wanted.
    width : ndarray, shape (2,)
        Width of the window.

    Returns
    -------
    list of CharacteristicBranch
        All of a point, or none if one of them cannot be started from.

    Examples
    --------
    >>> from eqpp_dash import parse_system
    >>> from eqpp_dash.engine.equilibria import find_equilibria
    >>> from eqpp_dash.engine.kinds.decide import decide_kinds
    >>> field, width = parse_system("x' = x^2; y' = -y").compile(), np.array([2.0, 2.0])
    >>> found = find_equilibria(field, {"x": (-1, 1), "y": (-1, 1)}).equilibria
    >>> kinds = decide_kinds(field, found, lambda: None, width)
    >>> branches = characteristic_branches(field, kinds, [0], width)
    >>> [(int(item.rate), item.direction.tolist()) for item in branches]
    [(1, [1.0, 0.0]), (-1, [0.0, -1.0]), (-1, [0.0, 1.0])]
    """
    found: list[CharacteristicBranch] = []
    for k in which:
        try:
            orbits = characteristic_orbits(field, equilibria[k], width)
        except UnclearError:
            continue
        mine = [
            _branch(field, k, equilibria[k], orbit.away, orbit.expansion, width)
            for orbit in orbits
            if orbit.separating
        ]
        kept = [item for item in mine if item is not None]
        if len(kept) == len(mine):
            found += kept
    return found


def _branch(
    field: CompiledField,
    number: int,
    item: Equilibrium,
    away: int,
    expansion: Expansion,
    width: Array,
) -> CharacteristicBranch | None:
    """Choose how far an expansion is used; None if the field does not follow it."""
    point = item.point
    with np.errstate(all="ignore"):
        points, along = expansion.at(_TRIED)
        flow = field(0.0, point[:, None] + points) / width[:, None]
        far = np.max(np.abs(points / width[:, None]), axis=0)
        along = along / width[:, None]
        lengths = np.hypot(*flow) * np.hypot(*along)
        errors = far * np.abs(flow[0] * along[1] - flow[1] * along[0]) / lengths
        # Where the linear terms all but cancel, the field's direction is lost in their rounding.
        terms = np.abs(item.jacobian) @ (np.abs(points) + np.abs(point[:, None])) / width[:, None]
        noise = ROUNDING * far * np.hypot(*terms) / np.hypot(*flow)
        good = np.isfinite(errors) & (away * (flow * along).sum(axis=0) > 0)
        rising = np.logical_and.accumulate(np.diff(far, prepend=0.0) > 0)
    usable = np.flatnonzero(rising & (far >= SHORTEST) & (far <= LONGEST))
    if not usable.size:
        return None
    errors, noise = np.where(good, errors, np.inf)[usable], noise[usable]
    # A curve and the field may be parallel by chance, but not at neighbours too.
    smooth = np.max([errors, np.append(errors[1:], 0.0), np.append(0.0, errors[:-1])], axis=0)
    best = int(np.argmin(smooth))
    allowed = max(RESIDUAL, 4.0 * float(smooth[best]))
    if not allowed < WORST:
        return None
    last = best
    while last + 1 < usable.size and errors[last + 1] <= allowed + noise[last + 1]:
        last += 1
    while last > 0 and meets_switch(field, point, points[:, usable[: last + 1]] + point[:, None]):
        last -= 1
    drawn = usable[far[usable] >= NEAREST]
    nearest = _TRIED[drawn[0]] if drawn.size else np.inf
    return CharacteristicBranch(
        number,
        float(away),
        point,
        expansion,
        float(_TRIED[usable[last]]),
        float(far[usable[last]]),
        float(errors[min(best, last) : last + 1].max()),
        float(nearest),
        field,
    )
