"""Numbers as people type them, read without evaluating anything."""

from __future__ import annotations

import math
import re
from fractions import Fraction

from eqpp_dash.errors import SpecError

_NUMBER = re.compile(
    r"\s*(?P<num>[+-]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:[eE][+-]?\d{1,3})?)"
    r"(?:\s*/\s*(?P<den>(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:[eE][+-]?\d{1,3})?))?\s*"
)


def read_fraction(value: float | int | str, field: str = "") -> Fraction:
    """Read a number exactly.

    Parameters
    ----------
    value : float, int or str
        Text such as ``"8/3"``, ``"0.1"`` (read as one tenth) or ``"-2.5e-3"``; a float is
        taken at its binary value.
    field : str
        What the number belongs to, for the error.

    Returns
    -------
    fractions.Fraction
        The exact value.

    Raises
    ------
    SpecError
        If it is no finite number, or its magnitude does not fit a double.

    Examples
    --------
    >>> read_fraction("8/3")
    Fraction(8, 3)
    >>> read_fraction("0.1")
    Fraction(1, 10)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise SpecError(f"{value!r:.60} is not a number", field=field, hint="Give a number")
    try:
        exact = _read_text(value, field) if isinstance(value, str) else Fraction(value)
        size = float(exact)
    except (ValueError, OverflowError):
        size, exact = math.inf, Fraction(0)
    if not math.isfinite(size) or (size == 0.0 and exact != 0):
        raise SpecError(
            f"{value!s:.60} is not a finite number of a double's range",
            field=field,
            hint="Give a number of magnitude 1e-308 to 1e308, or 0",
        )
    return exact


def _read_text(text: str, field: str) -> Fraction:
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise SpecError(
            f"“{text.strip():.60}” is not a number",
            field=field,
            hint="Give a number such as 0.1, 8/3 or 2.5e-3",
        )
    numerator, denominator = Fraction(match["num"]), Fraction(match["den"] or 1)
    if denominator == 0:
        raise SpecError(f"“{text.strip():.60}” divides by zero", field=field)
    return numerator / denominator


def read_float(value: float | int | str, field: str = "") -> float:
    """Read a number as a double; see `read_fraction`.

    Examples
    --------
    >>> read_float("1/4")
    0.25
    """
    if type(value) is float and math.isfinite(value):
        return value
    return float(read_fraction(value, field))
