"""Closed forms as people read them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from eqpp_dash.model.typeset import plain_formula

_PLAIN = re.compile(r"-?\d+")


def exact_words(texts: Sequence[str]) -> str:
    """Write the closed form of a point; nothing if its coordinates are whole numbers.

    Parameters
    ----------
    texts : sequence of str
        Closed forms of the coordinates, in the language of the equations; none if unknown.

    Returns
    -------
    str
        Such as ``((1 + √5)/2, −3π/4)``.

    Examples
    --------
    >>> exact_words(("(1 + sqrt(5))/2", "-3*pi/4")), exact_words(("-2*pi + asin(7/10)", "0"))
    ('((1 + √5)/2, −3π/4)', '(−2π + arcsin(7/10), 0)')
    >>> exact_words(("3", "-1")), exact_words(())
    ('', '')
    """
    if all(_PLAIN.fullmatch(text) for text in texts):
        return ""
    return f"({', '.join(map(plain_formula, texts))})"
