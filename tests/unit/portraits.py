"""Portraits made by hand, without the engine, for tests of what draws and stores them."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from eqpp_dash.model.cycles import Annulus, CycleCoverage, CycleGap, LimitCycle
from eqpp_dash.model.manifolds import Audit, Connection, Polycycle, Separatrix
from eqpp_dash.model.portrait import (
    Equilibrium,
    EquilibriumSet,
    Notice,
    Nullcline,
    OrbitEnd,
    Portrait,
    Singularity,
    SystemFacts,
    Trajectory,
    VectorFieldGrid,
)
from eqpp_dash.model.spec import PortraitSpec

DAMPING = 0.25


def _field(x: Any, y: Any) -> tuple[Any, Any]:
    return y, -np.sin(x) - DAMPING * y


def _orbit(start: tuple[float, float], backward: float, forward: float) -> tuple[Any, Any]:
    """Integrate by the classical Runge-Kutta method, a hundredth a step."""
    parts = []
    for span in (-backward, forward):
        count = max(int(abs(span) / 0.02), 1)
        h = span / count
        points, state = [np.array(start)], np.array(start)
        for _ in range(count if span else 0):
            k1 = np.array(_field(*state))
            k2 = np.array(_field(*(state + h / 2 * k1)))
            k3 = np.array(_field(*(state + h / 2 * k2)))
            k4 = np.array(_field(*(state + h * k3)))
            state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            if abs(state).max() > 40:
                break
            points.append(state)
        parts.append((h * np.arange(len(points)), np.array(points)))
    (t_back, p_back), (t_on, p_on) = parts
    return (
        np.concatenate([t_back[:0:-1], t_on]),
        np.concatenate([p_back[:0:-1], p_on]),
    )


def trajectory(
    start: tuple[float, float],
    *,
    backward: float = 8.0,
    forward: float = 25.0,
    origin: str = "seeded",
    ends: tuple[str, str] = ("time", "equilibrium 1"),
) -> Trajectory:
    """Give a trajectory of the damped pendulum."""
    times, points = _orbit(start, backward, forward)
    return Trajectory(
        start=np.array(start),
        times=times,
        points=points,
        backward=OrbitEnd(ends[0], backward or None),
        forward=OrbitEnd(ends[1], None if ends[1].startswith("equilibrium") else forward),
        origin=origin,
    )


def equilibrium(x: float, **changes: Any) -> Equilibrium:
    """Give an equilibrium (x, 0) of the damped pendulum."""
    jacobian = np.array([[0.0, 1.0], [-math.cos(x), -DAMPING]])
    values, vectors = np.linalg.eig(jacobian.astype(complex))
    saddle = math.cos(x) < 0
    item = Equilibrium(
        point=np.array([x, 0.0]),
        location="inside",
        jacobian=jacobian,
        eigenvalues=values,
        eigenvectors=vectors,
        kind="saddle" if saddle else "stable focus",
        stability="unstable" if saddle else "stable",
        hyperbolic=True,
        index=-1 if saddle else 1,
        evidence="proved",
        method="Krawczyk",
        error=1e-15,
    )
    return replace(item, **changes)


def pendulum_portrait(**changes: Any) -> Portrait:
    """Give a portrait of the damped pendulum on [-7, 7] x [-4, 4] with every layer."""
    return replace(_pendulum(), **changes)


@cache
def _pendulum() -> Portrait:
    spec = PortraitSpec.from_json(
        {
            "title": "Damped pendulum",
            "equations": "theta' = omega\nomega' = -sin(theta) - d*omega",
            "parameters": {"d": DAMPING},
            "variables": {"theta": {"unit": "rad"}, "omega": {"unit": "rad/s"}},
            "window": {"theta": [-7, 7], "omega": [-4, 4]},
            "initial_conditions": [[-2.0, 1.5]],
        }
    )
    x, y = np.linspace(-7, 7, 29), np.linspace(-4, 4, 17)
    u, v = _field(*np.meshgrid(x, y))
    places = [-2 * math.pi, -math.pi, 0.0, math.pi, 2 * math.pi]
    curve = np.linspace(-7, 7, 200)
    seeds = [(-6.0, 2.0), (-5.0, -3.0), (1.0, 2.9), (2.0, 0.6), (5.5, -1.5), (4.4, 2.6)]
    separatrices = []
    for place in (-math.pi, math.pi):
        for sign in (1.0, -1.0):
            for growth, origin in ((1, "out"), (-1, "in")):
                rate = -DAMPING / 2 + growth * math.sqrt(DAMPING**2 / 4 + 1)
                start = (place + 1e-4 * sign, 1e-4 * sign * rate)
                out = origin == "out"
                separatrices.append(
                    trajectory(
                        start,
                        backward=0.0 if out else 16.0,
                        forward=30.0 if out else 0.0,
                        origin="separatrix",
                        ends=("equilibrium 1", "time") if out else ("time", "equilibrium 1"),
                    )
                )
    return Portrait(
        spec=spec,
        engine="0.1.0",
        system=SystemFacts(
            variables=("theta", "omega"),
            parameters={"d": DAMPING},
            autonomous=True,
            equations=("omega", "-sin(theta) - d*omega"),
            latex=(r"\omega", r"-\sin\theta - d\,\omega"),
            jacobian=(("0", "1"), ("-cos(theta)", "-d")),
        ),
        window={"theta": (-7.0, 7.0), "omega": (-4.0, 4.0)},
        field=VectorFieldGrid(x, y, u, v),
        nullclines=(
            Nullcline("theta", "omega", (np.array([[-7.0, 0.0], [7.0, 0.0]]),)),
            Nullcline(
                "omega",
                "sin(theta) + d*omega",
                (np.stack([curve, -np.sin(curve) / DAMPING], axis=-1),),
            ),
        ),
        equilibria=tuple(equilibrium(place) for place in places),
        trajectories=(
            trajectory((-2.0, 1.5), origin="given"),
            *(trajectory(seed) for seed in seeds),
            *separatrices,
        ),
        completeness={"equilibria": "proved"},
        notices=(Notice("assumed", "d was given, nothing was assumed"),),
        timing={"engine_s": 0.05},
    )


def odd_portrait() -> Portrait:
    """Give a portrait with odd points, a set of equilibria, a singularity and structure."""
    circle = np.linspace(0, 2 * math.pi, 60)
    plain = pendulum_portrait()
    structure = (
        {"type": "hamiltonian", "expression": "omega^2/2 - cos(theta)", "how": "by hand"},
        {
            "type": "reversible",
            "expression": "(theta, omega) -> (theta, -omega)",
            "axis": (0.0, 1.0),
        },
        {"type": "invariant curve", "expression": "omega", "cofactor": "2*theta"},
    )
    return pendulum_portrait(
        system=replace(plain.system, structure=structure),
        equilibria=(
            equilibrium(
                0.0,
                kind="undecided",
                stability="undecided",
                hyperbolic=False,
                index=None,
                reason="the linearisation is degenerate: both eigenvalues are 0",
            ),
            equilibrium(3.0, kind="center", stability="neutral", hyperbolic=False),
            equilibrium(-3.0, kind="unstable node", stability="unstable", index=1),
            equilibrium(
                1.5,
                kind="degenerate",
                stability="unstable",
                hyperbolic=False,
                index=-2,
                sectors={"elliptic": 0, "hyperbolic": 6, "parabolic": 0},
                reason="the linearisation vanishes",
            ),
        ),
        equilibrium_sets=(
            EquilibriumSet("theta^2 + omega^2 - 1", np.stack([np.cos(circle), np.sin(circle)], -1)),
        ),
        singularities=(Singularity(np.array([5.0, 1.0]), None, "division by zero"),),
        partial=True,
    )


def limit_cycle(radius: float = 2.0, **changes: Any) -> LimitCycle:
    """Give a circle round the origin of the damped pendulum's plane, as if it were a cycle."""
    turn = np.linspace(0, 2 * math.pi, 201)
    cycle = LimitCycle(
        point=np.array([radius, 0.0]),
        period=6.6632868593,
        log_multiplier=-7.0589328,
        stability="stable",
        bounds=np.array([[-radius, radius], [-radius, radius]]),
        location="inside",
        points=radius * np.stack([np.cos(turn), -np.sin(turn)], -1),
        equilibria=(2,),
        cycles=(),
        evidence="verified",
        method="returns to a section",
        error=7e-11,
        period_error=2e-10,
        multiplier_error=8e-10,
    )
    return replace(cycle, **changes)


def cycle_portrait() -> Portrait:
    """Give a portrait with cycles of every stability, an annulus and a gap."""
    cycles = (
        limit_cycle(),
        limit_cycle(2.6, stability="unstable", log_multiplier=75.4, cycles=(0,)),
        limit_cycle(3.2, stability="semi-stable", log_multiplier=0.0, cycles=(0, 1)),
        limit_cycle(30.0, location="outside", cycles=(0, 1, 2), log_multiplier=-4524.0),
    )
    onto = trajectory((-0.5, 0.5), origin="given", ends=("equilibrium 2", "cycle 0"))
    return pendulum_portrait(
        limit_cycles=cycles,
        annuli=(
            Annulus(
                np.array([0.1, 0.0]),
                np.array([1.5, 0.0]),
                (6.28, 7.5),
                (2,),
                "numerical",
                1e-9,
                within="equilibrium 2",
            ),
        ),
        cycle_gaps=(CycleGap(np.array([3.5, 0.0]), np.array([3.6, 0.0]), "0 or 1", "a saddle"),),
        cycle_coverage=CycleCoverage("searched", 4, ("x from 5 to 6: the budget is used up",)),
        completeness={"equilibria": "proved", "limit_cycles": "searched"},
        trajectories=(*pendulum_portrait().trajectories, onto),
    )


def connected_portrait(**changes: Any) -> Portrait:
    """Give a portrait with separatrices, a proved connection, a near one, and an audit."""
    branches = tuple(
        Separatrix(
            equilibrium=1,
            branch=branch,
            direction=np.array([0.6, 0.8]),
            limit="equilibrium 3",
            time=None,
            evidence="proved",
            reason="a connection",
            order=14,
            radius=0.05,
            residual=1e-15,
        )
        for branch in ("unstable", "stable")
    )
    connections = (
        Connection(
            "heteroclinic", 1, 3, (0, 1), "proved", 0, "Hamiltonian systems", "one level of H < 2"
        ),
        Connection(
            *("homoclinic", 3, 3, (0, 1), "near", 1, "", "they pass each other"),
            gap=2.5e-4,
            section=np.array([[1.0, 2.0], [0.0, 1.0]]),
        ),
    )
    given: dict[str, Any] = {
        "separatrices": branches,
        "connections": connections,
        "polycycles": (Polycycle((3,), (1,), "near"),),
        "audit": Audit(1, 0, False, ("1 turns against 0 < 1",), np.zeros((2, 2)), "enters"),
    }
    return pendulum_portrait(**{**given, **changes})
