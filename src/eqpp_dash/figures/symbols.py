"""Which mark stands for which kind of equilibrium: readable without colour.

Filled means stable, open means unstable, a dot or a cross within means neither or
undecided; the shape tells the kind.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from eqpp_dash.figures.exact import exact_words
from eqpp_dash.figures.geometry import Frame
from eqpp_dash.figures.labels import (
    format_eigenvalues,
    format_point,
    plain_name,
    printable,
    sector_words,
)
from eqpp_dash.model.marks import mark
from eqpp_dash.model.portrait import Equilibrium, Portrait
from eqpp_dash.model.typeset import plain_text

REASON_WIDTH = 56
"""Characters a line of a reason: a hover label must not hide the picture."""

SHAPES = (
    ("undecided", "circle-x"),
    ("saddle-node", "triangle"),
    ("topological saddle", "diamond-tall"),
    ("saddle", "diamond"),
    ("weak", "octagon"),
    ("nilpotent focus", "octagon"),
    ("focus", "square"),
    ("center", "circle-dot"),
    ("star", "star"),
    ("degenerate node", "pentagon"),
    ("topological node", "hexagon"),
    ("node", "circle"),
    ("degenerate", "cross"),
    ("cusp", "triangle-left"),
    ("pseudo-equilibrium", "x"),
    ("boundary equilibrium", "x"),
    ("stable", "circle"),
    ("sink", "circle"),
    ("source", "circle"),
)


@dataclass(frozen=True, slots=True)
class Mark:
    """How an equilibrium is marked.

    Attributes
    ----------
    label : str
        Name in the legend: the kind.
    shape : str
        ``circle``, ``square``, ``diamond``, ``circle-dot`` and so on.
    fill : str
        ``full`` (stable), ``open`` (unstable), ``half`` (neither).
    decided : bool
        Whether its kind was decided.
    """

    label: str
    shape: str
    fill: str
    decided: bool


def equilibrium_mark(item: Equilibrium) -> Mark:
    """Choose the mark of an equilibrium from its kind and its stability."""
    shape = next((mark for word, mark in SHAPES if word in item.kind), "circle-x")
    fill = {"stable": "full", "unstable": "open"}.get(item.stability, "half")
    label = printable(item.kind)
    if item.kind == "pseudo-equilibrium" and item.stability in ("stable", "unstable"):
        label = f"{item.stability} {label}"
    if item.kind == "undecided":
        label = "undecided equilibrium"
    return Mark(label, shape, fill, item.kind != "undecided")


def by_mark(equilibria: tuple[Equilibrium, ...]) -> dict[Mark, list[int]]:
    """Sort the numbers of equilibria by their marks, in order of first appearance."""
    groups: dict[Mark, list[int]] = {}
    for number, item in enumerate(equilibria):
        groups.setdefault(equilibrium_mark(item), []).append(number)
    return groups


def equilibrium_lines(portrait: Portrait, number: int, frame: Frame) -> list[str]:
    """Tell about an equilibrium in a few plain lines: name, kind, point, eigenvalues."""
    item = portrait.equilibria[number]
    names = ", ".join(plain_name(name) for name in portrait.system.variables)
    point = format_point(item.point, frame.span, 5)
    exact = exact_words(item.exact)
    stability = "asymptotically stable" if item.stability == "stable" else item.stability
    index = "undecided" if item.index is None else f"{item.index:+d}".replace("-", "−")
    if item.index == 0:
        index = "0"
    lines = [
        f"{mark('equilibrium', number)}: {item.kind}",
        f"({names}) = {point}",
        *([f"exactly {exact}"] if exact else []),
        f"eigenvalues {format_eigenvalues(item.eigenvalues.tolist())}",
    ]
    if item.kind != "undecided" or item.stability != "undecided":
        lines.append(f"{stability} · index {index}")
    else:
        lines.append(f"index {index}")
    if item.sectors is not None:
        lines.append(f"sectors: {sector_words(item.sectors)}")
    lines.append(f"{item.evidence} ({item.method})" if item.method else item.evidence)
    if item.reason:
        lines += textwrap.wrap(plain_text(item.reason), REASON_WIDTH)
    return [printable(line) for line in lines]
