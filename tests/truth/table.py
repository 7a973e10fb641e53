"""Compute the whole portrait of every known planar system and tell how it fares: `make truth`.

    python tests/truth/table.py [NAME ...]

A line a system: equilibria found/expected and their kinds; limit cycles found/expected, with the
largest relative errors of period and log multiplier; curves of equilibria or poles; first integral;
separatrices; orbits between saddles; seconds of the processor; verdict. What is not ok is told
below its line. Ends with 1 if anything is wrong or missing, or if more than a third of the kinds
that the linearisation does not decide stay undecided.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

from verdicts import CHECKS, HYPERBOLIC, UNDECIDED, WORDS, Case, Check, planar_cases

from eqpp_dash import compute_portrait
from eqpp_dash.model.portrait import Portrait

HEAD = (
    f"{'system':26}{'equilibria':>11} {'kinds':44}{'cycles, errors':>20}{'sets':>7}"
    f"{'integral':>9}{'separatrices':>13}{'connections':>12}{'s':>6}  verdict"
)


def kinds(portrait: Portrait) -> str:
    """Count the kinds of the equilibria in the window."""
    count = Counter(e.kind for e in portrait.equilibria if e.location != "outside")
    return ", ".join(
        f"{number if number > 1 else ''} {kind}".strip() for kind, number in count.items()
    )


def judge(case: Case) -> tuple[Portrait, dict[str, Check], float]:
    """Compute a portrait and check it."""
    began = time.process_time()
    portrait = compute_portrait(case.spec)
    taken = time.process_time() - began
    return portrait, {name: check(case, portrait) for name, check in CHECKS.items()}, taken


def main(names: list[str]) -> int:
    """Print the table."""
    cases = [case for case in planar_cases() if not names or case.system["id"] in names]
    print(HEAD)
    verdicts: Counter[str] = Counter()
    degenerate: Counter[str] = Counter()
    found: Counter[str] = Counter()
    total = 0.0
    for case in cases:
        portrait, checks, taken = judge(case)
        verdict = WORDS[max(check.verdict for check in checks.values())]
        cells = [check.shown for check in checks.values()]
        print(
            f"{case.name:26}{cells[0]:>11} {kinds(portrait):44}{cells[1]:>20}{cells[2]:>7}"
            f"{cells[3]:>9}{cells[4]:>13}{cells[5]:>12}{taken:6.2f}  {verdict}",
            flush=True,
        )
        for name, check in checks.items():
            for word in WORDS[UNDECIDED:]:
                for text in getattr(check, word):
                    print(f"    {name} {word}: {text}")
        verdicts[verdict] += 1
        total += taken
        for item in portrait.equilibria:
            if item.location != "outside":
                found["equilibria"] += 1
                if not HYPERBOLIC.fullmatch(item.kind):
                    degenerate["undecided" if item.kind == "undecided" else "decided"] += 1
        found["cycles"] += sum(c.location == "inside" for c in portrait.limit_cycles)
    print(
        f"{len(cases)} portraits, {found['equilibria']} equilibria, {found['cycles']} "
        "limit cycles: "
        + ", ".join(f"{verdicts[word]} {word}" for word in WORDS)
        + f"; {degenerate['undecided']} of {degenerate.total()} kinds beyond the linearisation "
        + f"undecided; {total:.1f} s of the processor"
    )
    too_many = 3 * degenerate["undecided"] > degenerate.total()
    return int(bool(verdicts["wrong"] or verdicts["missing"] or too_many))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
