"""Systems whose solutions are known in closed form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ellipj

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Closed:
    """A system, the states of a solution at given times, shape (n, m), and a span of time."""

    text: str
    solution: Callable[[Array], list[Array]]
    start: float
    end: float

    def at(self, t: Array | float) -> Array:
        return np.array(self.solution(np.atleast_1d(np.asarray(t, dtype=float))))


def _kepler(t: Array) -> list[Array]:
    """An ellipse of eccentricity 0.4; Kepler's equation is solved by Newton's iteration."""
    e, angle = 0.4, t.copy()
    for _ in range(20):
        angle -= (angle - e * np.sin(angle) - t) / (1 - e * np.cos(angle))
    rate, b = 1 / (1 - e * np.cos(angle)), np.sqrt(1 - e * e)
    return [
        np.cos(angle) - e,
        b * np.sin(angle),
        -np.sin(angle) * rate,
        b * np.cos(angle) * rate,
    ]


def _rigid_body(t: Array) -> list[Array]:
    return list(ellipj(t, 0.6)[:3])


def _onto_circle(t: Array) -> list[Array]:
    radius = 1 / np.sqrt(1 + 3 * np.exp(-2 * t))
    return [radius * np.cos(t), radius * np.sin(t)]


CLOSED = {
    "oscillator": Closed("x' = y; y' = -x", lambda t: [np.sin(t), np.cos(t)], 0.0, 4.0),
    "logistic": Closed("x' = x*(1 - x)", lambda t: [1 / (1 + np.exp(-t))], -2.0, 3.0),
    "Riccati": Closed("x' = -2*t*x^2", lambda t: [1 / (1 + t * t)], -0.5, 2.0),
    "driven": Closed("x' = x*cos(t)", lambda t: [np.exp(np.sin(t))], 0.0, 4.0),
    "logarithm": Closed("x' = exp(-x)", lambda t: [np.log(t)], 1.0, 3.0),
    "root": Closed("x' = -x^(3/2)", lambda t: [4 / (2 + t) ** 2], 0.0, 3.0),
    "Kepler": Closed(
        "x' = u; y' = v; u' = -x/(x^2 + y^2)^(3/2); v' = -y/(x^2 + y^2)^(3/2)", _kepler, 0.5, 4.0
    ),
    "rigid body": Closed("x' = y*z; y' = -x*z; z' = -0.6*x*y", _rigid_body, 0.0, 4.0),
    "separatrix": Closed(
        "x' = y; y' = -sin(x)",
        lambda t: [2 * np.arctan(np.sinh(t)), 2 / np.cosh(t)],
        -2.0,
        2.0,
    ),
    "onto a circle": Closed(
        "x' = -y + x*(1 - x^2 - y^2); y' = x + y*(1 - x^2 - y^2)", _onto_circle, -0.5, 3.0
    ),
    "tracking": Closed("x' = -3*(x - cos(t)) - sin(t)", lambda t: [np.cos(t)], 0.0, 4.0),
}

STIFF = Closed("x' = -1e6*(x - cos(t)) - sin(t)", lambda t: [np.cos(t)], 0.0, 4.0)
"""The problem of Prothero and Robinson: Hairer and Wanner II, section IV.15."""
