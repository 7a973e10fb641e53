"""How much of the arithmetic that a core can do the compiled step loop does.

``python benchmarks/peak.py``. The peak is measured: a loop of multiply-adds without memory. What
is counted are the additions, multiplications and divisions in the text of the step loop, a
multiply-add as two, times the steps tried. The code is that for this processor, and that for one
with AVX2 only.
"""

from __future__ import annotations

import ctypes
import re
import statistics
from functools import partial

import numpy as np
from measuring import Report, time_of
from systems import Case, lorenz, van_der_pol

from eqpp_dash.engine.machine import Integrator, kernels
from eqpp_dash.engine.machine.build import Code, Target, compile_object, native_target
from eqpp_dash.engine.machine.emitter import Emitter
from eqpp_dash.engine.machine.kernel import USUAL, usual_width
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.routines import module_text
from eqpp_dash.engine.system import System

ROUNDS, COUNT, TOLERANCE = 7, 1000, 1e-8


def older_target() -> Target | None:
    """Give a processor with AVX2 and nothing newer, if this one can do as it does."""
    target = Target(native_target().llvm)
    if target.width < 4:
        return None
    target.cpu, target.features, target.width = "x86-64-v3", "", 4
    return target


def peak(target: Target) -> float:
    """Measure the most multiply-adds a core does, in operations a second."""
    lanes = Lanes(target.width)
    names = [f"%a{i}" for i in range(12)]
    nexts = [lanes.fma(name, "%x", "%x") for name in names]
    total = nexts[0]
    phis = [
        f"  {name} = phi {lanes.vector} [ %x, %entry ], [ {after}, %loop ]"
        for name, after in zip(names, nexts, strict=True)
    ]
    body, lanes.lines = lanes.lines, []
    for name in nexts[1:]:
        total = lanes.add(total, name)
    text = [
        "define void @run(ptr %place, i64 %rounds) {",
        "entry:",
        f"  %x = load {lanes.vector}, ptr %place, align 8",
        "  br label %loop",
        "loop:",
        *phis,
        "  %i = phi i64 [ 0, %entry ], [ %j, %loop ]",
        *body,
        "  %j = add i64 %i, 1",
        "  %end = icmp eq i64 %j, %rounds",
        "  br i1 %end, label %done, label %loop",
        "done:",
        *lanes.lines,
        f"  store {lanes.vector} {total}, ptr %place, align 8",
        "  ret void",
        "}",
    ]
    rounds, place = 2_000_000, np.full(lanes.width, 0.5)
    module = module_text([lanes], ["\n".join(text)])
    with Code(target, compile_object(target, module), ["run"]) as code:
        run = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(code.address("run"))
        least = min(time_of(lambda: run(place.ctypes.data, rounds)).cpu for _ in range(3))
    return 2.0 * lanes.width * len(names) * rounds / least


def operations(system: System) -> int:
    """Count the additions and multiplications of a step of a rational system, for each lane."""
    target = native_target()
    emitter = Emitter(system.components, system.variables, system.parameters, (), USUAL)
    text = emitter.text(usual_width(target), target.fused)
    hot = text[text.index("\nhot:") : text.index("\nlook:")]
    simple = re.findall(r"= f(?:add|sub|mul|div) ", hot)
    fused = re.findall(r"@llvm\.fma\.", hot)
    return len(simple) + 2 * len(fused)


def say_share(report: Report, case: Case, kind: str, target: Target) -> None:
    made, system, starts = kernels.Kernel, case.system, case.starts(COUNT)
    kernels.Kernel = partial(made, target=target)  # type: ignore[misc, assignment]
    try:
        integrator = Integrator.of(system)
        integrator.prepare()
    finally:
        kernels.Kernel = made  # type: ignore[misc]
    run = partial(
        integrator.propagate, starts, case.span, rtol=TOLERANCE, atol=TOLERANCE, threads=1
    )
    steps = int(run().steps.sum())
    shares, each = [], operations(system)
    for _ in range(ROUNDS):
        most = peak(target)
        shares.append(steps * each / time_of(run).cpu / most)
    integrator.close()
    report.say(
        f"{case.name:12} {kind:20} {each} operations a step and lane, "
        f"{statistics.median(shares):4.0%} of the {most / 1e9:.1f} GFLOP/s of a core"
    )


if __name__ == "__main__":
    report = Report(__doc__)
    native, older = native_target(), older_target()
    for case in (van_der_pol(), lorenz()):
        say_share(report, case, f"{native.cpu}, width {native.width}", native)
        if older is not None and native.width > older.width:
            say_share(report, case, "AVX2, width 4", older)
    raise SystemExit(report.finish())
