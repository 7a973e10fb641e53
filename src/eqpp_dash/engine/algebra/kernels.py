"""Expressions as quotients of polynomials in kernels, so that zero is recognised exactly.

A kernel is a variable, a constant such as pi, or a function value such as sin(x) or exp(y).
Identities that hold between kernels are built in: cos^2 + sin^2 = 1, exp(a + b) = exp(a)
exp(b), sqrt(u)^2 = u, sign^2 = 1 (off its jump) and the addition theorems. What reduces to
zero is zero wherever the expression is defined; what does not may still be zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import gcd
from typing import Any

from eqpp_dash.engine.algebra.nonzero import nowhere_flat
from eqpp_dash.engine.algebra.packed import (
    BITS,
    MASK,
    MAX_POWER,
    MAX_TERMS,
    FactorKey,
    Packed,
    Quotient,
    contains,
    divided,
    frozen,
    key_of,
    number_of,
    powers,
)
from eqpp_dash.engine.algebra.readers import READERS
from eqpp_dash.engine.expression.graph import Graph, Node, topological
from eqpp_dash.engine.expression.polynomial import TooLargeError, Work

#: What a product or a term costs besides the coefficients.
OVERHEAD = 8


class Kernels:
    """The kernels of the expressions met so far, and arithmetic with them.

    Parameters
    ----------
    graph : Graph
        Holds the expressions.
    work : Work
        Budget: products of coefficients.

    Examples
    --------
    >>> graph = Graph()
    >>> x = graph.symbol("variable", "x")
    >>> wave = graph.power(graph.call("sin", x), graph.constant(2))
    >>> other = graph.power(graph.call("cos", x), graph.constant(2))
    >>> kernels = Kernels(graph, Work())
    >>> kernels.is_zero(graph.combine([(1, wave), (1, other), (-1, graph.one)]))
    True
    """

    def __init__(self, graph: Graph, work: Work) -> None:
        self.graph = graph
        self.work = work
        #: What each kernel stands for.
        self.nodes: list[Node] = []
        self._places: dict[Any, int] = {}
        #: place -> (power, what that power of the kernel equals)
        self._squares: dict[int, tuple[int, Packed]] = {}
        #: (place of sign(u - d), place of sign(u)), d > 0: their product is lower + 1 - upper.
        self._steps: list[tuple[int, int]] = []
        self._arguments: dict[int, Quotient] = {}
        self._done: dict[Node, Quotient] = {}
        self._uneven: dict[FactorKey, bool] = {}

    # reading expressions --------------------------------------------------------------------

    def read(self, root: Node) -> Quotient:
        """Write an expression as a quotient of polynomials in kernels.

        Raises
        ------
        TooLargeError
            If it grows beyond the budget, or its kernels are not understood.
        """
        for node in topological([root]):
            if node not in self._done:
                self.work.spend(1)
                self._done[node] = self._read(node, [self._done[arg] for arg in node.args])
        return self._done[root]

    def is_zero(self, root: Node) -> bool:
        """Tell whether an expression is proved to be zero."""
        return self.read(root).is_zero

    def _read(self, node: Node, args: list[Quotient]) -> Quotient:
        op = node.op
        if op == "const":
            return self.constant(node.data)
        if op == "sum":
            return self.combine(zip(node.data, args, strict=True))
        if op == "product":
            result = self.constant(Fraction(1))
            for arg, k in zip(args, node.data, strict=True):
                result = self.multiply(result, self.power(arg, k))
            return result
        reader = READERS.get(op)
        if reader is not None:
            return reader(self, node, args)
        if not node.args:
            return self.kernel((op, node.data), node)
        return self.opaque(node, args)

    def opaque(self, node: Node, args: Iterable[Quotient]) -> Quotient:
        """Take a function value as a kernel of its own."""
        return self.kernel((node.op, node.data, *map(key_of, args)), node)

    def kernel(
        self, key: Any, node: Node, degree: int = 0, value: Packed | None = None
    ) -> Quotient:
        """Give the kernel with this key, made where there is none.

        `degree` and `value`: the relation kernel^degree = value.
        """
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = len(self.nodes)
            self.nodes.append(node)
            if value is not None:
                self._squares[place] = (degree, value)
        return Quotient({1 << (BITS * place): 1}, {})

    def place_of(self, node: Node) -> int:
        """Give the place of a kernel given as an expression; it is read first."""
        (monomial,) = self.read(node).above
        return (monomial.bit_length() - 1) // BITS

    def nowhere_flat(self, a: Quotient) -> bool:
        """Tell whether a quotient is proved to vanish on no open set of its domain."""
        if a.is_zero:
            return False
        places = {place for m in a.above for place, _ in powers(m)}
        if all(self.nodes[place].op == "variable" for place in places):
            return True
        key = frozen(a.above)
        if key not in self._uneven:
            node = self.write_packed(a.above)
            self._uneven[key] = nowhere_flat(self.graph, node, self.work)
        return self._uneven[key]

    # arithmetic -----------------------------------------------------------------------------

    def constant(self, value: Fraction) -> Quotient:
        """Give a rational number."""
        if not value:
            return Quotient({}, {})
        below: dict[FactorKey, int] = {}
        if value.denominator != 1:
            below[((0, value.denominator),)] = 1
        return Quotient({0: value.numerator}, below)

    def combine(self, terms: Iterable[tuple[Fraction | int, Quotient]]) -> Quotient:
        """Give a linear combination over the least common denominator."""
        scaled = []
        shared: dict[FactorKey, int] = {}
        numbers = 1
        for c, term in terms:
            if not c or term.is_zero:
                continue
            number = Fraction(c).denominator
            for key, k in term.below.items():
                value = number_of(key)
                if value is not None:
                    number *= value**k
                else:
                    shared[key] = max(shared.get(key, 0), k)
            numbers = numbers * number // gcd(numbers, number)
            scaled.append((Fraction(c), term))
        total: Packed = {}
        for c, term in scaled:
            above = term.above
            factor = c * numbers
            for key, k in term.below.items():
                number_below = number_of(key)
                if number_below is not None:
                    factor /= number_below**k
            for key, k in shared.items():
                for _ in range(k - term.below.get(key, 0)):
                    above = self.product(above, dict(key))
            for monomial, value in above.items():
                total[monomial] = total.get(monomial, 0) + value * int(factor)
        total = {monomial: c for monomial, c in total.items() if c}
        if numbers != 1:
            shared[((0, numbers),)] = 1
        return self._cancelled(Quotient(total, shared))

    def multiply(self, a: Quotient, b: Quotient) -> Quotient:
        """Give a product."""
        below = dict(a.below)
        for key, k in b.below.items():
            below[key] = below.get(key, 0) + k
        return self._cancelled(Quotient(self.product(a.above, b.above), below))

    def power(self, a: Quotient, k: int) -> Quotient:
        """Give an integer power."""
        if k < 0:
            return self.power(self.inverse(a), -k)
        result = self.constant(Fraction(1))
        for _ in range(k):
            result = self.multiply(result, a)
        return result

    def inverse(self, a: Quotient) -> Quotient:
        """Give 1/a.

        Raises
        ------
        TooLargeError
            If a is zero: such an expression is defined nowhere.
        """
        if a.is_zero:
            raise TooLargeError
        result = self.constant(Fraction(1))
        for key, k in a.below.items():
            for _ in range(k):
                result.above = self.product(result.above, dict(key))
        shared, rest = self._content(a.above)
        below: dict[FactorKey, int] = {((0, shared[1]),): 1} if shared[1] != 1 else {}
        for place, k in powers(shared[0]):
            below[((1 << (BITS * place), 1),)] = k
        if rest != {0: 1}:
            below[frozen(rest)] = 1
        return self._cancelled(Quotient(result.above, below))

    def _content(self, p: Packed) -> tuple[tuple[int, int], Packed]:
        """Split off the common monomial and the common number, signed."""
        number = gcd(*p.values())
        if p[max(p)] < 0:
            number = -number
        monomial = 0
        for place in range((max(p).bit_length() + BITS - 1) // BITS):
            least = min((m >> (BITS * place)) & MASK for m in p)
            monomial |= least << (BITS * place)
        rest = {m - monomial: c // number for m, c in p.items()}
        return (monomial, number), rest

    def product(self, a: Packed, b: Packed) -> Packed:
        """Multiply polynomials and apply the relations between kernels."""
        if len(a) > len(b):
            a, b = b, a
        if a == {0: 1}:
            return b
        self.work.spend(len(a) * len(b) + len(b) + OVERHEAD)
        total: Packed = {}
        for m, c in a.items():
            for n, d in b.items():
                total[m + n] = total.get(m + n, 0) + c * d
        total = {m: c for m, c in total.items() if c}
        if len(total) > MAX_TERMS:
            raise TooLargeError
        for m in total:
            while m:
                if m & MASK > MAX_POWER:
                    raise TooLargeError
                m >>= BITS
        total = self._reduced(total) if self._squares else total
        return self._ordered(total) if self._steps else total

    def _reduced(self, p: Packed) -> Packed:
        for place, (degree, value) in reversed(self._squares.items()):
            shift = BITS * place
            self.work.spend(len(p))
            if all((m >> shift) & MASK < degree for m in p):
                continue
            total: Packed = {}
            for m, c in p.items():
                k = (m >> shift) & MASK
                times, left = divmod(k, degree)
                part: Packed = {m - ((k - left) << shift): c}
                for _ in range(times):
                    part = self.product(part, value)
                for n, d in part.items():
                    total[n] = total.get(n, 0) + d
            p = {m: c for m, c in total.items() if c}
        return p

    def add_step(self, sign: Quotient, inside: Quotient) -> None:
        """Relate a new sign to those whose arguments differ from its own by a number."""
        place = (next(iter(sign.above)).bit_length() - 1) // BITS
        if place in self._arguments:
            return
        for other, argument in self._arguments.items():
            difference = self.combine([(1, inside), (-1, argument)])
            plain = all(number_of(key) is not None for key in difference.below)
            if plain and set(difference.above) == {0}:
                upper = difference.above[0] > 0
                self._steps.append((other, place) if upper else (place, other))
        self._arguments[place] = inside

    def _ordered(self, p: Packed) -> Packed:
        """Apply sign(u - d) sign(u) = 1 + sign(u - d) - sign(u), d > 0.

        The first is 1 only where the second is.
        """
        for lower, upper in self._steps:
            a, b = 1 << (BITS * lower), 1 << (BITS * upper)
            both = [m for m in p if (m // a) & MASK and (m // b) & MASK]
            if not both:
                continue
            total = dict(p)
            for m in both:
                c = total.pop(m)
                rest = m - a - b
                for n, d in ((rest, c), (rest + a, c), (rest + b, -c)):
                    total[n] = total.get(n, 0) + d
            p = {m: c for m, c in total.items() if c}
        return p

    def _cancelled(self, a: Quotient) -> Quotient:
        """Cancel what numerator and denominator plainly share."""
        if not a.above:
            return Quotient({}, {})
        below = {key: k for key, k in a.below.items() if k}
        above = a.above
        number = 1
        for key in [key for key in below if len(key) == 1]:
            m, c = key[0]
            k = below.pop(key)
            if m == 0:
                number *= c**k
                continue
            place = (m.bit_length() - 1) // BITS
            shift = BITS * place
            least = min(k, *((n >> shift) & MASK for n in above), k)
            if least:
                above = {n - (least << shift): d for n, d in above.items()}
            if k > least:
                below[key] = k - least
        for factor in [key for key in below if len(key) > 1]:
            while below[factor]:
                quotient = divided(above, factor, self.work)
                if quotient is None:
                    break
                above = quotient
                below[factor] -= 1
            if not below[factor]:
                del below[factor]
        if number < 0:
            above, number = {m: -c for m, c in above.items()}, -number
        if number != 1:
            shared = gcd(number, *above.values())
            if shared != 1:
                above, number = {m: c // shared for m, c in above.items()}, number // shared
            if number != 1:
                below[((0, number),)] = 1
        return Quotient(above, below)

    # writing expressions --------------------------------------------------------------------

    def write(self, a: Quotient) -> Node:
        """Write a quotient as an expression."""
        divisor = 1
        below = []
        for key, k in a.below.items():
            number = number_of(key)
            if number is None:
                below.append((self.write_packed(dict(key)), -k))
            else:
                divisor *= number**k
        return self.graph.power_product([(self.write_packed(a.above, divisor), 1), *below])

    def write_packed(self, p: Packed, divisor: int = 1) -> Node:
        """Write a polynomial in kernels as an expression, highest powers first."""
        self.work.spend(OVERHEAD * len(p))
        order = sorted(p, key=lambda m: (-sum(k for _, k in powers(m)), m))
        return self.graph.combine(
            (
                Fraction(p[m], divisor),
                self.graph.power_product((self.nodes[place], k) for place, k in powers(m)),
            )
            for m in order
        )

    def depends(self, a: Quotient, variable: Node) -> bool:
        """Tell whether the kernels of a quotient depend on a variable."""
        places = {p for m in a.above for p, _ in powers(m)}
        places |= {p for key in a.below for m, _ in key for p, _ in powers(m)}
        return any(contains(self.nodes[place], variable) for place in places)
