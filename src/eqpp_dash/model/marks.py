"""Short names of facts, the same in the lists, the figure, the table of the command and the report.

The number is the one of the facts JSON: E2 is its ``equilibrium 2``.
"""

from __future__ import annotations

import re

LETTERS = {
    "equilibrium": "E",
    "cycle": "C",
    "annulus": "A",
    "set": "L",
    "singularity": "X",
    "switching": "J",
    "nullcline": "N",
    "separatrix": "S",
    "connection": "H",
    "polycycle": "P",
    "basin": "B",
    "structure": "F",
    "trajectory": "T",
    "warning": "W",
}
"""For each sort of fact the letter by which it is numbered."""

_NUMBERED = re.compile(r"(?<![\w-])(equilibrium|cycle|singularity) (0|[1-9]\d*)(?![\w.])")


def mark(sort: str, number: int) -> str:
    """Give the short name of a fact.

    Examples
    --------
    >>> mark("equilibrium", 0), mark("cycle", 2)
    ('E0', 'C2')
    """
    return f"{LETTERS[sort]}{number}"


def marked(text: str) -> str:
    """Call by their short names the facts that a remark of the engine numbers.

    Examples
    --------
    >>> marked("no index is known of equilibrium 3, singularity 0")
    'no index is known of E3, X0'
    """
    return _NUMBERED.sub(lambda match: mark(match[1], int(match[2])), text)
