"""The systems that are compared on, each in the forms that the contenders want."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.system import System, parse_system

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """A system, where its trajectories start and how long they are.

    Attributes
    ----------
    name, text : str
        Name and equations.
    rates : callable
        Gives the right-hand sides for a state of anything that can be added and multiplied; its
        second argument is a module with the elementary functions for that.
    fill : callable
        ``fill(t, u, du, p)`` writes the right-hand sides to du, in Python that numba compiles.
    span : float
        Time that is integrated over.
    low, high : tuple of float
        Bounds of the starts.
    """

    name: str
    text: str
    rates: Callable[[Sequence[Any], Any], list[Any]]
    fill: Callable[..., None]
    span: float
    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def system(self) -> System:
        """The system, read anew."""
        return parse_system(self.text)

    def starts(self, count: int) -> Array:
        """Where trajectories start, shape (n, count); fewer are the first of more."""
        random = np.random.default_rng(5)
        return np.ascontiguousarray(random.uniform(self.low, self.high, (count, len(self.low))).T)


def van_der_pol() -> Case:
    """Give van der Pol's oscillator with mu = 1."""

    def rates(u: Sequence[Any], functions: Any) -> list[Any]:
        x, y = u
        return [y, (1.0 - x * x) * y - x]

    def fill(t, u, du, p):  # type: ignore[no-untyped-def]
        du[0] = u[1]
        du[1] = (1.0 - u[0] * u[0]) * u[1] - u[0]

    text = "x' = y; y' = (1 - x^2)*y - x"
    return Case("van der Pol", text, rates, fill, 20.0, (-3.0, -3.0), (3.0, 3.0))


def van_der_pol_with(mu: float, span: float = 20.0) -> Case:
    """Give van der Pol's oscillator."""

    def rates(u: Sequence[Any], functions: Any) -> list[Any]:
        x, y = u
        return [y, mu * ((1.0 - x * x) * y) - x]

    def fill(t, u, du, p):  # type: ignore[no-untyped-def]
        du[0] = u[1]
        du[1] = mu * ((1.0 - u[0] * u[0]) * u[1]) - u[0]

    text = f"x' = y; y' = {mu!r}*(1 - x^2)*y - x"
    return Case(f"van der Pol, mu = {mu:g}", text, rates, fill, span, (-3.0, -3.0), (3.0, 3.0))


def damped_pendulum(k: float) -> Case:
    """Give a pendulum whose damping is a bell curve: a transcendental system."""

    def rates(u: Sequence[Any], functions: Any) -> list[Any]:
        x, y = u
        return [y, -functions.sin(x) - k * (y * functions.exp(-(x * x)))]

    def fill(t, u, du, p):  # type: ignore[no-untyped-def]
        du[0] = u[1]
        du[1] = -np.sin(u[0]) - k * (u[1] * np.exp(-(u[0] * u[0])))

    text = f"x' = y; y' = -sin(x) - {k!r}*y*exp(-x^2)"
    return Case("pendulum", text, rates, fill, 20.0, (-3.0, -1.5), (3.0, 1.5))


def lorenz() -> Case:
    """Give Lorenz's system with his parameters."""

    def rates(u: Sequence[Any], functions: Any) -> list[Any]:
        x, y, z = u
        return [10.0 * (y - x), x * (28.0 - z) - y, x * y - (8.0 / 3.0) * z]

    def fill(t, u, du, p):  # type: ignore[no-untyped-def]
        du[0] = 10.0 * (u[1] - u[0])
        du[1] = u[0] * (28.0 - u[2]) - u[1]
        du[2] = u[0] * u[1] - (8.0 / 3.0) * u[2]

    text = "x' = 10*(y - x); y' = x*(28 - z) - y; z' = x*y - 8/3*z"
    return Case("Lorenz", text, rates, fill, 10.0, (-15.0, -15.0, 10.0), (15.0, 15.0, 40.0))
