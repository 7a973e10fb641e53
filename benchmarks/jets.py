"""How long Taylor expansions of fields take, in CPU time.

Run: ``python benchmarks/jets.py``
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from eqpp_dash.engine.jets import (
    INTERVALS,
    RATIONALS,
    FieldJets,
    flow_jets,
    solution_series,
    taylor_solution,
)
from eqpp_dash.engine.system import parse_system

SYSTEMS = {
    "van der Pol": "x' = y; y' = (1 - x^2)*y - x",
    "with functions": """
        x' = sin(x*y)*exp(-x) + atan2(x, y)
        y' = sqrt(x^2 + y^2) + tan(x)/(1 + y^2)
    """,
}


def milliseconds(call: Callable[[], object], repeats: int = 20) -> float:
    """Give the least CPU time of some calls."""
    least = float("inf")
    for _ in range(repeats):
        began = time.thread_time()
        call()
        least = min(least, time.thread_time() - began)
    return 1000 * least


def main() -> None:
    points = np.random.default_rng(0).uniform(0.2, 1.2, (2, 1000))
    print(f"{'milliseconds':<44}{'van der Pol':>14}{'with functions':>16}")
    fields = [FieldJets.of(parse_system(text)) for text in SYSTEMS.values()]
    rows: dict[str, Callable[[FieldJets], object]] = {
        "field, order 10, one point": lambda f: f.at([0.3, 0.4], 10),
        "field, order 10, one point, intervals": lambda f: f.at(
            [0.3, 0.4], 10, arithmetic=INTERVALS
        ),
        "field, order 6, 1000 points": lambda f: f.at(points, 6),
        "field, order 6, 1000 points, intervals": lambda f: f.at(points, 6, arithmetic=INTERVALS),
        "solution, order 20, one point": lambda f: solution_series(f, [0.3, 0.4], 20),
        "solution, order 20, 1000 points": lambda f: solution_series(f, points, 20),
        "flow over 1, order 3": lambda f: flow_jets(f, [0.3, 0.4], 1.0, 3),
        "solution over 10": lambda f: taylor_solution(f, [0.3, 0.4], [10.0]),
    }
    for name, call in rows.items():
        times = [milliseconds(lambda f=field, c=call: c(f)) for field in fields]  # type: ignore[misc]
        print(f"{name:<44}{times[0]:>14.3f}{times[1]:>16.3f}")
    exact = milliseconds(lambda: fields[0].at(["1/3", "1/5"], 10, arithmetic=RATIONALS))
    print(f"{'field, order 10, one rational point':<44}{exact:>14.3f}")


if __name__ == "__main__":
    main()
