"""What the search for limit cycles costs, for every planar system of the gallery.

    python benchmarks/cycles.py [--repeat 5]

Milliseconds of the processor, the median of several runs: with what is proved about the system's
structure, as portraits search, and without; and what comes before: to find that structure, and to
make the machine code, once for each system, a slider makes none. The engine uses one thread here.
Exit code 1 if the median exceeds 150 ms, or one system takes a second.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from eqpp_dash.engine.cycles import find_limit_cycles
from eqpp_dash.engine.cycles.leaper import leaper_of
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.machine import build
from eqpp_dash.engine.portrait import compute_portrait
from eqpp_dash.engine.prepare import prepare_spec
from eqpp_dash.engine.structure.find import find_structure
from eqpp_dash.model.spec import PortraitSpec
from eqpp_dash.services.gallery import Gallery

MEDIAN, WORST = 150.0, 1000.0


def taken(run: Callable[[], object], repeat: int = 1) -> float:
    """Give the median of some processor times, in milliseconds."""
    times = []
    for _ in range(repeat):
        began = time.thread_time()
        run()
        times.append(1000.0 * (time.thread_time() - began))
    return statistics.median(times)


def measure(spec: PortraitSpec, repeat: int) -> tuple[list[float], str]:
    """Time a system; give the times, and what was found."""
    system, full = prepare_spec(spec)
    field = system.compile(full.parameters)
    window = compute_portrait(spec.replace(analyses=())).window
    known = find_equilibria(field, window)
    limits = np.array([window[name] for name in field.variables], dtype=float).T
    complete = known.completeness == "proved"
    structure = find_structure(field, (limits[0], limits[1]))
    build.forget()
    made = taken(lambda: leaper_of(field, None))
    told = taken(lambda: find_structure(field, (limits[0], limits[1])))
    points = known.equilibria, known.singularities

    def with_structure() -> object:
        return find_limit_cycles(field, window, *points, structure=structure, complete=complete)

    found = find_limit_cycles(field, window, *points, structure=structure, complete=complete)
    find_limit_cycles(field, window, *points)
    times = [
        taken(with_structure, repeat),
        taken(lambda: find_limit_cycles(field, window, *points), repeat),
        told,
        made,
    ]
    counts = f"{len(found.cycles)} cycles, {len(found.bands)} bands; {found.completeness.status}"
    return times, counts


def main() -> int:
    """Measure every system of the gallery."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    heads = ("search", "by numbers", "structure", "compile")
    print(f"{'ms':<24}" + "".join(f"{head:>12}" for head in heads))
    rows = []
    for entry in Gallery.entries():
        system, _ = prepare_spec(entry.spec)
        if len(system.variables) != 2 or not system.autonomous:
            continue
        times, counts = measure(entry.spec, options.repeat)
        rows.append(times)
        print(f"{entry.slug:<24}" + "".join(f"{one:12.1f}" for one in times) + f"  {counts:.60}")
    columns = list(zip(*rows, strict=True))
    print(f"{'median':<24}" + "".join(f"{statistics.median(column):12.1f}" for column in columns))
    print(f"{'worst':<24}" + "".join(f"{max(column):12.1f}" for column in columns))
    numbers = columns[1]
    return int(statistics.median(numbers) > MEDIAN or max(numbers) > WORST)


if __name__ == "__main__":
    sys.exit(main())
