"""The bifurcation diagram of Rössler's system: maxima of x over 1000 time units, 1000 values of c.

``python benchmarks/rossler.py``. The error is the largest of all maxima before t = 50, later ones
being beyond prediction where the motion is chaotic, of 25 values of c. The reference is the
solution in extended precision. Engines have the largest tolerance, and XPPAUT the largest step, at
which that error is 1e-4 or less. Of slow ones a sample of the values of c is timed and scaled,
since these are independent of each other. By the clock, machine code uses all cores, which XPPAUT
cannot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import xppaut
from measuring import Array, Report, Time, fit_tolerance, median, present, time_of
from reference import solve
from scipy.integrate import solve_ivp
from systems import Case

from eqpp_dash.engine.machine import Integrator, SectionEvent
from eqpp_dash.engine.system import parse_system

COUNT, SPAN, EARLY, WANTED = 1000, 1000.0, 50.0, 1e-4
VALUES = np.linspace(2.0, 6.0, COUNT)
SHARED = VALUES[::40]
START = (1.0, 1.0, 0.0)
MOST = 250
"""More maxima than there are in the span."""

Sweep = Callable[[Array, float, float], Array]
"""Gives the maxima, shape (m, MOST), for values of c, a span and a tolerance."""


def nothing(t, u, du, p):  # type: ignore[no-untyped-def]
    """Stand for a form of the system that is not wanted here."""


def case_of(values: Any) -> Case:
    """Give the system for one value of c or an array of them."""

    def rates(u: Any, functions: Any) -> list[Any]:
        x, y, z = u
        return [-y - z, x + 0.2 * y, 0.2 + z * x - z * values]

    text = "x' = -y - z; y' = x + 0.2*y; z' = 0.2 + z*(x - c)\nc = 4"
    return Case("Rössler", text, rates, nothing, SPAN, START, START)


def ours(machine: bool, threads: int | None = 1) -> Sweep:
    integrator = Integrator.of(case_of(0).system, sections=["-y - z"], machine=machine)
    integrator.prepare()
    event = SectionEvent(0, direction=-1, record=MOST)

    def sweep(values: Array, span: float, tolerance: float) -> Array:
        starts = np.repeat(np.array(START)[:, None], len(values), axis=1)
        found = integrator.propagate(
            starts,
            span,
            parameters={"c": values},
            events=[event],
            rtol=tolerance,
            atol=tolerance,
            threads=threads,
        )
        return found.crossings[0].states[0]

    return sweep


def scipy_events(values: Array, span: float, tolerance: float) -> Array:
    maxima = np.full((len(values), MOST), np.nan)
    for c, row in zip(values, maxima, strict=True):

        def slope(t: float, u: Any, c: float = float(c)) -> list[float]:
            x, y, z = u
            return [-y - z, x + 0.2 * y, 0.2 + z * (x - c)]

        def falling(t: float, u: Any) -> float:
            return -u[1] - u[2]

        falling.direction = -1  # type: ignore[attr-defined]
        options: dict[str, Any] = {"method": "DOP853", "rtol": tolerance, "atol": tolerance}
        found = solve_ivp(slope, (0.0, span), START, events=falling, **options).y_events[0]
        row[: len(found)] = found[:MOST, 0]
    return maxima


def heyoka_events() -> Sweep:
    """Take heyoka's batch of Taylor series with events that are noted and read off at once."""
    import heyoka

    lanes = heyoka.recommended_simd_size()
    x, y, z = heyoka.make_vars("x", "y", "z")
    system = [(x, -y - z), (y, x + 0.2 * y), (z, 0.2 + z * (x - heyoka.par[0]))]
    made: dict[float, Any] = {}
    current: dict[str, Any] = {}

    def note(integrator: Any, time: float, sign: int, lane: int) -> None:
        integrator.update_d_output(time)
        row, place = current["rows"][lane], current["counts"][lane]
        row[place] = integrator.d_output[0, lane]
        current["counts"][lane] += 1

    def sweep(values: Array, span: float, tolerance: float) -> Array:
        if tolerance not in made:
            event = heyoka.nt_event_batch(
                -y - z, callback=note, direction=heyoka.event_direction.negative
            )
            made[tolerance] = heyoka.taylor_adaptive_batch(
                system, np.zeros((3, lanes)), tol=tolerance, nt_events=[event]
            )
        integrator, maxima = made[tolerance], np.full((len(values), MOST), np.nan)
        for begin in range(0, len(values), lanes):
            some = values[begin : begin + lanes]
            current["rows"] = np.full((lanes, MOST), np.nan)
            current["counts"] = [0] * lanes
            integrator.set_time(0.0)
            integrator.pars[0, :] = some[0]
            integrator.pars[0, : len(some)] = some
            integrator.state[:] = np.array(START)[:, None]
            integrator.propagate_until(span, max_steps=10_000_000)
            maxima[begin : begin + lanes] = current["rows"][: len(some)]
        return maxima

    return sweep


def xppaut_maxima(values: Array, span: float, step: float) -> tuple[Array, Time]:
    return xppaut.sweep_maxima(
        "x'=-y-z\ny'=x+0.2*y\nz'=0.2+z*(x-c)", "x=1,y=1,z=0", "c", values, span, step, MOST
    )


def early_maxima() -> Array:
    """Give the maxima before EARLY for SHARED, shape (25, k), NaN where there are fewer.

    Their times are found at the tolerance 1e-13; the solution there is taken from Taylor series. An
    error of time hardly matters, since x is stationary.
    """
    integrator = Integrator.of(parse_system(case_of(0).text), sections=["-y - z"])
    integrator.prepare()
    starts = np.repeat(np.array(START)[:, None], len(SHARED), axis=1)
    times = (
        integrator.propagate(
            starts,
            EARLY,
            parameters={"c": SHARED},
            events=[SectionEvent(0, direction=-1, record=MOST)],
            rtol=1e-13,
            atol=1e-13,
        )
        .crossings[0]
        .times
    )
    moments = np.unique(times[np.isfinite(times)])
    states = solve(case_of(SHARED.astype(np.longdouble)), starts, moments)
    maxima = np.full((len(SHARED), int(np.isfinite(times).sum(axis=1).max())), np.nan)
    for row, own, x in zip(maxima, times, states[0].T, strict=True):
        own = own[np.isfinite(own)]
        row[: len(own)] = x[np.searchsorted(moments, own)]
    slopes = -(states[1] + states[2])
    for own, g in zip(times, slopes.T, strict=True):
        own = own[np.isfinite(own)]
        if np.abs(g[np.searchsorted(moments, own)]).max() > 1e-5:
            raise ValueError("what was found is no maximum")
    return maxima


@dataclass(frozen=True)
class Entry:
    """What is measured of an engine."""

    sweep: Sweep
    tolerance: float
    error: float
    time: Time


if __name__ == "__main__":
    report = Report(__doc__)
    exact = early_maxima()

    def error_of(found: Array) -> float:
        apart = np.abs(found[:, : exact.shape[1]] - exact)
        apart = np.where(np.isnan(exact), 0.0, np.where(np.isnan(apart), np.inf, apart))
        return float(apart.max())

    def fitted(sweep: Sweep) -> tuple[float, float]:
        return fit_tolerance(lambda tolerance: error_of(sweep(SHARED, EARLY, tolerance)), WANTED)

    sweeps: dict[str, tuple[Sweep, Array]] = {"machine code": (ours(True), VALUES)}
    if present("heyoka"):
        sweeps["heyoka, batch"] = heyoka_events(), VALUES
    else:
        report.left_out("heyoka, batch")
    sweeps["numpy tier"] = ours(False), SHARED
    sweeps["scipy DOP853, events"] = scipy_events, VALUES[:: COUNT // 5]
    entries = {}
    for name, (sweep, values) in sweeps.items():
        tolerance, error = fitted(sweep)
        taken = time_of(partial(sweep, values, SPAN, tolerance), least=0.5)
        scale = COUNT / len(values)
        entries[name] = Entry(sweep, tolerance, error, Time(taken.cpu * scale, taken.wall * scale))
    whole = partial(ours(True, threads=None), VALUES, SPAN, entries["machine code"].tolerance)
    whole()
    clock = [time_of(whole, least=0.5).wall]
    if xppaut.present():
        fast = 0.05

        def found_by_xppaut(values: Array, span: float, step: float) -> Array:
            return xppaut_maxima(values, span, step)[0]

        error = error_of(found_by_xppaut(SHARED, EARLY, fast))
        quick = xppaut_maxima(VALUES, SPAN, fast)[1]
        clock.append(time_of(whole, least=0.5).wall)
        entries["XPPAUT, its usual step"] = Entry(found_by_xppaut, fast, error, quick)
        step, error = fitted(found_by_xppaut)
        taken = xppaut_maxima(SHARED, SPAN, step)[1]
        scale = COUNT / len(SHARED)
        slow = Time(taken.cpu * scale, taken.wall * scale)
        entries["XPPAUT at equal error"] = Entry(found_by_xppaut, step, error, slow)
    else:
        report.left_out("XPPAUT")
    own = entries["machine code"]
    again = time_of(partial(own.sweep, VALUES, SPAN, own.tolerance), least=0.5)
    own = replace(own, time=median([own.time, again]))
    report.say(
        f"Rössler, {COUNT} values of c, {SPAN:g} time units, no early maximum off by "
        f"more than {WANTED:g}"
    )
    for name, entry in entries.items():
        report.say(
            f"{name:24}{entry.time.cpu:10.3f} s of the processor {entry.time.wall:10.3f} s   "
            f"tolerance or step {entry.tolerance:.1e}, error {entry.error:.1e}"
            f"{entry.time.cpu / own.time.cpu:10,.1f} times"
        )
    if xppaut.present():
        report.at_least(
            "maxima, machine code against XPPAUT's usual step, by the clock",
            entries["XPPAUT, its usual step"].time.wall / float(np.mean(clock)),
            30.0,
        )
        report.at_least(
            "maxima, machine code against XPPAUT at equal error",
            entries["XPPAUT at equal error"].time.cpu / own.time.cpu,
            400.0,
        )
    raise SystemExit(report.finish())
