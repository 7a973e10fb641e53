"""Polynomials with exact rational coefficients: a view of expressions, and common divisors."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm

from eqpp_dash.engine.expression.graph import Graph, Node, topological
from eqpp_dash.engine.pulse import beat

#: exponents of the variables -> coefficient, never zero; the empty dict is the zero polynomial.
Polynomial = dict[tuple[int, ...], Fraction]

MAX_TERMS = 400
MAX_DEGREE = 24
MAX_BITS = 4096
#: Products of coefficients spent on a common divisor, about a quarter of a second.
MAX_WORK = 200_000


def to_polynomial(root: Node, variables: Sequence[Node]) -> Polynomial | None:
    """Expand an expression into a polynomial of the variables.

    Parameters
    ----------
    root : Node
        An expression without parameters.
    variables : sequence of Node
        The variables, in the order of the exponents.

    Returns
    -------
    Polynomial or None
        None if it is no polynomial with rational coefficients or grows too large.
    """
    place = {node: i for i, node in enumerate(variables)}
    one = (0,) * len(place)
    done: dict[Node, Polynomial] = {}
    for node in topological([root]):
        if node in place:
            exponents = tuple(int(i == place[node]) for i in range(len(place)))
            done[node] = {exponents: Fraction(1)}
        elif node.op == "const":
            done[node] = {one: node.data} if node.data else {}
        elif node.op == "sum":
            total: Polynomial = {}
            for c, arg in zip(node.data, node.args, strict=True):
                accumulate(total, done[arg], c)
            done[node] = total
        elif node.op == "product" and all(k > 0 for k in node.data):
            product: Polynomial | None = {one: Fraction(1)}
            for arg, k in zip(node.args, node.data, strict=True):
                for _ in range(k):
                    product = multiply(product, done[arg]) if product is not None else None
                    if product is None:
                        return None
            assert product is not None
            done[node] = product
        else:
            return None
    return done[root]


def to_node(graph: Graph, polynomial: Polynomial, variables: Sequence[Node]) -> Node:
    """Write a polynomial as an expression, highest degrees first."""
    order = sorted(polynomial, key=lambda e: (-sum(e), tuple(-k for k in e)))
    return graph.combine(
        (
            polynomial[exponents],
            graph.power_product(zip(variables, exponents, strict=True)),
        )
        for exponents in order
    )


def multiply(a: Polynomial, b: Polynomial) -> Polynomial | None:
    """Give a product; None if it is too large."""
    if len(a) * len(b) > 40 * MAX_TERMS:
        return None
    total: Polynomial = {}
    for left, c in a.items():
        for right, d in b.items():
            key = tuple(i + j for i, j in zip(left, right, strict=True))
            total[key] = total.get(key, Fraction(0)) + c * d
    total = {key: c for key, c in total.items() if c}
    too_large = len(total) > MAX_TERMS or any(
        sum(key) > MAX_DEGREE
        or max(c.numerator.bit_length(), c.denominator.bit_length()) > MAX_BITS
        for key, c in total.items()
    )
    return None if too_large else total


def accumulate(total: Polynomial, other: Polynomial, scale: Fraction) -> None:
    """Add a multiple of a polynomial to another, in place."""
    for key, c in other.items():
        value = total.get(key, Fraction(0)) + scale * c
        if value:
            total[key] = value
        else:
            total.pop(key, None)


def divide(a: Polynomial, b: Polynomial) -> Polynomial | None:
    """Divide exactly; None if there is a remainder."""
    found = divide_to_constant(a, b)
    return found[0] if found is not None and not found[1] else None


def divide_to_constant(a: Polynomial, b: Polynomial) -> tuple[Polynomial, Fraction] | None:
    """Write a polynomial as a multiple of another plus a number; None if it is not one.

    Examples
    --------
    >>> x, one = (1,), Fraction(1)
    >>> divide_to_constant({(2,): one, (0,): 5 * one}, {x: one, (0,): one})
    ({(1,): Fraction(1, 1), (0,): Fraction(-1, 1)}, Fraction(6, 1))
    """
    quotient: Polynomial = {}
    rest = dict(a)
    lead = max(b)
    for _ in range(4 * MAX_TERMS):
        if not rest:
            return quotient, Fraction(0)
        top = max(rest)
        shift = tuple(i - j for i, j in zip(top, lead, strict=True))
        if any(k < 0 for k in shift):
            return None if any(top) else (quotient, rest[top])
        c = rest[top] / b[lead]
        quotient[shift] = c
        for key, d in b.items():
            moved = tuple(i + j for i, j in zip(key, shift, strict=True))
            value = rest.get(moved, Fraction(0)) - c * d
            if value:
                rest[moved] = value
            else:
                rest.pop(moved, None)
    return None


def common_divisor(
    polynomials: Sequence[Polynomial],
) -> tuple[Polynomial, list[Polynomial]] | None:
    """Find the greatest common divisor of polynomials.

    Primitive polynomial remainder sequences, variable by variable (D. E. Knuth, The Art of
    Computer Programming 2, section 4.6.1).

    Returns
    -------
    divisor, cofactors : Polynomial, list of Polynomial
        None if the divisor is constant, or the computation outgrew its budget.
    """
    count = len(next(iter(polynomials[0]), ()))
    work = Work()
    try:
        divisor = polynomials[0]
        for other in polynomials[1:]:
            divisor = greatest_common_divisor(divisor, other, count, work)
    except TooLargeError:
        return None
    if all(sum(key) == 0 for key in divisor):
        return None
    divisor = integral(divisor)
    cofactors = [divide(polynomial, divisor) for polynomial in polynomials]
    if any(cofactor is None for cofactor in cofactors):
        return None
    return divisor, [cofactor for cofactor in cofactors if cofactor is not None]


class TooLargeError(Exception):
    """The computation outgrew its budget."""


class Work:
    """Products of coefficients that may still be made."""

    def __init__(self, left: int = MAX_WORK) -> None:
        self.left = left

    def spend(self, amount: int) -> None:
        """Count work done; raise where the budget is spent."""
        beat()
        self.left -= amount
        if self.left < 0:
            raise TooLargeError


def integral(a: Polynomial) -> Polynomial:
    """Scale to coprime integer coefficients, the leading one positive."""
    if not a:
        return a
    scale = Fraction(
        lcm(*(c.denominator for c in a.values())), gcd(*(c.numerator for c in a.values()))
    )
    if a[max(a, key=lambda e: (sum(e), e))] < 0:
        scale = -scale
    return {key: c * scale for key, c in a.items()}


def greatest_common_divisor(a: Polynomial, b: Polynomial, count: int, work: Work) -> Polynomial:
    """Give the greatest common divisor of polynomials in the first `count` variables."""
    if not a or not b:
        return a or b
    if count == 0:
        return {next(iter(a)): Fraction(1)}
    place = count - 1
    if all(k[place] == 0 for k in a) and all(k[place] == 0 for k in b):
        return greatest_common_divisor(a, b, place, work)
    content_a, content_b = content(a, place, work), content(b, place, work)
    shared = greatest_common_divisor(content_a, content_b, place, work)
    a, b = _exact(a, content_a, work), _exact(b, content_b, work)
    if degree(a, place) < degree(b, place):
        a, b = b, a
    for _ in range(4 * MAX_DEGREE):
        if not b:
            break
        rest = _pseudo_remainder(a, b, place, work)
        a, b = b, (_exact(rest, content(rest, place, work), work) if rest else rest)
    else:
        raise TooLargeError
    if degree(a, place) == 0:
        return shared
    return _times(_exact(a, content(a, place, work), work), shared, work)


def degree(a: Polynomial, place: int) -> int:
    """Give the degree in one variable."""
    return max(key[place] for key in a)


def coefficients(a: Polynomial, place: int) -> dict[int, Polynomial]:
    """Give the coefficients by powers of one variable."""
    result: dict[int, Polynomial] = {}
    for key, c in a.items():
        lower = (*key[:place], 0, *key[place + 1 :])
        result.setdefault(key[place], {})[lower] = c
    return result


def content(a: Polynomial, place: int, work: Work) -> Polynomial:
    """Give the common divisor of the coefficients by powers of one variable."""
    result: Polynomial = {}
    for part in coefficients(a, place).values():
        result = greatest_common_divisor(result, part, place, work)
    return integral(result)


def _pseudo_remainder(a: Polynomial, b: Polynomial, place: int, work: Work) -> Polynomial:
    low = degree(b, place)
    lead = coefficients(b, place)[low]
    while a and degree(a, place) >= low:
        high = degree(a, place)
        top = coefficients(a, place)[high]
        shift = {
            (0,) * place + (high - low,) + (0,) * (len(next(iter(a))) - place - 1): Fraction(1)
        }
        left = _times(a, lead, work)
        right = _times(_times(b, top, work), shift, work)
        accumulate(left, right, Fraction(-1))
        a = integral(left)
    return a


def _times(a: Polynomial, b: Polynomial, work: Work) -> Polynomial:
    work.spend(len(a) * len(b))
    product = multiply(a, b)
    if product is None:
        raise TooLargeError
    return dict(product)


def _exact(a: Polynomial, b: Polynomial, work: Work) -> Polynomial:
    work.spend(len(a) * len(b))
    quotient = divide(a, b)
    if quotient is None:
        raise TooLargeError
    return quotient
