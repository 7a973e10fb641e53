"""Events do not depend on the width of vectors, the number of threads or the other trajectories."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eqpp_dash.engine.machine.build import Target, native_target
from eqpp_dash.engine.machine.integrate import (
    CycleTargets,
    End,
    Integrator,
    Method,
    Propagated,
    SectionEvent,
    Targets,
)
from eqpp_dash.engine.machine.kernel import Kernel
from eqpp_dash.engine.system import System, parse_system

from .running import plain_target

Array = NDArray[np.float64]
COUNT = 83
SECTIONS = ["y", "x - cos(t)/3", "x^2 + y^2 - 1"]
EVENTS = [
    SectionEvent(0, direction=-1, end_after=3, record=4),
    SectionEvent(1, record=7),
    SectionEvent(2, direction=1, record=0),
]
TARGETS = Targets([[0.0, 9.0], [2.1, 9.0]], [[0.04, 0.1], [0.1, 0.1]])
CYCLES = [CycleTargets([[1.95, 7.0], [0.0, 7.0]], 0.02)]


def older_target() -> Target:
    """Give a processor with vectors half as long as those of AVX-512."""
    target = Target(native_target().llvm)
    target.cpu, target.features, target.width = "haswell", "", 4
    return target


OTHERS = [plain_target] if native_target().width < 4 else [plain_target, older_target]


@pytest.fixture(scope="module")
def system() -> System:
    return parse_system("x' = y; y' = mu*(1 - x^2)*y - sin(x) + cos(t)/5")


@pytest.fixture(scope="module")
def starts() -> Array:
    return np.random.default_rng(3).uniform(-2, 2, (2, COUNT))


def run(
    system: System,
    starts: Array,
    method: str = "DOP853",
    targets: Targets | None = TARGETS,
    **options: Any,
) -> Propagated:
    with Integrator.of(system, sections=SECTIONS) as integrator:
        return integrator.propagate(
            starts,
            30.0,
            method=method,
            events=EVENTS,
            targets=targets,
            cycle_targets=CYCLES,
            **options,
        )


def content(result: Propagated, some: slice = slice(None)) -> list[bytes]:
    arrays = [result.states[:, some], result.times[some], result.steps[some], result.ends[some]]
    arrays += [result.section[some], result.target[some]]
    for crossings in result.crossings:
        arrays += [crossings.times[some], crossings.states[:, some], crossings.counts[some]]
    return [np.ascontiguousarray(array).tobytes() for array in arrays]


def test_every_event_happens(system: System, starts: Array) -> None:
    result = run(system, starts)
    assert set(result.ends.tolist()) == {End.SECTION, End.TARGET, End.CYCLE}
    assert all(crossings.counts.max() > 0 for crossings in result.crossings)


@pytest.mark.parametrize("method", ["DOP853", "Rodas5P"])
@pytest.mark.parametrize("width", [2, 8, 32])
def test_width_changes_no_bit(
    system: System, starts: Array, method: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = content(run(system, starts, method))
    monkeypatch.setattr("eqpp_dash.engine.machine.tiers.PATIENCE", 0)
    monkeypatch.setattr("eqpp_dash.engine.machine.kernel.usual_width", lambda target: width)
    assert content(run(system, starts, method)) == expected


def test_threads_and_neighbours_change_no_bit(system: System, starts: Array) -> None:
    expected = run(system, starts, threads=1)
    assert content(run(system, starts, threads=3)) == content(expected)
    for first in (0, 17, 60):
        some = slice(first, first + 5)
        assert content(run(system, starts[:, some])) == content(expected, some)


@pytest.mark.parametrize("method", ["DOP853", "Rodas5P"])
@pytest.mark.parametrize("make", OTHERS)
def test_other_processors(
    system: System, starts: Array, method: str, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"rtol": 1e-10, "atol": 1e-10, "targets": None}
    expected = run(system, starts, method, **options)
    made: list[Kernel] = []

    def other(*args: Any, **keywords: Any) -> Kernel:
        made.append(Kernel(*args, **keywords, target=make()))
        return made[-1]

    monkeypatch.setattr("eqpp_dash.engine.machine.kernels.Kernel", other)
    monkeypatch.setattr("eqpp_dash.engine.machine.tiers.PATIENCE", 0)
    found = run(system, starts, method, **options)
    assert made[-1].width == 2 * make().width
    agree(found, expected, 1e-6)


@pytest.mark.parametrize("method", ["DOP853", "Rodas5P"])
def test_numpy_does_the_same(system: System, starts: Array, method: str) -> None:
    options: dict[str, Any] = {"rtol": 1e-10, "atol": 1e-10, "method": method}
    # Whether a step ends near a point depends on rounding, where trajectories only pass.
    targets = None
    expected = run(system, starts, targets=targets, **options)
    with Integrator.of(system, sections=SECTIONS, machine=False) as integrator:
        found = integrator.propagate(
            starts, 30.0, events=EVENTS, targets=targets, cycle_targets=CYCLES, **options
        )
    agree(found, expected, 1e-6)


def agree(found: Propagated, expected: Propagated, tolerance: float) -> None:
    assert (found.ends == expected.ends).all()
    assert (found.section == expected.section).all()
    assert (found.target == expected.target).all()
    close: dict[str, Any] = {"rtol": 0, "atol": tolerance}
    np.testing.assert_allclose(found.times, expected.times, **close)
    np.testing.assert_allclose(found.states, expected.states, **close)
    for mine, other in zip(found.crossings, expected.crossings, strict=True):
        assert (mine.counts == other.counts).all()
        np.testing.assert_allclose(mine.times, other.times, **close)
        np.testing.assert_allclose(mine.states, other.states, **close)


@pytest.mark.parametrize("machine", [True, False], ids=["machine", "numpy"])
def test_crossings_are_kept_when_another_method_goes_on(machine: bool) -> None:
    system = parse_system("x' = y; y' = mu*(1 - x^2)*y - x")
    with Integrator.of(system, sections=["x"], machine=machine) as integrator:
        options: dict[str, Any] = {
            "parameters": {"mu": 100.0},
            "rtol": 1e-7,
            "atol": 1e-7,
            "events": [SectionEvent(0, record=9, end_after=6)],
        }
        starts = [[2.0, 0.5], [0.0, 0.0]]
        found = integrator.propagate(starts, 900.0, method="auto", **options)
        expected = integrator.propagate(starts, 900.0, method="Rodas5P", **options)
    assert (found.methods == Method.Rodas5P).all()
    assert (found.ends == End.SECTION).all()
    assert (found.crossings[0].counts == 6).all()
    times = found.crossings[0].times[:, :6]
    assert (np.diff(times, axis=1) > 50).all()
    np.testing.assert_allclose(times, expected.crossings[0].times[:, :6], rtol=1e-5)
    np.testing.assert_allclose(np.diff(times[:, 1:], axis=1), 81.4185, atol=1e-3)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=9),
    st.floats(-1e3, 1e3),
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from(["DOP853", "Rodas5P", "auto"]),
    st.integers(0, 3),
)
def test_every_input_has_an_end(
    wild: Integrator, x: list[float], span: float, after: int, record: int, method: str, k: int
) -> None:
    starts = np.array([x, x[::-1]])
    points = np.linspace(-3, 3, k) * np.ones((2, 1))
    result = wild.propagate(
        starts,
        span,
        method=method,
        max_steps=100,
        events=[
            SectionEvent(0, end_after=after, record=record),
            SectionEvent(1, direction=-1, record=record),
            SectionEvent(2),
        ],
        targets=Targets(points, 0.1),
        cycle_targets=[CycleTargets(points, 0.1)],
    )
    assert (result.steps <= 200).all()
    assert set(result.ends.tolist()) <= set(map(int, End)) - {End.CANCELLED}
    with np.errstate(invalid="ignore"):
        assert (np.abs(result.times) <= abs(span)).all()
    for crossings in result.crossings:
        kept = np.minimum(crossings.counts, crossings.times.shape[1])
        assert (np.isfinite(crossings.times).sum(1) == kept).all()
        away = np.abs(crossings.times)
        assert not (np.diff(away, axis=1) < 0).any()


@pytest.fixture(scope="module", params=[True, False], ids=["machine", "numpy"])
def wild(request: pytest.FixtureRequest) -> Any:
    system = parse_system("x' = y*sin(9*x) + sqrt(y + 2); y' = x^3/(1 + y) - cos(t)*y")
    sections = ["sin(40*x)", "log(x) - y", "abs(x - y) - 1/x"]
    with Integrator.of(system, sections=sections, machine=request.param) as integrator:
        yield integrator


@pytest.mark.parametrize("method", ["DOP853", "Rodas5P"])
def test_steps_that_wait_are_found_the_same_in_as_steps_that_do_not(method: str) -> None:
    """A count that is never reached has every step looked at at once."""
    system = parse_system("x' = y; y' = cos(2*t)/3 - sin(x)")
    starts = np.random.default_rng(5).uniform(-2.0, 2.0, (2, 150))
    spans = np.where(np.arange(150) % 3, 3.0, np.linspace(-9.0, 30.0, 150))
    wanted = [(0, 1, 9), (1, -1, 40), (2, 0, 4), (3, 0, 60)]
    found = []
    with Integrator.of(system, sections=["x - 1/2", "x*y", "t - 3", "sin(9*t) + x"]) as integrator:
        for never in (0, 1 << 39):
            events = [SectionEvent(j, way, never, record) for j, way, record in wanted]
            options: Any = {"rtol": 1e-6, "atol": 1e-6, "method": method, "events": events}
            for threads in (1, 2):
                found.append(integrator.propagate(starts, spans, threads=threads, **options))
    at_once = found[-1]
    assert at_once.crossings[3].counts.max() > 60
    assert at_once.crossings[2].counts.max() == 1
    for other in found[:-1]:
        np.testing.assert_array_equal(other.states, at_once.states)
        np.testing.assert_array_equal(other.steps, at_once.steps)
        for one, two in zip(other.crossings, at_once.crossings, strict=True):
            np.testing.assert_array_equal(one.counts, two.counts)
            np.testing.assert_array_equal(one.times, two.times)
            np.testing.assert_array_equal(one.states, two.states)


def test_where_rounding_hides_a_sign_no_step_waits() -> None:
    """Steps end where the section is nothing but rounding: the sign is that of before."""
    starts = np.random.default_rng(7).uniform(-2e-7, 2e-7, (2, 150))
    starts[0] += 1e7
    found = []
    with Integrator.of(parse_system("x' = y; y' = 1e7 - x"), sections=["x - 1e7"]) as integrator:
        for never in (0, 1 << 39):
            events = [SectionEvent(0, 0, never, 40)]
            run = partial(integrator.propagate, starts, 30.0, rtol=1e-15, atol=1e-9)
            found.append(run(events=events).crossings[0])
    assert found[0].counts.max() > 8
    np.testing.assert_array_equal(found[0].counts, found[1].counts)
    np.testing.assert_array_equal(found[0].times, found[1].times)


def test_trajectories_that_are_over_before_they_begin_leave_the_others_alone() -> None:
    count = 333
    starts = np.random.default_rng(6).uniform(-1.0, 1.0, (2, count))
    spans = np.full(count, 5.0)
    starts[0, ::3], starts[1, 1::7], spans[2::5] = 3.0, np.nan, 0.0
    starts[:, 40:120] = 0.0
    targets = Targets([[0.0], [0.0]], 1e-6)
    with Integrator.of(parse_system("x' = y; y' = -x")) as integrator:
        run = partial(integrator.propagate, box=[[-2, 2], [-2, 2]], targets=targets)
        for threads in (1, 3):
            found = run(starts, spans, threads=threads)
            expected = np.where(np.isnan(starts[1]), End.UNDEFINED, End.TIME)
            expected[(np.abs(starts) == 0.0).all(0)] = End.TARGET
            expected[(starts[0] == 3.0) & ~np.isnan(starts[1])] = End.BOX
            np.testing.assert_array_equal(found.ends, expected)
            begun = (expected == End.TIME) & (spans > 0.0)
            assert (found.steps[~begun] == 0).all()
            assert (found.steps[begun] > 0).all()
            np.testing.assert_array_equal(found.states[:, ~begun], starts[:, ~begun])
            np.testing.assert_array_equal(found.times, np.where(begun, spans, 0.0))
            alone = run(starts[:, begun], 5.0)
            np.testing.assert_array_equal(found.states[:, begun], alone.states)
        none = run(starts[:, :240:3], spans[:240:3])
        assert (none.steps == 0).all()
