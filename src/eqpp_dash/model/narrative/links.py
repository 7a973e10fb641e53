"""Connections of saddles and polycycles in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eqpp_dash.model.narrative.source import Source
from eqpp_dash.model.narrative.values import Sentence
from eqpp_dash.model.narrative.wording import article, count, ended, joined, number, symbols

MOST_CONNECTIONS = 4
MOST_POLYCYCLES = 3

_HOW = re.compile(": reversible under")

Numbered = Sequence[tuple[int, Mapping[str, Any]]]


def connection_sentences(source: Source) -> Iterator[Sentence]:
    """Tell the connections, alike ones together, the near ones, and the polycycles."""
    items = list(enumerate(source.items("connections")))
    sure = [(k, item) for k, item in items if item["status"] != "near"]
    for group in dict.fromkeys(_sort(item) for _, item in sure):
        yield _alike(source, [(k, item) for k, item in sure if _sort(item) == group])
    near = [(k, item) for k, item in items if item["status"] == "near"]
    for k, item in near[:MOST_CONNECTIONS]:
        yield Sentence(ended(_near(source, item)), _facts([(k, item)]))
    if len(near) > MOST_CONNECTIONS:
        text = f"in all, there are {count(len(near), 'near connection')}, each undecided"
        yield Sentence(ended(text), _facts(near))
    yield from _polycycles(source)


def _sort(item: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(item.get(name) for name in ("type", "status", "how", "codimension", "within"))


def _facts(items: Numbered) -> tuple[str, ...]:
    saddles = [f"equilibrium {item[end]}" for _, item in items for end in ("from", "to")]
    return tuple(dict.fromkeys([*(f"connection {k}" for k, _ in items), *saddles]))


def _alike(source: Source, items: Numbered) -> Sentence:
    first = items[0][1]
    several = len(items) > 1
    noun = f"{first['type']} connection"
    ways = list(dict.fromkeys(_way(source, item) for _, item in items))
    head = count(len(items), noun, f"{noun}s") if several else article(noun)
    verb = "leads" if not several else "lead"
    text = f"{head} {verb} {joined(ways)}" if len(ways) <= MOST_CONNECTIONS else f"there are {head}"
    within = f" within {first['within']}" if first.get("within") else ""
    their = "their" if several else "its"
    how = _HOW.sub(r", as the field is reversible under", str(first["how"]))
    how = how.replace(": their values", ", as their values")
    text += f" ({first['status']}: {symbols(how)}); {their} codimension is "
    loops = [
        f"polycycle {k}"
        for k, item in enumerate(source.items("polycycles"))
        if _is_loop(item) and any(item["connections"][0] == number for number, _ in items)
    ]
    return Sentence(ended(f"{text}{first['codimension']}{within}"), (*_facts(items), *loops))


def _is_loop(polycycle: Mapping[str, Any]) -> bool:
    """Tell whether it is a homoclinic connection, which says all."""
    return len(polycycle["connections"]) == 1


def _way(source: Source, item: Mapping[str, Any]) -> str:
    if item["from"] == item["to"]:
        return f"from {source.equilibrium(item['from'])} back to it"
    return f"from {source.equilibrium(item['from'])} to {source.equilibrium(item['to'])}"


def _near(source: Source, item: Mapping[str, Any]) -> str:
    first, second = source.equilibrium(item["from"]), source.equilibrium(item["to"])
    if item["from"] == item["to"]:
        head = f"an unstable and a stable separatrix of {first}"
    else:
        head = f"an unstable separatrix of {first} and a stable one of {second}"
    if item.get("gap") is None:
        return f"{head} pass close to each other: whether they are one is undecided"
    gap = f"within {number(item['gap'], 2)} of the window's width"
    if not item["gap"]:
        gap = "with a gap that the computation does not tell from zero"
    return (
        f"{head} pass each other {gap}: whether they are one, a {item['type']} connection, is "
        "undecided"
    )


def _polycycles(source: Source) -> Iterator[Sentence]:
    items = [(k, item) for k, item in enumerate(source.items("polycycles")) if not _is_loop(item)]
    for k, item in items[:MOST_POLYCYCLES]:
        saddles = [source.place(j) for j in dict.fromkeys(item["equilibria"])]
        ids = (
            f"polycycle {k}",
            *(f"connection {j}" for j in item["connections"]),
            *(f"equilibrium {j}" for j in dict.fromkeys(item["equilibria"])),
        )
        name = "saddle" if len(saddles) == 1 else "saddles"
        text = f"connections of the {name} at {joined(saddles)} form a polycycle"
        if len(saddles) < len(item["equilibria"]):
            text = (
                f"the {count(len(item['connections']), 'connection')} of the {name} at "
                f"{joined(saddles)} together make a polycycle that passes "
                f"{'it' if len(saddles) == 1 else 'them'} more than once"
            )
        if item["status"] == "near":
            yield Sentence(
                ended(f"if there is no gap between them, {text}; that is undecided"), ids
            )
        else:
            yield Sentence(ended(f"{text} ({item['status']})"), ids)
    if len(items) > MOST_POLYCYCLES:
        text = f"in all, there are {count(len(items), 'polycycle')}"
        yield Sentence(ended(text), tuple(f"polycycle {k}" for k, _ in items))
