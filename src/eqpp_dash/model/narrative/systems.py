"""The system in words: equations, window, structure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eqpp_dash.model.factored import factored
from eqpp_dash.model.narrative.source import Source
from eqpp_dash.model.narrative.values import Sentence
from eqpp_dash.model.narrative.wording import LONG, ended, formula, joined, symbols

MOST_CURVES = 4
MOST_MAPS = 2

_BROKEN = re.compile(r"log\(|/\(?-?(?!pi\b)[A-Za-z(]|\^\(?-")
"""What is not defined everywhere: logarithms, quotients, negative powers."""

_INTEGRALS = {
    "hamiltonian": "it is Hamiltonian: {} is constant along every orbit",
    "hamiltonian after a change of time": (
        "it is Hamiltonian after a change of time: {} is constant along every orbit"
    ),
    "conserved": "{} is constant along every orbit",
    "gradient": "it is a gradient system: {} falls along every orbit that is not at rest",
}


def system_sentences(source: Source) -> Iterator[Sentence]:
    """Tell the equations, the window, and what is proved about the system."""
    preview = "preview" in str(source.cycle_search["status"])
    stops = [item["message"] for item in source.items("warnings") if item["code"] == "stopped"]
    if stops or (source.facts.get("partial") and not preview):
        why = "its computation was stopped early, so parts may be missing"
        if stops:
            why = f"{stops[0][0].lower()}{stops[0][1:]}"
        yield Sentence(ended(f"this portrait is partial: {why}"), ("partial",))
    if preview:
        text = "this is a preview: not every search was made, and orbits are sketched"
        yield Sentence(ended(text), ("completeness",))
    yield _opening(source)
    for k, item in enumerate(source.structure):
        if item["type"] in _INTEGRALS:
            yield Sentence(_integral(item), (f"structure {k}",))
    yield from _maps(source.structure)
    yield from _curves(source.structure)


def _opening(source: Source) -> Sentence:
    system = source.facts["system"]
    equations = system.get("equations") or ()
    told = ", ".join(
        f"{name}′ = {formula(text)}"
        for name, text in zip(source.variables, equations, strict=False)
    )
    if not equations or sum(map(len, equations)) > LONG:
        told = f"in {joined(source.variables)}"
    values = joined(
        formula(f"{name} = {v if isinstance(v, str) else f'{v:.6g}'}")
        for name, v in system["parameters"].items()
    )
    limits = ", ".join(
        formula(f"{low:.4g} <= {name} <= {high:.4g}")
        for name, (low, high) in source.facts["window"].items()
    )
    text = f"the system {told}{' with ' + values if values else ''} is seen in the window"
    return Sentence(ended(f"{text} {limits}"), ("system", "window"))


def _integral(item: Mapping[str, Any]) -> str:
    name, told = "V" if item["type"] == "gradient" else "H", factored(str(item["expression"]))
    what = formula(f"{name} = {told}")
    if len(told) > LONG:
        what = f"{formula(name)}, which the list of structure gives,"
    text = _INTEGRALS[item["type"]].format(what)
    if _BROKEN.search(str(item["expression"])):
        text += ", where it is defined"
    if item.get("single_valued") is False:
        text += ", if the angle in it is followed around"
    if item.get("region"):
        text += f" ({symbols(str(item['region']))})"
    return ended(f"{text} (proved)")


def _maps(structure: Sequence[Mapping[str, Any]]) -> Iterator[Sentence]:
    """Tell symmetries and reversors, then shifts."""
    parts, ids = [], []
    for sort, name in (("symmetry", "symmetric"), ("reversible", "reversible")):
        own = [(k, item) for k, item in enumerate(structure) if item["type"] == sort]
        if own:
            few = own[:MOST_MAPS]
            maps = [symbols(factored(str(item["expression"]))) for _, item in few]
            more = ["others"] if len(own) > MOST_MAPS else []
            parts.append(f"{name} under {joined([*maps, *more])}")
            ids += [f"structure {k}" for k, _ in own]
    if parts:
        yield Sentence(ended(f"it is {joined(parts)} (proved)"), tuple(ids))
    shifts = [k for k, item in enumerate(structure) if item["type"] == "periodic"]
    if shifts:
        told = joined(formula(str(structure[k]["expression"])) for k in shifts)
        space = "cylinder" if len(shifts) == 1 else "torus"
        text = f"it repeats under {told} (proved), so its phase space is a {space}"
        yield Sentence(ended(text), tuple(f"structure {k}" for k in shifts))


def _curves(structure: Sequence[Mapping[str, Any]]) -> Iterator[Sentence]:
    own = [(k, item) for k, item in enumerate(structure) if item["type"] == "invariant curve"]
    if not own:
        return
    told = [formula(f"{factored(str(item['expression']))} = 0") for _, item in own[:MOST_CURVES]]
    told = [text for text in told if len(text) <= LONG]
    ids = tuple(f"structure {k}" for k, _ in own)
    if not told:
        text = "invariant curves are in the list of structure (proved)"
    elif len(own) == 1:
        text = f"the curve {told[0]} is invariant: orbits that start on it stay on it (proved)"
    elif len(told) == len(own):
        text = (
            f"the curves {joined(told)} are invariant: orbits that start on one stay on it (proved)"
        )
    else:
        text = f"several curves are invariant, among them {joined(told)} (proved)"
    yield Sentence(ended(text), ids)
