"""Clicks, previews and portraits of the gallery, by machine code and by numpy in one run.

    python benchmarks/gallery.py [--repeat 5] [--portraits]

Everything is warm: the machine code is there, the equilibria of previews and clicks are known.
The engine uses one thread, so times are milliseconds of the processor, which a busy machine
disturbs less than those of the clock; medians, and the ratio numpy to machine code. Whole
portraits by machine code are timed by the clock too: the least of the same runs, for what other
processes take is none of the engine's. Exit code 1 if, by the processor or by the clock, their
median over the systems reaches 300 ms or one takes two seconds. With ``--portraits`` nothing else
is measured, and nothing by numpy.
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


def times(run: Callable[[], object], repeat: int) -> tuple[float, float]:
    """Give the median of some processor times, and the least by the clock, in milliseconds."""
    taken, passed = [], []
    for _ in range(repeat):
        began, clock = time.thread_time(), time.perf_counter()
        run()
        taken.append(1000.0 * (time.thread_time() - began))
        passed.append(1000.0 * (time.perf_counter() - clock))
    return statistics.median(taken), min(passed)


def measure(
    spec: PortraitSpec, repeat: int, machine: bool, portraits: bool
) -> list[tuple[float, float]]:
    """Time a click, a preview and a portrait, or that alone."""
    portrait.prepare_machine = prepare_machine if machine else lambda *_, **__: None
    portrait._SCENES.clear()
    shown = preview_portrait(spec)
    if machine:
        system, full = prepare_spec(spec)
        made = prepare_machine(system, system.compile(full.parameters), full.parameters)
        if made is not None:
            made.making.wait()
    whole = times(lambda: compute_portrait(spec), max(3, repeat // 2))
    if portraits:
        return [whole]
    start = [
        low + share * (high - low)
        for share, (low, high) in zip((0.62, 0.57), shown.window.values(), strict=True)
    ]
    return [
        times(lambda: trace_trajectories(spec, [start]), repeat),
        times(lambda: preview_portrait(spec), repeat),
        whole,
    ]


def compare(repeat: int) -> list[tuple[float, float]]:
    """Measure every system by numpy and by machine code; give the times of portraits by that."""
    heads = "".join(f"{kind:>26}" for kind in ("click", "preview", "portrait"))
    print(f"{'ms: numpy, machine code, ratio':<30}{heads}{'by the clock':>15}")
    ratios: list[list[float]] = []
    portraits: list[tuple[float, float]] = []
    for entry in Gallery.entries():
        slow, fast = (measure(entry.spec, repeat, tier, portraits=False) for tier in (False, True))
        portraits.append(fast[-1])
        ratios.append([a / b for (a, _), (b, _) in zip(slow, fast, strict=True)])
        cells = [
            f"{a:10.1f}{b:8.1f}{ratio:7.1f}x"
            for (a, _), (b, _), ratio in zip(slow, fast, ratios[-1], strict=True)
        ]
        print(f"{entry.slug:<30}" + "".join(cells) + f"{fast[-1][1]:15.1f}", flush=True)
    medians = [statistics.median(column) for column in zip(*ratios, strict=True)]
    print(f"{'median ratio':<30}" + "".join(f"{ratio:25.1f}x" for ratio in medians))
    return portraits


def main() -> int:
    """Measure every system of the gallery."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--portraits", action="store_true")
    options = parser.parse_args()
    portraits: list[tuple[float, float]] = []
    if options.portraits:
        print(f"{'ms':<24}{'processor':>10}{'clock':>10}")
        for entry in Gallery.entries():
            portraits += measure(entry.spec, options.repeat, machine=True, portraits=True)
            print("{:<24}{:10.1f}{:10.1f}".format(entry.slug, *portraits[-1]), flush=True)
    else:
        portraits = compare(options.repeat)
    missed = False
    for way, column in zip(("processor", "clock"), zip(*portraits, strict=True), strict=True):
        middle, worst = statistics.median(column), max(column)
        missed |= middle >= MEDIAN or worst >= WORST
        print(f"{len(column)} portraits: median {middle:.0f} ms, worst {worst:.0f} ms by the {way}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
