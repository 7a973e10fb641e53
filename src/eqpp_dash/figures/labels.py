"""Names and numbers as people read them: Greek glyphs, subscripts, few digits."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.model.labels import (
    GREEK,
    format_number,
    format_point,
    plain_name,
    printable,
    split_name,
)

__all__ = [
    "GREEK",
    "format_complex",
    "format_eigenvalues",
    "format_number",
    "format_numbers",
    "format_point",
    "plain_name",
    "printable",
    "rich_name",
    "rich_text",
    "sector_words",
    "split_name",
]


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
