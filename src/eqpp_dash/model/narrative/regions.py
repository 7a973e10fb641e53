"""Basins, jumps of the field and asked-for trajectories in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from eqpp_dash.model.ends import END_WORDS
from eqpp_dash.model.narrative.source import Source
from eqpp_dash.model.narrative.values import Sentence
from eqpp_dash.model.narrative.wording import LONG, count, ended, formula, joined, kind_name, number
from eqpp_dash.model.sets import rests

MOST_BASINS = 6
MOST_SEGMENTS = 3
MOST_TRAJECTORIES = 3

_CAN_REST = "tangent, and can rest"
_RESTING = {"sliding": "resting", "tangent": _CAN_REST}
_ENDLESS = ("time", "budget")
_FATES = {
    "infinity": "orbits that go to infinity",
    "left work box": "orbits that go far out of the window",
    "undefined": "orbits that end where the field is undefined",
}


def basin_sentences(source: Source) -> Iterator[Sentence]:
    """Tell the shares of the window, the greatest first; the undecided one is told elsewhere."""
    items = [
        (k, item) for k, item in enumerate(source.items("basins")) if item["of"] != "undecided"
    ]
    items.sort(key=lambda entry: -entry[1]["fraction"])
    told = items[:MOST_BASINS]
    sure = [f"({item['evidence']}{_error(item)})" for _, item in told]
    same = len(set(sure)) == 1
    parts = [
        f"{percent(item['fraction'])} % {'to' if k else 'belongs to'} {_name(source, item)}"
        f"{'' if same else ' ' + words}"
        for k, ((_, item), words) in enumerate(zip(told, sure, strict=True))
    ]
    if parts:
        more = "; the other basins are smaller" if len(items) > MOST_BASINS else ""
        ids = [id for k, item in told for id in (f"basin {k}", *source.known(item["of"]))]
        text = f"of the window, {joined(parts)}{' ' + sure[0] if same else ''}{more}"
        if len(items) == 1 and told[0][1]["fraction"] == 1:
            text = f"all of the window belongs to {_name(source, told[0][1])} {sure[0]}"
        yield Sentence(ended(text), tuple(ids))


def percent(fraction: float) -> str:
    """Write a share in percent; 100 only for all.

    Examples
    --------
    >>> percent(0.33398), percent(1.0), percent(0.99999), percent(0.0001)
    ('33.4', '100', '99.9', '0.01')
    """
    share = 100.0 * fraction
    if 0 < share < 0.1:
        return number(share, 2)
    return "100" if fraction == 1 else f"{min(share, 99.9):.1f}"


def _error(item: Mapping[str, Any]) -> str:
    error = item.get("error")
    return f", ± {number(100 * error, 1)} %" if error else ""


def _name(source: Source, item: Mapping[str, Any]) -> str:
    of = item["of"]
    if of in _FATES:
        return _FATES[of]
    if of == "beyond":
        where = f" at {source.point(item['point'])}" if item.get("point") else ""
        kind = kind_name(item.get("kind") or "equilibrium")
        return f"the basin of the {kind}{where} beyond the window"
    return f"the basin of {source.named(of)}"


def jump_sentences(source: Source) -> Iterator[Sentence]:
    """Tell where the field jumps, and where orbits slide along that."""
    items = list(enumerate(source.items("switching")))
    for surface in dict.fromkeys(item["surface"] for _, item in items):
        own = [(k, item) for k, item in items if item["surface"] == surface]
        told = formula(str(surface))
        where = f"where {told}" if len(told) <= LONG else "on a curve"
        parts = []
        for kind, verb in (
            ("resting", "come to rest on it"),
            ("sliding", "slide along it"),
            ("escaping", "may leave it at any time"),
            ("tangent", "are tangent to it on both sides, and not unique on it,"),
            (_CAN_REST, "are tangent to it on both sides, and move either way or rest on it,"),
        ):
            some = [item for _, item in own if _kind(source, item) == kind]
            if 0 < len(some) <= MOST_SEGMENTS:
                spans = joined(_span(source, item) for item in some)
                parts.append(f"they {verb} {spans}")
            elif some:
                parts.append(f"they {verb} on {count(len(some), 'segment')}")
        crossing = [item for _, item in own if item["kind"] == "crossing"]
        if crossing:
            parts.append("elsewhere they cross it" if parts else "orbits cross it")
        if parts and parts[0].startswith("they"):
            parts[0] = parts[0].replace("they", "orbits", 1)
        yield Sentence(
            ended(f"the field jumps {where}; {joined(parts)}"),
            (*(f"switching {k}" for k, _ in own), *_resting(source, own)),
        )


def _kind(source: Source, item: Mapping[str, Any]) -> str:
    """Give the kind of a segment; another one if orbits rest, or can rest, at all of its points."""
    sets = ((one["implicit"], one["points"]) for one in source.items("equilibrium_sets"))
    if item["kind"] in _RESTING and rests(item["surface"], item["points"], sets):
        return _RESTING[item["kind"]]
    return str(item["kind"])


def _resting(source: Source, own: list[tuple[int, Mapping[str, Any]]]) -> Iterator[str]:
    """Give the ids of the sets of equilibria by which segments are told to be at rest."""
    for k, item in enumerate(source.items("equilibrium_sets")):
        pair = [(item["implicit"], item["points"])]
        if any(s["kind"] in _RESTING and rests(s["surface"], s["points"], pair) for _, s in own):
            yield f"set {k}"


def _span(source: Source, item: Mapping[str, Any]) -> str:
    """Tell where a segment is; its points are in no order of time."""
    if item["points"][0] == item["points"][-1]:
        return f"on the whole closed curve through {_end(source, item, 0)}"
    first, last = sorted((0, -1), key=lambda which: tuple(item["points"][which]))
    return f"between {_end(source, item, first)} and {_end(source, item, last)}"


def _end(source: Source, item: Mapping[str, Any], which: int) -> str:
    return source.point(item["points"][which])


def trajectory_sentences(source: Source) -> Iterator[Sentence]:
    """Tell where trajectories that were asked for come from and go to."""
    items = list(enumerate(source.items("trajectories")))
    given = [(k, item) for k, item in items if item["origin"] == "given"]
    for k, item in given[:MOST_TRAJECTORIES]:
        start = source.point(item["start"], digits=6)
        back, on = item["backward"], item["forward"]
        text = f"the trajectory through {start} {_course(source, back, on)}"
        ids = (f"trajectory {k}", *source.known(back["end"]), *source.known(on["end"]))
        yield Sentence(ended(text), tuple(dict.fromkeys(ids)))
    if len(given) > MOST_TRAJECTORIES:
        text = f"in all, {count(len(given), 'trajectory', 'trajectories')} were asked for"
        yield Sentence(ended(text), tuple(f"trajectory {k}" for k, _ in given))


def _course(source: Source, back: Mapping[str, Any], on: Mapping[str, Any]) -> str:
    """Say where a trajectory comes from and goes to, and what of that is open."""
    if on["end"] == "closed orbit":
        return "is a closed orbit (numerical)"
    known, left = [], []
    for end, way, name in ((back, "comes from", "origin"), (on, "goes to", "end")):
        if end["end"] == "undecided":
            left.append(f"its {name} is undecided")
        elif end["end"] in _ENDLESS:
            left.append(f"its {name} was not reached in the time it was followed")
        else:
            blown = end["end"] == "infinity" and end.get("time") is not None
            time = " in finite time" if blown else ""
            known.append(f"{way} {source.named(end['end'])}{time}")
    if known and known == [
        f"{way} {END_WORDS['left work box']}" for way in ("comes from", "goes to")
    ]:
        known = ["comes from far outside the window and goes far out of it again"]
    if not known:
        return f"was followed both ways: {joined(left)} (numerical)"
    return f"{' and '.join(known)} (numerical){''.join(f'; {text}' for text in left)}"
