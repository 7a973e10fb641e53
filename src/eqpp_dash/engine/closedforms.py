"""Closed forms of equilibria: guessed from their digits, proved by putting them in."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.degenerate import simplest_fraction
from eqpp_dash.engine.expression.graph import ConstantError, Node, SizeError, rebuild, topological
from eqpp_dash.engine.expression.polynomial import TooLargeError
from eqpp_dash.engine.structure.plane import Plane
from eqpp_dash.engine.system import parse_system
from eqpp_dash.errors import EqppError
from eqpp_dash.model.portrait import Equilibrium

WORK = 20_000
"""Budget of the proof for one equilibrium, in products of coefficients."""

MOST_EQUILIBRIA = 30
MOST_GUESSES = 3
"""Forms of one coordinate that are tried."""

MOST_DENOMINATOR = 1000
MOST_PARTS = 12
"""Largest denominator of a multiple of pi."""

MOST_OVER, MOST_ADDED, MOST_INSIDE = 24, 48, 20_000
"""Largest c, a and b of (a + sqrt(b))/c."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A form that a coordinate may have, and what functions of it then are."""

    text: str
    functions: tuple[tuple[str, str], ...] = ()


def with_closed_forms(
    field: CompiledField, equilibria: Sequence[Equilibrium]
) -> tuple[Equilibrium, ...]:
    """Give equilibria with closed forms where a bounded attempt finds and proves one.

    Parameters
    ----------
    field : CompiledField
        A planar autonomous field.
    equilibria : sequence of Equilibrium
        Proved to exist, each the only one within its error; the others are left as they are.

    Returns
    -------
    tuple of Equilibrium
        The same points; `exact` has a text for each coordinate where both were proved.

    Notes
    -----
    The digits of a coordinate suggest a rational number, a rational multiple of pi, a number
    (a + sqrt(b))/c, a logarithm, an exponential or an angle whose sine is rational. Both components
    of the field are then proved to vanish there by exact arithmetic; as the equilibrium is the only
    one that near, it is that point. Nothing is claimed otherwise.

    Examples
    --------
    >>> from eqpp_dash import PortraitSpec, compute_portrait
    >>> portrait = compute_portrait(PortraitSpec("x' = x^2 - x - 1; y' = y - x"))
    >>> sorted(item.exact for item in portrait.equilibria)[0]
    ('(1 + sqrt(5))/2', '(1 + sqrt(5))/2')
    """
    if field.dimension != 2 or not field.autonomous or len(equilibria) > MOST_EQUILIBRIA:
        return tuple(equilibria)
    prover: _Prover | None = None
    found = []
    for item in equilibria:
        exact: tuple[str, ...] = ()
        if item.evidence == "proved":
            prover = prover or _Prover(field)
            exact = prover.form(item)
        found.append(replace(item, exact=exact) if exact else item)
    return tuple(found)


class _Prover:
    def __init__(self, field: CompiledField) -> None:
        self.field = field
        self.plane = Plane(field, WORK)
        self.used = {node.op for node in topological(self.plane.components)}

    def form(self, item: Equilibrium) -> tuple[str, ...]:
        reach = item.error + 2 * np.spacing(np.abs(item.point))
        guesses = [
            list(_guesses(v, r, self.used))[:MOST_GUESSES]
            for v, r in zip(item.point.tolist(), reach.tolist(), strict=True)
        ]
        for forms in product(*guesses):
            if self._proved(forms):
                return tuple(form.text for form in forms)
        return ()

    def _proved(self, forms: tuple[_Form, ...]) -> bool:
        plane = self.plane
        plane.renew()
        try:
            image: dict[Node, Node] = {}
            for variable, form in zip(plane.variables, forms, strict=True):
                image[variable] = self._node(form.text)
                functions = dict(form.functions)
                for node in topological(plane.components):
                    if node.op in functions and node.args[0] is variable:
                        image[node] = self._node(functions[node.op])
            return all(plane.is_zero(plane.replace(part, image)) for part in plane.components)
        except (TooLargeError, SizeError, ConstantError, EqppError):
            return False

    def _node(self, text: str) -> Node:
        read = parse_system(f"x' = {text}").components
        return rebuild(self.plane.graph, list(read), lambda node: None)[0]


def _guesses(value: float, reach: float, used: set[str]) -> Iterator[_Form]:
    """Give forms whose value is within reach of a number, the simplest sorts first."""
    low, high = value - reach, value + reach
    if (number := _simple(low, high)) is not None:
        yield _Form(str(number), _angles_of(number))
        return  # the simplest number: any other would be less likely
    turn = _simple(low / math.pi, high / math.pi, MOST_PARTS)
    if turn is not None:
        yield _Form(_times("pi", turn), _values_of(turn))
    yield from (_Form(text) for text in _quadratic(value, reach))
    yield from _transcendental(low, high, used)


def _transcendental(low: float, high: float, used: set[str]) -> Iterator[_Form]:
    if "exp" in used and max(abs(low), abs(high)) < 50:
        inside = _simple(math.exp(low), math.exp(high))
        if inside is not None:
            yield _Form(f"ln({inside})", (("exp", str(inside)),))
    if "log" in used and low > 0:
        power = _simple(math.log(low), math.log(high))
        if power is not None:
            yield _Form(f"exp({power})", (("log", str(power)),))
    middle = 0.5 * (low + high)
    half = 0.5 * (high - low) + 1e-16
    if {"sin", "cos"} & used:
        turns = round(middle / math.pi)  # middle = turns pi + (-1)^turns asin(inside)
        inside = _simple(math.sin(middle) - half, math.sin(middle) + half)
        if inside is not None:
            angle = f"asin({abs(inside)})"
            minus = (inside < 0) != (turns % 2 == 1)
            root = f"sqrt(1 - ({inside})^2)"
            cosine = root if turns % 2 == 0 else f"-{root}"
            yield _Form(_sum(turns, angle, minus), (("sin", str(inside)), ("cos", cosine)))


def _sum(turns: int, angle: str, minus: bool) -> str:
    if not turns:
        return f"-{angle}" if minus else angle
    return f"{_times('pi', Fraction(turns))} {'-' if minus else '+'} {angle}"


def _simple(low: float, high: float, most: int = MOST_DENOMINATOR) -> Fraction | None:
    slack = 2 * math.ulp(max(abs(low), abs(high)))
    number = simplest_fraction(low - slack, high + slack)
    return number if number.denominator <= most and abs(number.numerator) <= 10**6 else None


def _times(name: str, factor: Fraction) -> str:
    """Write a rational multiple.

    Examples
    --------
    >>> _times("pi", Fraction(1)), _times("pi", Fraction(-3, 2)), _times("sqrt(3)", Fraction(1, 2))
    ('pi', '-3*pi/2', 'sqrt(3)/2')
    """
    sign = "-" if factor < 0 else ""
    above = "" if abs(factor.numerator) == 1 else f"{abs(factor.numerator)}*"
    below = "" if factor.denominator == 1 else f"/{factor.denominator}"
    return f"{sign}{above}{name}{below}"


def _quadratic(value: float, reach: float) -> list[str]:
    """Give (a + k sqrt(b))/c for a number, the shortest first."""
    over = np.arange(1, MOST_OVER + 1)[:, None]
    added = np.arange(-MOST_ADDED, MOST_ADDED + 1)[None, :]
    rest = over * value - added
    inside = np.rint(rest**2)
    allowed = 2 * np.abs(rest) * over * reach + 8 * np.spacing(inside) + 1e-300
    good = (np.abs(rest**2 - inside) <= allowed) & (inside > 1) & (inside <= MOST_INSIDE)
    places = np.argwhere(good)
    texts: dict[str, int] = {}
    for i, j in places.tolist():
        k, b = _square_free(int(inside[i, j]))
        if b == 1:
            continue
        a, c = int(added[0, j]), int(over[i, 0])
        if math.gcd(math.gcd(a, k), c) > 1:
            continue
        texts[_root_text(a, k if rest[i, j] > 0 else -k, b, c)] = abs(a) + c + b
    return sorted(texts, key=lambda text: texts[text])


def _square_free(number: int) -> tuple[int, int]:
    """Write a number as k^2 b with b free of squares.

    Examples
    --------
    >>> _square_free(72)
    (6, 2)
    """
    k, b, d = 1, number, 2
    while d * d <= b:
        while b % (d * d) == 0:
            b //= d * d
            k *= d
        d += 1
    return k, b


def _root_text(a: int, k: int, b: int, c: int) -> str:
    """Write (a + k sqrt(b))/c.

    Examples
    --------
    >>> _root_text(1, -1, 5, 2), _root_text(0, 3, 2, 4), _root_text(0, -1, 3, 1)
    ('(1 - sqrt(5))/2', '3*sqrt(2)/4', '-sqrt(3)')
    """
    if not a:
        return _times(f"sqrt({b})", Fraction(k, c))
    size = "" if abs(k) == 1 else f"{abs(k)}*"
    both = f"{a} {'+' if k > 0 else '-'} {size}sqrt({b})"
    return both if c == 1 else f"({both})/{c}"


_SINES = {
    Fraction(0): "0",
    Fraction(1, 6): "1/2",
    Fraction(1, 4): "sqrt(2)/2",
    Fraction(1, 3): "sqrt(3)/2",
    Fraction(1, 2): "1",
}


def _sine(turn: Fraction) -> str:
    """Give the sine of a multiple of pi, where it has a short form; else nothing."""
    turn %= 2
    sign = "-" if turn > 1 else ""
    turn = turn - 1 if turn > 1 else turn
    found = _SINES.get(min(turn, 1 - turn), "")
    return f"{sign}{found}" if found and found != "0" else found


def _values_of(turn: Fraction) -> tuple[tuple[str, str], ...]:
    pairs = (("sin", _sine(turn)), ("cos", _sine(turn + Fraction(1, 2))))
    return tuple((name, text) for name, text in pairs if text)


def _angles_of(number: Fraction) -> tuple[tuple[str, str], ...]:
    return (("sin", "0"), ("cos", "1"), ("exp", "1")) if number == 0 else ()
