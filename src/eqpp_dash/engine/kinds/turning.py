"""Focal values of an equilibrium with purely imaginary eigenvalues."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import Any

from eqpp_dash.engine.kinds.germ import Germ, GermOf, Terms

MOST_FOCAL_VALUES = 4
"""How many focal values are computed, if all before vanish."""
Form = list[Any]


@dataclass(frozen=True, slots=True)
class FocalValue:
    """The first focal value that does not vanish.

    Attributes
    ----------
    order : int
        Which one it is: 1 is the sign of the first Lyapunov coefficient.
    value : exact number
        The coefficient of (D u^2 + v^2)^(order + 1) in the derivative of the Lyapunov function.
    """

    order: int
    value: Any


def first_focal_value(germ_of: GermOf, most: int = MOST_FOCAL_VALUES) -> FocalValue | None:
    """Find the first focal value that does not vanish.

    Parameters
    ----------
    germ_of : callable
        The field about the equilibrium, whose linear part has trace 0 and determinant D > 0.
    most : int
        How many are computed.

    Returns
    -------
    FocalValue or None
        None if that many vanish.

    Notes
    -----
    With u' = v + ..., v' = -D u + ... a formal function V = D u^2 + v^2 + ... exists whose
    derivative along the field is a series in (D u^2 + v^2); the sign of its first coefficient
    decides by Lyapunov's theorem (Dumortier, Llibre, Artés, *Qualitative Theory of Planar
    Differential Systems*, Springer 2006, chapter 4). The equations for the coefficients of V
    are solved by recursion, so all is rational in the coefficients of the field.

    Examples
    --------
    >>> one = Fraction(1)
    >>> first = {(0, 1): -one, (3, 0): -one, (1, 2): -one}
    >>> second = {(1, 0): one, (2, 1): -one, (0, 3): -one}
    >>> first_focal_value(lambda degree: Germ(first, second))
    FocalValue(order=1, value=Fraction(-2, 1))
    """
    degree = 3
    search = _Search(germ_of(degree).cut(degree))
    for order in range(1, most + 1):
        if 2 * order + 1 > degree:
            degree = 2 * order + 1
            search.learn(germ_of(degree).cut(degree))
        value = search.advance()
        if value:
            return FocalValue(order, value)
    return None


class _Search:
    def __init__(self, germ: Germ) -> None:
        (a, b), (c, _) = germ.linear
        self.square = -a * a - b * c
        one = Fraction(1)
        self._change = ((one, one - one), (-a / b, one / b))
        self.learn(germ)
        #: Homogeneous parts of V: entry i is the coefficient of u^i v^(m - i).
        self.parts: dict[int, Form] = {2: [one, one - one, self.square]}

    def learn(self, germ: Germ) -> None:
        """Take in terms up to a higher degree."""
        changed = germ.changed(self._change)
        self._first, self._second = _by_degree(changed.first), _by_degree(changed.second)

    def advance(self) -> Any:
        """Go on by two degrees; give the focal value."""
        m = max(self.parts) + 1
        self.parts[m] = _odd_part(self._rest(m), self.square)
        value, part = _even_part(self._rest(m + 1), self.square)
        self.parts[m + 1] = part
        return value

    def _rest(self, m: int) -> Form:
        """Give what lower parts of V contribute to degree m of its derivative."""
        total: Form = [Fraction(0)] * (m + 1)
        for k, part in self.parts.items():
            first = self._first.get(m - k + 1, [])
            second = self._second.get(m - k + 1, [])
            for i, c in enumerate(part):
                if not c:
                    continue
                for j, d in enumerate(first):
                    if i and d:
                        total[i - 1 + j] = total[i - 1 + j] + i * c * d
                for j, d in enumerate(second):
                    if i < k and d:
                        total[i + j] = total[i + j] + (k - i) * c * d
        return total


def _by_degree(p: Terms) -> dict[int, Form]:
    forms: dict[int, Form] = {}
    for (i, j), c in p.items():
        forms.setdefault(i + j, [Fraction(0)] * (i + j + 1))[i] = c
    return forms


def _odd_part(rest: Form, square: Any) -> Form:
    """Solve (i + 1) c_(i+1) - D (m - i + 1) c_(i-1) = -rest_i for odd m."""
    m = len(rest) - 1
    c: Form = [Fraction(0)] * (m + 2)
    for i in range(0, m, 2):
        before = square * (m - i + 1) * c[i - 1] if i else 0
        c[i + 1] = (before - rest[i]) / (i + 1)
    for i in range(m, 0, -2):
        after = (i + 1) * c[i + 1] if i < m else 0
        c[i - 1] = (after + rest[i]) / (square * (m - i + 1))
    return c[: m + 1]


def _even_part(rest: Form, square: Any) -> tuple[Any, Form]:
    """Solve the same for even m, with the obstruction times (D u^2 + v^2)^(m/2) on the right."""
    m = len(rest) - 1
    c: Form = [Fraction(0)] * (m + 2)
    for i in range(1, m, 2):
        c[i + 1] = (square * (m - i + 1) * c[i - 1] - rest[i]) / (i + 1)
    # odd coefficients are p + q*value
    p: Form = [Fraction(0)] * (m + 2)
    q: Form = [Fraction(0)] * (m + 2)
    power = Fraction(1)
    value: Any = Fraction(0)
    for i in range(0, m + 1, 2):
        right = comb(m // 2, i // 2) * power
        power = power * square
        low, slope = (p[i - 1], q[i - 1]) if i else (0, 0)
        factor = square * (m - i + 1)
        if i == m:
            value = (factor * low - rest[i]) / -(right + factor * slope)
            break
        p[i + 1] = (factor * low - rest[i]) / (i + 1)
        q[i + 1] = (factor * slope + right) / (i + 1)
    for i in range(1, m, 2):
        c[i] = p[i] + q[i] * value
    return value, c[: m + 1]
