"""What is at rest, in words: equilibria, curves of them, and singularities."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eqpp_dash.model.cycles import NOT_SEARCHED
from eqpp_dash.model.narrative.source import IN_WINDOW, Source
from eqpp_dash.model.narrative.values import Sentence
from eqpp_dash.model.narrative.wording import (
    LONG,
    article,
    count,
    ended,
    formula,
    joined,
    kind_name,
    numeral,
    places,
    sought,
    symbols,
)
from eqpp_dash.model.sets import part_words

MOST_REASONS = 3
MOST_SETS = 3
SAME = 1e-8
"""Difference of places, in periods, up to which one is the other's copy."""

_ORDER = ("stable", "neutral", "semi-stable", "unstable", "undecided")
_JUMPING = ("pseudo-equilibrium", "boundary equilibrium")
_INTEGRAL = re.compile(r"a first integral \(\w[\w ]*\) is smooth here and not constant(.*)")
_REVERSOR = re.compile(r"the reversor (.*) maps the point to itself")
_ONES = {"degenerate": ("a degenerate one", "degenerate ones")}
_UNTOLD = ("nilpotent focus", "degenerate")
"""Kinds whose name does not tell the stability."""

Numbered = Sequence[tuple[int, Mapping[str, Any]]]


def rest_sentences(source: Source) -> Iterator[Sentence]:
    """Tell the equilibria, the curves of equilibria, and where the field is undefined."""
    items = list(enumerate(source.items("equilibria")))
    near = [(k, item) for k, item in items if item["location"] in IN_WINDOW]
    far = [(k, item) for k, item in items if item["location"] not in IN_WINDOW]
    if near:
        search = ("completeness",)
        yield Sentence(ended(_found(source, near)), (*_ids(near), *search))
        yield from _weaker(source, near)
    else:
        yield from _none(source)
    far = [entry for entry in far if not _is_copy(source, entry[1], near)]
    if far:
        were = "was" if len(far) == 1 else "were"
        text = f"outside the window, {_kinds(source, far)} {were} found as well"
        yield Sentence(ended(text), _ids(far))
    yield from _reasons(source, [entry for entry in items if entry in near or entry in far])
    yield from _sets(source)
    for k, item in enumerate(source.items("singularities")):
        where = f"at {source.point(item['point'])}" if len(item["point"]) <= 3 else "along a line"
        index = "" if item.get("index") is None else f"; its index is {symbols(str(item['index']))}"
        text = f"the field has a singularity {where} ({symbols(str(item['reason']))}){index}"
        yield Sentence(ended(text), (f"singularity {k}",))


def _is_copy(source: Source, item: Mapping[str, Any], near: Numbered) -> bool:
    """Tell whether one of the equilibria is this one, moved by whole periods of variables."""
    shifts = [one["shift"] for one in source.structure if one["type"] == "periodic"]
    periods = [max((abs(shift[k]) for shift in shifts), default=0.0) for k in range(2)]
    diagonal = any(sum(map(bool, shift)) != 1 for shift in shifts)
    if not shifts or diagonal or len(item["point"]) != 2:
        return False
    for _, other in near:
        turns = []
        for here, there, period in zip(item["point"], other["point"], periods, strict=True):
            turn = (here - there) / (period or 1.0)
            turns.append(abs(turn - round(turn)) if period else abs(turn))
        if item["kind"] == other["kind"] and max(turns) < SAME:
            return True
    return False


def _ids(items: Numbered) -> tuple[str, ...]:
    return tuple(f"equilibrium {k}" for k, _ in items)


def _none(source: Source) -> Iterator[Sentence]:
    search = str(source.completeness.get("equilibria", ""))
    isolated = "isolated " if source.items("equilibrium_sets") else ""
    if not search or search.startswith(NOT_SEARCHED):
        text = sought("equilibria", search or NOT_SEARCHED)
        yield Sentence(ended(text), ("completeness",))
    elif search == "proved":
        text = f"there is no {isolated}equilibrium in the window (proved)"
        yield Sentence(ended(text), ("completeness",))
    else:
        text = f"no {isolated}equilibrium was found in the window"
        yield Sentence(ended(text), ("completeness",))


def _found(source: Source, items: Numbered) -> str:
    isolated = "isolated " if source.items("equilibrium_sets") else ""
    proved = source.completeness.get("equilibria") == "proved"
    sure = proved and all(item["evidence"] == "proved" for _, item in items)
    told = _kinds(source, items)
    if len(items) == 1:
        if proved:
            head = f"the only {isolated}equilibrium in the window is"
            return f"{head} {told}{' (proved)' if sure else ''}"
        return f"one {isolated}equilibrium was found in the window: {told}"
    number = count(len(items), f"{isolated}equilibrium", f"{isolated}equilibria")
    kinds = {item["kind"] for _, item in items}
    kind = kinds.pop()
    told = f": {told}"
    if not kinds and kind not in ("undecided", *_ONES):
        every = "both" if len(items) == 2 else "all"
        where = places([source.place(k) for k, _ in items])
        told = f", {every} of them {kind_name(kind, 2)}, {where}"
    if proved:
        more = " (proved: these, and no others)" if sure else " (proved: there are no others)"
        return f"there are {number} in the window{told}{more}"
    return f"{number} were found in the window{told}"


def _kinds(source: Source, items: Numbered) -> str:
    """List equilibria by kind, the stable ones first."""
    ranked = sorted(items, key=lambda entry: _ORDER.index(entry[1]["stability"]))
    parts = []
    for kind in dict.fromkeys(item["kind"] for _, item in ranked):
        own = [k for k, item in items if item["kind"] == kind]
        where = places([source.place(k) for k in own])
        several = len(own) > 1
        if kind == "undecided":
            told = f"{numeral(len(own))} of undecided kind"
        elif kind in _ONES:
            told = f"{numeral(len(own))} {_ONES[kind][1]}" if several else _ONES[kind][0]
        else:
            told = count(len(own), kind) if several else article(kind)
        parts.append(f"{told} {where}" if where.startswith("at") else f"{told} ({where})")
    return joined(parts)


def _weaker(source: Source, items: Numbered) -> Iterator[Sentence]:
    """Name the equilibria whose existence is not proved."""
    weak = [(k, item) for k, item in items if item["evidence"] != "proved"]
    for evidence in dict.fromkeys(item["evidence"] for _, item in weak):
        own = [(k, item) for k, item in weak if item["evidence"] == evidence]
        where = places([source.place(k) for k, _ in own])
        where = f" {where}" if where.startswith("at") else f", {where},"
        noun = "equilibrium" if len(own) == 1 else f"{numeral(len(own))} equilibria"
        verb = "exists" if len(own) == 1 else "exist"
        sure = "a verified computation" if evidence == "verified" else evidence
        text = f"the evidence that the {noun}{where} {verb} is {sure}, not a proof"
        if evidence == "undecided":
            text = f"whether the {noun}{where} {verb} is undecided"
        yield Sentence(ended(text), _ids(own))


def _reasons(source: Source, items: Numbered) -> Iterator[Sentence]:
    """Tell what decides a kind that the linearisation does not, and sectors."""
    own = [
        (k, item)
        for k, item in items
        if item.get("reason") and not item["hyperbolic"] and item["stability"] != "undecided"
    ]
    told = [k for k, item in own if item["kind"] == "degenerate" and item.get("sectors")]
    yield from (_sectors(source, k) for k in told[:MOST_REASONS])
    own = [(k, item) for k, item in own if k not in told]
    groups = dict.fromkeys((item["kind"], item["reason"]) for _, item in own)
    for kind, reason in list(groups)[:MOST_REASONS]:
        same = [(k, item) for k, item in own if (item["kind"], item["reason"]) == (kind, reason)]
        if kind in _JUMPING:  # where a field jumps nothing is linearised
            if len(same) > 1 and len({item["stability"] for _, item in same}) == 1:
                yield Sentence(ended(_jumping(source, kind, reason, same)), _ids(same))
                continue
            for k, item in same:
                known = item["stability"] in ("stable", "unstable") and kind not in reason
                verb = f"is {item['stability']}: " if known else "is marked so: "
                if reason.startswith(("a ", "an ", "degenerate ")):
                    verb = "is "
                text = f"{source.equilibrium(k)} {verb}{symbols(reason)}"
                yield Sentence(ended(text), (f"equilibrium {k}",))
        else:
            yield Sentence(ended(_decided(source, kind, reason, same)), _ids(same))


def _jumping(source: Source, kind: str, reason: str, same: Numbered) -> str:
    """Say the same of several equilibria on surfaces at which a field jumps."""
    where = places([source.place(k) for k, _ in same])
    where = f" {where}" if where.startswith("at") else f" ({where})"
    stability = str(same[0][1]["stability"])
    verb = f"are {stability}" if stability in ("stable", "unstable") else "are marked so"
    return f"the {numeral(len(same))} {kind_name(kind, 2)}{where} {verb}: {symbols(reason)}"


def _decided(source: Source, kind: str, reason: str, same: Numbered) -> str:
    """Say what decides the kind of equilibria where the linearisation does not."""
    where = places([source.place(k) for k, _ in same])
    stability = f"{same[0][1]['stability']} " if kind in _UNTOLD else ""
    if len(same) == 1:
        what = f"the equilibrium {where} is {article(stability + kind_name(kind))}"
    else:
        where = f" {where}" if where.startswith("at") else f" ({where})"
        what = f"the {numeral(len(same))} equilibria{where} are {stability}{kind_name(kind, 2)}"
    how = f"as follows: {symbols(reason)}"
    if (integral := _INTEGRAL.fullmatch(reason)) is not None:
        how = f"by a first integral, smooth there and not constant{symbols(integral[1])}"
    elif (map_ := _REVERSOR.fullmatch(reason)) is not None:
        how = f"by the reversor {symbols(map_[1])}, which maps the point to itself"
    return f"that {what} is not decided by the linearisation but {how}"


def _sectors(source: Source, k: int) -> Sentence:
    item = source.items("equilibria")[k]
    sectors = {sort: n for sort, n in item["sectors"].items() if n}
    told = joined(f"{numeral(n)} {sort}" for sort, n in sectors.items()) or "no"
    noun = "sector" if sum(sectors.values()) == 1 else "sectors"
    index = "" if item.get("index") is None else f" and index {symbols(str(item['index']))}"
    drawing = set(sectors) == {"parabolic"} and item["stability"] in ("stable", "unstable")
    index += f", so it is {item['stability']}" if drawing else ""
    text = f"{source.equilibrium(k)} has {told} {noun}{index} ({symbols(item['reason'])})"
    return Sentence(ended(text), (f"equilibrium {k}",))


def _where(implicit: str, part: str | None) -> str:
    if implicit == "0":
        if not part:
            return "all points"
        limits = symbols(part_words(part, "with")) if len(part) <= LONG else " of a region"
        return f"all points{limits}"
    if len(implicit) <= LONG:
        return f"all points with {formula(f'{implicit} = 0')}{symbols(part_words(part))}"
    return f"all points of a curve{symbols(part_words(part, 'with'))}"


def _sets(source: Source) -> Iterator[Sentence]:
    sets = source.items("equilibrium_sets")
    for k, item in enumerate(sets[:MOST_SETS]):
        where = _where(str(item["implicit"]), item.get("part"))
        if item.get("stability", "undecided") == "undecided":
            more = "their stability is undecided"
        else:
            told = symbols(str(item["stability"]))
            more = f"their stability {told}" if told.startswith("changes") else f"they are {told}"
        if item["implicit"] == "0" and item.get("part"):
            more = f"the field is zero there, and {more}"
        yield Sentence(ended(f"{where} are equilibria; {more}"), (f"set {k}",))
    if len(sets) > MOST_SETS:
        noun = "set" if any(item["implicit"] == "0" for item in sets) else "curve"
        text = f"in all, there are {count(len(sets), noun)} of equilibria"
        yield Sentence(ended(text), tuple(f"set {k}" for k in range(len(sets))))
