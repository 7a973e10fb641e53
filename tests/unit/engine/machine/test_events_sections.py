"""Crossings of sections against closed forms and scipy, in machine code and in numpy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from eqpp_dash.engine.expression.graph import Graph
from eqpp_dash.engine.machine.integrate import (
    CycleTargets,
    End,
    Integrator,
    SectionEvent,
)
from eqpp_dash.engine.system import parse_system
from eqpp_dash.errors import EqppError, EquationError, SpecError

Array = NDArray[np.float64]
TIERS = {"machine": True, "numpy": False}
SECTIONS = ["x", "y", "x - c", "x - cos(2*t)", "x^2 + y^2 - 4"]
TIGHT: dict[str, Any] = {"rtol": 1e-13, "atol": 1e-13}


@pytest.fixture(scope="module", params=TIERS.values(), ids=TIERS)
def oscillator(request: pytest.FixtureRequest) -> Iterator[Integrator]:
    system = parse_system("x' = y; y' = -x + 0*c")
    parameters = {"c": 0.5}
    with Integrator(
        system.components,
        system.variables,
        parameters,
        sections=SECTIONS,
        machine=request.param,
    ) as integrator:
        yield integrator


def times_of(integrator: Integrator, event: SectionEvent, **options: Any) -> Array:
    """Give the times at which the cosine crosses a section within 20 time units."""
    chosen = {"span": 20.0, "start": (1.0, 0.0)} | options
    span, start = chosen.pop("span"), chosen.pop("start")
    result = integrator.propagate(
        np.array(start)[:, None], span, events=[event], **{**TIGHT, **chosen}
    )
    crossings = result.crossings[0]
    times = crossings.times[0]
    assert crossings.counts[0] == np.isfinite(times).sum()
    assert np.isfinite(crossings.states[:, 0]).all(0).sum() == crossings.counts[0]
    return times[np.isfinite(times)]


@pytest.mark.parametrize("sign", [1.0, -1.0], ids=["forward", "backward"])
@pytest.mark.parametrize("method", ["DOP853", "Rodas5P"])
def test_zeros_of_the_cosine(oscillator: Integrator, method: str, sign: float) -> None:
    zeros = (np.arange(6) + 0.5) * np.pi
    tolerance = 1e-11 if method == "DOP853" else 1e-5
    loose: dict[str, Any] = {} if method == "DOP853" else {"rtol": 1e-8, "atol": 1e-8}
    for direction, expected in ((0, zeros), (-1, zeros[::2]), (1, zeros[1::2])):
        event = SectionEvent(0, direction=direction, record=9)
        found = times_of(oscillator, event, span=20.0 * sign, method=method, **loose)
        np.testing.assert_allclose(found, sign * expected, rtol=0, atol=tolerance)


def test_states_of_crossings(oscillator: Integrator) -> None:
    angles = np.linspace(0.1, 6.2, 40)
    starts = np.array([np.cos(angles), -np.sin(angles)])
    event = SectionEvent(2, record=7)
    result = oscillator.propagate(starts, 10.0, events=[event], **TIGHT)
    crossings = result.crossings[0]
    there = np.isfinite(crossings.times)
    assert (there.sum(1) == crossings.counts).all()
    assert crossings.counts.min() >= 2
    assert np.abs(crossings.states[0] - 0.5)[there].max() < 1e-13
    exact = -np.sin(angles[:, None] + crossings.times)
    assert np.abs(crossings.states[1] - exact)[there].max() < 1e-11


def test_start_on_a_section_is_no_crossing(oscillator: Integrator) -> None:
    event = SectionEvent(1, record=9)
    expected = np.arange(1, 7) * np.pi
    np.testing.assert_allclose(times_of(oscillator, event), expected, rtol=0, atol=1e-11)
    nearly = times_of(oscillator, event, start=(1.0, 1e-17))
    np.testing.assert_allclose(nearly, expected, rtol=0, atol=1e-11)
    nearly = times_of(oscillator, event, start=(1.0, -1e-17), span=-20.0)
    np.testing.assert_allclose(nearly, -expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize("tier", TIERS)
def test_trajectory_that_stays_on_a_section_never_crosses_it(tier: str) -> None:
    system = parse_system("x' = y*(1 - x); y' = x*(1 - y); z' = z*cos(3*t)")
    events = [SectionEvent(0), SectionEvent(1)]
    with Integrator.of(system, sections=["x - y", "z"], machine=TIERS[tier]) as integrator:
        result = integrator.propagate([[0.1], [0.1], [0.0]], 50.0, events=events)
    assert [crossings.counts.tolist() for crossings in result.crossings] == [[0], [0]]


@pytest.mark.parametrize("above", [1e-6, 1e-9, -1e-9, -1e-6])
@pytest.mark.parametrize("tolerance", [1e-6, 1e-10])
def test_double_crossings_near_tangency(
    oscillator: Integrator, above: float, tolerance: float
) -> None:
    start = (np.cos(2.0), np.sin(2.0))
    section = 1.0 - above
    options: dict[str, Any] = {"rtol": 1e-13, "atol": 1e-13, "start": start}
    if abs(above) == 1e-6:  # then the error of the steps does not decide
        options |= {"rtol": tolerance * 1e-3, "atol": tolerance * 1e-3}
    found = times_of(oscillator, SectionEvent(2, record=9), parameters={"c": section}, **options)
    half = np.arccos(section) if above > 0 else np.nan
    expected = np.array([2.0 - half, 2.0 + half])
    if above < 0:
        assert found.size == 0
    else:
        expected = np.concatenate([expected + 2 * np.pi * k for k in range(3)])
        np.testing.assert_allclose(found, expected[expected < 20], rtol=0, atol=2e-6)


def test_loose_steps_miss_no_double_crossing(oscillator: Integrator) -> None:
    levels = np.linspace(-0.95, 0.95, 200)
    starts = np.array([np.cos(levels * 3), np.sin(levels * 3)])
    result = oscillator.propagate(
        starts,
        20 * np.pi,
        parameters={"c": levels},
        events=[SectionEvent(2)],
        rtol=1e-3,
        atol=1e-3,
    )
    assert result.steps.max() <= 31  # more than two radians each
    assert np.abs(result.crossings[0].counts - 20).max() <= 1


def test_section_that_moves(oscillator: Integrator) -> None:
    found = times_of(oscillator, SectionEvent(3, record=30), start=(1.0, 0.0), span=9.0)
    # cos(t) = cos(2 t) at t = 2 pi k / 3; at 2 pi they touch from one side, up to the errors of
    # the steps, which may make two crossings of it.
    touching = np.abs(found - 2 * np.pi) < 1e-5
    assert touching.sum() in (0, 2)
    found = found[~touching]
    expected = np.array([2, 4]) * np.pi / 3
    expected = np.append(expected, expected[0] + 2 * np.pi)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)
    later = times_of(
        oscillator,
        SectionEvent(3, record=30),
        start=(np.cos(0.5), -np.sin(0.5)),
        span=-5.0,
        start_time=0.5,
    )
    np.testing.assert_allclose(later[-1], -4 * np.pi / 3, rtol=0, atol=1e-11)


# ends ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["DOP853", "Rodas5P"])
@pytest.mark.parametrize("sign", [1.0, -1.0], ids=["forward", "backward"])
def test_trajectory_lands_on_the_section(oscillator: Integrator, method: str, sign: float) -> None:
    angles = np.linspace(0.1, 1.4, 60)
    starts = np.array([2 * np.cos(angles), -2 * np.sin(angles)])
    tolerance = 1e-12 if method == "DOP853" else 1e-9
    for count in (1, 4):
        result = oscillator.propagate(
            starts,
            30.0 * sign,
            method=method,
            events=[SectionEvent(2, end_after=count, record=count), SectionEvent(0, record=20)],
            rtol=tolerance,
            atol=tolerance,
        )
        assert (result.ends == End.SECTION).all()
        assert (result.section == 0).all() or (result.section == 2).all()
        size = np.hypot(*result.states)
        assert (np.abs(result.states[0] - 0.5) <= 4e-16 * size).all()
        assert np.abs(size - 2.0).max() < 100 * tolerance
        exact = -2 * np.sin(angles + result.times)
        assert np.abs(result.states[1] - exact).max() < 300 * tolerance
        ended, passed = result.crossings
        assert (ended.counts == count).all()
        assert (ended.times[:, -1] == result.times).all()
        assert (ended.states[:, :, -1] == result.states).all()
        last = np.nanmax(np.abs(passed.times), axis=1, initial=0.0)
        assert (last <= np.abs(result.times)).all()


def test_section_is_named_by_its_number(oscillator: Integrator) -> None:
    result = oscillator.propagate(
        [[1.0, 0.0], [0.0, 1.0]], 9.0, events=[SectionEvent(1, end_after=1)]
    )
    assert result.section.tolist() == [1, 1]
    np.testing.assert_allclose(result.times, [np.pi, np.pi / 2], rtol=0, atol=1e-6)
    assert result.target.tolist() == [-1, -1]


def test_landing_has_the_order_of_the_method(oscillator: Integrator) -> None:
    start, errors, steps = [[0.6], [0.8]], [], []
    for tolerance in 10.0 ** np.arange(-4.0, -10.0, -1.0):
        result = oscillator.propagate(
            start, 60.0, rtol=0.0, atol=tolerance, events=[SectionEvent(2, end_after=12)]
        )
        errors.append(abs(np.hypot(*result.states[:, 0]) - 1.0))
        steps.append(result.steps[0])
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert -12.0 < slope < -7.0


def test_restart_from_where_it_landed_counts_the_next_crossing(oscillator: Integrator) -> None:
    states = np.array([[0.3, -1.0, 0.7], [0.4, 0.2, -0.9]])
    for k in range(5):
        result = oscillator.propagate(states, 9.0, events=[SectionEvent(0, end_after=1)])
        assert (result.section == 0).all()
        if k:
            np.testing.assert_allclose(result.times, np.pi, rtol=0, atol=1e-6)
        states = result.states


def test_several_crossings_in_one_step_are_ordered(oscillator: Integrator) -> None:
    start = [[np.cos(2.0)], [np.sin(2.0)]]
    options: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-4, "parameters": {"c": 0.9999}}
    half = np.arccos(0.9999)
    events = [SectionEvent(2, end_after=2, record=4), SectionEvent(1, record=4)]
    result = oscillator.propagate(start, 30.0, events=events, **options)
    assert result.section.tolist() == [2]
    assert result.times[0] == pytest.approx(2.0 + half, abs=5e-3)
    assert result.crossings[0].counts.tolist() == [2]
    assert result.crossings[1].counts.tolist() == [1]
    events = [SectionEvent(2, end_after=2, record=4), SectionEvent(1, end_after=1, record=4)]
    result = oscillator.propagate(start, 30.0, events=events, **options)
    assert result.section.tolist() == [1]
    assert result.times[0] == pytest.approx(2.0, abs=5e-3)
    assert result.crossings[0].counts.tolist() == [1]


def test_box_and_budget_stay_reasons_of_their_own(oscillator: Integrator) -> None:
    event = [SectionEvent(0, end_after=3)]
    start = [[0.0], [1.0]]
    boxed = oscillator.propagate(start, 9.0, events=event, box=[[-2, 0.5], [-2, 2]])
    assert boxed.ends.tolist() == [End.BOX]
    assert boxed.section.tolist() == [-1]
    short = oscillator.propagate(start, 9.0, events=event, max_steps=3)
    assert short.ends.tolist() == [End.BUDGET]
    assert short.steps.tolist() == [3]
    before = oscillator.propagate(start, 9.0, events=event)
    assert before.ends.tolist() == [End.TIME]


def test_point_of_a_cycle_ends_a_trajectory(oscillator: Integrator) -> None:
    angles = np.linspace(0.1, 6.2, 23)
    radii = np.repeat([1.0, 2.0, 3.0], 23)
    starts = radii * np.tile([np.cos(angles), np.sin(angles)], (1, 3))
    cycles = CycleTargets([[0.0, 0.0], [2.0, 3.0]], [1e-3, 1e-3], section=0)
    result = oscillator.propagate(
        starts, 20.0, events=[SectionEvent(0, direction=1)], cycle_targets=[cycles]
    )
    assert (result.ends[radii == 1] == End.TIME).all()
    assert (result.ends[radii > 1] == End.CYCLE).all()
    assert result.target.tolist() == [-1] * 23 + [0] * 23 + [1] * 23
    assert (result.section == np.where(radii > 1, 0, -1)).all()
    np.testing.assert_allclose(result.states[1, radii > 1], radii[radii > 1], rtol=1e-6)


# against scipy ------------------------------------------------------------------------------

SYSTEMS = {
    1: ("x' = cos(t) - x/5", "x - 0.2*sin(t)"),
    2: ("x' = y; y' = (1 - x^2)*y - x", "x + y/3"),
    3: ("x' = -y - z; y' = x + y/5; z' = 1/5 + z*(x - 4)", "-y - z"),
    4: ("x' = y; y' = -x - 2*x*u; u' = v; v' = -u - x^2 + u^2", "u - x*y"),
}


VALUES: dict[int, Callable[..., float]] = {
    1: lambda t, x: x - 0.2 * np.sin(t),
    2: lambda t, x, y: x + y / 3,
    3: lambda t, x, y, z: -y - z,
    4: lambda t, x, y, u, v: u - x * y,
}


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("dimension", SYSTEMS)
@pytest.mark.parametrize("direction", [-1, 0, 1])
def test_agrees_with_scipy(tier: str, dimension: int, direction: int) -> None:
    text, section = SYSTEMS[dimension]
    system = parse_system(text)
    field = system.compile()
    random = np.random.default_rng(dimension)
    starts = random.uniform(-0.25, 0.25, (dimension, 6))
    with Integrator.of(system, sections=[section], machine=TIERS[tier]) as integrator:
        event = SectionEvent(0, direction=direction, record=60)
        results = integrator.propagate(starts, 25.0, events=[event], **TIGHT)

    def value(t: float, y: Array) -> float:
        return float(VALUES[dimension](t, *y))

    value.direction = direction  # type: ignore[attr-defined]
    for i in range(6):
        solution = solve_ivp(
            field.scalar,
            (0.0, 25.0),
            starts[:, i],
            method="DOP853",
            rtol=1e-13,
            atol=1e-13,
            events=value,
            max_step=0.2,
        )
        expected, states = solution.t_events[0], solution.y_events[0]
        crossings = results.crossings[0]
        assert crossings.counts[i] == expected.size
        assert expected.size > 2
        count = expected.size
        np.testing.assert_allclose(crossings.times[i, :count], expected, rtol=0, atol=1e-9)
        found = crossings.states[:, i, :count].T
        np.testing.assert_allclose(found, states, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("text", "section", "span"),
    [
        ("x' = 10*(y - x); y' = x*(28 - z) - y; z' = x*y - 8*z/3", "z - 10*c - 20", 5.0),
        ("x' = y; y' = x - x^3 - y/5 + 0.4*cos(1.2*t)", "x*y - c/2", 30.0),
        ("x' = y; y' = -x; u' = v; v' = -49*u", "x + 0.3*u - c", 20.0),
        ("x' = y; y' = -x; u' = v; v' = -49*u", "x*u - c/3", 20.0),
    ],
)
@pytest.mark.parametrize("tolerance", [1e-3, 1e-6])
def test_fine_samples_show_no_other_crossing(
    text: str, section: str, span: float, tolerance: float
) -> None:
    """The interpolant is that in which crossings are looked for, so the counts must be equal."""
    system = parse_system(text)
    random = np.random.default_rng(5)
    starts, levels = random.uniform(-1, 1, (system.dimension, 90)), random.uniform(-1, 1, 90)
    options: dict[str, Any] = {"rtol": tolerance, "atol": tolerance, "parameters": {"c": levels}}
    times = np.linspace(0.0, span, 10_001)
    with Integrator(
        system.components, system.variables, {"c": 1.0}, sections=[section]
    ) as integrator:
        counts = integrator.propagate(starts, span, events=[SectionEvent(0)], **options)
        samples = integrator.sample(starts, times, **options)
    x, z, last = samples[0], samples[-2], samples[-1]
    values = {
        "z - 10*c - 20": last - 10 * levels - 20,
        "x*y - c/2": x * last - levels / 2,
        "x + 0.3*u - c": x + 0.3 * z - levels,
        "x*u - c/3": x * z - levels / 3,
    }[section]
    signs = np.sign(values)
    seen = (signs[1:] * signs[:-1] < 0).sum(0)
    assert seen.sum() > 200
    assert counts.crossings[0].counts.tolist() == seen.tolist()


def test_stiff_method_in_five_dimensions() -> None:
    lines = [f"x{i}' = -{10 * i + 1}*x{i} + 9*x{(i + 1) % 5} + cos(t)" for i in range(5)]
    system = parse_system("\n".join(lines))
    starts = np.random.default_rng(6).uniform(-1, 1, (5, 12))
    options: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-9}
    events = [SectionEvent(0, end_after=3, record=3)]
    with Integrator.of(system, sections=["x0 - x1/3"]) as integrator:
        stiff = integrator.propagate(starts, 30.0, method="Rodas5P", events=events, **options)
        usual = integrator.propagate(starts, 30.0, events=events, **options)
    assert (usual.ends == End.SECTION).all()
    assert (stiff.ends == End.SECTION).all()
    np.testing.assert_allclose(stiff.crossings[0].times, usual.crossings[0].times, atol=1e-6)
    np.testing.assert_allclose(stiff.states, usual.states, rtol=0, atol=1e-6)


# what callers give --------------------------------------------------------------------------


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(("section", "error"), [("cbrt(x)", 1e-12), ("x^3", 1e-8), ("x^9", 1e-8)])
def test_slope_that_is_infinite_or_vanishes_on_the_section(
    tier: str, section: str, error: float
) -> None:
    system = parse_system("x' = 1; y' = -y")
    with Integrator.of(system, sections=[section], machine=TIERS[tier]) as integrator:
        recorded = integrator.propagate([[-1.2], [1.0]], 5.0, events=[SectionEvent(0, record=2)])
        ended = integrator.propagate([[-1.2], [1.0]], 5.0, events=[SectionEvent(0, end_after=1)])
    assert recorded.crossings[0].counts.tolist() == [1]
    assert abs(recorded.crossings[0].times[0, 0] - 1.2) < error
    assert ended.ends.tolist() == [End.SECTION]
    assert abs(ended.times[0] - 1.2) < error


def test_section_from_a_graph_of_its_own() -> None:
    graph = Graph()
    node = graph.add(graph.symbol("variable", "x"), graph.constant(-2))
    with Integrator.of(parse_system("x' = 1"), sections=[node]) as integrator:
        result = integrator.propagate([[0.0]], 9.0, events=[SectionEvent(0, end_after=1)])
    assert result.times[0] == pytest.approx(2.0, abs=1e-14)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("x = 1; y' = 2", SpecError, "one expression"),
        ("x + q", SpecError, "q is neither"),
        ("x +", EquationError, "nothing follows"),
    ],
)
def test_section_that_cannot_be_read(text: str, kind: type[EqppError], words: str) -> None:
    with pytest.raises(kind, match=words):
        Integrator.of(parse_system("x' = y; y' = -x"), sections=[text], machine=False)


@pytest.mark.parametrize(
    "options",
    [
        {"events": [SectionEvent(9)]},
        {"events": [SectionEvent(0), SectionEvent(0, direction=1)]},
        {"cycle_targets": [CycleTargets([[0.0], [1.0]], 0.1)]},
        {
            "events": [SectionEvent(0)],
            "cycle_targets": [CycleTargets([[0.0], [1.0]], 0.1, section=3)],
        },
        {
            "events": [SectionEvent(0)],
            "cycle_targets": [CycleTargets([[0.0, 1.0]], 0.1)],
        },
    ],
)
def test_wishes_that_make_no_sense(oscillator: Integrator, options: Any) -> None:
    with pytest.raises(ValueError, match=r"section|shape"):
        oscillator.propagate([[1.0], [0.0]], 1.0, **options)


@pytest.mark.parametrize(
    "numbers", [{"direction": 2}, {"end_after": -1}, {"record": -1}, {"section": -1}]
)
def test_events_that_make_no_sense(numbers: Any) -> None:
    with pytest.raises(ValueError, match="must"):
        SectionEvent(**numbers)


def test_unknown_option(oscillator: Integrator) -> None:
    with pytest.raises(TypeError, match="rtoll"):
        oscillator.propagate([[1.0], [0.0]], 1.0, rtoll=1e-3)  # type: ignore[call-arg]
