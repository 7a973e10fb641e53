"""The same trajectories in vectors of any width, and on a processor without fused multiply-add."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from eqpp_dash.engine.machine.crossqueue import TAKEN
from eqpp_dash.engine.machine.integrate import Integrator
from eqpp_dash.engine.machine.kernel import Kernel
from eqpp_dash.engine.machine.layout import Rows
from eqpp_dash.engine.system import System, parse_system

from .running import plain_target

Array = NDArray[np.float64]
COUNT = 37


@pytest.fixture(scope="module")
def system() -> System:
    return parse_system("x' = y; y' = mu*(1 - x^2)*y - sin(x) + cos(t)/5")


@pytest.fixture(scope="module")
def starts() -> Array:
    return np.random.default_rng(3).uniform(-2, 2, (2, COUNT))


@pytest.mark.parametrize("width", [2, 4, 32])
def test_width_changes_no_bit(
    system: System, starts: Array, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = np.linspace(0.0, 5.0, 11)
    monkeypatch.setattr("eqpp_dash.engine.machine.tiers.PATIENCE", 0)
    with Integrator.of(system) as usual:
        expected = usual.propagate(starts, 5.0)
        sampled = usual.sample(starts, times)
    monkeypatch.setattr("eqpp_dash.engine.machine.kernel.usual_width", lambda target: width)
    with Integrator.of(system) as other:
        found = other.propagate(starts, 5.0)
        assert found.states.tobytes() == expected.states.tobytes()
        assert (found.steps == expected.steps).all()
        assert other.sample(starts, times).tobytes() == sampled.tobytes()


@pytest.mark.parametrize("patience", [0, 20, 10**9])
@pytest.mark.parametrize("dense", [False, True])
def test_processor_without_fused_operations(
    system: System, starts: Array, dense: bool, patience: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eqpp_dash.engine.machine.tiers.PATIENCE", patience)
    times = np.linspace(0.0, 5.0, 11)

    def states(integrator: Integrator) -> Array:
        options: dict[str, Any] = {"parameters": {"mu": 0.7}, "rtol": 1e-11, "atol": 1e-11}
        if dense:
            return integrator.sample(starts, times, **options)
        return integrator.propagate(starts, 5.0, **options).states

    with Integrator.of(system) as integrator:
        expected = states(integrator)
    made: list[Kernel] = []

    def plain(*args: Any, **options: Any) -> Kernel:
        made.append(Kernel(*args, **options, target=plain_target()))
        return made[-1]

    monkeypatch.setattr("eqpp_dash.engine.machine.kernels.Kernel", plain)
    with Integrator.of(system) as integrator:
        found = states(integrator)
    assert made[-1].width == (2 if patience == 10**9 else 4)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)


def test_kernel_names_no_more_rows_than_it_has() -> None:
    rows = Rows(3, 2)
    places = [
        f(i) for f in (rows.state, rows.slope, rows.trial, rows.trial_slope) for i in range(3)
    ]
    places += [rows.parameter(i) for i in range(2)]
    assert places == list(range(rows.FIXED, rows.ready))
    assert [rows.prepared, rows.queue] == [2 * rows.ready, 2 * rows.ready + 1]
    assert rows.queue * 2 + TAKEN < rows.count * 2, "the narrowest rows have two places"
    rows = Rows(3, 2, sections=2)
    assert rows.ready == rows.crossing.end
    assert rows.second == 2 * rows.ready
    assert [rows.prepared, rows.queue] == [3 * rows.ready, 3 * rows.ready + 1]
    assert rows.queue * 2 + TAKEN < rows.count * 2, "the narrowest rows have two places"


def test_kernel_is_freed_when_it_is_closed(system: System) -> None:
    kernel = Kernel(system.components, system.variables, system.parameters)
    kernel.close()
    with pytest.raises(ValueError, match="closed"):
        kernel._code.address("run")


def test_engine_loads_no_compiler() -> None:
    program = (
        "import sys, eqpp_dash.engine, eqpp_dash.engine.machine.integrate;"
        "sys.exit('llvmlite' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
