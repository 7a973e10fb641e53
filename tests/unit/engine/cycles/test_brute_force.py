"""Random systems: the cycles found are those that many orbits are seen to wind onto.

The other way is as plain as can be: scipy integrates orbits from a grid, forward and backward; an
orbit that comes back to where it was, and is not at rest, is on a cycle.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from .searching import SQUARE, search

COUNT = int(os.environ.get("CYCLE_BRUTE_FORCE", "20"))
"""How many systems; 200 for the whole."""

FAR = 7.0
GRID = np.stack(np.meshgrid(np.linspace(-2.9, 2.9, 6), np.linspace(-2.8, 2.8, 5))).reshape(2, -1)


def system(number):
    """Give a random field of degree 3 that is repelled from far away, or attracted by it."""
    rng = np.random.default_rng(1000 + number)
    degree = 3
    powers = [(a, b) for a in range(degree + 1) for b in range(degree + 1 - a) if a + b]
    rows = np.round(rng.normal(0.0, [[0.5], [0.5]], (2, len(powers))), 2)
    for row, own, other, turn in ((rows[0], (3, 0), (1, 2), -1), (rows[1], (0, 3), (2, 1), 1)):
        row[powers.index(own)] = row[powers.index(other)] = -rng.integers(4, 10) / 10
        row[powers.index((0, 1) if turn < 0 else (1, 0))] = turn * rng.integers(5, 30) / 10
        row[powers.index((1, 0) if turn < 0 else (0, 1))] = rng.integers(-3, 12) / 10
    if number % 3 == 2:
        rows = -rows
    terms = [
        " + ".join(f"({c})*x^{a}*y^{b}" for c, (a, b) in zip(row, powers, strict=True))
        for row in rows
    ]
    return f"x' = {terms[0]}; y' = {terms[1]}", rows, powers


def rates_of(rows, powers, sign):
    """Give rates of many orbits together; those that have gone far away stay there."""

    def rates(t, flat):
        x, y = flat.reshape(2, -1)
        one = np.ones_like(x)
        xs, ys = (one, x, x * x, x * x * x), (one, y, y * y, y * y * y)
        monomials = np.array([xs[a] * ys[b] for a, b in powers])
        found = sign * rows @ monomials
        return np.where(np.abs(x) + np.abs(y) < FAR, found, 0.0).ravel()

    return rates


@dataclass
class Seen:
    """A cycle that an orbit was seen to wind onto."""

    sign: float
    period: float
    bounds: np.ndarray


def watch(rates, sign):
    """Give the cycles that orbits from the grid wind onto, as far as they have arrived."""
    states, seen = GRID.copy(), []
    for _ in range(3):
        if not states.size:
            break
        times = np.linspace(0.0, 50.0, 1001)
        out = solve_ivp(rates, (0.0, 50.0), states.ravel(), "RK45", times, rtol=1e-7, atol=1e-9)
        path = out.y.reshape(2, -1, times.size)[:, :, times.size // 2 :]
        states, low, high = path[:, :, -1], path.min(axis=2), path.max(axis=2)
        speed = np.abs(rates(0.0, states.ravel()).reshape(2, -1)).max(axis=0)
        left = []
        for k in np.flatnonzero((speed > 1e-4) | ((high - low).max(axis=0) > 1e-3)):
            bounds = np.stack([low[:, k], high[:, k]], axis=1)
            if any(alike(bounds, one.bounds) for one in seen):
                continue
            period = returning(rates, states[:, k], np.ptp(bounds, axis=1))
            if period is None:
                left.append(k)
            else:
                seen.append(Seen(sign, period, bounds))
        states = states[:, left]
    return seen


def alike(bounds, others):
    return (np.abs(bounds - others) < 0.01 * np.ptp(others, axis=1)[:, None]).all()


def returning(rates, state, size):
    """Give the time after which an orbit is back where it is; None if it is not."""
    normal = rates(0.0, state)

    def passing(t, w):
        return float((w - state) @ normal)

    passing.direction = 1.0
    out = solve_ivp(rates, (0.0, 30.0), state, "DOP853", events=passing, rtol=1e-9, atol=1e-11)
    for time, there in zip(out.t_events[0], out.y_events[0], strict=True):
        away = np.abs(out.y[:, out.t <= time] - state[:, None]) / size[:, None]
        if away.max() > 0.3 and (np.abs(there - state) < 1e-4 * size).all():
            return time
    return None


def closes(rows, powers, cycle):
    """Tell whether an orbit from the cycle's rightmost point is back after its period."""
    sign = 1.0 if cycle.stability == "stable" else -1.0
    rates = rates_of(rows, powers, sign)
    out = solve_ivp(rates, (0.0, cycle.period), cycle.point, "DOP853", rtol=1e-11, atol=1e-13)
    return (np.abs(out.y[:, -1] - cycle.point) < 1e-7 * np.ptp(cycle.bounds, axis=1)).all()


@pytest.mark.parametrize("number", range(COUNT))
def test_cycles_are_those_that_orbits_wind_onto(number):
    text, rows, powers = system(number)
    found = search(text, SQUARE)
    assert found.undecided == found.bands == ()
    for cycle in found.cycles:
        assert cycle.evidence == "verified"
        if cycle.location == "inside":
            assert closes(rows, powers, cycle)
    for sign in (1.0, -1.0):
        for one in watch(rates_of(rows, powers, sign), sign):
            near = [
                k
                for k, cycle in enumerate(found.cycles)
                if cycle.period == pytest.approx(one.period, rel=1e-3)
                and (cycle.stability == "stable") == (sign > 0)
                and alike(cycle.bounds, one.bounds)
            ]
            assert near, f"orbits wind onto a cycle of period {one.period}"


def test_some_of_the_systems_have_cycles():
    counts = [len(search(system(number)[0], SQUARE).cycles) for number in range(COUNT)]
    assert sum(counts) >= COUNT // 4


@pytest.mark.parametrize("number", [48, 112])
def test_a_weak_focus_is_no_band_in_whatever_direction_its_sign_shows(number):
    found = search(system(number)[0], SQUARE)
    assert found.cycles == found.bands == found.undecided == ()
