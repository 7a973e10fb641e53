"""Clicks, previews and portraits of the gallery, by machine code and by numpy in one run.

    python benchmarks/gallery.py [--repeat 5]

Everything is warm: the machine code is there, the equilibria of previews and clicks are known.
The engine uses one thread, so times are milliseconds of the processor, which a busy machine
disturbs less than those of the clock; medians, and the ratio numpy to machine code. Exit code 1 if
the median of whole portraits by machine code exceeds 300 ms, or one takes two seconds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

from eqpp_dash.engine import compute_portrait, portrait, preview_portrait, trace_trajectories
from eqpp_dash.engine.machine.stepper import prepare_machine
from eqpp_dash.engine.prepare import prepare_spec
from eqpp_dash.model.spec import PortraitSpec
from eqpp_dash.services.gallery import Gallery

MEDIAN, WORST = 300.0, 2000.0
"""Bounds of the milliseconds of whole portraits, over all systems."""


def median(run: Callable[[], object], repeat: int) -> float:
    """Give the median of some processor times, in milliseconds."""
    taken = []
    for _ in range(repeat):
        began = time.thread_time()
        run()
        taken.append(1000.0 * (time.thread_time() - began))
    return statistics.median(taken)


def measure(spec: PortraitSpec, repeat: int, machine: bool) -> list[float]:
    """Time a click, a preview and a portrait."""
    portrait.prepare_machine = prepare_machine if machine else lambda *_, **__: None
    portrait._SCENES.clear()
    shown = preview_portrait(spec)
    if machine:
        system, full = prepare_spec(spec)
        made = prepare_machine(system, system.compile(full.parameters), full.parameters)
        if made is not None:
            made.making.wait()
    start = [
        low + share * (high - low)
        for share, (low, high) in zip((0.62, 0.57), shown.window.values(), strict=True)
    ]
    return [
        median(lambda: trace_trajectories(spec, [start]), repeat),
        median(lambda: preview_portrait(spec), repeat),
        median(lambda: compute_portrait(spec), max(3, repeat // 2)),
    ]


def main() -> int:
    """Measure every system of the gallery."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    kinds = ("click", "preview", "portrait")
    print(f"{'ms: numpy, machine code, ratio':<24}" + "".join(f"{kind:>26}" for kind in kinds))
    ratios: list[list[float]] = []
    portraits: list[float] = []
    for entry in Gallery.entries():
        slow, fast = (measure(entry.spec, options.repeat, tier) for tier in (False, True))
        portraits.append(fast[-1])
        ratios.append([a / b for a, b in zip(slow, fast, strict=True)])
        cells = [
            f"{a:10.1f}{b:8.1f}{ratio:7.1f}x"
            for a, b, ratio in zip(slow, fast, ratios[-1], strict=True)
        ]
        print(f"{entry.slug:<24}" + "".join(cells), flush=True)
    medians = [statistics.median(column) for column in zip(*ratios, strict=True)]
    print(f"{'median ratio':<24}" + "".join(f"{ratio:25.1f}x" for ratio in medians))
    middle, worst = statistics.median(portraits), max(portraits)
    print(f"{len(portraits)} portraits: median {middle:.0f} ms, worst {worst:.0f} ms")
    return int(middle > MEDIAN or worst > WORST)


if __name__ == "__main__":
    sys.exit(main())
