"""The time that the search for structure takes, and what it finds.

    python benchmarks/structure.py [--systems tests/truth/systems.json] [--repeat 3]

Milliseconds of the processor for each planar autonomous system of the file and of the gallery;
the least of some repetitions, each on a field compiled anew.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.structure.find import find_structure
from eqpp_dash.engine.system import parse_system
from eqpp_dash.services.gallery import Gallery

SYSTEMS = Path(__file__).parent.parent / "tests" / "truth" / "systems.json"


def planar(path: Path) -> Iterator[tuple[str, str, dict[str, str]]]:
    """List names, equations and parameters."""
    for system in json.loads(path.read_text(encoding="utf-8")):
        if system["dimension"] == 2 and not system.get("forced"):
            parameters = {name: str(value) for name, value in system["parameters"].items()}
            yield system["id"], "\n".join(system["equations"]), parameters
    for entry in Gallery().entries():
        values = {name: str(value) for name, value in (entry.spec.parameters or {}).items()}
        yield entry.slug, entry.spec.equations, values


def compiled(equations: str, parameters: dict[str, str]) -> CompiledField:
    """Compile a system."""
    return parse_system(equations, declared=parameters).compile(parameters)


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--systems", type=Path, default=SYSTEMS)
    options.add_argument("--repeat", type=int, default=3)
    chosen = options.parse_args()
    times = []
    for name, equations, parameters in planar(chosen.systems):
        taken = []
        for _ in range(chosen.repeat):
            field = compiled(equations, parameters)
            began = time.thread_time()
            found = find_structure(field)
            taken.append(1000 * (time.thread_time() - began))
        times.append(min(taken))
        kinds = ", ".join(dict.fromkeys(str(fact.kind) for fact in found.facts)) or "nothing"
        late = f" (unfinished: {', '.join(found.unfinished)})" if found.unfinished else ""
        print(f"{name:28} {min(taken):7.1f} ms  {kinds}{late}")
    middle, most = statistics.median(times), max(times)
    print(f"{len(times)} systems: median {middle:.1f} ms, most {most:.1f} ms")


if __name__ == "__main__":
    main()
