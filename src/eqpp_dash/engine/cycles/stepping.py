"""Steps of lanes: DOP853, or collocation where a lane is stiff, at tolerances of its own extent."""

from __future__ import annotations

import numpy as np
from numpy.polynomial import Polynomial

from eqpp_dash.engine import collocation, dop853
from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles import limits
from eqpp_dash.engine.cycles.lanes import Bools, Ints, Lanes
from eqpp_dash.model.portrait import Array


class Stepping:
    """Tries steps of lanes.

    Parameters
    ----------
    compiled : CompiledField
        The planar field.

    Attributes
    ----------
    field : CompiledField
        The same with the divergence as third component.
    axes : list of bool
        Whether x = 0 and y = 0 are invariant: then errors are measured by x (y) itself.
    """

    def __init__(self, compiled: CompiledField) -> None:
        self.compiled = compiled
        self.field = compiled.with_divergence()
        self.axes = [
            any(factor.text == name for factor in factors)
            for name, factors in zip(compiled.variables, compiled.factors, strict=True)
        ]

    def tolerated(self, lanes: Lanes, rtol: float) -> Array:
        """Give the tolerated errors: shares of the extents, of x itself if x = 0 is invariant."""
        allowed = np.empty_like(lanes.y)
        least = [0.0 if invariant else 1e-16 for invariant in self.axes]
        allowed[:2] = rtol * self.size(lanes) + 1e-300
        allowed[:2] += np.array(least)[:, None] * np.abs(lanes.y[:2])
        allowed[2] = min(1e-4, 1e4 * rtol) * np.maximum(1.0, np.abs(lanes.y[2]))
        return allowed

    def size(self, lanes: Lanes) -> Array:
        """Give the extents of orbits so far; of x itself if x = 0 is invariant."""
        size = np.abs(lanes.y[:2])
        axes = np.array(self.axes)[:, None]
        return np.where(axes, np.minimum(lanes.floor, size), lanes.floor)

    def directed(self, sign: Array) -> dop853.Field:
        """Give the field for lanes of these directions of time."""
        return lambda t, y: sign * self.field(0.0, y)

    def attempt(self, lanes: Lanes, rtol: float) -> dop853.Trial:
        """Try a step: by the explicit method, by collocation on stiff lanes."""
        t, y, f, h = lanes.t, lanes.y, lanes.f, lanes.h
        allowed = self.tolerated(lanes, rtol)
        if not lanes.stiff.any():
            return dop853.take_step(
                self.directed(lanes.sign), t, y, f, h, lambda magnitude: allowed
            )
        n, count = y.shape
        whole = dop853.Trial(
            np.empty((n, count)),
            np.empty((n, count)),
            np.empty(count),
            np.empty((dop853.TERMS, n, count)),
        )
        for some, implicit in ((~lanes.stiff, False), (lanes.stiff, True)):
            if some.any():
                parts = lanes.sign[some], t[some], y[:, some], f[:, some], h[some]
                part = self.part(*parts, allowed[:, some], implicit)
                whole.state[:, some], whole.slope[:, some] = part.state, part.slope
                whole.error[some], whole.memory[:, :, some] = part.error, part.memory
        return whole

    def part(
        self,
        sign: Array,
        t: Array,
        y: Array,
        f: Array,
        h: Array,
        allowed: Array,
        implicit: bool,
    ) -> dop853.Trial:
        """Try a step of lanes that are all stiff, or all not."""
        field = self.directed(sign)
        if not implicit:
            return dop853.take_step(field, t, y, f, h, lambda magnitude: allowed)
        share = 1e-8
        unit = allowed / share  # so that the method may take one tolerance for all lanes

        def jacobian(t: Array, z: Array) -> Array:
            slopes: Array = sign * self.field.jacobian(0.0, unit * z)
            return slopes * unit[None, :] / unit[:, None]

        trial = collocation.take_step(
            lambda t, z: field(t, unit * z) / unit,
            jacobian,
            t,
            y / unit,
            f / unit,
            h,
            np.zeros(len(y)),
            np.full(len(y), share),
        )
        return dop853.Trial(
            trial.state * unit, trial.slope * unit, trial.error, trial.memory * unit
        )

    def terms(self, lanes: Lanes, trial: dop853.Trial, some: Ints) -> Array:
        """Give the interpolants of steps."""
        terms = trial.memory[:, :, some].copy()
        explicit = some[~lanes.stiff[some]]
        if explicit.size:
            terms[:, :, ~lanes.stiff[some]] = dop853.dense_terms(
                self.directed(lanes.sign[explicit]),
                lanes.t[explicit],
                lanes.h[explicit],
                lanes.y[:, explicit],
                lanes.f[:, explicit],
                trial.state[:, explicit],
                trial.slope[:, explicit],
                trial.memory[:, :, explicit],
            )
        return terms

    def find_stiff(self, lanes: Lanes, moved: Array) -> None:
        """Find lanes whose steps stability limits, now and then: they hardly move."""
        slow = (moved < limits.SLOW * lanes.floor).all(axis=0) & ~lanes.stiff
        slow &= lanes.tries % limits.STIFF_EVERY == 0
        some = np.flatnonzero(slow)
        if some.size:
            lanes.stiff[some] = self.stiff(lanes.sign[some], lanes.y[:, some], lanes.h[some])

    def stiff(self, sign: Array, y: Array, h: Array) -> Bools:
        """Tell where short steps are long in terms of the fastest decay, by the Jacobian."""
        jacobian = sign * self.compiled.jacobian(0.0, y[:2])
        half = 0.5 * (jacobian[0, 0] + jacobian[1, 1])
        determinant = jacobian[0, 0] * jacobian[1, 1] - jacobian[0, 1] * jacobian[1, 0]
        fastest = np.sqrt(np.maximum(half * half - determinant, 0.0)) - half
        return np.asarray(fastest * h > limits.STIFF_PRODUCT)


def _basis() -> Array:
    """Give the coefficients of the interpolant's basis polynomials, shape (7, 8)."""
    theta, other = Polynomial([0.0, 1.0]), Polynomial([1.0, -1.0])
    rows = np.zeros((dop853.TERMS, dop853.TERMS + 1))
    for i in range(dop853.TERMS):
        product = theta ** ((i + 2) // 2) * other ** ((i + 1) // 2)
        rows[i, : product.coef.size] = product.coef
    return rows


_BASIS = _basis()


def turning_share(terms: Array) -> Array:
    """Give the share of steps at which the interpolant of x turns from rising to falling."""
    rates = (_BASIS.T @ terms)[1:] * np.arange(1.0, dop853.TERMS + 1)[:, None]
    low, high = np.zeros(terms.shape[1]), np.ones(terms.shape[1])
    share = 0.5 * (low + high)
    for _ in range(12):
        value, slope = np.zeros_like(share), np.zeros_like(share)
        for row in rates[::-1]:
            slope = slope * share + value
            value = value * share + row
        low, high = np.where(value > 0, share, low), np.where(value > 0, high, share)
        ahead = share - value / slope
        share = np.where((ahead >= low) & (ahead <= high), ahead, 0.5 * (low + high))
    return share
