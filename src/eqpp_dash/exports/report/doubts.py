"""What is undecided in a portrait, each with its reason: an undecided answer is no guess."""

from __future__ import annotations

from collections.abc import Iterator

from eqpp_dash.exports.report.blocks import Block, Bullets, Cell, Section, Words, ref, told
from eqpp_dash.figures.cycles import gap_words
from eqpp_dash.figures.labels import printable
from eqpp_dash.model.ends import END_WORDS
from eqpp_dash.model.portrait import Portrait

_DECIDED = ("proved", "verified", "numerical", "searched")
_OPEN_ENDS = ("undecided", "budget", "time")


def doubt_section(portrait: Portrait) -> Section:
    """Give the section on what is undecided; it says so if nothing is."""
    items = list(doubts(portrait))
    if not items:
        words = "No part of this report is marked undecided; how sure each is, its evidence tells."
        return Section("What is undecided", "undecided", (Words((words,)),))
    blocks: tuple[Block, ...] = (Bullets(tuple(("", item) for item in items)),)
    return Section("What is undecided", "undecided", blocks)


def doubts(portrait: Portrait) -> Iterator[Cell]:
    """Give every part that is undecided, with its reason."""
    if portrait.partial:
        why = printable(portrait.stopped) or "stopped early"
        yield (f"The whole: the computation was {why}; parts may be missing.",)
    yield from _points(portrait)
    for number, item in enumerate(portrait.separatrices):
        if item.evidence == "undecided" or item.limit in _OPEN_ENDS:
            reason = item.reason or END_WORDS.get(item.limit, item.limit)
            yield _said(("Limit of ", ref("separatrix", number)), reason)
    for gap in portrait.cycle_gaps:
        yield told(f"Number of limit cycles: {gap_words(gap)}.")
    for place in portrait.cycle_coverage.blind:
        yield told(f"Limit cycles were not looked for: {place}.")
    for number, annulus in enumerate(portrait.annuli):
        if "undecided" in (annulus.within, annulus.beyond):
            yield _said(("Where ", ref("annulus", number), " ends"), "")
    for number, orbit in enumerate(portrait.trajectories):
        ends = {end.end: end.reason for end in (orbit.backward, orbit.forward)}
        for end in _OPEN_ENDS:
            if orbit.origin == "given" and end in ends:
                yield _said(("An end of ", ref("trajectory", number)), ends[end] or END_WORDS[end])
    if portrait.audit is not None and portrait.audit.consistent is None:
        yield ("The audit of the indices: not all of them were decided.",)
    if portrait.basins is not None and portrait.basins.undecided:
        share = portrait.basins.undecided / portrait.basins.side**2
        yield (f"Basins: {portrait.basins.undecided} cells, {100 * share:.2g} % of the window.",)


def _points(portrait: Portrait) -> Iterator[Cell]:
    sure = portrait.completeness.get("equilibria", "")
    if sure and sure not in _DECIDED:
        yield told(f"Completeness of the equilibria: {sure}.")
    for number, item in enumerate(portrait.equilibria):
        open_parts = [
            name
            for name, value in (
                ("kind", item.kind), ("stability", item.stability), ("evidence", item.evidence),
                ("index", "undecided" if item.index is None else "")
            )
            if value == "undecided"
        ]  # fmt: skip
        if open_parts:
            what = ", ".join(open_parts)
            lead: Cell = (f"{what[:1].upper()}{what[1:]} of ", ref("equilibrium", number))
            yield _said(lead, item.reason)
    for number, curve in enumerate(portrait.equilibrium_sets):
        if curve.stability.startswith("undecided"):
            yield _said(("Stability of ", ref("set", number)), "")
    for number, point in enumerate(portrait.singularities):
        if point.index is None:
            yield _said(("Index of ", ref("singularity", number)), point.reason)


def _said(lead: Cell, reason: str) -> Cell:
    return (*lead, ": ", *told(reason), ".") if reason else (*lead, ".")
