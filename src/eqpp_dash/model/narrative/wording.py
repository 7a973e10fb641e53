"""Words, numbers and formulas of a narrative."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from eqpp_dash.model.cycles import NOT_SEARCHED, NOT_TO_THE_END
from eqpp_dash.model.factored import canonical
from eqpp_dash.model.formula import prose_pieces
from eqpp_dash.model.labels import format_number, printable
from eqpp_dash.model.narrative.values import CLOSES, OPENS
from eqpp_dash.model.typeset import words

NUMBERS = (
    *("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve"),
)
"""Small numbers in words."""

LONG = 90
"""Formulas of more characters are left to the list of structure."""

_IRREGULAR = {
    "degenerate": ("degenerate equilibrium", "degenerate equilibria"),
    "undecided": ("equilibrium of undecided kind", "equilibria of undecided kind"),
    "pseudo-equilibrium": ("pseudo-equilibrium", "pseudo-equilibria"),
    "boundary equilibrium": ("boundary equilibrium", "boundary equilibria"),
    "equilibrium": ("equilibrium", "equilibria"),
}


def count(number: int, noun: str, nouns: str = "") -> str:
    """Give a number with its noun.

    Examples
    --------
    >>> count(1, "saddle"), count(2, "saddle"), count(0, "stable focus"), count(13, "node")
    ('one saddle', 'two saddles', 'no stable foci', '13 nodes')
    """
    return f"{numeral(number)} {noun if number == 1 else nouns or kind_name(noun, 2)}"


def numeral(number: int) -> str:
    """Write a count in words if it is small.

    Examples
    --------
    >>> numeral(2), numeral(28)
    ('two', '28')
    """
    return NUMBERS[number] if number < len(NUMBERS) else str(number)


def times(number: int) -> str:
    """Say how often.

    Examples
    --------
    >>> times(1), times(2), times(5)
    ('once', 'twice', 'five times')
    """
    return {1: "once", 2: "twice"}.get(number) or f"{numeral(number)} times"


def kind_name(kind: str, number: int = 1) -> str:
    """Name an equilibrium by its kind, in singular or plural.

    Examples
    --------
    >>> kind_name("stable focus", 2), kind_name("degenerate"), kind_name("saddle-node", 3)
    ('stable foci', 'degenerate equilibrium', 'saddle-nodes')
    """
    if kind in _IRREGULAR:
        return _IRREGULAR[kind][number != 1]
    if number == 1:
        return kind
    return f"{kind[:-2]}i" if kind.endswith("focus") else f"{kind}s"


def article(noun: str) -> str:
    """Put the indefinite article before a noun.

    Examples
    --------
    >>> article("unstable focus"), article("saddle")
    ('an unstable focus', 'a saddle')
    """
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"


def joined(items: Iterable[str]) -> str:
    """Join words as a sentence does.

    Examples
    --------
    >>> joined(["a"]), joined(["a", "b", "c"]), joined(["a and b", "c"])
    ('a', 'a, b and c', 'a and b, and c')
    """
    told = list(items)
    last = ", and " if any(" and " in item for item in told) else " and "
    return last.join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)


def number(value: Any, digits: int = 4, error: float | None = None, scale: float = 0.0) -> str:
    """Write a number with no more digits than its error allows.

    Parameters
    ----------
    value : float or None
        The number; None, as JSON has it, for one that is not finite.
    digits : int
        Most significant digits.
    error : float, optional
        Bound or estimate of its error; what is below that is shown as 0.
    scale : float
        Size of what it belongs to; what is below 1e-12 of it is shown as 0.

    Examples
    --------
    >>> number(2.00861986, 6, 1e-3), number(-1e-17, scale=4.0), number(-15000)
    ('2.01', '0', '−15000')
    """
    if value is None:
        return "unknown"
    size = abs(float(value))
    if error and size <= error:
        return "0"
    if not error and size.is_integer() and size < 1e6:
        return format_number(float(value), 7)
    if error and math.isfinite(size):
        sure = math.floor(math.log10(size)) - math.ceil(math.log10(2 * error)) + 1
        digits = max(1, min(digits, sure))
    return format_number(float(value), digits, scale)


def formula(text: str) -> str:
    """Put a formula into a sentence, to be typeset by whoever shows it.

    Examples
    --------
    >>> formula("mu*x") == f"{OPENS}mu*x{CLOSES}"
    True
    """
    return f"{OPENS}{printable(text)}{CLOSES}"


def symbols(text: str) -> str:
    """Put a sentence that the engine wrote into a narrative, its formulas to be typeset.

    Examples
    --------
    >>> symbols("at y^2 = 0, not -2") == f"at {formula('y^2 = 0')}, not {formula('-2')}"
    True
    """
    pieces = prose_pieces(text)
    return "".join(words(p) if isinstance(p, str) else formula(canonical(p)) for p in pieces)


def sought(what: str, status: str) -> str:
    """Say that things were not searched for, or not to the end.

    Examples
    --------
    >>> sought("limit cycles", "not searched"), sought("equilibria", "not searched: time appears")
    ('limit cycles were not searched for', 'equilibria were not searched for: time appears')
    >>> sought("limit cycles", "not searched to the end: stopped")
    'the search for limit cycles did not come to its end: stopped'
    """
    if status.startswith(NOT_TO_THE_END):
        rest = status.removeprefix(NOT_TO_THE_END)
        return f"the search for {what} did not come to its end{symbols(rest)}"
    rest = status.removeprefix(NOT_SEARCHED) if status.startswith(NOT_SEARCHED) else f": {status}"
    return f"{what} were not searched for{symbols(rest)}"


def ended(text: str) -> str:
    """Give a sentence its capital and its full stop.

    Examples
    --------
    >>> ended("so it is"), ended("x is.")
    ('So it is.', 'X is.')
    """
    whole = text.strip()
    return whole[:1].upper() + whole[1:] + ("" if whole.endswith((".", "?", "!")) else ".")


def places(points: Sequence[str], most: int = 4) -> str:
    """List where things are, not more than a few.

    Examples
    --------
    >>> places(["(0, 0)"]), places(["a", "b", "c"], 2)
    ('at (0, 0)', 'among them those at a and b')
    """
    if len(points) <= most:
        return f"at {joined(points)}"
    return f"among them those at {joined(points[:most])}"
