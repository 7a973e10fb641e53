"""Ask each tool what it finds by itself of a system's phase portrait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import plain
import xppaut
from counting import Cycle, Equilibrium, Findings, Known

from eqpp_dash import PortraitSpec, compute_portrait

STEP = 0.005
"""XPPAUT's step; it finds crossings of a section by a straight line within it."""
RESTING = 1e-4
"""Orbits that come to rest that close, in widths of the window, show one equilibrium."""


def python_field(known: Known) -> Callable[..., tuple[float, float]]:
    """Write the field as a function of both variables, as its user would."""
    sides = [line.split("=", 1)[1].strip().replace("^", "**") for line in known.equations]
    names: dict[str, Any] = {name: getattr(np, name) for name in ("sin", "cos", "exp", "sqrt")}
    text = f"lambda {', '.join(known.window)}: ({', '.join(sides)})"
    return eval(text, {**names, **known.parameters})  # type: ignore[no-any-return] # noqa: S307


def by_eqpp(known: Known) -> Findings:
    """Compute a portrait with what is in it if nothing is asked for."""
    portrait = compute_portrait(
        PortraitSpec(
            "\n".join(known.equations),
            parameters={name: str(value) for name, value in known.parameters.items()},
            window=known.window,
        )
    )
    points = [tuple(map(float, one.point)) for one in portrait.equilibria]
    return Findings(
        tuple(
            Equilibrium(point, None if one.kind == "undecided" else one.kind)
            for point, one in zip(points, portrait.equilibria, strict=True)
            if one.location != "outside"
        ),
        len(portrait.equilibrium_sets),
        tuple(
            Cycle(one.period, one.stability)
            for one in portrait.limit_cycles
            if one.location == "inside"
        ),
        len(portrait.cycle_gaps),
        tuple(
            (points[one.source], points[one.target])
            for one in portrait.connections
            if one.status in ("proved", "verified")
        ),
        portrait.completeness["equilibria"] == "proved",
    )


def by_phaseportrait(known: Known) -> Findings:
    """Draw the streamlines and nullclines, which is all that it does by itself.

    The figure and its axes are what comes back: no equilibrium, cycle or separatrix, in no form.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from phaseportrait import PhasePortrait2D

    x, y = ([low, high] for low, high in known.window.values())
    picture = PhasePortrait2D(python_field(known), [x, y])
    picture.add_nullclines(xRange=x, yRange=y)
    with np.errstate(all="ignore"):
        figure, _ = picture.plot()
        figure.canvas.draw()
    plt.close(figure)
    return Findings()


def by_scipy(known: Known) -> Findings:
    """Run the plain script."""
    field = python_field(known)
    low, high = np.array(list(known.window.values()), float).T
    with np.errstate(all="ignore"):
        return plain.find(lambda _, p: list(field(*p)), low, high)


def by_xppaut(known: Known) -> Findings:
    """Integrate in silent mode to both sides from the plain script's grid of starts.

    Orbits at rest at their end show an equilibrium; then each level of such a one, or the middle of
    the window, is the section of a Poincare map, whose rows are read like the plain script's.
    """
    low, high = np.array(list(known.window.values()), float).T
    wide, names = high - low, list(known.window)
    starts = [
        dict(zip(names, map(float, start), strict=True))
        for start in plain.grid(low, high, plain.ORBITS, plain.INSET)
    ]
    far = 3.0 * np.abs([low, high]).max()

    def integrate(sign: int, options: str) -> list[np.ndarray]:
        text = f"meth=rk4,dt={sign * STEP:g},total={plain.SPAN:g},bounds={far:g},maxstor=100000"
        return xppaut.integrate_from(known.equations, known.parameters, starts, f"{text},{options}")

    rests: list[np.ndarray] = []
    for sign in (1, -1):
        for rows in integrate(sign, f"nout={round(1.0 / STEP)}"):
            lasts = len(rows) > 2 and abs(rows[-1, 0]) > plain.SPAN - 1.5
            rests_there = lasts and plain.apart(rows[-1, 1:], rows[-3, 1:], wide) < plain.SAME
            if rests_there and plain.apart_from(rows[-1, 1:], rests, wide) > RESTING:
                rests.append(rows[-1, 1:])
    inside = [point for point in rests if plain.within(point, low, high)]
    found: list[Cycle] = []
    for level in plain.levels(low, high, inside):
        section = f"poimap=section,poivar={names[1]},poipln={level:.17g},poisgn=1"
        for sign, stability in ((1, "stable"), (-1, "unstable")):
            for rows in integrate(sign, section):
                times, points = rows[:, 0], rows[:, 1:]
                found += plain.read_returns(times, points, stability, low, high, rests)
    equilibria = tuple(Equilibrium((float(x), float(y))) for x, y in inside)
    return Findings(equilibria, 0, tuple(plain.distinct(found, wide)))
