"""Names, numbers and points as people read them in plain text: Greek glyphs, few digits."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from itertools import chain, repeat

GREEK = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "zeta": "ζ",
    "eta": "η",
    "theta": "θ",
    "iota": "ι",
    "kappa": "κ",
    "lambda": "λ",
    "mu": "μ",
    "nu": "ν",
    "xi": "ξ",
    "omicron": "ο",
    "pi": "π",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "upsilon": "υ",
    "phi": "φ",
    "chi": "χ",
    "psi": "ψ",
    "omega": "ω",
    "eps": "ε",
}
GREEK |= {name.capitalize(): glyph.upper() for name, glyph in GREEK.items() if name != "eps"}

_NAME = re.compile(r"(?P<base>[^\W\d_]+)_?(?P<index>\w*)")
_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def split_name(name: str) -> tuple[str, str]:
    """Split an identifier into its letter, Greek as a glyph, and its index.

    Examples
    --------
    >>> split_name("theta1"), split_name("x_max"), split_name("velocity")
    (('θ', '1'), ('x', 'max'), ('velocity', ''))
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return name, ""
    return GREEK.get(match["base"], match["base"]), match["index"]


def plain_name(name: str) -> str:
    """Give an identifier as plain text.

    Examples
    --------
    >>> plain_name("theta_1"), plain_name("x_max")
    ('θ₁', 'x_max')
    """
    base, index = split_name(name)
    if index.isascii() and index.isdigit():
        return base + index.translate(_SUBSCRIPT)
    return f"{base}_{index}" if index else base


def printable(text: str) -> str:
    """Replace what no font can draw, control characters and surrogates, by blanks."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)


def format_number(value: float, digits: int = 4, scale: float = 0.0) -> str:
    """Write a number for reading.

    Parameters
    ----------
    value : float
        The number.
    digits : int
        Significant digits.
    scale : float
        Size of what the number belongs to; a value below 1e-12 of it is shown as 0.

    Returns
    -------
    str
        With a real minus sign and powers of ten.

    Examples
    --------
    >>> format_number(-0.25), format_number(1.5e-9), format_number(1e-17, scale=1.0)
    ('−0.25', '1.5×10⁻⁹', '0')
    """
    if not math.isfinite(value):
        return "undefined" if math.isnan(value) else "∞" if value > 0 else "−∞"
    if abs(value) <= 1e-12 * scale or value == 0:
        return "0"
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    if exponent:
        mantissa += "×10" + str(int(exponent)).translate(SUPERSCRIPT)
    return mantissa.replace("-", "−", 1)


def format_point(values: Iterable[float], spans: Iterable[float] = (), digits: int = 4) -> str:
    """Write a point for reading.

    Parameters
    ----------
    values : iterable of float
        Its coordinates.
    spans : iterable of float
        Widths of the window, one a coordinate; see `format_number`, `scale`.
    digits : int
        Significant digits.

    Examples
    --------
    >>> format_point([1.0, -0.5]), format_point([1.2e-17, 3.0], [4.0, 4.0])
    ('(1, −0.5)', '(0, 3)')
    """
    pairs = zip(values, chain(spans, repeat(0.0)), strict=False)
    return "(" + ", ".join(format_number(float(v), digits, float(s)) for v, s in pairs) + ")"
