"""Numbers that are known to rounding alone, among exact ones: no decision may rest on them."""

from __future__ import annotations

from fractions import Fraction

from eqpp_dash.engine.kinds.germ import UnclearError

Number = int | float | Fraction


class Inexact:
    """A number of which only an approximation is known.

    It may be zero, so it is kept as a coefficient; to ask for its sign raises `UnclearError`.

    Examples
    --------
    >>> third = 1 / Inexact(3.0)
    >>> float(third + Fraction(2, 3))
    1.0
    >>> try:
    ...     third > 0
    ... except UnclearError as error:
    ...     print(error)
    a coefficient that is not known exactly would decide
    """

    __slots__ = ("value",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: float) -> None:
        self.value = float(value)

    def __repr__(self) -> str:
        return f"Inexact({self.value!r})"

    def __float__(self) -> float:
        return self.value

    def __add__(self, other: Inexact | Number) -> Inexact:
        return Inexact(self.value + float(other))

    __radd__ = __add__

    def __neg__(self) -> Inexact:
        return Inexact(-self.value)

    def __sub__(self, other: Inexact | Number) -> Inexact:
        return Inexact(self.value - float(other))

    def __rsub__(self, other: Number) -> Inexact:
        return Inexact(float(other) - self.value)

    def __mul__(self, other: Inexact | Number) -> Inexact:
        return Inexact(self.value * float(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Inexact | Number) -> Inexact:
        return Inexact(_ratio(self.value, float(other)))

    def __rtruediv__(self, other: Number) -> Inexact:
        return Inexact(_ratio(float(other), self.value))

    def __bool__(self) -> bool:
        return True

    def _undecided(self, other: object) -> bool:
        raise UnclearError("a coefficient that is not known exactly would decide")

    __eq__ = __lt__ = __gt__ = __le__ = __ge__ = _undecided


def _ratio(a: float, b: float) -> float:
    if not b:
        raise UnclearError("a coefficient that is not known exactly, and may be zero, divides")
    return a / b
