"""The pendulum's portrait with 200 trajectories, and first pictures, against their bounds.

    python benchmarks/picture.py [--repeat 15]

Two hundred given orbits, plain and damped: followed alone, and with everything else that a
portrait has. All is warm: the machine code is there. Times are milliseconds of the processor
(medians, and the least), which a busy machine disturbs less than those of the clock but disturbs
all the same; the numpy tier in the same run gives the ratio. Sizes are of the figure's JSON as the
server sends it to a browser that takes gzip.

A first picture is the preview of a system that was never seen before, its constant drawn anew each
time, with its window given or fitted; the process is warm, and the machine code that the last one
set off is there before the next begins.
"""

from __future__ import annotations

import argparse
import gzip
import os
import statistics
import time
from collections.abc import Callable

import numpy as np
import orjson

from eqpp_dash.engine import compute_portrait, portrait, preview_portrait
from eqpp_dash.engine.machine.stepper import prepare_machine
from eqpp_dash.engine.prepare import prepare_spec
from eqpp_dash.figures import portrait_figure_dict
from eqpp_dash.model.spec import PortraitSpec

WINDOW = {"x": (-6.5, 6.5), "y": (-3.0, 3.0)}
SYSTEMS = {
    "pendulum": "x' = y; y' = -sin(x)",
    "damped pendulum": "x' = y; y' = -sin(x) - 0.2*y",
}
ENGINE_MS, FIGURE_MS, SIZE_KB, FIRST_MS = 60.0, 3.0, 300.0, 60.0
FIRST = {
    "rational": "x' = y; y' = {}*(1 - x^2)*y - x",
    "transcendental": "x' = y; y' = -sin(x) - {}*y",
}
COMPRESSION = 5
"""Level of gzip that the server uses."""


def processor_times(run: Callable[[], object], repeat: int) -> list[float]:
    """Give processor times in milliseconds."""
    taken = []
    for _ in range(repeat):
        began = time.thread_time()
        run()
        taken.append(1000.0 * (time.thread_time() - began))
    return taken


def question(text: str, analyses: tuple[str, ...] | None) -> PortraitSpec:
    """Ask for 200 orbits through points strewn over the window."""
    rng = np.random.default_rng(0)
    starts = np.stack([rng.uniform(-6.5, 6.5, 200), rng.uniform(-3.0, 3.0, 200)], axis=1)
    given = tuple((float(x), float(y)) for x, y in starts)
    spec = PortraitSpec(text, window=WINDOW, initial_conditions=given)
    return spec if analyses is None else spec.replace(analyses=analyses)


def measure(name: str, spec: PortraitSpec, repeat: int) -> None:
    """Print what a portrait costs."""
    system, full = prepare_spec(spec)
    machine = prepare_machine(system, system.compile(full.parameters), full.parameters)
    if machine is not None:
        machine.making.wait()
    drawn = compute_portrait(spec)
    fast = processor_times(lambda: compute_portrait(spec), repeat)
    portrait.prepare_machine = lambda *_: None
    slow = processor_times(lambda: compute_portrait(spec), 3)
    portrait.prepare_machine = prepare_machine
    figure = processor_times(lambda: orjson.dumps(portrait_figure_dict(drawn)), 2 * repeat)
    body = orjson.dumps(portrait_figure_dict(drawn))
    size = len(gzip.compress(body, COMPRESSION)) / 1000
    points = sum(len(item.points) for item in drawn.trajectories)
    engine = statistics.median(fast)
    print(f"{name}: {len(drawn.trajectories)} trajectories, {points} points")
    print(
        f"  engine    {engine:6.1f} ms (least {min(fast):.1f}; bound {ENGINE_MS:.0f}); "
        f"numpy {statistics.median(slow):.0f} ms, {statistics.median(slow) / engine:.1f} times it"
    )
    print(
        f"  figure    {statistics.median(figure):6.2f} ms (least {min(figure):.2f}; "
        f"bound {FIGURE_MS:.0f})"
    )
    print(f"  size      {size:6.0f} kB of {len(body) / 1000:.0f} (bound {SIZE_KB:.0f})")


def first_picture(name: str, text: str, window: dict | None, repeat: int) -> None:
    """Print what the preview of a system that is new costs."""
    rng, processor, clock = np.random.default_rng(), [], []
    for k in range(repeat + 2):
        spec = PortraitSpec(text.format(round(float(rng.uniform(0.1, 0.9)), 9)), window=window)
        began = time.perf_counter()
        taken = processor_times(lambda spec=spec: preview_portrait(spec), 1)
        if k > 1:
            processor += taken
            clock.append(1000.0 * (time.perf_counter() - began))
        system, full = prepare_spec(spec)
        machine = prepare_machine(system, system.compile(full.parameters), full.parameters)
        if machine is not None:
            machine.making.wait()
    print(
        f"first picture, {name}, window {'given' if window else 'fitted'}: "
        f"{statistics.median(processor):.1f} ms (least {min(processor):.1f}; "
        f"bound {FIRST_MS:.0f}), by the clock {statistics.median(clock):.1f}"
    )


def main() -> None:
    """Measure each portrait."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=15)
    options = parser.parse_args()
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    for name, text in SYSTEMS.items():
        measure(f"{name}, orbits alone", question(text, ("equilibria",)), options.repeat)
        measure(f"{name}, whole portrait", question(text, None), options.repeat)
    for name, text in FIRST.items():
        for window in (None, WINDOW):
            first_picture(name, text, window, options.repeat)


if __name__ == "__main__":
    main()
