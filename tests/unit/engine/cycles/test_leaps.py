"""Machine code and numpy follow orbits alike."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from eqpp_dash.engine.cycles import find_limit_cycles, prepare_search
from eqpp_dash.engine.cycles.arcs import find_arcs
from eqpp_dash.engine.cycles.lanes import NEVER, Fate, Steps
from eqpp_dash.engine.cycles.leaper import leaper_of
from eqpp_dash.engine.cycles.returns import ReturnMap
from eqpp_dash.engine.cycles.shape import rough_curves
from eqpp_dash.engine.cycles.shot import Trap
from eqpp_dash.engine.machine.stepper import prepare_machine
from eqpp_dash.engine.system import parse_system

LO, HI = np.array([-3.0, -3.0]), np.array([3.0, 3.0])
ORIGIN = np.zeros((1, 2))

SYSTEMS = {
    "van der Pol": "x' = y; y' = (1 - x^2)*y - x",
    "slow and fast": "x' = 20*(y - (x^3/3 - x)); y' = -x/20",
    "a center": "x' = y; y' = -sin(x)",
    "a weak focus": "x' = -y - x*(x^2 + y^2); y' = x - y*(x^2 + y^2)",
    "with functions": "x' = y*exp(-x^2/9); y' = -atan(x) + (1 - x^2)*y/(1 + y^2)",
    "a sink": "x' = y - x/2; y' = -x - y",
}


def maps(text, traps=()):
    """Give the return maps of a field by machine code and by numpy."""
    field = parse_system(text).compile()
    with np.errstate(all="ignore"):
        arcs = find_arcs(field, LO, HI, (7 * LO, 7 * HI), ORIGIN)
    leaper = leaper_of(field, None)
    assert leaper is not None
    rest = arcs, HI - LO, (42 * LO, 42 * HI), traps
    return ReturnMap(field, *rest, leaper), ReturnMap(field, *rest)


def starts(returns, count):
    lanes = np.repeat(np.arange(len(returns.arcs)), count)
    places = [arc.abscissa(np.linspace(*arc.limits(), count)) for arc in returns.arcs]
    return lanes, np.concatenate(places)


@pytest.mark.parametrize("rtol", [1e-7, 1e-11])
@pytest.mark.parametrize("name", SYSTEMS)
def test_returns_are_those_of_numpy(name, rtol):
    trap = [Trap(1.0, np.zeros(2), np.eye(2) * 1e6)] if name == "a sink" else []
    machine, array = maps(SYSTEMS[name], trap)
    lanes, x = starts(machine, 7)
    for sign in (1.0, -1.0):
        signs = np.full(x.size, sign)
        one, two = (returns.shoot(lanes, x, signs, rtol) for returns in (machine, array))
        fates = Counter(zip(one.fate.tolist(), two.fate.tolist(), strict=True))
        for a, b in fates:
            assert a == b or {a, b} <= NEVER | {Fate.GIVEN_UP}
        both = (one.fate == Fate.RETURNED) & (two.fate == Fate.RETURNED)
        error = 10 * rtol * np.fmax(one.noise, two.noise)[both] + 1e-12
        assert (np.abs(one.x - two.x)[both] <= error).all()
        slack = 1e-4 * np.maximum(1.0, np.abs(two.divergence[both])) + 1e4 * error
        assert (np.abs(one.divergence - two.divergence)[both] <= slack).all()
        assert one.time[both] == pytest.approx(two.time[both], rel=0.01)  # beside saddles


def test_steps_that_are_traced_lie_on_the_orbit():
    machine, array = maps(SYSTEMS["van der Pol"])
    lanes, x, sign = np.zeros(2, dtype=np.intp), np.array([1.0, 2.5]), np.ones(2)
    curves = []
    for returns in (machine, array):
        path: list[Steps] = []
        out = returns.shoot(lanes, x, sign, 1e-10, path=path)
        assert (out.fate == Fate.RETURNED).all()
        for k in range(2):
            mine = [one.t[one.lane == k] for one in path]
            t = np.concatenate(mine)
            h = np.concatenate([one.h[one.lane == k] for one in path])
            assert t[1:] == pytest.approx((t + h)[:-1], abs=1e-12)  # no gap, none twice
        curves.append(rough_curves(path, np.arange(2), out.time))
    for one, two in zip(*curves, strict=True):
        apart = np.abs(one[:, None, :] - two[None, :-1, :]).max(axis=2).min(axis=1)
        assert apart.max() < 0.2
        assert one[-1] == pytest.approx(one[0])
        energy = [np.ptp(curve, axis=0) for curve in (one, two)]
        assert energy[0] == pytest.approx(energy[1], rel=0.02)


def test_parameters_stay_open_in_the_machine_code():
    system = parse_system("x' = y; y' = mu*(1 - x^2)*y - x")
    window = {"x": (-4.0, 4.0), "y": (-6.0, 6.0)}
    periods = []
    made = []
    for mu in (0.5, 2.0):
        field = system.compile({"mu": mu})
        machine = prepare_machine(system, field, {"mu": mu})
        prepare_search(machine)
        found = find_limit_cycles(field, window, machine=machine)
        alone = find_limit_cycles(field, window)
        (cycle,), (same,) = found.cycles, alone.cycles
        assert cycle.period == pytest.approx(same.period, rel=1e-11)
        periods.append(cycle.period)
        made.append(leaper_of(field, machine))
    assert periods == pytest.approx([6.3806758, 7.62987448], abs=1e-7)  # by scipy
    assert made[0] is made[1]


def test_without_machine_code_numpy_finds_the_same(monkeypatch):
    field = parse_system(SYSTEMS["van der Pol"]).compile()
    window = {"x": (-4.0, 4.0), "y": (-4.0, 4.0)}
    (cycle,) = find_limit_cycles(field, window).cycles
    monkeypatch.setattr("eqpp_dash.engine.cycles.find.leaper_of", lambda field, machine: None)
    (same,) = find_limit_cycles(field, window).cycles
    assert same.evidence == cycle.evidence == "verified"
    assert same.period == pytest.approx(cycle.period, rel=1e-11)
    assert same.log_multiplier == pytest.approx(cycle.log_multiplier, abs=1e-9)
    assert same.bounds == pytest.approx(cycle.bounds, abs=1e-9)
