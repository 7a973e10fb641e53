"""The code that is soon there, that for long work, and the change from one to the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from eqpp_dash.engine.machine import build, kernel, tiers
from eqpp_dash.engine.machine.integrate import (
    CycleTargets,
    End,
    Integrator,
    Method,
    SectionEvent,
    Targets,
)
from eqpp_dash.engine.machine.kernel import Kernel
from eqpp_dash.engine.machine.rounds import FIXED_SETUP, Layout
from eqpp_dash.engine.machine.roundscode import at_hand, compile_rounds
from eqpp_dash.engine.machine.stepper import _advance_type, _terms_type
from eqpp_dash.engine.system import parse_system

Array = NDArray[np.float64]
PATIENCES = (0, 25, 10**9)
"""All by the code for long work; a change on the way; all by the code that is soon there."""

COUNT = 21
EVENTS = [
    SectionEvent(0, direction=1, record=5),
    SectionEvent(1, direction=-1, end_after=4),
]
TARGETS = Targets([[0.5, -1.0], [0.25, 0.0]], 0.1)
CYCLES = [CycleTargets([[2.0], [0.0]], 1e-2)]

SYSTEMS: dict[str, tuple[str, list[str], dict[str, Any]]] = {
    "rational": ("x' = y; y' = mu*(1 - x^2)*y - x/(1 + x^2/9)", [], {}),
    "three equations": ("x' = 10*(y - x); y' = x*(28 - z) - y; z' = x*y - 8*z/3", [], {}),
    "transcendental": ("x' = y; y' = -sin(x) - y*exp(-x^2)*cos(x) + atan2(y, 2)", [], {}),
    "powers": ("x' = y; y' = -x*abs(x)^(1/3) - cbrt(y) + tanh(x)^3 + 2^(-x^2)", [], {}),
    "lane by lane": ("x' = y; y' = -erf(x) + mod(t, 3)*log(2 + x^2)/9", [], {}),
    "time": ("x' = y; y' = x - x^3 - 0.3*y + 0.4*cos(1.2*t)", [], {"start_time": 0.7}),
    "box and budget": (
        "x' = y; y' = x + x*y^2/9", [], {"box": [[-9, 9], [-5, 5]], "max_steps": 43}
    ),
    "blow-up": ("x' = x^2 - y; y' = y*x", [], {"beyond": True}),
    "turning stiff": ("x' = y; y' = 300*(1 - x^2)*y - x", [], {"method": "auto"}),
    "stiff": ("x' = -500*(x - cos(t)); y' = x - y^3", [], {"method": "Rodas5P"}),
    "stiff, four equations": (
        "x' = -90*x + y*z; y' = x - y; z' = 40*(w - z); w' = -w + x*z", [], {"method": "Rodas5P"}
    ),
    "sections": (
        "x' = y; y' = 0.5*(1 - x^2)*y - x", ["y", "x*y - t/9"],
        {"events": EVENTS, "targets": TARGETS, "cycle_targets": CYCLES},
    ),
    "stiff sections": (
        "x' = y; y' = 9*(1 - x^2)*y - x", ["y", "x*y - t/9"],
        {"events": EVENTS, "method": "Rodas5P"},
    ),
    "switching": ("x' = y; y' = -sign(x) - y/5 + max(x, y)/9", ["x - 0.3"], {"events": EVENTS[:1]}),
}  # fmt: skip


@pytest.mark.parametrize("name", SYSTEMS)
def test_all_code_gives_the_same_bits(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, sections, options = SYSTEMS[name]
    system = parse_system(text)
    n = len(system.variables)
    starts = np.random.default_rng(8).uniform(-2.0, 2.0, (n, COUNT))
    spans = np.linspace(3.0, 12.0, COUNT) * np.where(np.arange(COUNT) % 4, 1.0, -0.2)
    moments = np.linspace(0.0, 6.0, 25)
    sampling = {k: v for k, v in options.items() if k in ("method", "start_time", "box")}
    later = sampling.get("start_time", 0.0) + moments

    def content(patience: int) -> tuple[list[bytes], set[bool]]:
        used: set[bool] = set()
        run = Kernel.run

        def noting(self: Kernel, *args: Any, **keywords: Any) -> Any:
            used.add(self.quick)
            return run(self, *args, **keywords)

        with monkeypatch.context() as patch:
            patch.setattr(tiers, "PATIENCE", patience)
            patch.setattr(Kernel, "run", noting)
            with Integrator.of(system, sections=sections) as integrator:
                found = integrator.propagate(starts, spans, threads=1, **options)
                curves = integrator.sample(starts, later, threads=1, **sampling)
        arrays = [found.states, found.times, found.steps, found.ends, found.methods]
        arrays += [found.section, found.target, found.blow_up, curves]
        for crossed in found.crossings:
            arrays += [crossed.counts, crossed.times, crossed.states]
        # The bits of NaN mean nothing and depend on the order of operands.
        arrays = [np.where(np.isnan(a), np.nan, a) if a.dtype == float else a for a in arrays]
        return [array.tobytes() for array in arrays], used

    results = [content(patience) for patience in PATIENCES]
    assert [used for _, used in results] == [{False}, {True, False}, {True}]
    assert results[0][0] == results[1][0] == results[2][0]


@pytest.mark.parametrize("patience", [1, 7, 300])
def test_a_budget_is_kept_to_the_step_across_the_change(
    patience: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiers, "PATIENCE", patience)
    starts = np.random.default_rng(1).uniform(-2.0, 2.0, (2, 30))
    with Integrator.of(parse_system("x' = y; y' = -x - x^3")) as integrator:
        found = integrator.propagate(starts, 1e6, max_steps=311)
    assert (found.ends == End.BUDGET).all()
    assert (found.steps == 311).all()


def test_threads_change_over_together(monkeypatch: pytest.MonkeyPatch) -> None:
    system = parse_system("x' = y; y' = -sin(x)")
    starts = np.random.default_rng(1).uniform(-2.0, 2.0, (2, 300))
    made: list[bool] = []

    class Counted(Kernel):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            made.append(self.quick)

    monkeypatch.setattr("eqpp_dash.engine.machine.kernels.Kernel", Counted)
    monkeypatch.setattr(tiers, "PATIENCE", 500)
    with Integrator.of(system) as integrator:
        several = integrator.propagate(starts, 30.0, threads=4)
        again = integrator.propagate(starts, 30.0, threads=1)
    assert made == [True, False]
    assert several.states.tobytes() == again.states.tobytes()


def test_little_work_compiles_nothing_but_the_field(monkeypatch: pytest.MonkeyPatch) -> None:
    build.forget()
    with Integrator.of(parse_system("x' = y; y' = -x")) as integrator:
        integrator.propagate([[1.0], [0.0]], 1.0)
    compiled: list[str] = []
    usual = build.compile_object

    def count(target: build.Target, text: str, level: int) -> bytes:
        compiled.append(text)
        return usual(target, text, level)

    for module in (build, kernel):
        monkeypatch.setattr(module, "compile_object", count)
    for k in range(3):
        with Integrator.of(parse_system(f"x' = y; y' = -x - {k + 2}*x^3")) as integrator:
            integrator.propagate([[1.0], [0.0]], 1.0)
    assert len(compiled) == 3
    assert all(len(text.splitlines()) < 40 for text in compiled)
    with Integrator.of(parse_system("x' = y; y' = -x - 9*sin(x)")) as integrator:
        integrator.propagate([[1.0], [0.0]], 1.0)
    assert len(compiled) == 5  # the field, and the sine once for all
    with Integrator.of(parse_system("x' = y; y' = -x - 8*sin(y)")) as integrator:
        integrator.propagate([[1.0], [0.0]], 1.0)
    assert len(compiled) == 6


def test_what_is_there_at_once_is_not_waited_for() -> None:
    """Once the loop is known, a new system's code takes less time than numpy's answer."""
    with Integrator.of(parse_system("x' = y; y' = -x")) as integrator:
        integrator.propagate([[1.0], [0.0]], 1.0)
    with Integrator.of(parse_system("x' = y; y' = -x - x^5"), wait=False) as integrator:
        assert integrator.tier == "machine"
        assert not integrator._made._kernels._background  # type: ignore[union-attr]


def test_the_folder_gives_the_code_for_long_work_at_once(tmp_path: Path) -> None:
    def kernels(integrator: Integrator) -> list[Any]:
        return list(integrator._made._kernels._made.values())  # type: ignore[union-attr]

    system = parse_system("x' = y; y' = -x - x^3/7")
    build.forget()
    with Integrator.of(system, folder=tmp_path) as integrator:
        assert kernels(integrator)[0]._full is None
        integrator.prepare()
        assert not kernels(integrator)[0]._full.quick
    build.forget()
    with Integrator.of(system, folder=tmp_path) as integrator:
        assert not kernels(integrator)[0]._first.quick
    build.forget()
    for path in tmp_path.iterdir():
        path.write_bytes(b"damaged")
    with Integrator.of(system, folder=tmp_path) as integrator:
        assert kernels(integrator)[0]._first.quick
        assert integrator.propagate([[1.0], [0.0]], 1.0).ends[0] == End.TIME


@pytest.mark.parametrize("wait", [True, False])
def test_where_the_code_for_long_work_cannot_be_made_the_first_goes_on_and_says_why(
    wait: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    text, starts = "x' = y; y' = -x + 0.7773*sin(3*t)", np.ones((2, 40))
    with Integrator.of(parse_system(text)) as integrator:
        expected = integrator.propagate(starts, 90.0).states
    monkeypatch.setattr(tiers, "PATIENCE", 25)

    def broken(*_: Any, level: int = build.USUAL_LEVEL, **__: Any) -> bytes:
        if level == build.USUAL_LEVEL:
            raise RuntimeError("no room")
        return make(*_, level=level, **__)

    make = build.make_object
    monkeypatch.setattr(kernel, "make_object", broken)
    with Integrator.of(parse_system(text), wait=wait) as integrator:
        while integrator.tier != "machine":
            time.sleep(0.01)
        for _ in range(2):
            found = integrator.propagate(starts, 90.0, threads=2).states
            np.testing.assert_array_equal(found, expected)
        assert integrator.trouble == "RuntimeError: no room"
    assert sum("long work" in record.message for record in caplog.records) == 1


def test_preparing_serves_every_use_so_far() -> None:
    with Integrator.of(parse_system("x' = -x")) as integrator:
        integrator.propagate([[1.0]], 1.0, method="Rodas5P")
        integrator.prepare()
        made = integrator._made._kernels._made  # type: ignore[union-attr]
        assert {variant.method for variant in made} == {Method.DOP853, Method.Rodas5P}
        assert all(code._full is not None for code in made.values())
    with Integrator.of(parse_system("x' = sign(x) - x"), machine=False) as integrator:
        integrator.prepare()
        assert integrator.tier == "numpy"


@pytest.mark.parametrize(
    "text", ["x' = y; y' = mu*(1 - x^2)*y - x", "x' = y; y' = cos(t) - sin(x)"]
)
def test_rounds_give_the_same_bits(text: str) -> None:
    system = parse_system(text)
    n, lanes, rounds = 2, 5 * build.native_target().width, 30
    layout, random = Layout(n), np.random.default_rng(4)
    record = np.zeros((rounds + 1, layout.count, lanes))
    record[0, layout.STEP] = 0.05
    record[0, layout.SIGN] = np.where(np.arange(lanes) % 3, 1.0, -1.0)
    record[0, layout.state : layout.state + n] = random.uniform(-2.0, 2.0, (n, lanes))
    given = random.uniform(0.1, 1.0, (layout.terms_given, lanes))
    values = np.full(len(system.parameters), 0.8)
    setup = np.concatenate(
        [[9.0, 0.3, 1e-8], np.full(n, 1e-8), np.full(n, 4.0), np.zeros(n), values]
    )
    assert setup.size == FIXED_SETUP + 3 * n + values.size
    found = []
    for quick in (False, True):
        own, out = record.copy(), np.empty((7, n, lanes))
        with compile_rounds(
            system.components, system.variables, tuple(system.parameters), quick=quick
        ) as code:
            _call(_advance_type, code, "advance")(own.ctypes.data, setup.ctypes.data, lanes, rounds)
            _call(_terms_type, code, "terms")(
                given.ctypes.data, setup.ctypes.data, lanes, out.ctypes.data
            )
        assert own[-1, layout.TIME].all()
        found.append((own.tobytes(), out.tobytes()))
    assert found[0] == found[1]


def test_what_rounds_share_is_at_hand_once_it_was_made(tmp_path: Path) -> None:
    build.forget()
    assert not at_hand(1, 0)
    system = parse_system("x' = -x")
    compile_rounds(system.components, system.variables, (), quick=True).close()
    assert at_hand(1, 0)
    assert not at_hand(1, 1)
    assert not at_hand(1, 0, tmp_path)


def _call(kind: Callable[[int], Any], code: build.Code, name: str) -> Any:
    return kind(code.address(name))
