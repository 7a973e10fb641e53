"""Real algebraic numbers: polynomials in one real root of a polynomial, with exact signs."""

from __future__ import annotations

from fractions import Fraction

from eqpp_dash.engine.algebra.roots import RealRoot
from eqpp_dash.engine.expression.polynomial import Work

Coefficients = list[Fraction]
Rational = int | Fraction


class Extension:
    """The rational numbers with one real root of a polynomial.

    Parameters
    ----------
    root : RealRoot
        The root; its polynomial has no repeated factor, but need not be irreducible: when a
        divisor shows, the part that has the root is kept (D. Duval, dynamic evaluation).
    work : Work
        Budget; `TooLargeError` when it is spent.

    Examples
    --------
    >>> from eqpp_dash.engine.algebra.roots import real_roots
    >>> root = real_roots([-2, 0, 1], Work())[1]
    >>> r = Extension(root, Work()).generator
    >>> bool(r * r - 2), r > 1, 1 / r == r / 2
    (False, True, True)
    """

    def __init__(self, root: RealRoot, work: Work) -> None:
        self.root, self.work = root, work
        lead = Fraction(root.polynomial[-1])
        self.modulus: Coefficients = [c / lead for c in root.polynomial]

    @property
    def generator(self) -> Algebraic:
        """The root itself."""
        return self.number([Fraction(0), Fraction(1)])

    def number(self, terms: Coefficients) -> Algebraic:
        """Give the number with these coefficients in powers of the root."""
        return Algebraic(self, self.reduced(terms))

    def reduced(self, terms: Coefficients) -> Coefficients:
        """Reduce by the modulus."""
        return _divided(terms, self.modulus, self.work)[1]

    def holds(self, terms: Coefficients) -> bool:
        """Tell whether a polynomial of lower degree vanishes at the root."""
        if not terms:
            return True
        if len(terms) == 1:
            return False
        shared = _common(self.modulus, terms, self.work)
        if len(shared) == 1:
            return False
        rest = _divided(self.modulus, shared, self.work)[0]
        inside = _vanishes_within(shared, self.root)
        self.modulus = shared if inside else rest
        return inside

    def sign(self, terms: Coefficients) -> int:
        """Give the sign of a polynomial at the root."""
        if self.holds(terms):
            return 0
        while True:
            low, high = _range(terms, self.root.lo, self.root.hi)
            if low > 0 or high < 0:
                return 1 if low > 0 else -1
            self.work.spend(len(terms) + len(self.root.polynomial))
            self.root.halve()


class Algebraic:
    """A number of an `Extension`."""

    __slots__ = ("field", "terms")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, field: Extension, terms: Coefficients) -> None:
        self.field, self.terms = field, terms

    def __repr__(self) -> str:
        return f"Algebraic({float(self)!r})"

    def _other(self, value: Algebraic | Rational) -> Coefficients:
        if isinstance(value, Algebraic):
            return value.terms
        return [Fraction(value)] if value else []

    def __add__(self, other: Algebraic | Rational) -> Algebraic:
        return Algebraic(self.field, _sum(self.terms, self._other(other)))

    __radd__ = __add__

    def __neg__(self) -> Algebraic:
        return Algebraic(self.field, [-c for c in self.terms])

    def __sub__(self, other: Algebraic | Rational) -> Algebraic:
        return self + (-other)

    def __rsub__(self, other: Rational) -> Algebraic:
        return -self + other

    def __mul__(self, other: Algebraic | Rational) -> Algebraic:
        product = _product(self.terms, self._other(other), self.field.work)
        return self.field.number(product)

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Algebraic:
        result = Algebraic(self.field, [Fraction(1)])
        for _ in range(exponent):
            result = result * self
        return result

    def __truediv__(self, other: Algebraic | Rational) -> Algebraic:
        if isinstance(other, Algebraic):
            return self * other.inverse()
        return self * (1 / Fraction(other))

    def __rtruediv__(self, other: Rational) -> Algebraic:
        return self.inverse() * other

    def inverse(self) -> Algebraic:
        """Give the inverse, by Euclid's algorithm."""
        if not self:
            raise ZeroDivisionError("an algebraic number that is zero has no inverse")
        work = self.field.work
        a, b = self.field.modulus, self.field.reduced(self.terms)
        before, now = [], [Fraction(1)]
        while len(b) > 1:
            quotient, rest = _divided(a, b, work)
            a, b = b, rest
            before, now = now, _sum(before, [-c for c in _product(quotient, now, work)])
        return self.field.number([c / b[0] for c in now])

    def __bool__(self) -> bool:
        return not self.field.holds(self.field.reduced(self.terms))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Algebraic | int | Fraction):
            return NotImplemented
        return not self - other

    def __lt__(self, other: Algebraic | Rational) -> bool:
        return self._compare(other) < 0

    def __gt__(self, other: Algebraic | Rational) -> bool:
        return self._compare(other) > 0

    def __le__(self, other: Algebraic | Rational) -> bool:
        return self._compare(other) <= 0

    def __ge__(self, other: Algebraic | Rational) -> bool:
        return self._compare(other) >= 0

    def _compare(self, other: Algebraic | Rational) -> int:
        difference = self - other
        return self.field.sign(self.field.reduced(difference.terms))

    def bounds(self) -> tuple[Fraction, Fraction]:
        """Give rational bounds, close together."""
        self.field.root.refine(Fraction(1, 2**64))
        return _range(self.terms, self.field.root.lo, self.field.root.hi)

    def __float__(self) -> float:
        low, high = self.bounds()
        return float((low + high) / 2)


def _trim(terms: Coefficients) -> Coefficients:
    while terms and not terms[-1]:
        terms.pop()
    return terms


def _sum(a: Coefficients, b: Coefficients) -> Coefficients:
    if len(a) < len(b):
        a, b = b, a
    return _trim([*(x + y for x, y in zip(a, b, strict=False)), *a[len(b) :]])


def _product(a: Coefficients, b: Coefficients, work: Work) -> Coefficients:
    if not a or not b:
        return []
    work.spend(len(a) * len(b))
    result = [Fraction(0)] * (len(a) + len(b) - 1)
    for i, c in enumerate(a):
        for j, d in enumerate(b):
            result[i + j] += c * d
    return _trim(result)


def _divided(a: Coefficients, b: Coefficients, work: Work) -> tuple[Coefficients, Coefficients]:
    """Divide with remainder."""
    rest = list(a)
    quotient = [Fraction(0)] * max(0, len(a) - len(b) + 1)
    while len(rest) >= len(b):
        work.spend(len(b))
        factor = rest[-1] / b[-1]
        place = len(rest) - len(b)
        quotient[place] = factor
        for k, c in enumerate(b):
            rest[place + k] -= factor * c
        rest.pop()
        _trim(rest)
    return quotient, rest


def _common(a: Coefficients, b: Coefficients, work: Work) -> Coefficients:
    """Give the monic greatest common divisor."""
    while b:
        a, b = b, _divided(a, b, work)[1]
    return [c / a[-1] for c in a]


def _vanishes_within(p: Coefficients, root: RealRoot) -> bool:
    """Tell whether a divisor of the root's polynomial has the root."""
    if root.lo == root.hi:
        return not _value(p, root.lo)
    return (_value(p, root.lo) > 0) != (_value(p, root.hi) > 0)


def _value(p: Coefficients, x: Fraction) -> Fraction:
    total = Fraction(0)
    for c in reversed(p):
        total = total * x + c
    return total


def _range(p: Coefficients, low: Fraction, high: Fraction) -> tuple[Fraction, Fraction]:
    """Bound a polynomial on an interval by Horner's rule."""
    lo = hi = Fraction(0)
    for c in reversed(p):
        ends = (lo * low, lo * high, hi * low, hi * high)
        lo, hi = min(ends) + c, max(ends) + c
    return lo, hi
