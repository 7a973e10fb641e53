"""Fields written by hand, for tests of the integrator that need no equations."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from eqpp_dash.engine.orbits import Problem


class HandField:
    """A field and its Jacobian given as Python functions of t, x, y."""

    switching = ()
    poles = ()
    dimension = 2
    autonomous = False
    variables = ("x", "y")

    def __init__(self, rates: Callable, jacobian: Callable | None = None) -> None:
        self._rates, self._jacobian = rates, jacobian

    def __call__(self, t, x):
        return np.stack([part + 0.0 * x[0] for part in self._rates(t, *x)])

    def times(self, factor, t, x):
        return factor * self(t, x)

    def jacobian(self, t, x):
        rows = self._jacobian(t, *x)
        return np.stack([np.stack([entry + 0.0 * x[0] for entry in row]) for row in rows])


class HandFactor:
    """An expression whose zero is a surface."""

    def __init__(self, value: Callable, gradient: Callable) -> None:
        self._value, self._gradient = value, gradient

    def __call__(self, t, x):
        return self._value(*x) + 0.0 * x[0]

    def gradient(self, t, x):
        return np.stack([part + 0.0 * x[0] for part in self._gradient(*x)])


def van_der_pol(mu: float) -> HandField:
    return HandField(
        lambda t, x, y: (y, mu * (1 - x * x) * y - x),
        lambda t, x, y: ((0, 1), (-2 * mu * x * y - 1, mu * (1 - x * x))),
    )


PENDULUM = HandField(lambda t, x, y: (y, -np.sin(x)), lambda t, x, y: ((0, 1), (-np.cos(x), 0)))
ROTATION = HandField(lambda t, x, y: (y, -x), lambda t, x, y: ((0, 1), (-1, 0)))


def problem(field, span: float, width=(8.0, 8.0), **options) -> Problem:
    return Problem(field, np.zeros(2), np.array(width, dtype=float), span, **options)


def steps(count: int, lanes: int):
    return np.full(lanes, count, dtype=np.intp)


__all__ = [
    "PENDULUM",
    "ROTATION",
    "HandFactor",
    "HandField",
    "SimpleNamespace",
    "problem",
    "steps",
    "van_der_pol",
]
