"""Ticks of axes: round numbers, or multiples of pi."""

from __future__ import annotations

import math
from collections.abc import Sequence

from eqpp_dash.figures.labels import format_number


def axis_ticks(limits: tuple[float, float], most: int = 9) -> tuple[list[tuple[float, str]], str]:
    """Choose the ticks of an axis.

    Parameters
    ----------
    limits : tuple of float
        Its ends.
    most : int
        Greatest number of ticks.

    Returns
    -------
    list of (float, str), str
        Place and text of every tick, and a power of ten that they are multiples of, else blank.

    Examples
    --------
    >>> axis_ticks((-1.0, 1.0), 5)
    ([(-1.0, '−1'), (-0.5, '−0.5'), (0.0, '0'), (0.5, '0.5'), (1.0, '1')], '')
    >>> axis_ticks((0.0, 2e7), 3)
    ([(0.0, '0'), (10000000.0, '1'), (20000000.0, '2')], '×10⁷')
    """
    turn = angle_step(limits)
    if turn is not None:
        return [(k * turn, angle_text(k * turn)) for k in _multiples(limits, turn)], ""
    step = _round_step((limits[1] - limits[0]) / most)
    size = max(abs(limits[0]), abs(limits[1]))
    power = math.floor(math.log10(size)) if size else 0
    power = power if power >= 5 or power <= -4 else 0
    scale = 10.0**power
    decimals = max(0, -math.floor(math.log10(step / scale) + 1e-9) + 1)
    texts = [f"{k * step / scale:.{decimals}f}" for k in _multiples(limits, step)]
    if decimals:
        texts = [text.rstrip("0").rstrip(".") for text in texts]
    places = [k * step for k in _multiples(limits, step)]
    shown = ["0" if text in ("-0", "") else text.replace("-", "−") for text in texts]
    mantissa = format_number(scale, 1).removeprefix("1") if power else ""
    return list(zip(places, shown, strict=True)), mantissa


def _multiples(limits: Sequence[float], step: float) -> range:
    return range(math.ceil(limits[0] / step - 1e-9), math.floor(limits[1] / step + 1e-9) + 1)


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(k for k in (1.0, 2.0, 2.5, 5.0, 10.0) if k * power >= least * (1 - 1e-9)) * power


def angle_step(limits: Sequence[float]) -> float | None:
    """Give the tick step of an axis whose limits are multiples of pi/20; None for others.

    Examples
    --------
    >>> angle_step((-2 * math.pi, 2 * math.pi)) == math.pi / 2, angle_step((-7, 7))
    (True, None)
    """
    twentieths = [20 * limit / math.pi for limit in limits]
    if any(abs(value - round(value)) > 1e-9 * max(abs(value), 1) for value in twentieths):
        return None
    span = (limits[1] - limits[0]) / math.pi
    if not 0.5 <= span <= 100:
        return None
    return math.pi * next(step for step in (0.25, 0.5, 1, 2, 5, 10, 20) if span / step <= 9)


def angle_text(value: float) -> str:
    """Write a multiple of pi/4.

    Examples
    --------
    >>> [angle_text(k * math.pi / 4) for k in (-8, -1, 0, 2, 4, 6)]
    ['−2π', '−π/4', '0', 'π/2', 'π', '3π/2']
    """
    quarters = round(4 * value / math.pi)
    if quarters == 0:
        return "0"
    common = math.gcd(quarters, 4)
    top, bottom = abs(quarters) // common, 4 // common
    text = ("" if top == 1 else str(top)) + "π" + ("" if bottom == 1 else f"/{bottom}")
    return f"−{text}" if quarters < 0 else text
