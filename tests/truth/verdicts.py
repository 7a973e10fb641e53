"""Hold whole portraits against the facts of `systems.json`.

Each check gives a `Check`: what is there, what should be, and what is wrong, missing or
undecided. A check without a fact to hold against says what was found, and can't be wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from eqpp_dash import PortraitSpec, parse_system
from eqpp_dash.model.portrait import Portrait

SYSTEMS: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("systems.json").read_text(encoding="utf-8")
)
HYPERBOLIC = re.compile(r"(un)?stable (node|star|degenerate node|focus)|saddle")
MULTIPLIER = 1e-6
"""Most error of a log multiplier, in sizes of the larger of 1 and its own."""
DRAWN = 2e-3
"""Most distance of a drawn curve from a point of it, in widths of the window: two pixels."""
CHECKED = (
    *("equilibria", "equilibria_continuum", "not_equilibria", "limit_cycles", "conserved"),
    *("manifold", "separatrices", "homoclinic", "heteroclinic"),
)
OK, UNDECIDED, MISSING, WRONG = range(4)
WORDS = ("ok", "undecided", "missing", "wrong")


@dataclass(frozen=True)
class Case:
    """A system at values of its parameters, with the facts that hold there."""

    name: str
    system: dict[str, Any]
    parameters: dict[str, Any]
    facts: tuple[dict[str, Any], ...]

    def of(self, *kinds: str) -> list[dict[str, Any]]:
        return [fact for fact in self.facts if fact["kind"] in kinds]

    @property
    def spec(self) -> PortraitSpec:
        """The question as somebody types it: parameters as text, so that 0.1 is a tenth."""
        return PortraitSpec(
            "\n".join(self.system["equations"]),
            parameters={name: str(value) for name, value in self.parameters.items()},
            window={name: tuple(limits) for name, limits in self.system["window"].items()},
        )

    @property
    def limits(self) -> np.ndarray:
        return np.array(list(self.system["window"].values()), float)


@dataclass
class Check:
    """What one part of a portrait came to."""

    shown: str = "-"
    wrong: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> int:
        return max(
            WRONG * bool(self.wrong),
            MISSING * bool(self.missing),
            UNDECIDED * bool(self.undecided),
        )


def planar_cases() -> list[Case]:
    """Give every planar autonomous case: one a system and set of parameters."""
    found = []
    for system in SYSTEMS:
        if system["dimension"] != 2 or system["forced"]:
            continue
        by_values: dict[tuple[Any, ...], list[dict[str, Any]]] = {(): []}
        for fact in system["facts"]:
            if fact["kind"] in CHECKED:
                by_values.setdefault(tuple(fact.get("at", {}).items()), []).append(fact)
        for at, facts in by_values.items():
            name = system["id"] + "".join(f" {key}={value}" for key, value in at)
            values = {**system["parameters"], **dict(at)}
            found.append(Case(name, system, values, tuple(facts)))
    return found


def check_equilibria(case: Case, portrait: Portrait) -> Check:
    """All of them, no others, each proved, with its kind and index."""
    listed = [e for e in portrait.equilibria if e.location != "outside"]
    kinds = [e.kind for e in listed]
    facts = case.of("equilibria")
    check = Check(f"{len(listed)}/-")
    expected = [(fact, point) for fact in facts for point in fact["points"]]
    if facts:
        check.shown = f"{len(listed)}/{len(expected)}"
    for fact, point in expected:
        x = np.array(point["x"], float)
        near = fact["tol"] * np.maximum(1.0, np.abs(x))
        matches = [e for e in listed if (np.abs(e.point - x) <= near).all()]
        name = f"{point['design_kind']} at {point['x']}"
        if len(matches) != 1:
            (check.missing if not matches else check.wrong).append(
                f"{len(matches)} equilibria for the {name}"
            )
            continue
        (item,) = matches
        listed.remove(item)
        regular = HYPERBOLIC.fullmatch(point["design_kind"]) is not None
        if item.evidence != "proved":
            check.undecided.append(f"the {name} is not proved to exist")
        if item.kind == "undecided" and not regular:
            check.undecided.append(f"kind of the {name}: {item.reason}")
        elif item.kind != point["design_kind"]:
            check.wrong.append(f"{item.kind} instead of the {name}")
        if item.index is None and not regular:
            check.undecided.append(f"index of the {name}")
        elif item.index != point["index"]:
            check.wrong.append(f"index {item.index} of the {name}, not {point['index']}")
        if item.hyperbolic != regular:
            check.wrong.append(f"the {name} is said to be hyperbolic: {item.hyperbolic}")
    for fact in facts:
        if fact["complete"]:
            check.wrong += [f"no equilibrium is at {item.point}: {item.kind}" for item in listed]
            if not portrait.completeness["equilibria"].startswith("proved"):
                check.undecided.append("whether these are all equilibria")
    if kinds.count("undecided") and not check.undecided:
        check.undecided += [e.reason for e in listed if e.kind == "undecided"]
    return check


def check_cycles(case: Case, portrait: Portrait) -> Check:
    """As many as there are, with period, log multiplier and stability."""
    cycles = [c for c in portrait.limit_cycles if c.location == "inside"]
    gaps = [f"{gap.count} cycles: {gap.reason}" for gap in portrait.cycle_gaps]
    facts = case.of("limit_cycles")
    if not facts:
        return Check(f"{len(cycles)}/-", undecided=gaps)
    (fact,) = facts
    wanted = fact["cycles"]
    check = Check(f"{len(cycles)}/{fact['count']}", undecided=gaps)
    a, b = (
        np.array([[c["period"], c["log_multiplier"]] for c in wanted]).reshape(-1, 1, 2),
        np.array([[c.period, c.log_multiplier] for c in cycles]).reshape(1, -1, 2),
    )
    errors = np.abs(a - b) / np.maximum(1.0, np.abs(a))
    rows, columns = linear_sum_assignment(np.nan_to_num(errors, nan=1e9).max(axis=2))
    if len(rows):
        period, multiplier = errors[rows, columns].max(axis=0)
        check.shown += f" {period:.0e} {multiplier:.0e}"
    for row, column in zip(rows, columns, strict=True):
        name = f"cycle of period {wanted[row]['period']:.6g}"
        period, multiplier = errors[row, column]
        if not period <= fact["tol"]:
            check.wrong.append(f"{name}: error {period:.1e} of the period")
        if not multiplier <= MULTIPLIER:
            check.wrong.append(f"{name}: error {multiplier:.1e} of the log multiplier")
        if cycles[column].stability != wanted[row]["stability"]:
            check.wrong.append(f"{name}: {cycles[column].stability}")
        if cycles[column].evidence not in ("proved", "verified"):
            check.undecided.append(f"{name}: evidence is {cycles[column].evidence}")
    if len(cycles) > len(wanted) and fact["complete"]:
        check.wrong.append(f"{len(cycles) - len(wanted)} cycles that do not exist")
    if len(cycles) < len(wanted):
        (check.undecided if gaps else check.missing).append("cycles are not found")
    return check


def check_sets(case: Case, portrait: Portrait) -> Check:
    """Curves of equilibria, and points where the field is not defined."""
    curves, poles = case.of("equilibria_continuum"), case.of("not_equilibria")
    if not (curves or poles):
        extra = len(portrait.equilibrium_sets)
        return Check(f"{extra}/0", wrong=["a curve of equilibria"]) if extra else Check()
    names = {item.implicit.replace(" ", "") for item in portrait.equilibrium_sets}
    check = Check(f"{len(names)}/{len(curves)}" if curves else "poles")
    for fact in curves:
        left, right = fact["implicit"].replace(" ", "").split("=")
        name = left if right == "0" else f"{left}-{right}"
        if name not in names:
            check.missing.append(f"the curve of equilibria {fact['implicit']}")
    for fact in poles:
        for point in fact["points"]:
            if any(np.abs(e.point - point).max() <= 0.1 for e in portrait.equilibria):
                check.wrong.append(f"an equilibrium at the pole {point}")
            if all(np.abs(s.point - point).max() > 1e-9 for s in portrait.singularities):
                check.missing.append(f"the pole at {point}")
    return check


def check_conserved(case: Case, portrait: Portrait) -> Check:
    """A first integral of the same level sets: the gradients are parallel everywhere."""
    found = [
        item["expression"]
        for item in portrait.system.structure
        if item["type"] in ("hamiltonian", "hamiltonian after a change of time", "conserved")
    ]
    facts = case.of("conserved")
    if not facts:
        return Check("found" if found else "-")
    if not found:
        return Check("0/1", missing=["the first integral"])
    check = Check("1/1")
    a, b = (gradient(case, text) for text in (facts[0]["expressions"][0], found[0]))
    cross, size = a[0] * b[1] - a[1] * b[0], np.hypot(*a) * np.hypot(*b)
    good = np.isfinite(cross) & (size > 0)
    if good.sum() < 10 or (np.abs(cross[good]) > 1e-9 * size[good]).any():
        check.wrong.append(f"the first integral {found[0]}")
    return check


def gradient(case: Case, expression: str) -> np.ndarray:
    """Differentiate an expression at 50 points of the window; shape (2, 50)."""
    names = list(case.system["window"])
    text = f"{names[0]}' = {expression}\n{names[1]}' = {names[0]}"
    system = parse_system(text, declared=case.parameters)
    lo, hi = case.limits.T
    points = lo + (hi - lo) * np.random.default_rng(7).random((50, 2))
    given = {name: case.parameters[name] for name in system.parameters}
    rows = []
    for point in points:
        try:
            at = dict(zip(names, map(float, point), strict=True))
            rows.append(system.jacobian(at, parameters=given)[0])
        except ArithmeticError:
            rows.append(np.full(2, np.nan))
    return np.array(rows, float).T


def check_manifolds(case: Case, portrait: Portrait) -> Check:
    """Separatrices pass where they should, and connections join what they should."""
    facts = case.of("manifold", "separatrices", "homoclinic", "heteroclinic")
    if not facts:
        return Check()
    check, good = Check(), 0
    wanted = [(fact, point) for fact in facts for point in through(case, fact)]
    for fact, point in wanted:
        curves = [t for t in portrait.trajectories if t.origin == "separatrix"]
        if fact["kind"] == "heteroclinic":
            source, target = (ending(portrait, fact[end]) for end in ("from", "to"))
            curves = [t for t in curves if (t.backward.end, t.forward.end) == (source, target)]
        gaps = [distance(curve.points, point, np.ptp(case.limits, axis=1)) for curve in curves]
        if min(gaps, default=np.inf) <= DRAWN:
            good += 1
        else:
            check.missing.append(f"the separatrix through {point}")
    for fact in case.of("separatrices"):
        check_branches(fact, portrait, check)
    check.shown = f"{good}/{len(wanted)}"
    return check


def check_branches(fact: dict[str, Any], portrait: Portrait, check: Check) -> None:
    """A point has the separatrices that are known, in their directions, and no others."""
    name = ending(portrait, fact["of"])
    found = [s for s in portrait.separatrices if f"equilibrium {s.equilibrium}" == name]
    for item in fact["branches"]:
        matches = [
            s
            for s in found
            if s.branch == item["branch"]
            and np.abs(s.direction - item["direction"]).max() <= fact["tol"]
        ]
        if len(matches) == 1:
            found.remove(matches[0])
        else:
            check.missing.append(f"the {item['branch']} separatrix along {item['direction']}")
    check.wrong += [f"a {s.branch} separatrix along {s.direction} of {name}" for s in found]


def check_connections(case: Case, portrait: Portrait) -> Check:
    """The homoclinic orbits that are known, and indices that add up."""
    found = [c for c in portrait.connections if c.status in ("proved", "verified")]
    facts = case.of("homoclinic")
    check = Check(f"{len(found)}/-" if found else "-")
    if portrait.audit is not None and portrait.audit.consistent is False:
        check.wrong += portrait.audit.notes
    for fact in facts:
        saddle, loops = ending(portrait, fact["saddle"]), len(fact["extreme"])
        own = [c for c in found if c.type == "homoclinic" and c.source == c.target]
        own = [c for c in own if f"equilibrium {c.source}" == saddle]
        check.shown = f"{len(own)}/{loops}"
        if len(own) < loops:
            check.missing.append(f"{loops - len(own)} homoclinic orbits of {saddle}")
        if len(own) > loops:
            check.wrong.append(f"{len(own)} homoclinic orbits of {saddle}, not {loops}")
    return check


def through(case: Case, fact: dict[str, Any]) -> Iterator[np.ndarray]:
    """Give points on a separatrix."""
    names = list(case.system["window"])
    if "crosses" in fact:
        yield np.array([fact["crosses"][name] for name in names])
    for point in (*fact.get("passes", ()), *fact.get("extreme", ())):
        yield np.array(point, float)
    if fact.get("curve") == "y = x":
        yield from (np.full(2, value) for value in (0.5, 2.5))


def ending(portrait: Portrait, point: Sequence[float]) -> str:
    """Name an equilibrium as ends of orbits do."""
    gaps = [float(np.abs(e.point - point).max()) for e in portrait.equilibria]
    return f"equilibrium {int(np.argmin(gaps))}" if gaps and min(gaps) < 1e-6 else "none"


def distance(curve: np.ndarray, point: np.ndarray, widths: np.ndarray) -> float:
    """Measure how far a polyline passes from a point, in widths of the window."""
    nodes = (curve - point) / widths
    if len(nodes) < 2:
        return float(np.hypot(*nodes.T).min())
    step = np.diff(nodes, axis=0)
    length = (step**2).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        along = np.where(length > 0, -(nodes[:-1] * step).sum(axis=1) / length, 0.0)
    nearest = nodes[:-1] + np.clip(along, 0.0, 1.0)[:, None] * step
    return float(np.hypot(*nearest.T).min())


CHECKS = {
    "equilibria": check_equilibria,
    "cycles": check_cycles,
    "sets": check_sets,
    "integral": check_conserved,
    "separatrices": check_manifolds,
    "connections": check_connections,
}
