"""Ten planar systems of which everything is known, with sources.

Nine are from tests/truth/systems.json, with their facts; the semi-stable cycle is exact in polar
coordinates. The first three everybody should get right; the others each hold one difficulty.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from counting import Cycle, Equilibrium, Known

SYSTEMS = Path(__file__).parent.parent / "tests" / "truth" / "systems.json"
CHOSEN = {
    "c-vdp-1": "van der Pol",
    "h-damped-pendulum": "damped pendulum, two equilibria on the border",
    "p-rabbits-sheep": "competing species, three equilibria on the border",
    "p-near-double": "saddle and node 2e-6 apart",
    "p-saddle-node": "saddle-node",
    "p-weak-focus-3": "weak focus",
    "c-subcritical-hopf": "unstable cycle inside a stable one",
    "semi-stable": "semi-stable cycle",
    "h-duffing-conservative": "two centers, two homoclinic loops",
    "p-circle-of-equilibria": "circle of equilibria round a center",
}
SEMI_STABLE = Known(
    "semi-stable",
    CHOSEN["semi-stable"],
    ("x' = x*(1 - x^2 - y^2)^2 - y", "y' = y*(1 - x^2 - y^2)^2 + x"),
    {},
    {"x": (-2.0, 2.0), "y": (-2.0, 2.0)},
    (Equilibrium((0.0, 0.0), "unstable focus"),),
    (Cycle(2.0 * math.pi, "semi-stable", (1.0, 0.0)),),
    source="exact in polar coordinates: r' = r*(1 - r^2)^2, theta' = 1",
)


def unit_circle(x: float, y: float) -> float:
    """Tell how far a point is from the circle x^2 + y^2 = 1."""
    return abs(math.hypot(x, y) - 1.0)


def read(system: dict[str, Any]) -> Known:
    """Read a system of the file; facts that hold at other values of parameters are left out."""
    facts = [fact for fact in system["facts"] if "at" not in fact]

    def of(kind: str) -> list[dict[str, Any]]:
        return [fact for fact in facts if fact["kind"] == kind]

    (points,), (cycles,) = of("equilibria"), of("limit_cycles")
    places = [tuple(point["x"]) for point in points["points"]]
    loops = [
        (places.index(tuple(fact["saddle"])),) * 2
        for fact in of("homoclinic")
        for _ in fact["extreme"]
    ]
    curves: list[Callable[[float, float], float]] = []
    for fact in of("equilibria_continuum"):
        if fact["implicit"] != "x^2 + y^2 = 1":
            raise ValueError(f"a curve this script does not know: {fact['implicit']}")
        curves.append(unit_circle)
    return Known(
        system["id"],
        CHOSEN[system["id"]],
        tuple(system["equations"]),
        system["parameters"],
        {name: (float(low), float(high)) for name, (low, high) in system["window"].items()},
        tuple(
            Equilibrium(place, point["design_kind"])
            for place, point in zip(places, points["points"], strict=True)
        ),
        tuple(
            Cycle(one["period"], one["stability"], tuple(one["point"])) for one in cycles["cycles"]
        ),
        tuple(loops),
        curves[0] if curves else None,
        points["source"],
    )


def known_systems() -> list[Known]:
    """Give the ten, in the order of the table."""
    rows = json.loads(SYSTEMS.read_text(encoding="utf-8"))
    found = {row["id"]: read(row) for row in rows if row["id"] in CHOSEN}
    found[SEMI_STABLE.name] = SEMI_STABLE
    return [found[name] for name in CHOSEN]
