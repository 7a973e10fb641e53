"""What the engine remarked on what a portrait does not show, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from eqpp_dash.model.narrative.source import Source
from eqpp_dash.model.narrative.values import Sentence
from eqpp_dash.model.narrative.wording import count, ended, joined, symbols

TOLD = (
    "cycle-index",
    "cycle-outside",
    "outside-window",
    "separatrices-left-out",
    "equilibria-many",
    "basins-slow",
    "undefined",
    "poles",
)
"""Codes of the remarks that a narrative repeats: what the portrait does not show."""


_POINTS = re.compile(r"(\d+) equilibri(?:um is|a are) outside the fitted window: \(.*?\) = (.*)")
_CYCLES = re.compile(r"(\d+) cycles? (?:is|are) (outside|partly in) the window \(from .*\): (.*)")
_SOME = re.compile(r"The separatrices of (\d+) of the (\d+) saddles are drawn")
_MANY = re.compile(r"There are too many equilibria to list all: these are (\d+)")
_FITTED = "too far off for the fitted window"


def remark_sentences(source: Source) -> Iterator[Sentence]:
    """Repeat the remarks that tell what the portrait does not show."""
    for k, item in enumerate(source.items("warnings")):
        if item["code"] in TOLD:
            message = str(item["message"])
            own = _outside(source, message)
            text = _cycles(message, len(own)) if own else _remark(message)
            yield Sentence(ended(text), (f"warning {k}", *own))


def _remark(message: str) -> str:
    if (points := _POINTS.fullmatch(message)) is not None:
        number, places = int(points[1]), points[2].removesuffix(" and more")
        told = [symbols(place) for place in places.split("; ")]
        some = "at" if len(told) == number else "among them those at"
        lie = "lies" if number == 1 else "lie"
        head = count(number, "equilibrium", "equilibria")
        return f"{head} {lie} outside the fitted window, {some} {joined(told)}"
    if (some_ := _SOME.fullmatch(message)) is not None:
        return f"the separatrices of {some_[1]} of the {some_[2]} saddles are drawn, no others"
    if (many := _MANY.fullmatch(message)) is not None:
        return f"there are too many equilibria to list them all: the list has {many[1]}"
    return symbols(message)


def _outside(source: Source, message: str) -> tuple[str, ...]:
    """Give the ids of the cycles that a remark counts, if all of them are among the facts."""
    found = _CYCLES.fullmatch(message)
    if found is None:
        return ()
    location = {"outside": "outside", "partly in": "crosses"}[found[2]]
    cycles = enumerate(source.items("limit_cycles"))
    own = tuple(f"cycle {k}" for k, item in cycles if item["location"] == location)
    return own if len(own) == int(found[1]) else ()


def _cycles(message: str, number: int) -> str:
    """Tell of cycles that the window does not show, or not wholly."""
    found = _CYCLES.fullmatch(message)
    place, advice = (found[2], found[3]) if found else ("", "")
    several = number != 1
    verbs = {"outside": ("lies", "lie"), "partly in": ("runs partly", "run partly")}
    verb = verbs[place][several]
    why = f": {'they are' if several else 'it is'} too far off to be fitted"
    why = why if advice == _FITTED else f"; {advice}"
    return f"{count(number, 'limit cycle')} {verb} outside the window{why}"
