"""Names and numbers as people read them: Greek glyphs, subscripts, few digits."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

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
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


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


def rich_text(text: str) -> str:
    """Escape a user's text for a Plotly label: no tags, no formulas.

    Plotly labels know a few tags, and hand what stands between dollars to MathJax.

    Examples
    --------
    >>> rich_text("<b> $x$")
    '&lt;b&gt; &#36;x&#36;'
    """
    return html.escape(printable(text), quote=False).replace("$", "&#36;")


def rich_name(name: str) -> str:
    """Give an identifier in Plotly's label markup, its index as a subscript.

    Examples
    --------
    >>> rich_name("mu_max")
    '<i>μ</i><sub>max</sub>'
    """
    base, index = split_name(name)
    text = f"<i>{rich_text(base)}</i>"
    return f"{text}<sub>{rich_text(index)}</sub>" if index else text


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
        mantissa += "×10" + str(int(exponent)).translate(_SUPERSCRIPT)
    return mantissa.replace("-", "−", 1)


def format_numbers(values: NDArray[np.float64], digits: int = 4, scale: float = 0.0) -> list[str]:
    """Write many numbers as `format_number` does, in a fraction of the time.

    Examples
    --------
    >>> format_numbers(np.array([-0.25, 1.5e-9, 1e-17]), scale=1.0)
    ['−0.25', '1.5×10⁻⁹', '0']
    """
    shown = np.where(np.abs(values) <= 1e-12 * scale, 0.0, values + 0.0).tolist()
    texts = (f"%.{digits}g " * len(shown) % tuple(shown)).replace("-", "−").split()
    return [
        format_number(value, digits) if "e" in text or "n" in text else text
        for value, text in zip(shown, texts, strict=True)
    ]


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


def format_complex(value: complex, digits: int = 4, scale: float = 0.0) -> str:
    """Write a complex number for reading.

    Examples
    --------
    >>> format_complex(0.5 - 2j), format_complex(1j), format_complex(-3 + 0j)
    ('0.5 − 2i', 'i', '−3')
    """
    imaginary = format_number(abs(value.imag), digits, scale)
    real = format_number(value.real, digits, scale)
    if imaginary == "0":
        return real
    unit = "i" if imaginary == "1" else f"{imaginary}i"
    if real == "0":
        return unit if value.imag > 0 else f"−{unit}"
    return f"{real} {'+' if value.imag > 0 else '−'} {unit}"


def format_eigenvalues(values: Sequence[complex], digits: int = 4) -> str:
    """Write the eigenvalues of an equilibrium, a conjugate pair in one.

    Examples
    --------
    >>> format_eigenvalues([0.5 + 2j, 0.5 - 2j]), format_eigenvalues([1 + 0j, -1 + 0j])
    ('0.5 ± 2i', '1, −1')
    """
    items = [complex(value) for value in values]
    scale = max((abs(value) for value in items if math.isfinite(abs(value))), default=0.0)
    texts = []
    for value in items:
        near = 1e-9 * scale
        paired = any(abs(value.conjugate() - other) <= near < abs(value.imag) for other in items)
        if paired and value.imag < 0:
            continue
        text = format_complex(value, digits, scale)
        if paired:
            text = text.replace(" + ", " ± ") if " + " in text else f"±{text}"
        texts.append(text)
    return ", ".join(texts)


def sector_words(sectors: Mapping[str, int]) -> str:
    """Tell how many sectors of each sort there are.

    Examples
    --------
    >>> sector_words({"elliptic": 0, "hyperbolic": 2, "parabolic": 1})
    '2 hyperbolic, 1 parabolic'
    """
    return ", ".join(f"{count} {sort}" for sort, count in sectors.items() if count)
