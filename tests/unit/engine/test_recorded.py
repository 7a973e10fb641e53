"""Rounds in a row, by machine code or numpy, against single ones: ends, states, interpolants."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from eqpp_dash.engine import compute_portrait, dop853, integrate, parse_system, portrait
from eqpp_dash.engine.batch import Batch
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.integrate import integrate_orbits
from eqpp_dash.engine.machine import build, stepper
from eqpp_dash.engine.machine.stepper import prepare_machine
from eqpp_dash.engine.orbits import Problem
from eqpp_dash.engine.portrait import preview_portrait, trace_trajectories
from eqpp_dash.engine.prepare import prepare_spec
from eqpp_dash.engine.record import Recorder
from eqpp_dash.engine.trajectories import Orbits, integrate_both
from eqpp_dash.model.spec import PortraitSpec
from eqpp_dash.services.gallery import Gallery

GALLERY = {entry.slug: entry.spec for entry in Gallery.entries()[::2]}
SMOOTH = {
    "pendulum": "x' = y; y' = -g*sin(x)",
    "van der Pol": "x' = y; y' = mu*(1 - x^2)*y - x",
    "forced": "x' = y; y' = -x + a*cos(2*t)",
    "Lotka-Volterra": "x' = x*(1.5 - y); y' = y*(x - 3)",
}


@pytest.fixture(autouse=True)
def fresh_shelf(monkeypatch):
    monkeypatch.setattr(stepper, "_shelf", stepper._Shelf())


@pytest.fixture
def alone(monkeypatch):
    """Let numpy take single rounds; machine code takes several all the same."""

    def choose(single):
        monkeypatch.setattr(integrate, "in_a_row", lambda problem: not single)

    choose(True)
    return choose


def machine_of(text, parameters=None):
    system = parse_system(text)
    compiled = system.compile(parameters)
    machine = prepare_machine(system, compiled, parameters)
    assert machine is not None
    assert machine.making.wait() is not None, machine.making.trouble
    return compiled, machine


def both(text, parameters=None, **options):
    compiled, machine = machine_of(text, parameters)
    slow = Problem(compiled, np.zeros(2), np.full(2, 6.0), 20.0, **options)
    return slow, replace(slow, machine=machine)


@pytest.mark.parametrize("text", SMOOTH.values(), ids=SMOOTH)
@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("by", ["machine code", "numpy"])
def test_states_and_interpolants_agree_with_single_rounds(text, sign, by, alone):
    slow, fast = both(text, start=0.7)
    slow, fast = (replace(problem, span=3.0 if sign < 0 else 15.0) for problem in (slow, fast))
    starts = np.random.default_rng(3).uniform(0.1, 1.5, (2, 21))
    limits = np.full(21, 5000, dtype=np.intp)
    one = integrate_orbits(slow, starts, np.full(21, sign), steps=limits)
    alone(by == "machine code")
    problem = fast if by == "machine code" else slow
    two = integrate_orbits(problem, starts, np.full(21, sign), steps=limits)
    assert two.ends.end == one.ends.end
    compared = 0
    for lane in range(21):
        if one.ends.end[lane] != "time":
            continue
        times = np.linspace(0.0, slow.span, 101)
        expected = one.at(lane, times)
        size = max(1.0, np.abs(expected).max())
        assert np.abs(two.at(lane, times) - expected).max() < 2e-5 * size
        compared += 1
    assert compared >= 15


def test_one_round_is_that_of_numpy():
    slow, fast = both(SMOOTH["van der Pol"], {"mu": 1.3})
    rng = np.random.default_rng(5)
    lanes = 13
    sign = np.where(rng.random(lanes) < 0.5, 1.0, -1.0)
    y, h = rng.normal(0.0, 1.5, (2, lanes)), rng.uniform(0.05, 0.9, lanes)
    t = rng.uniform(0.0, 5.0, lanes)

    def field(t, y):
        return sign * slow.field(0.0, y)

    f = field(t, y)
    trial = dop853.take_step(field, t, y, f, h, slow.scale)
    batch = Batch(np.arange(lanes), sign, t, y, f, h, np.zeros(lanes, dtype=np.intp))
    recorder = Recorder(fast.machine.stepper, fast.machine, fast)
    record = recorder.advance(batch)
    good = trial.error <= 1.0
    assert (record.good[0] == good).all()
    assert 2 < good.sum() < lanes
    np.testing.assert_allclose(np.sqrt(record.error[0]), trial.error, rtol=1e-3, atol=1e-7)
    np.testing.assert_allclose(record.y[1][:, good], trial.state[:, good], rtol=1e-12)
    np.testing.assert_array_equal(record.y[1][:, ~good], y[:, ~good])
    np.testing.assert_array_equal(record.t[1], np.where(good, t + h, t))
    factor = np.clip(0.9 * np.maximum(trial.error, 1e-16) ** (-1 / 8), 0.2, 10.0)
    proposed = h * np.where(good, factor, factor.clip(max=1))
    np.testing.assert_allclose(record.h[1], proposed, rtol=0.02)
    np.testing.assert_allclose(record.memory[0], trial.memory, rtol=1e-9, atol=1e-12)
    vectors = (y, f, trial.state, trial.slope)
    expected = dop853.dense_terms(field, t, h, *vectors, trial.memory)
    terms = recorder.terms(sign, t, h, vectors, trial.memory)
    np.testing.assert_allclose(terms, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("slug", GALLERY)
def test_orbits_of_the_gallery_end_as_they_do_in_single_rounds(slug, alone):
    system, spec = prepare_spec(GALLERY[slug])
    compiled = system.compile(spec.parameters)
    machine = prepare_machine(system, compiled, spec.parameters)
    if machine is None:  # it has jumps: numpy takes all its steps
        assert compiled.switching
        return
    assert machine.making.wait() is not None
    window = {name: spec.window[name] for name in system.variables}
    limits = np.array(list(window.values()), dtype=float)
    equilibria = find_equilibria(compiled, window).equilibria
    problem = Problem(
        compiled, limits.mean(axis=1), np.ptp(limits, axis=1), 200.0, by_eye=True, crossing=1.0
    )
    starts = np.random.default_rng(8).uniform(limits[:, 0], limits[:, 1], (24, 2))
    orbits = Orbits.through(starts, "given", 1500)
    slow = integrate_both(problem, orbits, equilibria).flow
    fast = integrate_both(replace(problem, machine=machine), orbits, equilibria).flow
    alone(False)
    in_a_row = integrate_both(problem, orbits, equilibria).flow
    # An orbit may be said to retrace itself one turn sooner or later.
    assert fast.ends.end == slow.ends.end == in_a_row.ends.end
    for lane, end in enumerate(slow.ends.end):
        if end == "closed orbit":
            for flow in (fast, in_a_row):
                assert flow.ends.time[lane] == pytest.approx(slow.ends.time[lane], rel=1e-6)
    # What is looked at later is computed as before, but for rounding.
    np.testing.assert_allclose(in_a_row.counts, slow.counts, atol=3)


@pytest.mark.parametrize(
    "text", ["x' = -1/x; y' = 1", "x' = 1/(1 + x); y' = -y/(x - 2)", "x' = y; y' = x/(x^2 - 1)"]
)
def test_poles_end_orbits_as_they_do_in_numpy(text):
    slow, fast = both(text)
    assert slow.field.poles
    starts = np.random.default_rng(2).uniform(-2.5, 2.5, (2, 30))
    signs = np.repeat([1.0, -1.0], 15)
    limits = np.full(30, 800, dtype=np.intp)
    one, two = (integrate_orbits(p, starts, signs, steps=limits).ends for p in (slow, fast))
    assert two.end == one.end
    assert len(set(one.end)) > 1
    ended = np.array([end == "undefined" for end in one.end])
    np.testing.assert_allclose(two.time[ended], one.time[ended], rtol=1e-5)


def test_a_slider_compiles_nothing_but_an_exponent_or_a_zero_does():
    system = parse_system("x' = y; y' = -g*sin(x) + x^p")

    def making(**values):
        given = {"g": 2.0, "p": 3, **values}
        return prepare_machine(system, system.compile(given), given).making

    assert making(g=2.0) is not making(p=2)
    plain = parse_system("x' = y; y' = -g*sin(x)/(k - 1)")

    def other(**values):
        given = {"g": 2.0, "k": 3.0, **values}
        return prepare_machine(plain, plain.compile(given), given)

    assert other(g=2.0).making is other(g=2.5, k=4).making
    assert other(g=2.5).values.tolist() == [2.5, 3.0]
    assert other(g=0).making is not other(g=2.0).making
    assert other(g=0).making.parameters == ()


def test_a_power_with_a_parameter_for_exponent_is_real_where_numpys_is():
    slow, fast = both("x' = -x^p; y' = -y", {"p": "1/3"})
    starts = np.array([[-1.0, 1.0], [1.0, 1.0]])
    flows = [
        integrate_orbits(replace(p, span=0.5), starts, np.ones(2), steps=np.full(2, 500))
        for p in (slow, fast)
    ]
    np.testing.assert_allclose(flows[1].ends.state, flows[0].ends.state, rtol=1e-7)


def test_jumps_and_very_long_systems_are_left_to_numpy():
    for text in ("x' = sign(y); y' = -x", "x' = " + "+".join(f"sin({k}*x)" for k in range(1, 300))):
        system = parse_system(text)
        assert prepare_machine(system, system.compile()) is None


def test_what_cannot_be_compiled_is_left_to_numpy_and_says_why(monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("no such instruction")

    monkeypatch.setattr(stepper, "compile_rounds", broken)
    system = parse_system(SMOOTH["pendulum"])
    machine = prepare_machine(system, system.compile())
    assert machine.making.wait() is None
    assert "no such instruction" in machine.making.trouble
    problem = Problem(system.compile(), np.zeros(2), np.full(2, 6.0), 5.0, machine=machine)
    flow = integrate_orbits(problem, np.ones((2, 1)), np.ones(1), steps=np.full(1, 500))
    assert flow.ends.end == ["time"]


def test_machine_code_may_become_ready_on_the_way():
    slow, fast = both(SMOOTH["van der Pol"])

    class Late:
        asked = 0

        @property
        def stepper(self):
            self.asked += 1
            return fast.machine.stepper if self.asked > 7 else None

        setup = fast.machine.setup

    starts, signs, limits = np.ones((2, 3)), np.ones(3), np.full(3, 2000)
    late = integrate_orbits(replace(slow, machine=Late()), starts, signs, steps=limits)
    whole = integrate_orbits(slow, starts, signs, steps=limits)
    np.testing.assert_allclose(late.ends.state, whole.ends.state, atol=1e-5)
    times = np.linspace(0.0, 20.0, 200)
    np.testing.assert_allclose(late.at(1, times), whole.at(1, times), atol=1e-5)


def test_the_budget_is_kept_to_the_step():
    _, fast = both(SMOOTH["pendulum"])
    limits = np.array([5, 17, 24], dtype=np.intp)
    flow = integrate_orbits(replace(fast, span=1e6), np.ones((2, 3)), np.ones(3), steps=limits)
    assert flow.counts.tolist() == limits.tolist()
    assert set(flow.ends.end) == {"budget"}


def test_object_code_is_kept_in_the_folder(tmp_path):
    stepper.keep_objects_in(tmp_path)
    machine_of("x' = y; y' = -x - 0.123*y")
    files = [path for path in tmp_path.iterdir() if not path.name.startswith(".")]
    assert len(files) == 1
    build.forget()
    stepper._shelf.made.clear()
    before = files[0].stat().st_ino
    slow, fast = both("x' = y; y' = -x - 0.123*y")
    assert files[0].stat().st_ino == before
    flows = [
        integrate_orbits(p, np.ones((2, 1)), np.ones(1), steps=np.full(1, 500))
        for p in (slow, fast)
    ]
    np.testing.assert_allclose(flows[1].ends.state, flows[0].ends.state, atol=1e-7)


FORKED = """
import os, threading
from eqpp_dash.compose import warm_up
from eqpp_dash.engine import compute_portrait, parse_system
from eqpp_dash.engine.machine.stepper import prepare_machine
from eqpp_dash.model.spec import PortraitSpec

warm_up()
assert threading.active_count() == 1, threading.enumerate()
children = []
for k in range(3):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            text = f"x' = y; y' = -sin(x) - 0.{k + 1}*y"
            system = parse_system(text)
            machine = prepare_machine(system, system.compile())
            made = machine.making.wait()
            window = {"x": (-6, 6), "y": (-3, 3)}
            portrait = compute_portrait(PortraitSpec(text, window=window))
            status = 0 if made is not None and portrait.trajectories else 2
        finally:
            os._exit(status)
    children.append(pid)
print([os.waitpid(pid, 0)[1] for pid in children])
"""


def test_a_forked_process_compiles_with_what_its_parent_loaded():
    done = subprocess.run(
        [sys.executable, "-P", "-c", FORKED], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "[0, 0, 0]", done.stderr


def test_the_compiler_begins_when_the_preview_is_there(monkeypatch):
    events = []
    begin, sketch = stepper.Making.begin, portrait.sketch_trajectories

    def begun(making):
        events.append("compiler")
        begin(making)

    def sketched(*args):
        found = sketch(*args)
        events.append("sketch")
        return found

    monkeypatch.setattr(stepper.Making, "begin", begun)
    monkeypatch.setattr(portrait, "sketch_trajectories", sketched)
    spec = PortraitSpec("x' = y; y' = -sin(x) - x/83", window={"x": (-7, 7), "y": (-3, 3)})
    assert "not ready" in preview_portrait(spec).integrator
    assert events == ["sketch", "compiler"]
    system, full = prepare_spec(spec)
    made = prepare_machine(system, system.compile(full.parameters), full.parameters, begin=False)
    assert made.making.wait() is made.stepper is not None
    assert preview_portrait(spec).integrator == "machine code"


def test_a_click_is_answered_before_the_compiler_begins():
    spec = PortraitSpec("x' = y; y' = -sin(x) - x/89", window={"x": (-7, 7), "y": (-3, 3)})
    system, full = prepare_spec(spec)
    machine = prepare_machine(system, system.compile(full.parameters), full.parameters, begin=False)
    assert machine.making._future is None
    assert len(trace_trajectories(spec, [(1.0, 0.0)])[0].points) > 10
    assert machine.making._future is not None


def test_a_portrait_says_what_integrated_it():
    spec = PortraitSpec("x' = y; y' = -sin(x) - x/61", window={"x": (-7, 7), "y": (-3, 3)})
    system, full = prepare_spec(spec)
    prepare_machine(system, system.compile(full.parameters), full.parameters).making.wait()
    assert compute_portrait(spec).integrator == "machine code"
    assert compute_portrait(spec).facts()["integrator"] == "machine code"
    jumps = PortraitSpec("x' = y; y' = -sign(x)", window={"x": (-3, 3), "y": (-3, 3)})
    assert "jumps" in compute_portrait(jumps).integrator


def test_trouble_with_machine_code_is_logged_and_said(monkeypatch, caplog):
    def fail(*args, **options):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(stepper, "compile_rounds", fail)
    system = parse_system("x' = y; y' = -x - y/67")
    machine = prepare_machine(system, system.compile())
    assert machine.making.wait() is None
    assert stepper.integrator_of(machine) == "numpy: ZeroDivisionError: planted"
    assert "planted" in caplog.text


def test_where_llvm_is_missing_the_reason_is_said(monkeypatch):
    monkeypatch.setattr(build, "why_not", lambda: "llvmlite is not installed")
    system = parse_system("x' = y; y' = -x - y/71")
    machine = prepare_machine(system, system.compile())
    assert machine.making.wait() is None
    assert stepper.integrator_of(machine) == "numpy: llvmlite is not installed"


@pytest.mark.parametrize("shape", [(1, 22, 8), (3, 22, 7), (3, 21, 8)])
def test_a_record_that_does_not_fit_is_refused(shape):
    _, machine = machine_of("x' = y; y' = -x - y/73")
    code, layout = machine.stepper, machine.stepper.layout
    rounds, rows, lanes = shape
    wrong = np.zeros((rounds, rows - 22 + layout.count, lanes - 8 + code.width))
    setup = machine.setup(1.0, 0.0, 1e-8, np.ones(2), np.ones(2), np.ones(2))
    with pytest.raises(ValueError, match="record cannot"):
        code.advance(wrong, setup)
    with pytest.raises(ValueError, match="doubles in order"):
        code.advance(np.zeros((3, layout.count, 2 * code.width))[..., ::2], setup)
    with pytest.raises(ValueError, match="steps cannot"):
        code.terms(np.zeros((3, code.width)), setup)
