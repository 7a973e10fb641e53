"""Limit cycles: how they are drawn, and what is said about them and about their search."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.figures.ends import equilibrium_words
from eqpp_dash.figures.geometry import Frame, direction_marks, join_polylines
from eqpp_dash.figures.labels import format_number, format_point, plain_name, printable, rich_text
from eqpp_dash.figures.themes import Theme
from eqpp_dash.figures.traces import Trace, curve_trace
from eqpp_dash.model.cycles import Annulus, CycleGap, LimitCycle
from eqpp_dash.model.factored import factored
from eqpp_dash.model.marks import mark
from eqpp_dash.model.portrait import Portrait

WIDTH, HALO = 4.2, 8.0
"""Widths in px of a cycle, and of the ground beneath it that parts it from what winds onto it."""

DASHES = {"stable": "solid", "unstable": "11px,6px", "semi-stable": "16px,5px,3px,5px"}
"""For each stability the dash: with the width it tells cycles apart without any colour."""

MOST_PLACES = 3

_REASON = re.compile(
    r"(?:(?<=a first integral, )|(?<=Dulac, by )).*?"
    r"(?=, of the field without|; none winds|\); those that wind|\)$)"
)
"""The formula in the reason why there is no limit cycle."""


def cycle_name(item: LimitCycle) -> str:
    """Name a cycle by its stability.

    Returns
    -------
    str
        Such as ``stable limit cycle``; one round a periodic variable ``winds``.
    """
    return f"{item.stability} limit cycle" + (" that winds" if any(item.winding) else "")


def cycle_multiplier(item: LimitCycle) -> str:
    """Write the Floquet multiplier, and its logarithm where the multiplier has no double.

    Returns
    -------
    str
        Such as ``8.597×10⁻⁴ (log −7.059)``; 0 or infinite where a cycle slides.
    """
    if not np.isfinite(item.log_multiplier):
        slides = "(it slides: orbits come onto it in finite time)"
        return f"0 {slides}" if item.log_multiplier < 0 else f"∞ {slides[:-1]} backward)"
    value, log = item.multiplier, format_number(item.log_multiplier)
    plain = 1e-300 < value < 1e300
    return f"{format_number(value)} (log {log})" if plain else f"e^({log})"


def cycle_bounds(item: LimitCycle, variables: tuple[str, ...]) -> str:
    """Write the least and greatest value of each variable on a cycle."""
    return ", ".join(
        f"{plain_name(name)} from {format_number(low, 5)} to {format_number(high, 5)}"
        for name, (low, high) in zip(variables, item.bounds.tolist(), strict=True)
    )


def cycle_lines(number: int, item: LimitCycle) -> list[str]:
    """Tell about a cycle in a few plain lines: name, stability, period, multiplier, evidence."""
    return [
        f"{mark('cycle', number)}: {cycle_name(item)}",
        f"period {format_number(item.period, 5)}",
        f"multiplier {cycle_multiplier(item)}",
        item.evidence,
    ]


def search_words(portrait: Portrait) -> str:
    """Say how many cycles were found, and what the search covered.

    Parameters
    ----------
    portrait : Portrait
        A portrait.

    Returns
    -------
    str
        Such as ``1 found; searched 4 sections; blind: none``; it claims no more than that. Its
        formulas are canonical text.
    """
    coverage, count = portrait.cycle_coverage, len(portrait.limit_cycles)
    if coverage.status != "searched":
        status = _REASON.sub(lambda match: factored(match[0]), coverage.status)
        status = status.removeprefix("searched; ")
        return f"{count} found; {status}" if count else status
    sections = "1 section" if coverage.arcs == 1 else f"{coverage.arcs} sections"
    words = [f"{count or 'none'} found", f"searched {sections}", f"blind: {_some(coverage.blind)}"]
    if portrait.cycle_gaps:
        words.append(f"undecided: {_some(tuple(map(gap_words, portrait.cycle_gaps)))}")
    return "; ".join(words)


def _some(places: tuple[str, ...]) -> str:
    if not places:
        return "none"
    more = len(places) - MOST_PLACES
    return " | ".join(places[:MOST_PLACES]) + (f" | and {more} more places" if more > 0 else "")


def gap_words(item: CycleGap) -> str:
    """Say where it is undecided how many cycles there are, and why."""
    first, last = (format_number(float(end[0]), 5) for end in (item.first, item.last))
    return f"{item.count} cycles between x = {first} and {last} ({item.reason})"


def annulus_words(portrait: Portrait, item: Annulus) -> str:
    """Say what an annulus of closed orbits goes round, and its periods.

    Returns
    -------
    str
        Such as ``around the center at (0, 0), periods 6.2832 to 15``; of orbits that wind
        ``winding along x, periods 18 to 0.18``.
    """
    spans = [high - low for low, high in portrait.window.values()]
    inside = [portrait.equilibria[k] for k in item.equilibria if k < len(portrait.equilibria)]
    around = "closed orbits"
    if len(inside) == 1:
        around = f"around {equilibrium_words(inside[0], spans)}"
    elif inside:
        around = "around " + ", ".join(format_point(point.point, spans) for point in inside)
    elif any(item.winding):
        names = zip(portrait.window, item.winding, strict=False)
        around = "winding along " + ", ".join(plain_name(name) for name, way in names if way)
    low, high = (format_number(period, 5) for period in item.periods)
    return printable(f"{around}, periods {low} to {high}")


def cycle_traces(portrait: Portrait, frame: Frame, theme: Theme) -> list[Trace]:
    """Draw the limit cycles: a ground, the curve and its arrowheads each.

    The legend has one entry a stability.
    """
    traces: list[Trace] = []
    named: set[str] = set()
    for number, item in enumerate(portrait.limit_cycles):
        points = join_polylines([item.points], frame)
        if not len(points):
            continue
        common = {"legendgroup": f"cycles-{item.stability}", "name": cycle_name(item)}
        ground = {"color": theme.plot, "width": HALO}
        line = {"color": theme.cycle, "width": WIDTH, "dash": DASHES[item.stability]}
        traces.append(curve_trace(points, frame, showlegend=False, line=ground, **common))
        curve = curve_trace(
            points,
            frame,
            showlegend=item.stability not in named,
            hovertext=_hover_text(number, item),
            meta={"cycle": number},
            line=line,
            **common,
        )
        traces.append(curve | {"hoverinfo": "text"})
        marks = direction_marks([item.points], frame).reshape(-1, 2)
        if len(marks):
            traces.append(_heads(marks, frame, theme, common))
        named.add(item.stability)
    return traces


def _hover_text(number: int, item: LimitCycle) -> str:
    head, *rest = map(rich_text, cycle_lines(number, item))
    return "<br>".join([f"<b>{head}</b>", *rest])


def _heads(marks: NDArray[np.float64], frame: Frame, theme: Theme, common: dict[str, str]) -> Trace:
    heads = curve_trace(
        marks,
        frame,
        showlegend=False,
        marker={
            "symbol": "arrow-wide",
            "angleref": "previous",
            "size": [0, 19] * (len(marks) // 2),
            "color": theme.cycle,
            "opacity": 1,
            "line": {"width": 0},
        },
        **common,
    )
    return heads | {"mode": "markers"}
