"""Text for matplotlib, in characters that its own font can draw."""

from __future__ import annotations

import unicodedata
from functools import cache

from matplotlib.font_manager import findfont, get_font

FONT = "DejaVu Sans"
"""It comes with matplotlib, so that a picture looks the same on every machine."""
UNKNOWN = "\N{WHITE SQUARE}"


def drawable(text: str) -> str:
    """Replace what the font lacks by the plain form of the same character, else by a square.

    Examples
    --------
    >>> drawable("\N{MATHEMATICAL ITALIC SMALL ALPHA}′ = ∇²u"), drawable("相図")
    ('α′ = ∇²u', '□□')
    """
    return "".join(map(_drawable, text))


def _drawable(character: str) -> str:
    for form in (character, unicodedata.normalize("NFKC", character)):
        if form.isprintable() and all(ord(part) in _glyphs() for part in form):
            return form
    return UNKNOWN if character.isprintable() else " "


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(FONT)).get_charmap())
