"""Limit cycles of known systems: how many, periods, multipliers, stability."""

import json
from pathlib import Path

import numpy as np
import pytest

from eqpp_dash.engine.cycles import find_limit_cycles
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.system import parse_system

HERE = Path(__file__).parent
SYSTEMS = json.loads((HERE / "systems.json").read_text(encoding="utf-8"))
REWRITTEN = {"pw-lienard": "x' = mu*(y - (x - 2*max(-1, min(1, x))))"}
"""Equations that are only sketched in the file."""

BANDS = {
    "p-linear-centre": 1,
    "p-circle-of-equilibria": 2,
    "p-lv-centre": 1,
    "h-duffing-conservative": 3,
    "pw-relay": 1,
    "t-detest-b1": 1,
}
"""Annuli of closed orbits: those inside and outside of the circle; each well's of the double
well, and that outside of the figure eight. Sections begin at rightmost points, so each annulus has
one."""


def facts():
    return [
        pytest.param(system, fact, id=fact["fact_id"])
        for system in SYSTEMS
        if system["dimension"] == 2 and not system["forced"]
        for fact in system["facts"]
        if fact["kind"] == "limit_cycles"
    ]


def search(system, at):
    parameters = {**system["parameters"], **at}
    equations = list(system["equations"])
    equations[0] = REWRITTEN.get(system["id"], equations[0])
    text = "\n".join(equations)
    field = parse_system(text, None, parameters).compile(parameters)
    window = {name: tuple(system["window"][name]) for name in field.variables}
    known = find_equilibria(field, window)
    return find_limit_cycles(field, window, known.equilibria, known.singularities), known


@pytest.mark.parametrize(("system", "fact"), facts())
def test_limit_cycles(system, fact):
    found, known = search(system, fact.get("at", {}))
    assert fact["complete"]
    assert len(found.cycles) == fact["count"]
    assert len(found.bands) == BANDS.get(system["id"], 0)
    wanted = sorted(fact["cycles"], key=lambda cycle: (cycle["period"], cycle["log_multiplier"]))
    cycles = sorted(found.cycles, key=lambda cycle: (round(cycle.period, 5), cycle.log_multiplier))
    wanted.sort(key=lambda cycle: (round(cycle["period"], 5), cycle["log_multiplier"]))
    for cycle, truth in zip(cycles, wanted, strict=True):
        assert cycle.evidence == "verified"
        assert cycle.stability == truth["stability"]
        assert cycle.period == pytest.approx(truth["period"], abs=fact["tol"])
        size = max(1.0, abs(truth["log_multiplier"]))
        assert cycle.log_multiplier == pytest.approx(truth["log_multiplier"], abs=1e-6 * size)
        assert cycle.location == "inside"
        inside = [known.equilibria[k].index for k in cycle.equilibria]
        inside += [item.index for item in known.singularities if not cycle.equilibria]
        assert sum(inside) == 1
        if "range" in truth:
            limits = np.array(list(truth["range"].values()))
            scale = np.ptp(limits, axis=1)[:, None]
            assert (np.abs(cycle.bounds - limits) <= 1e-6 * scale).all()
    if system["id"] != "p-weak-focus-5":  # of order two: decided by a higher coefficient only
        assert found.undecided == ()


def test_the_facts_are_there():
    assert len(facts()) == 51
    assert sum(fact.values[1]["count"] for fact in facts()) == 27
