"""The check of the indices, what is undecided, and what the engine remarked, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from eqpp_dash.model.cycles import NOT_SEARCHED, NOT_TO_THE_END
from eqpp_dash.model.narrative.regions import percent
from eqpp_dash.model.narrative.source import Source
from eqpp_dash.model.narrative.values import Sentence
from eqpp_dash.model.narrative.wording import article, count, ended, joined, number, symbols, times

MOST = 3

SPECK = 1e-9
"""Share of the window below which a coordinate of a place is told as 0."""

_END = re.compile(r"section's end at (\([^()]*\)), ([^:]*): ")
_PLACE = re.compile(r"near \((-?[\d.e+-]+(?:, -?[\d.e+-]+)*)\)")
_SPECKS = re.compile(r"within specks of \S+ of the window|(?<=; )of \S+ of the window")
_SPOT = "in tiny spots near "
_SPOTS = re.compile(rf"{_SPOT}\([^()]*\)(?:; {_SPOT}\([^()]*\))+")
_BOXES = re.compile(r"^(\d+ box(?:es)?)(?=,|$)")
_EQUILIBRIUM = re.compile(r"(?<!\w)equilibrium (\d+)(?!\d)")

_UNKNOWN = "no index is known of "
_NEXT = re.compile(", (?=(?:equilibrium|singularity) [0-9]|the set )")
_NOTES = (
    ("the set all points with ", "the set "),
    ("no index is known of the set all points", "every point is an equilibrium"),
    ("no index is known of the set ", "no index is known of the equilibria with "),
    (", the set ", ", the equilibria with "),
    ("and the set ", "and the equilibria with "),
    (", and on those tried near it", ", and on the borders tried near it"),
)
"""How the check's notes are put in a sentence."""


def audit_sentences(source: Source) -> Iterator[Sentence]:
    """Tell whether the indices add up to the turns of the field."""
    audit = source.facts.get("audit")
    if not audit:
        return
    turns, total = audit.get("boundary"), audit.get("sum")
    if audit.get("consistent") and turns is not None and total is not None:
        found = f"the indices of what was found within add up to {'the same, ' if turns else ''}"
        text = f"{_turns(source, turns)} (proved), and {found}{symbols(str(total))}"
        yield Sentence(ended(text), ("audit",))
    elif audit.get("consistent") is False:
        notes = "; ".join(symbols(str(note)) for note in audit.get("notes") or ())
        text = f"the indices of what was found do not add up to the turns of the field: {notes}"
        yield Sentence(ended(text), ("audit",))
    if audit.get("border"):
        inward = audit["border"] == "enters"
        way = "inward" if inward else "outward"
        text = f"every orbit that meets the window's border crosses it {way} (proved)"
        more = ", so no orbit leaves the window"
        if not inward:
            more = ", so none that has left the window comes back"
        yield Sentence(ended(text + more), ("audit",))


def _turns(source: Source, turns: int) -> str:
    """Say how often the field turns along the border, or the rectangle used for it."""
    curve = source.facts["audit"].get("curve") or [[], []]
    limits = [list(pair) for pair in zip(*curve, strict=True)]
    moved = limits != [list(pair) for pair in source.facts["window"].values()]
    where = f"along the window's border{', moved a little,' if moved else ''}"
    if not turns:
        return f"{where} the field makes no net turn"
    back = "backward " if turns < 0 else ""
    return f"{where} the field turns {back}{times(abs(turns))}"


def doubt_sentences(source: Source) -> Iterator[Sentence]:
    """Name all that is undecided, with the reason."""
    yield from _rests(source)
    yield from _searches(source)
    yield from _branches(source)
    for k, item in enumerate(source.items("basins")):
        if item["of"] == "undecided" and item["fraction"]:
            share = percent(item["fraction"])
            text = f"for {share} % of the window it is undecided to which basin it belongs"
            if item["fraction"] == 1:
                text = "for no point of the window is it decided to which basin it belongs"
            yield Sentence(ended(text), (f"basin {k}",))
    audit = source.facts.get("audit")
    if audit and audit.get("consistent") is None:
        told = [_numbered(source, str(note)) for note in audit.get("notes") or ()]
        notes = "; ".join(dict.fromkeys(told))
        text = "whether the indices add up to the turns of the field is undecided"
        numbers = _EQUILIBRIUM.findall(" ".join(map(str, audit.get("notes") or ())))
        own = (id for k in numbers for id in source.known(f"equilibrium {k}"))
        ids = ("audit", *dict.fromkeys(own))
        yield Sentence(ended(f"{text}{': ' + notes if notes else ''}"), ids)


def _rests(source: Source) -> Iterator[Sentence]:
    items = [(k, i) for k, i in enumerate(source.items("equilibria")) if i["kind"] == "undecided"]
    for k, item in items[:MOST]:
        text = f"the kind of the equilibrium at {source.place(k)} is undecided"
        yield Sentence(ended(text + _why(item)), (f"equilibrium {k}",))
    if len(items) > MOST:
        text = f"in all, {count(len(items), 'undecided')} are in the list"
        yield Sentence(ended(text), tuple(f"equilibrium {k}" for k, _ in items))
    for k, item in enumerate(source.items("equilibria")):
        if item["stability"] == "undecided" and item["kind"] != "undecided":
            text = f"the stability of {source.equilibrium(k)} is undecided"
            yield Sentence(ended(text + _why(item)), (f"equilibrium {k}",))


def _why(item: Mapping[str, Any]) -> str:
    return f" ({symbols(item['reason'])})" if item.get("reason") else ""


def _searches(source: Source) -> Iterator[Sentence]:
    search = str(source.completeness.get("equilibria", ""))
    if search not in ("", "proved", NOT_SEARCHED) and not search.startswith(f"{NOT_SEARCHED}:"):
        if search.startswith("proved, "):
            text = f"that all equilibria in the window were found is {_near(source, search)}"
        else:
            why = search.removeprefix(f"{NOT_TO_THE_END}: ")
            why = _near(source, why.removeprefix("searched; not decided: "))
            why = _BOXES.sub(r"the search left \1 open", why)
            text = f"whether all equilibria in the window were found is undecided: {why}"
        yield Sentence(ended(text), ("completeness",))
    cycles = source.cycle_search
    gaps: list[Any] = list(cycles.get("undecided") or ())
    for gap in gaps[:MOST]:
        first, last = (number(gap[end][0], 5) for end in ("from", "to"))
        name = source.variables[0]
        where = f"between {name} = {first} and {name} = {last}"
        if first == last:
            where = f"near {name} = {first}"
        text = f"how many limit cycles cross a section {where} is undecided"
        yield Sentence(
            ended(f"{text}: {gap['count']} ({symbols(gap['reason'])})"), ("completeness",)
        )
    blind = [
        symbols(_END.sub(r"the end of a section at \1 (\2): ", str(text)))
        for text in cycles.get("blind") or ()
    ]
    if blind:
        text = "the search for limit cycles could not look everywhere; not covered: "
        text += "; ".join(blind[:MOST])
        more = "; and more" if len(blind) > MOST else ""
        yield Sentence(ended(text + more), ("completeness",))


def _near(source: Source, text: str) -> str:
    """Round the places in what is said of a search, and leave out how small specks are."""

    def rounded(match: re.Match[str]) -> str:
        values = [float(part) for part in match[1].split(", ")]
        spans = [*source.spans, *[1.0] * len(values)]
        told = (number(v, 4, SPECK * span) for v, span in zip(values, spans, strict=False))
        return f"near ({', '.join(told)})"

    seldom = _SPECKS.sub("in tiny spots", _PLACE.sub(rounded, text))
    seldom = _SPOTS.sub(
        lambda match: f"{_SPOT}{joined(part.rstrip('; ') for part in match[0].split(_SPOT)[1:])}",
        seldom,
    )
    if seldom.count(", except") > 1:
        seldom = seldom.replace(", except on", ", and except on")
    return symbols(seldom)


def _numbered(source: Source, note: str) -> str:
    """Name the equilibria that a note of the check gives by their numbers."""

    def named(match: re.Match[str]) -> str:
        k = int(match[1])
        return source.equilibrium(k) if k < len(source.items("equilibria")) else match[0]

    told, unknown = note, note.removeprefix(_UNKNOWN)
    if unknown != note:
        told = _UNKNOWN + joined(_NEXT.split(unknown))
    for words, better in _NOTES:
        told = told.replace(words, better)
    return symbols(_EQUILIBRIUM.sub(named, told))


def _branches(source: Source) -> Iterator[Sentence]:
    items = [
        (k, item)
        for k, item in enumerate(source.items("separatrices"))
        if item["evidence"] == "undecided"
    ]
    reasons = list(dict.fromkeys(item["reason"] for _, item in items))
    for reason in reasons[:MOST]:
        same = [k for k, item in items if item["reason"] == reason]
        each = f"each {reason[3:]}" if len(same) > 1 and reason.startswith("it ") else reason
        text = f"{_which(source, same)} is undecided{_why({'reason': each})}"
        yield Sentence(ended(text), _of_branches(source, same))
    rest = [k for k, item in items if item["reason"] in reasons[MOST:]]
    if rest:
        text = f"{_which(source, rest, more='other ')} is undecided for further reasons"
        yield Sentence(ended(text), _of_branches(source, rest))


def _which(source: Source, branches: list[int], more: str = "") -> str:
    """Say of which separatrices it is open where they end, or come from."""
    items = [source.items("separatrices")[k] for k in branches]
    ways = {item["branch"] for item in items}
    verb, verbs = ("ends", "end") if ways == {"unstable"} else ("comes from", "come from")
    if len(items) == 1:
        name = article(f"{more}{items[0]['branch']} separatrix")
        return f"where {name} of {source.named(items[0]['of'])} {verb}"
    sort = f"{more}{ways.pop()} " if len(ways) == 1 else more
    verbs = "end or come from" if ways else verbs
    return f"where {count(len(items), f'{sort}separatrix', f'{sort}separatrices')} {verbs}"


def _of_branches(source: Source, branches: list[int]) -> tuple[str, ...]:
    saddles = dict.fromkeys(source.items("separatrices")[k]["of"] for k in branches)
    return (*(f"separatrix {k}" for k in branches), *saddles)
