"""Whether every sentence of narratives is borne out by the facts that it names.

    python tests/truth/narratives.py [--count 100] [--seed 1]

Portraits of the gallery, of the planar systems of `systems.json` and of random systems are told
in words. Nothing of the package's wording is used to judge: each sentence must name facts that
exist, and

* each number in it, read back from the text, must be a number of these facts to the digits that
  are written, with its sign; pairs in parentheses must be one and the same point;
* each number in words (two, once) must be a count of these facts: of a sort, or of those among them
  that share a kind, a stability, an end or the like;
* an equilibrium called by its kind and place must have that kind at that place;
* a first integral, potential, Dulac function or invariant curve, read back by the equations'
  syntax, must have the values of the expression in the facts;
* *proved* and *verified* must stand in these facts.

Ends with 1 if any sentence fails.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import numpy as np
from random_systems import WINDOW, coefficients, transcendental, without_cycles, written
from verdicts import planar_cases

from eqpp_dash import PortraitSpec, compute_portrait, parse_system
from eqpp_dash.model.narrative import find_fact

SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
RAISED = re.compile("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+")
NUMBER = re.compile(r"(?:(?<![\w.)])-)?(?<![\w.])\d+(?:\.\d+)?(?:(?:×10\^|e)-?\d+)?")
PAIR = re.compile(r"\((-?[\d.×^e-]+), (-?[\d.×^e-]+)\)")
SMALL = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
COUNTS = {
    **{word: k for k, word in enumerate(SMALL, 2)},
    "once": 1,
    "twice": 2,
    "both": 2,
}
WORDS = re.compile(rf"\b({'|'.join(COUNTS)})\b", re.IGNORECASE)
PLACES = r" ({})(?: \(among them those)? at ((?:\([^()]*\)(?:, and |, | and )?)+)"
DIGITS = range(2, 13)
INTEGRAL = re.compile(r"\b[HVB] = (.+?)(?= is constant | falls |\): )")
CURVES = re.compile(
    r"(?:The curves?|among them) (.+? = 0)(?: is invariant| are invariant| \(proved)"
)
BEYOND = re.compile(r"(?<= = 0)(?:, | and )")
PLACES_TRIED = 6
NEAR = 1e-9


# ---- reading ---------------------------------------------------------------------------------


def plain(text: str) -> str:
    """Write a text with the signs of a keyboard; the number of a name is no number."""
    text = RAISED.sub(lambda match: "^" + match[0].translate(SUPERSCRIPTS), text)
    return re.sub("[₀-₉]", "", text.replace("−", "-"))


def value_of(token: str) -> float:
    return float(token.replace("×10^", "e"))


def numbers(text: str) -> list[str]:
    return [match[0] for match in NUMBER.finditer(plain(text))]


def leaves(fact: Any) -> Iterator[Any]:
    """Walk the values of a fact: numbers and texts, the names of entries too."""
    if isinstance(fact, Mapping):
        for name, entry in fact.items():
            yield name
            yield from leaves(entry)
    elif isinstance(fact, list | tuple):
        for entry in fact:
            yield from leaves(entry)
    else:
        yield fact


def values(facts: list[Any]) -> list[float]:
    """Give all numbers of facts, those within texts too, and shares in percent."""
    found: list[float] = []
    for leaf in leaves(facts):
        if isinstance(leaf, str):
            found += [value_of(token) for token in numbers(leaf)]
        elif isinstance(leaf, int | float) and not isinstance(leaf, bool):
            found.append(float(leaf))
    shares = [fact for fact in facts if isinstance(fact, Mapping) and "fraction" in fact]
    found += [value for point in copies(facts) for value in point]
    return found + [100.0 * fact[name] for fact in shares for name in ("fraction", "error")]


def copies(facts: list[Any]) -> Iterator[list[float]]:
    """Give the points to which the shifts of separatrices move equilibria."""
    shifts = [
        fact["shift"]
        for fact in facts
        if isinstance(fact, Mapping) and "branch" in fact and "shift" in fact
    ]
    kinds = [
        fact["point"]
        for fact in facts
        if isinstance(fact, Mapping) and {"kind", "point"} <= fact.keys()
    ]
    for shift in shifts:
        for point in kinds:
            yield [a + b for a, b in zip(point, shift, strict=True)]


# ---- judging ---------------------------------------------------------------------------------


def agrees(token: str, value: float, small: float) -> bool:
    """Tell whether a number that is written is a value, rounded."""
    read = value_of(token)
    if read == 0:
        return abs(value) <= small
    if not math.isfinite(value) or read * value <= 0:
        return False
    if any(float(f"{value:.{digits}g}") == read for digits in DIGITS):
        return True
    if abs(value) < 1 and float(f"{value:.1g}") == read:  # an error
        return True
    return token == f"{min(value, 99.9):.1f}"  # a share in percent


def sizes(facts: Mapping[str, Any], ids: tuple[str, ...]) -> set[int]:
    """Give the counts that numbers in words may tell."""
    found: set[int] = set()
    named: dict[str, list[Any]] = {}
    for id in ids:
        named.setdefault(id.split(" ")[0], []).append(find_fact(facts, id))
    for sort, items in named.items():
        found.add(len(items))
        shared: Counter[tuple[str, Any]] = Counter()
        for item in items:
            if not isinstance(item, Mapping):
                continue
            entries = {k: v for k, v in item.items() if isinstance(v, str | int)}
            if sort == "separatrix":
                entries["end"] = f"{item['branch']} {kind_of(facts, item['limit'])}"
                entries["place"] = f"{item['of']} {item['branch']}"
            shared.update(entries.items())
            found |= set(small_integers(item))
        found |= set(shared.values())
    return found


def formulas(text: str) -> list[tuple[str, str]]:
    """Give the formulas in a sentence that restate an expression, with the whole that is told."""
    found = [(match[1], match[0]) for match in INTEGRAL.finditer(text)]
    for match in CURVES.finditer(text):
        found += [(part.removesuffix(" = 0"), part) for part in BEYOND.split(match[1])]
    return found


def function(facts: Mapping[str, Any], text: str) -> Any:
    """Give the function of the state that a formula is, read by the equations' syntax."""
    names = facts["system"]["variables"]
    first, *rest = names
    system = parse_system("; ".join([f"{first}' = {text}", *(f"{name}' = 0" for name in rest)]))
    return lambda state: system.derivative(dict(zip(names, state, strict=True)))[first]


def misstated(facts: Mapping[str, Any], text: str, named: list[Any]) -> Iterator[str]:
    """Name formulas whose values are those of no expression that is named."""
    known = [
        function(facts, item["expression"])
        for item in named
        if isinstance(item, Mapping)
        and "expression" in item
        and "->" not in item["expression"]
        and not item.get("every_angle")
        and not item["expression"].startswith(("ref", "rot"))
    ]
    rng = np.random.default_rng(5)
    states = rng.uniform(0.1, 2.0, size=(PLACES_TRIED, len(facts["system"]["variables"])))
    for formula, _ in formulas(text):
        told = function(facts, formula)
        values = [told(state) for state in states]
        if not any(
            all(
                math.isclose(value, one(state), rel_tol=NEAR, abs_tol=NEAR)
                for value, state in zip(values, states, strict=True)
            )
            for one in known
        ):
            yield f"{formula} is no expression"


def kind_of(facts: Mapping[str, Any], limit: str) -> str:
    return find_fact(facts, limit)["kind"] if limit.startswith("equilibrium ") else limit[:5]


def small_integers(item: Any) -> Iterator[int]:
    """Give integers in a fact, and the lengths of its lists."""
    for entry in item.values() if isinstance(item, Mapping) else ():
        if isinstance(entry, int) and not isinstance(entry, bool):
            yield abs(entry)
        elif isinstance(entry, list):
            yield len(entry)
            yield from (abs(k) for k in entry if isinstance(k, int))
        elif isinstance(entry, Mapping):
            yield from small_integers(entry)


def points(facts: list[Any]) -> Iterator[list[float]]:
    for fact in facts:
        if isinstance(fact, Mapping):
            for name in ("point", "start"):
                if fact.get(name):
                    yield fact[name]
            yield from fact.get("points") or ()
    yield from copies(facts)
    for leaf in leaves(facts):  # points that a fact's own words name may be told with fewer digits
        if isinstance(leaf, str):
            yield from ([value_of(part) for part in pair] for pair in PAIR.findall(plain(leaf)))


def faults(facts: Mapping[str, Any], text: str, ids: tuple[str, ...]) -> Iterator[str]:
    """Say what of a sentence is not borne out by the facts that it names."""
    if not ids:
        yield "no fact"
        return
    try:
        named = [find_fact(facts, id) for id in ids]
    except KeyError as error:
        yield f"there is no {error}"
        return
    spans = [b - a for a, b in facts["window"].values()] or [1.0]
    errors = [f.get("error") or 0.0 for f in named if isinstance(f, Mapping)]
    small = max([1e-9 * max(spans), *errors])
    known, told, counts = values(named), plain(text), sizes(facts, ids)
    yield from misstated(facts, text, named)
    curves = any(id.startswith(("structure", "set")) for id in ids)
    for _, whole in formulas(text):
        text = text.replace(whole, "")
    for token in numbers(text.replace(" = 0", "") if curves else text):  # F = 0 is the curve F
        if token.isdigit() and int(token) in counts:
            continue
        if not any(agrees(token, value, small) for value in known):
            yield f"{token} is in no fact"
    for pair in PAIR.finditer(told):
        quoted = any(pair[0] in plain(leaf) for leaf in leaves(named) if isinstance(leaf, str))
        if not quoted and not any(same_point(pair, point, small) for point in points(named)):
            yield f"{pair[0]} is no point"
    yield from misplaced(facts, told, ids, small)
    for match in WORDS.finditer(text):
        if COUNTS[match[0].lower()] not in counts:
            yield f"{match[0]} of what?"
    said = json.dumps(named)
    structure = any(id.startswith(("structure", "audit")) for id in ids)
    for word in ("proved", "verified"):
        if word in text and word not in said and not (word == "proved" and structure):
            yield f"{word} is in no fact"


def misplaced(
    facts: Mapping[str, Any], told: str, ids: tuple[str, ...], small: float
) -> Iterator[str]:
    """Name places at which no equilibrium of the kind that is told is among the facts."""
    named = [find_fact(facts, id) for id in ids if id.startswith("equilibrium ")]
    for kind in {item["kind"] for item in facts["equilibria"]}:
        forms = f"{kind}|{kind}s|{kind.removesuffix('us')}i"
        for match in re.finditer(PLACES.format(forms), told):
            for pair in PAIR.finditer(match[2]):
                if not any(
                    item["kind"].endswith(kind) and same_point(pair, item["point"], small)
                    for item in named
                ):
                    yield f"no {kind} at {pair[0]}"


def same_point(pair: re.Match[str], point: list[float], small: float) -> bool:
    return len(point) == 2 and all(
        agrees(token, value, small) for token, value in zip(pair.groups(), point, strict=True)
    )


def is_copy(facts: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    """Tell whether an equilibrium beyond the window is one in it, moved by whole periods."""
    if item["location"] != "outside":
        return False
    periods = facts["system"]["periodic"]
    for other in facts["equilibria"]:
        if other["location"] == "outside" or other["kind"] != item["kind"]:
            continue
        for name, a, b in zip(
            facts["system"]["variables"], item["point"], other["point"], strict=True
        ):
            turns = (a - b) / periods[name] if name in periods else 0.0
            if abs(turns - round(turns)) > 1e-6 or (name not in periods and abs(a - b) > 1e-9):
                break
        else:
            return True
    return False


def untold(facts: Mapping[str, Any]) -> Iterator[str]:
    """Name isolated things that no sentence names, but for copies of those in the window."""
    told = {
        id
        for part in facts["narrative"]
        for sentence in part["sentences"]
        for id in sentence["facts"]
    }
    for sort, name in (("equilibrium", "equilibria"), ("connection", "connections")):
        for k in range(len(facts[name])):
            copy = sort == "equilibrium" and is_copy(facts, facts[name][k])
            if f"{sort} {k}" not in told and not copy:
                yield f"{sort} {k} is not told"


def judge(facts: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Judge a portrait's narrative: how many sentences, and what is wrong with them."""
    wrong, count = list(untold(facts)), 0
    for part in facts["narrative"]:
        for sentence in part["sentences"]:
            count += 1
            for fault in faults(facts, sentence["text"], tuple(sentence["facts"])):
                wrong.append(f"{fault}: {sentence['text']} {sentence['facts']}")
    return count, wrong


# ---- portraits -------------------------------------------------------------------------------


def specs(seed: int) -> Iterator[tuple[str, PortraitSpec]]:
    """Give the gallery, the planar systems that are known, and random ones without end."""
    entries = (
        entry for entry in files("eqpp_dash.gallery").iterdir() if entry.name.endswith("json")
    )
    for entry in sorted(entries, key=lambda entry: entry.name):
        yield entry.name, PortraitSpec.from_json(json.loads(entry.read_text())["spec"])
    for case in planar_cases():
        yield case.name, case.spec
    rng = np.random.default_rng(seed)
    while True:
        degrees = rng.integers(1, 5, size=2)
        f, g = (written(coefficients(rng, int(degree))) for degree in degrees)
        for text in (
            f"x' = {f}; y' = {g}",
            f"x' = {transcendental(rng)}; y' = {transcendental(rng)}",
            without_cycles(rng),
        ):
            yield text, PortraitSpec(text, window=WINDOW)


def main() -> int:
    """Tell portraits, and print what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sentences, failed, began = 0, 0, time.process_time()
    for _, (name, spec) in zip(range(options.count), specs(options.seed), strict=False):
        count, wrong = judge(compute_portrait(spec).facts())
        sentences += count
        failed += len(wrong)
        for text in wrong:
            print(f"{name}: {text}", flush=True)
    taken = time.process_time() - began
    print(
        f"{options.count} portraits, {sentences} sentences: {failed} faults; {taken:.0f} s of the "
        "processor"
    )
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
