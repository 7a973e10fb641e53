"""Real roots of polynomials in one variable: isolated, refined, rational ones found."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from eqpp_dash.engine.algebra.univariate import (
    Dense,
    derivative,
    primitive,
    sign_at,
    squarefree,
)
from eqpp_dash.engine.expression.polynomial import Work


class RealRoot:
    """A real root of a polynomial, in an interval that holds no other.

    Attributes
    ----------
    polynomial : list of int
        A polynomial without repeated roots.
    lo, hi : Fraction
        The interval's ends; equal where the root is rational and known. No end is a root
        otherwise.
    multiplicity : int
        Multiplicity in the polynomial that was asked about.
    """

    __slots__ = ("_low_sign", "hi", "lo", "multiplicity", "polynomial")

    def __init__(self, polynomial: Dense, lo: Fraction, hi: Fraction, multiplicity: int = 1):
        self.polynomial = polynomial
        self.lo, self.hi = lo, hi
        self.multiplicity = multiplicity
        self._low_sign = sign_at(polynomial, lo)

    def __repr__(self) -> str:
        return f"RealRoot({float(self.lo)!r}, {float(self.hi)!r}, x{self.multiplicity})"

    @property
    def rational(self) -> Fraction | None:
        """The root where it is rational."""
        return self.lo if self.lo == self.hi else None

    def refine(self, width: Fraction) -> None:
        """Halve the interval until it is not wider than `width`."""
        while self.hi - self.lo > width:
            self.halve()

    def halve(self) -> None:
        """Halve the interval."""
        if self.lo == self.hi:
            return
        middle = (self.lo + self.hi) / 2
        sign = sign_at(self.polynomial, middle)
        if not sign:
            self.lo = self.hi = middle
        elif sign == self._low_sign:
            self.lo = middle
        else:
            self.hi = middle

    def __float__(self) -> float:
        size = max(abs(self.lo), abs(self.hi))
        self.refine(size / 2**60)
        return float((self.lo + self.hi) / 2)


def real_roots(p: Dense, work: Work) -> list[RealRoot]:
    """Isolate the real roots, rising, each with its multiplicity.

    Squarefree factors, Descartes' rule of signs with bisection (G. E. Collins, A. G. Akritas,
    Polynomial real root isolation using Descartes' rule of signs, 1976). Rational roots are
    recognised: the leading coefficient times such a root is a whole number.

    Parameters
    ----------
    p : list of int
        Coefficients, the constant term first; not the zero polynomial.
    work : Work
        Budget.

    Returns
    -------
    list of RealRoot
        Their intervals do not overlap.

    Examples
    --------
    >>> [root.rational for root in real_roots([0, -1, 0, 4], Work())]
    [Fraction(-1, 2), Fraction(0, 1), Fraction(1, 2)]
    """
    if not p:
        raise ValueError("every number is a root of zero")
    roots = [
        root
        for factor, multiplicity in squarefree(p, work)
        for root in _isolate(factor, multiplicity, work)
    ]
    crossing = True
    while crossing:
        crossing = False
        roots.sort(key=lambda root: (root.lo, root.hi))
        for left, right in pairwise(roots):
            if left.hi >= right.lo:  # they do differ
                work.spend(len(left.polynomial) + len(right.polynomial))
                left.halve()
                right.halve()
                crossing = True
    return roots


#: Primes modulo which roots are looked for; one that divides a discriminant is passed over.
PRIMES = (31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107)


def rational_roots(p: Dense, work: Work) -> list[Fraction]:
    """List the rational roots, rising.

    Roots modulo a small prime are lifted by Newton's iteration and read as fractions (R. Loos,
    Computing rational zeros of integral polynomials by p-adic expansion, SIAM J. Computing 12,
    1983); each is checked.

    Examples
    --------
    >>> rational_roots([-2, 1, 2, -1], Work())
    [Fraction(-1, 1), Fraction(1, 1), Fraction(2, 1)]
    """
    found: list[Fraction] = []
    for factor, _ in squarefree(p, work):
        if not factor[0]:
            found.append(Fraction(0))
            factor = factor[1:]
        if len(factor) == 2:
            found.append(Fraction(-factor[0], factor[1]))
        elif len(factor) > 2:
            found += _lifted_roots(factor, work)
    return sorted(found)


def _lifted_roots(p: Dense, work: Work) -> list[Fraction]:
    slope = derivative(p)
    for prime in PRIMES:
        if not p[-1] % prime or not p[0] % prime:
            continue
        work.spend(prime * len(p) // 4)
        roots = [r for r in range(prime) if not _modulo(p, r, prime)]
        if all(_modulo(slope, r, prime) for r in roots):
            return [value for r in roots if (value := _lift(p, slope, r, prime, work)) is not None]
    return [root.lo for root in real_roots(p, work) if root.lo == root.hi]


def _modulo(p: Dense, x: int, modulus: int) -> int:
    total = 0
    for c in reversed(p):
        total = (total * x + c) % modulus
    return total


def _lift(p: Dense, slope: Dense, root: int, prime: int, work: Work) -> Fraction | None:
    """Lift a root and read it as a fraction; None where that is no root."""
    bound = 2 * abs(p[0]) * abs(p[-1]) + 1
    modulus = prime
    while modulus < bound:
        work.spend(4 * len(p))
        modulus *= modulus
        inverse = pow(_modulo(slope, root, modulus), -1, modulus)
        root = (root - _modulo(p, root, modulus) * inverse) % modulus
    # fractions a/b with |a| <= |p_0| and b <= |p_n| are told apart by their residues
    a, b, u, v = modulus, root, 0, 1
    while b > abs(p[0]):
        quotient = a // b
        a, b, u, v = b, a - quotient * b, v, u - quotient * v
    if not v or abs(v) > abs(p[-1]):
        return None
    value = Fraction(b, v)
    return value if not sign_at(p, value) else None


def sign_of(p: Dense, work: Work) -> int | None:
    """Give the sign that a polynomial has on the whole line; None where it changes.

    A polynomial that is not zero but vanishes at some points has the sign of the rest.

    Examples
    --------
    >>> sign_of([1, -2, 1], Work()), sign_of([0, 1], Work())
    (1, None)
    """
    if not p:
        return 0
    if any(root.multiplicity % 2 for root in real_roots(p, work)):
        return None
    return 1 if p[-1] > 0 else -1


def _isolate(p: Dense, multiplicity: int, work: Work) -> list[RealRoot]:
    """Isolate the roots of a polynomial without repeated ones."""
    found: list[tuple[Fraction, Fraction]] = []
    if not p[0]:
        found.append((Fraction(0), Fraction(0)))
        p = p[1:]
    if len(p) > 1:
        bound = _root_bound(p)
        scaled = [c << (bound * i) for i, c in enumerate(p)]
        negative = [-c if i % 2 else c for i, c in enumerate(scaled)]
        found += _unit_roots(scaled, bound, work)
        found += [(-hi, -lo) for lo, hi in _unit_roots(negative, bound, work)]
    roots = []
    for lo, hi in found:
        if lo != hi:
            lo, hi = _off_the_ends(p, lo, hi)
        root = RealRoot(p if lo != hi else [-lo.numerator, lo.denominator], lo, hi, multiplicity)
        _recognise(root, work)
        roots.append(root)
    return roots


def _root_bound(p: Dense) -> int:
    """Give k so that all roots are below 2^k in size (Cauchy)."""
    largest = max(abs(c) for c in p[:-1])
    return max((1 + largest // abs(p[-1]) + 1).bit_length(), 0)


def _unit_roots(p: Dense, bound: int, work: Work) -> list[tuple[Fraction, Fraction]]:
    """Isolate the roots in (0, 1) of p, given in units of 2^bound."""
    found = []
    stack = [(p, 0, 0)]  # polynomial on the interval (k, k + 1)/2^level
    while stack:
        q, level, k = stack.pop()
        work.spend(len(q) * len(q))
        changes = _variations(_shift(list(reversed(q))))
        unit = Fraction(2) ** (bound - level)
        if changes == 0:
            continue
        if changes == 1:
            found.append((k * unit, (k + 1) * unit))
            continue
        degree = len(q) - 1
        left = primitive_signed([c << (degree - i) for i, c in enumerate(q)])
        right = _shift(left)
        if not right[0]:
            middle = (2 * k + 1) * unit / 2
            found.append((middle, middle))
            right = right[1:]
            # the left half keeps it as an end point, which the rule does not count
        stack.append((left, level + 1, 2 * k))
        stack.append((right, level + 1, 2 * k + 1))
    return found


def primitive_signed(p: Dense) -> Dense:
    """Divide by the content, the sign kept."""
    q = primitive(p)
    return q if p[-1] > 0 else [-c for c in q]


def _shift(p: Dense) -> Dense:
    """Give p(x + 1)."""
    q = list(p)
    for i in range(len(q) - 1):
        for j in range(len(q) - 2, i - 1, -1):
            q[j] += q[j + 1]
    return q


def _variations(p: Dense) -> int:
    count, last = 0, 0
    for c in p:
        if c:
            if last and (c > 0) != (last > 0):
                count += 1
            last = c
    return count


def _off_the_ends(p: Dense, lo: Fraction, hi: Fraction) -> tuple[Fraction, Fraction]:
    """Move ends that are roots themselves inward, the root between them kept inside."""
    step = (hi - lo) / 4
    slope = derivative(p)
    low, high = sign_at(p, lo) or sign_at(slope, lo), sign_at(p, hi) or -sign_at(slope, hi)
    if not sign_at(p, lo):
        while sign_at(p, lo + step) != low:
            if not sign_at(p, lo + step):
                return lo + step, lo + step
            step /= 2
        lo += step
    step = (hi - lo) / 4
    if not sign_at(p, hi):
        while sign_at(p, hi - step) != high:
            if not sign_at(p, hi - step):
                return hi - step, hi - step
            step /= 2
        hi -= step
    return lo, hi


def _recognise(root: RealRoot, work: Work) -> None:
    """Find out whether the root is rational."""
    lead = abs(root.polynomial[-1])
    while root.lo != root.hi and (root.hi - root.lo) * lead >= 1:
        work.spend(len(root.polynomial))
        root.halve()
    if root.lo == root.hi:
        return
    whole = (root.hi * lead).__floor__()
    value = Fraction(whole, lead)
    if root.lo <= value <= root.hi and not sign_at(root.polynomial, value):
        root.lo = root.hi = value
