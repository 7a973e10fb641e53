"""Separatrices in words: where they run, and what they part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eqpp_dash.model.narrative.source import Source
from eqpp_dash.model.narrative.values import Sentence
from eqpp_dash.model.narrative.wording import count, ended, joined, kind_name, numeral

MOST_SADDLES = 4

Branches = Sequence[tuple[int, Mapping[str, Any]]]

_WAYS = ("unstable", "stable")
_ENDLESS = ("time", "budget")


def branch_sentences(source: Source) -> Iterator[Sentence]:
    """Tell of each saddle where its separatrices run; of many saddles how many run where."""
    branches = list(enumerate(source.items("separatrices")))
    saddles = list(dict.fromkeys(item["of"] for _, item in branches))
    if len(saddles) > MOST_SADDLES:
        for way in _WAYS:
            own = [(k, item) for k, item in branches if item["branch"] == way]
            if own:
                yield _many(source, own, way)
    else:
        for saddle in saddles:
            own = [(k, item) for k, item in branches if item["of"] == saddle]
            yield _of_saddle(source, saddle, own)
    yield from _parted(source, saddles, branches)


def _facts(source: Source, branches: Branches) -> tuple[str, ...]:
    """Name branches, their saddles and what they end at."""
    saddles = [item["of"] for _, item in branches]
    ends = [end for _, item in branches for end in source.known(item["limit"])]
    return tuple(dict.fromkeys([*saddles, *(f"separatrix {k}" for k, _ in branches), *ends]))


def _of_saddle(source: Source, saddle: str, own: Branches) -> Sentence:
    """Say of an equilibrium where its unstable separatrices run to, and its stable ones come from.

    Evidence that all have in common stands once, at the end.
    """
    sure = {_sure(item) for _, item in own}
    alike = len(sure) == 1
    parts: list[str] = []
    for way in _WAYS:
        some = [item for _, item in own if item["branch"] == way]
        if some:
            name = f" of {source.named(saddle)}" if not parts else ""
            parts.append(_way(source, way, some, name, alike=alike))
    told = "; ".join(parts)
    if alike and "" not in sure:
        every = "all " if len(own) > 1 else ""
        told += f" ({every}{sure.pop()})"
    return Sentence(ended(told), _facts(source, own))


def _way(
    source: Source, way: str, branches: Sequence[Mapping[str, Any]], of: str, *, alike: bool
) -> str:
    """Say where the separatrices of a sort run to, or come from; `of` names whose if it is new."""
    noun = (f"{way} separatrix{of}", f"{way} separatrices{of}")
    if not of:  # the equilibrium and the noun were named before
        noun = (f"{way} one", f"{way} ones")
    if len(branches) == 1:
        return f"the {noun[0]} {_predicate(source, branches[0])}{_told(branches[0], alike)}"
    if len(branches) > 2:
        return _counted(source, noun[1], branches, alike=alike)
    first, second = branches
    sure = [_told(item, alike) for item in branches]
    told = [_predicate(source, item) for item in branches]
    if told[0] == told[1] and sure[0] == sure[1]:
        return f"both {noun[1]} {_predicate(source, first, many=True)}{sure[0]}"
    copies = first.get("shift") or second.get("shift")
    merged = "" if copies else _merged(source, way, [first["limit"], second["limit"]])
    if merged and sure[0] == sure[1]:
        return f"the {noun[1]} {merged}{sure[0]}"
    one, other = told
    for verb in ("runs ", "comes "):
        if one.startswith(verb) and other.startswith(verb):
            other = other.removeprefix(verb)
    return f"one {way} separatrix{of} {one}{sure[0]}, the other {other}{sure[1]}"


def _counted(
    source: Source, names: str, branches: Sequence[Mapping[str, Any]], *, alike: bool
) -> str:
    """Count where more than two separatrices run: a saddle has two of a sort, other points more."""
    told = Counter(
        (_predicate(source, item), _predicate(source, item, many=True), _told(item, alike))
        for item in branches
    )
    if len(told) == 1:
        ((_, many, sure),) = told
        return f"all {numeral(len(branches))} {names} {many}{sure}"
    parts = [
        f"{numeral(times)} {one if times == 1 else many}{sure}"
        for (one, many, sure), times in told.most_common()
    ]
    return f"of the {numeral(len(branches))} {names}, {joined(parts)}"


def _sure(item: Mapping[str, Any]) -> str:
    return "" if _open(item) else str(item["evidence"])


def _told(item: Mapping[str, Any], alike: bool) -> str:
    """Give the evidence of a branch in brackets, if it is not told for all."""
    return "" if alike or _open(item) else f" ({item['evidence']})"


def _open(item: Mapping[str, Any]) -> bool:
    return "undecided" in (item["limit"], item["evidence"])


def _predicate(source: Source, item: Mapping[str, Any], *, many: bool = False) -> str:
    """Say where a separatrix, or each of two, goes on."""
    s, out = "" if many else "s", item["branch"] == "unstable"
    if _open(item):
        return f"{'have' if many else 'has'} an undecided {'end' if out else 'origin'}"
    if item["limit"] in _ENDLESS:
        they = "they were" if many else "it was"
        return f"run{s} {'on' if out else 'back'} for as long as {they} followed"
    if item["limit"] == "left work box":
        return f"run{s} far out of the window" if out else f"come{s} from far outside the window"
    if item.get("shift"):
        words = _copy(source, item)
        return f"run{s} to {words}" if out else f"come{s} from {words}"
    if item["limit"] == item["of"]:
        point = f"the {kind_name(_kind(source, item['of']))} itself"
        return f"return{s} to {point}" if out else f"come{s} from {point}"
    words = source.named(item["limit"])
    if item["limit"] == "infinity" and item.get("time") is not None:
        words += " in finite time"
    return f"run{s} to {words}" if out else f"come{s} from {words}"


def _copy(source: Source, item: Mapping[str, Any]) -> str:
    """Name the copy, in a periodic variable, of the equilibrium to which a separatrix goes."""
    k = int(item["limit"].split(" ")[1])
    known = source.items("equilibria")[k]
    moved = [a + b for a, b in zip(known["point"], item["shift"], strict=True)]
    place = source.point(moved, known.get("error"))
    if item["limit"] == item["of"]:
        return f"the {_kind(source, item['of'])}'s copy at {place}"
    return f"the copy at {place} of {source.equilibrium(k)}"


def _merged(source: Source, way: str, limits: Sequence[str]) -> str:
    """Name two equilibria of one kind, or two known ends, in one phrase."""
    if not all(map(source.known, limits)):
        return ""
    verb = "run to" if way == "unstable" else "come from"
    if all(limit.startswith("equilibrium ") for limit in limits):
        numbers = [int(limit.split(" ")[1]) for limit in limits]
        kinds = {source.items("equilibria")[k]["kind"] for k in numbers}
        if len(kinds) == 1:
            where = joined(source.place(k) for k in numbers)
            return f"{verb} the {kind_name(kinds.pop(), 2)} at {where}"
    return f"{verb} {joined(source.named(limit) for limit in limits)}"


def _kind(source: Source, point: str) -> str:
    """Give the kind of an equilibrium that is named as in the facts."""
    return str(source.items("equilibria")[int(point.split(" ")[1])]["kind"])


def _parted(source: Source, saddles: Sequence[str], branches: Branches) -> Iterator[Sentence]:
    """Tell which stable separatrices part the orbits that tend to two attractors.

    Near a saddle, orbits on one side of its stable manifold follow the one unstable branch, and
    those on the other side the other; what an asymptotically stable end draws in it draws in with
    its neighbours.
    """
    parting: dict[str, list[str]] = {}
    for saddle in saddles:
        if _kind(source, saddle) != "saddle":
            continue
        own = [(k, item) for k, item in branches if item["of"] == saddle]
        out = [item for _, item in own if item["branch"] == "unstable"]
        ends = list(dict.fromkeys(item["limit"] for item in out))
        stable = any(item["branch"] == "stable" for _, item in own)
        if stable and len(out) == len(ends) == 2 and all(map(source.attracts, ends)):
            parting[saddle] = ends
    if not parting:
        return
    facts = _facts(source, [(k, item) for k, item in branches if item["of"] in parting])
    if len(saddles) == 1:
        one, other = (source.briefly(end) for end in parting[saddles[0]])
        text = (
            "the stable separatrices of that saddle therefore part the orbits near it: on one side "
            f"they tend to {one}, on the other to {other} (numerical)"
        )
        yield Sentence(ended(text), facts)
        return
    numbers = [int(saddle.split(" ")[1]) for saddle in parting]
    if len(parting) == len(saddles):
        which = "each of these saddles"
    elif len(parting) == 1:
        which = source.equilibrium(numbers[0])
    elif len(parting) <= MOST_SADDLES:
        which = f"each of the saddles at {joined(source.place(k) for k in numbers)}"
    else:
        which = f"each of {count(len(parting), 'saddle')}"
    text = (
        f"near {which}, the stable separatrices part the orbits: on one side they tend to where "
        "one unstable separatrix ends, on the other to where the other one ends (numerical)"
    )
    yield Sentence(ended(text), facts)


def _many(source: Source, branches: Branches, way: str) -> Sentence:
    """Count where the separatrices of many saddles end."""
    ends = Counter(_sort(source, item) for _, item in branches)
    total = count(len(branches), f"{way} separatrix", f"{way} separatrices")
    points = list(dict.fromkeys(item["of"] for _, item in branches))
    plain = all(_kind(source, point) == "saddle" for point in points)
    saddles = count(len(points), *(("saddle",) if plain else ("equilibrium", "equilibria")))
    sure = {item["evidence"] for _, item in branches} - {"undecided"}
    evidence = f" ({sure.pop()})" if len(sure) == 1 else ""
    if len(ends) == 1:
        ((_, all_),) = ends
        text = f"all {total} of {saddles} {all_}{evidence}"
    else:
        told = (
            f"{numeral(times)} {one if times == 1 else many}"
            for (one, many), times in ends.most_common()
        )
        text = f"of the {total} of {saddles}, {joined(told)}{evidence}"
    return Sentence(ended(text), _facts(source, branches))


def _sort(source: Source, item: Mapping[str, Any]) -> tuple[str, str]:
    """Say in singular and plural to what sort of end a separatrix goes."""
    limit = item["limit"]
    one, many = (
        ("runs to", "run to") if item["branch"] == "unstable" else ("comes from", "come from")
    )
    if source.known(limit) and not _open(item):
        sort, last = limit.split(" ")
        noun, nouns = {"cycle": ("limit cycle", "limit cycles")}.get(sort, (sort, f"{sort}s"))
        if sort == "equilibrium":
            kind = source.items("equilibria")[int(last)]["kind"]
            noun, nouns = kind_name(kind), kind_name(kind, 2)
        article = "an" if noun[0] in "aeiou" else "a"
        return f"{one} {article} {noun}", f"{many} {nouns}"
    return _predicate(source, item), _predicate(source, item, many=True)
