"""Closed orbits in words: limit cycles, what the search for them covered, and annuli."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eqpp_dash.model.factored import factored
from eqpp_dash.model.narrative.source import Source
from eqpp_dash.model.narrative.values import Sentence
from eqpp_dash.model.narrative.wording import (
    LONG,
    article,
    count,
    ended,
    formula,
    joined,
    number,
    places,
    sought,
    symbols,
    times,
)

MOST_CYCLES = 5
MOST_ANNULI = 3
NEAR_ONE = 0.05
"""Logarithms of multipliers that would be rounded to 1."""
DOUBLE = 600.0
"""Logarithms of multipliers that a double holds with room to spare."""

_WINDING = re.compile(
    r"none that closes in the plane( within the window)? (?P<proof>\(proved: .*\)); "
    r"those that wind were (?P<searched>not )?searched(?P<most> \(at most one by Bendixson\))?",
    re.DOTALL,
)
_NONE_WINDS = re.compile(r"(?P<rest>none.*); none winds: (?P<why>.*)\)", re.DOTALL)
_NO_OTHERS = re.compile(r"searched; no others \(proved: (.*)\)", re.DOTALL)
_FREED = re.compile(r"(.*), of the field without the factor (.*)")
_PROOF = re.compile(r"none( within the window)? \(proved: (.*)\)", re.DOTALL)


def closed_sentences(source: Source) -> Iterator[Sentence]:
    """Tell the limit cycles, whether there may be more, and the bands of closed orbits."""
    cycles = source.items("limit_cycles")
    for k in range(min(len(cycles), MOST_CYCLES)):
        yield _cycle(source, k)
    if len(cycles) > MOST_CYCLES:
        text = f"in all, {count(len(cycles), 'limit cycle')} were found"
        yield Sentence(ended(text), tuple(f"cycle {k}" for k in range(len(cycles))))
    yield from _search(source)
    yield from _limited(source)
    annuli = list(enumerate(source.items("annuli")))
    groups = list(dict.fromkeys(_periods(item) for _, item in annuli))
    for group in groups[:MOST_ANNULI]:
        yield _bands(source, [(k, item) for k, item in annuli if _periods(item) == group])
    if len(groups) > MOST_ANNULI:
        text = f"in all, there are {count(len(annuli), 'band')} of closed orbits"
        yield Sentence(ended(text), tuple(f"annulus {k}" for k, _ in annuli))


def _cycle(source: Source, k: int) -> Sentence:
    item = source.items("limit_cycles")[k]
    name = article(f"{item['stability']} limit cycle")
    period = number(item["period"], 5, item.get("period_error"))
    inside = [source.equilibrium(j) for j in item["encloses"]["equilibria"]]
    within = len(item["encloses"]["cycles"])
    ids = [f"cycle {k}", *(f"equilibrium {j}" for j in item["encloses"]["equilibria"])]
    around = [joined(inside)] if 0 < len(inside) <= 3 else []
    if len(inside) > 3:
        around = [count(len(inside), "equilibrium")]
    if within:
        around.append("the limit cycle" if within == 1 else f"the {count(within, 'limit cycle')}")
        around[-1] += " within"
        ids += [f"cycle {j}" for j in item["encloses"]["cycles"]]
    turns = [abs(n) for n in item.get("winding") or ()]
    place = {"crosses": " and crosses the window's border", "outside": ", outside the window"}
    text = f"{name} of period {period}"
    if around:
        text += f" goes round {joined(around)}"
    elif any(turns):
        winds = zip(turns, source.variables, strict=False)
        ways = (f"{times(n)} round the {source.space}, along {name}" for n, name in winds if n)
        text += f" winds {joined(ways)}"
    else:
        text += " was found"
    text += place.get(item["location"], "")
    limits = joined(
        f"{name} from {number(low, 4, item.get('error'))} to {number(high, 4, item.get('error'))}"
        for name, (low, high) in zip(source.variables, item["bounds"].values(), strict=True)
    )
    text += f", with {limits}; its multiplier is {_multiplier(item)} ({item['evidence']})"
    return Sentence(ended(text), tuple(ids))


def _multiplier(item: Mapping[str, Any]) -> str:
    log, error = item["log_multiplier"], item.get("log_multiplier_error")
    if log is None:
        reached = item["multipliers"][1][0] == 0.0
        return "0, as orbits reach it in finite time" if reached else "not bounded"
    if log == 0.0:
        return "1"
    if abs(log) > DOUBLE or abs(log) < NEAR_ONE:
        return f"e to the power {number(log, 4, error)}"
    value = math.exp(log)
    return number(value, 3, value * error if error else None)


def _search(source: Source) -> Iterator[Sentence]:
    """Tell whether there may be other limit cycles."""
    search = source.cycle_search
    status, found = str(search["status"]), len(source.items("limit_cycles"))
    winds = found_winding = None
    if (only := _WINDING.fullmatch(status)) is not None:
        found_winding = sum(map(any, (c["winding"] for c in source.items("limit_cycles"))))
        status = f"none{only[1] or ''} {only['proof']}"
    elif (also := _NONE_WINDS.fullmatch(status)) is not None:
        status, winds = f"{also['rest']})", also["why"]
    proof = _PROOF.fullmatch(status)
    if proof is not None:
        yield _proved(source, proof[2], inside=bool(proof[1]))
        if winds is not None:
            why = winds.replace(
                "at most one by Bendixson", "there is at most one by Bendixson's criterion"
            )
            text = f"no closed orbit winds round the {source.space} either (proved: {symbols(why)})"
            yield Sentence(ended(text), ("completeness",))
        elif found_winding is not None:
            head = "no other limit cycle" if found_winding else "no limit cycle"
            text = (
                f"{head} that winds round the {source.space} was found; that is no proof that "
                "there is none"
            )
            if only is not None and only["most"]:
                most = "there is at most one by Bendixson's criterion"
                text = f"{text}, but {most} (proved)"
                if found_winding:
                    text = (
                        f"there is no other limit cycle that winds round the {source.space} "
                        f"(proved: {most})"
                    )
            if only is not None and only["searched"]:
                text = f"closed orbits that wind round the {source.space} were not searched for"
            yield Sentence(ended(text), ("completeness",))
    elif status == "searched":
        sections = int(search.get("arcs") or 0)
        where = f"on the {count(sections, 'section')} searched" if sections else "by the search"
        head = "no other limit cycle" if found else "no limit cycle"
        text = f"{head} was found {where}; that is no proof that there is none"
        yield Sentence(ended(text), ("completeness",))
    elif (others := _NO_OTHERS.fullmatch(status)) is not None:
        head = "there is no other limit cycle" if found else "there is no limit cycle"
        text = f"{head} in the plane (proved: {symbols(others[1])})"
        yield Sentence(ended(text), ("completeness",))
    elif "preview" not in status:
        yield Sentence(ended(sought("limit cycles", status)), ("completeness",))


def _proved(source: Source, reason: str, *, inside: bool) -> Sentence:
    """Tell why there is no limit cycle, with the structure that proves it."""
    where = "within the window" if inside else "in the plane"
    if reason == "index: no equilibrium":
        text = (
            f"no orbit closes {where} (proved): it would go round an equilibrium, and there is none"
        )
        return Sentence(ended(text), ("completeness",))
    if reason.startswith("index: "):
        text = (
            f"no orbit closes {where} (proved): it would go round an equilibrium of positive "
            "index, and there is none that it could go round"
        )
        return Sentence(ended(text), ("completeness",))
    for k, item in enumerate(source.structure):
        ids = ("completeness", f"structure {k}")
        if item["type"] == "gradient" and reason == "a gradient field":
            text = f"no orbit closes {where} (proved): along it V would fall, and yet come back"
            return Sentence(ended(text), ids)
        if item["type"] == "Dulac function" and reason == _dulac_name(item):
            return Sentence(ended(_dulac(item, where)), ids)
        if reason == f"a first integral, {item['expression']}":
            text = (
                f"there is no limit cycle {where} (proved): H is constant along orbits, so no "
                "closed orbit is isolated"
            )
            return Sentence(ended(text), ids)
    text = f"there is no limit cycle {where} (proved: {symbols(reason)})"
    if reason == "Bendixson":
        text = f"no orbit closes {where} (proved by Bendixson's criterion)"
    if (freed := _FREED.fullmatch(reason)) is not None:
        head = f"there is no limit cycle {where} (proved)"
        text = f"{head}: without the factor {formula(freed[2])}, {_without(freed[1])}"
    return Sentence(ended(text), ("completeness",))


def _without(reason: str) -> str:
    """Say what is proved of the field without a factor."""
    kind, _, told = reason.partition(", ")
    if kind == "a first integral":
        integral = formula(factored(told))
        return f"the field has the first integral {integral}, so no closed orbit is isolated"
    if kind == "Dulac":
        return f"Dulac's criterion holds with B = {formula(factored(told.removeprefix('by ')))}"
    return {
        "a gradient field": "the field is a gradient, and no orbit of one closes",
        "Bendixson": "Bendixson's criterion holds",
    }.get(reason, symbols(reason))


def _dulac_name(item: Mapping[str, Any]) -> str:
    expression = item["expression"]
    return "Bendixson" if expression == "1" else f"Dulac, by {expression}"


def _dulac(item: Mapping[str, Any], where: str) -> str:
    sign = "negative" if item.get("sign", 0) > 0 else "positive"
    told, cofactor = (factored(str(item.get(name, ""))) for name in ("expression", "cofactor"))
    head = f"no orbit closes {where} (proved by"
    if item["expression"] == "1":
        short = 0 < len(cofactor) <= LONG
        what = f"the divergence, {formula(cofactor)}," if short else "the divergence"
        return f"{head} Bendixson's criterion): {what} is nowhere {sign}"
    by = formula(f"B = {told}") if len(told) <= LONG else "a function B"
    return f"{head} Dulac's criterion with {by}): the divergence of the field times B has one sign"


def _limited(source: Source) -> Iterator[Sentence]:
    """Tell a Dulac function that leaves room for some closed orbits."""
    if str(source.cycle_search["status"]) != "searched":
        return
    for k, item in enumerate(source.structure):
        if item["type"] == "Dulac function" and item.get("simply_connected") is False:
            parts = str(item.get("region") or "where it is defined").split("; ")
            where = f"in the region {symbols(' and '.join(parts))}"
            if all(part.startswith("off ") for part in parts):
                where = f"off {joined(symbols(part.removeprefix('off ')) for part in parts)}"
            text = f"{where}, at most one orbit closes around each hole of the region"
            yield Sentence(ended(f"{text} (proved by a Dulac function)"), (f"structure {k}",))


def _periods(item: Mapping[str, Any]) -> tuple[Any, ...]:
    """Give what bands that are told together have in common: periods, ends, evidence."""
    error = item.get("error") or 0.0
    digits = max(2, min(4, -math.ceil(math.log10(error)))) if error > 0 else 4
    low, high = (number(item[end]["period"], digits) for end in ("innermost", "outermost"))
    undecided = tuple(side for side in ("inner", "outer") if item[side] == "undecided")
    ends = tuple(_border(item[side]) for side in ("inner", "outer"))
    ways = tuple(map(abs, item.get("winding") or ()))
    return low, high, undecided, item["evidence"], len(item["around"]), ends, ways


def _border(end: str) -> str:
    """Give what is told of an end of a band: a curve of equilibria by its id, else its sort."""
    sort = end.split(" ")[0]
    return end if sort == "set" else sort if sort in ("separatrix", "infinity") else ""


def _bands(source: Source, items: Sequence[tuple[int, Mapping[str, Any]]]) -> Sentence:
    low, high, undecided, evidence, _, ends, ways = _periods(items[0][1])
    numbers = [j for _, item in items for j in item["around"]]
    band = "a band" if len(items) == 1 else count(len(items), "band")
    if low == high:
        periods = f"their period is {low}"
    else:
        which = " that was followed" if len(items) == 1 else " of each that was followed"
        periods = f"their period is {low} at the innermost and {high} at the outermost{which}"
    what = "closed orbits"
    if any(ways):
        axes = joined(name for way, name in zip(ways, source.variables, strict=False) if way)
        what = f"orbits that wind round the {source.space}, along {axes}, and close there"
    around = _round(source, items, numbers)
    text = f"{what} fill {band}{around}{_reach(source, ends)}; {periods} ({evidence})"
    grounds = list(dict.fromkeys(str(item["ground"]) for _, item in items if item.get("ground")))
    if "infinity" in ends and grounds:
        reaches = "the band reaches" if len(items) == 1 else "the bands reach"
        why = "; ".join(symbols(ground) for ground in sorted(grounds, key=len, reverse=True))
        text += f"; {reaches} to infinity ({why})"
    if undecided:
        sides = joined({"inner": "inward", "outer": "outward"}[side] for side in undecided)
        text += f"; what bounds the band{'' if len(items) == 1 else 's'} {sides} is undecided"
    ids = [*(f"annulus {k}" for k, _ in items), *(f"equilibrium {j}" for j in numbers)]
    borders = [item[side] for _, item in items for side in ("inner", "outer")]
    ids += [end for end in borders if end.startswith(("set ", "separatrix "))]
    return Sentence(ended(text), tuple(dict.fromkeys(ids)))


def _round(
    source: Source, items: Sequence[tuple[int, Mapping[str, Any]]], numbers: Sequence[int]
) -> str:
    """Say which equilibria bands go round."""
    kinds = {source.items("equilibria")[j]["kind"] for j in numbers}
    if len(numbers) == 1:
        return f" round {source.equilibrium(numbers[0])}"
    if len(kinds) == 1 and len(items) == len(numbers) == len(set(numbers)):
        where = places([source.place(j) for j in numbers])
        around = f", one round each of the {count(len(numbers), kinds.pop())}"
        return around + (f" {where}" if where.startswith("at ") else f" ({where})")
    if len(items) == 1 and numbers:
        return f" round {count(len(numbers), 'equilibrium')}"
    sizes = {len(item["around"]) for _, item in items}
    if len(sizes) == 1 and min(sizes) > 1:
        return f", each round {count(sizes.pop(), 'equilibrium')}"
    return ""


def _reach(source: Source, ends: tuple[str, str]) -> str:
    """Say from which separatrices or curve of equilibria bands begin, and how far they go."""
    told = []
    for end, words in zip(ends, (", beginning at {}", ", as far as {}"), strict=True):
        if end == "separatrix":
            told.append(words.format("separatrices that wind too"))
        elif end.startswith("set "):
            item = source.items("equilibrium_sets")[int(end.split(" ")[1])]
            told.append(words.format(f"the curve of equilibria {formula(item['implicit'])} = 0"))
    return "".join(told)
