"""How each function is written in kernels."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING

from eqpp_dash.engine.algebra.packed import MAX_POWER, Quotient, key_of, number_of
from eqpp_dash.engine.expression.graph import ConstantError, Node
from eqpp_dash.engine.expression.polynomial import TooLargeError

if TYPE_CHECKING:
    from eqpp_dash.engine.algebra.kernels import Kernels

Reader = Callable[["Kernels", Node, list[Quotient]], Quotient]
MAX_ANGLE = 6


def _odd(a: Quotient) -> tuple[int, Quotient]:
    """Give the sign and the argument whose leading coefficient is positive."""
    if a.above and a.above[max(a.above)] < 0:
        return -1, Quotient({m: -c for m, c in a.above.items()}, a.below)
    return 1, a


def _terms(kernels: Kernels, a: Quotient) -> list[tuple[Fraction, Quotient]]:
    """Split an argument into rational multiples of monomials over the rest of it."""
    number = Fraction(1)
    below = {}
    for key, k in a.below.items():
        if len(key) == 1 and key[0][0] == 0:
            number /= key[0][1] ** k
        else:
            below[key] = k
    return [(number * c, Quotient({m: 1}, below)) for m, c in sorted(a.above.items())]


def _whole(a: Quotient) -> tuple[Fraction, Quotient]:
    """Split an argument into a number and the rest, its coefficients coprime."""
    number = Fraction(gcd(*a.above.values()))
    if a.above[max(a.above)] < 0:
        number = -number
    above = {m: c // int(number) for m, c in a.above.items()}
    below = {}
    for key, k in a.below.items():
        value = number_of(key)
        if value is None:
            below[key] = k
        else:
            number /= value**k
    return number, Quotient(above, below)


def _is_number(term: Quotient) -> bool:
    return term.above == {0: 1} and not term.below


def _exp(kernels: Kernels, node: Node, args: list[Quotient]) -> Quotient:
    result = kernels.constant(Fraction(1))
    for c, term in _terms(kernels, args[0]):
        written, q = kernels.write(term), c.denominator
        base = kernels.kernel(("exp", key_of(term), 1), kernels.graph.call("exp", written))
        if q > 1:
            unit = kernels.graph.call("exp", kernels.graph.scale(Fraction(1, q), written))
            base = kernels.kernel(("exp", key_of(term), q), unit, q, base.above)
        if abs(c.numerator) > MAX_POWER:
            raise TooLargeError
        result = kernels.multiply(result, kernels.power(base, c.numerator))
    return result


def _wave(hyperbolic: bool, which: int) -> Reader:
    """Make the reader of cos (0) and sin (1), or of cosh and sinh."""

    def read(kernels: Kernels, node: Node, args: list[Quotient]) -> Quotient:
        pair = kernels.constant(Fraction(1)), kernels.constant(Fraction(0))
        terms = _terms(kernels, args[0])
        if hyperbolic and any(_is_number(term) for _, term in terms):
            terms = [_whole(args[0])]
        for c, term in terms:
            pair = _turned(kernels, pair, _angle(kernels, c, term, hyperbolic), hyperbolic)
        return pair[which]

    return read


def _turned(
    kernels: Kernels,
    a: tuple[Quotient, Quotient],
    b: tuple[Quotient, Quotient],
    hyperbolic: bool,
) -> tuple[Quotient, Quotient]:
    """Give cosine and sine of a sum."""
    sign = 1 if hyperbolic else -1
    cc, ss = kernels.multiply(a[0], b[0]), kernels.multiply(a[1], b[1])
    cs, sc = kernels.multiply(a[0], b[1]), kernels.multiply(a[1], b[0])
    return kernels.combine([(1, cc), (sign, ss)]), kernels.combine([(1, cs), (1, sc)])


def _angle(
    kernels: Kernels, c: Fraction, term: Quotient, hyperbolic: bool
) -> tuple[Quotient, Quotient]:
    """Give cosine and sine of a rational multiple of one term."""
    graph = kernels.graph
    written = kernels.write(term)
    if not hyperbolic and written.op == "pi":
        quarter = 2 * c
        if quarter.denominator == 1:
            turn = int(quarter) % 4
            values = ((1, 0), (0, 1), (-1, 0), (0, -1))[turn]
            one = kernels.constant(Fraction(values[0]))
            return one, kernels.constant(Fraction(values[1]))
    whole = abs(c.numerator)
    if whole > MAX_ANGLE:
        unit, whole = graph.scale(abs(c), written), 1
    else:
        unit = graph.scale(Fraction(1, c.denominator), written)
    names = ("cosh", "sinh") if hyperbolic else ("cos", "sin")
    key = (key_of(term), abs(c) / whole)
    cosine = kernels.kernel((names[0], *key), graph.call(names[0], unit))
    (place,) = cosine.above
    square = {2 * place: 1, 0: -1} if hyperbolic else {2 * place: -1, 0: 1}
    sine = kernels.kernel((names[1], *key), graph.call(names[1], unit), 2, square)
    pair = base = (cosine, sine)
    for _ in range(whole - 1):
        pair = _turned(kernels, pair, base, hyperbolic)
    if c < 0:
        pair = pair[0], kernels.combine([(-1, pair[1])])
    return pair


def _tan(kernels: Kernels, node: Node, args: list[Quotient]) -> Quotient:
    sine, cosine = READERS["sin"](kernels, node, args), READERS["cos"](kernels, node, args)
    return kernels.multiply(sine, kernels.inverse(cosine))


def _tanh(kernels: Kernels, node: Node, args: list[Quotient]) -> Quotient:
    sine, cosine = READERS["sinh"](kernels, node, args), READERS["cosh"](kernels, node, args)
    return kernels.multiply(sine, kernels.inverse(cosine))


def _sinc(kernels: Kernels, node: Node, args: list[Quotient]) -> Quotient:
    return kernels.multiply(READERS["sin"](kernels, node, args), kernels.inverse(args[0]))


def _sinc_slope(kernels: Kernels, node: Node, args: list[Quotient]) -> Quotient:
    sine, cosine = READERS["sin"](kernels, node, args), READERS["cos"](kernels, node, args)
    inverse = kernels.inverse(args[0])
    first = kernels.multiply(cosine, inverse)
    second = kernels.multiply(sine, kernels.power(inverse, 2))
    return kernels.combine([(1, first), (-1, second)])


def _odd_function(kernels: Kernels, node: Node, args: list[Quotient]) -> Quotient:
    if args[0].is_zero:
        return args[0]
    sign, inside = _odd(args[0])
    argument = kernels.write(inside)
    kernel = kernels.kernel((node.op, key_of(inside)), kernels.graph.call(node.op, argument))
    return kernels.combine([(sign, kernel)])


def _sign(kernels: Kernels, node: Node, args: list[Quotient]) -> Quotient:
    if args[0].is_zero:
        return args[0]
    sign, inside = _odd(args[0])
    divisor = gcd(*inside.above.values())
    inside = Quotient(
        {m: c // divisor for m, c in inside.above.items()},
        {key: k for key, k in inside.below.items() if number_of(key) is None},
    )
    if not kernels.nowhere_flat(inside):  # sign^2 = 1 would be wrong on an open set
        raise TooLargeError
    argument = kernels.write(inside)
    kernel = kernels.kernel(
        ("sign", key_of(inside)), kernels.graph.call("sign", argument), 2, {0: 1}
    )
    kernels.add_step(kernel, inside)
    return kernels.combine([(sign, kernel)])


def _abs(kernels: Kernels, node: Node, args: list[Quotient]) -> Quotient:
    return kernels.multiply(args[0], _sign(kernels, node, args))


def _heaviside(kernels: Kernels, node: Node, args: list[Quotient]) -> Quotient:
    half = Fraction(1, 2)
    return kernels.combine(
        [(half, kernels.constant(Fraction(1))), (half, _sign(kernels, node, args))]
    )


def _relation(flip: bool, equal: int) -> Reader:
    """Make the reader of a relation, from what it is where both sides are equal."""

    def read(kernels: Kernels, node: Node, args: list[Quotient]) -> Quotient:
        difference = kernels.combine([(1, args[0]), (-1, args[1])])
        if difference.is_zero:
            return kernels.constant(Fraction(equal))
        if flip:
            difference = kernels.combine([(-1, difference)])
        return _heaviside(kernels, node, [difference])

    return read


def _extreme(largest: bool) -> Reader:
    def read(kernels: Kernels, node: Node, args: list[Quotient]) -> Quotient:
        difference = kernels.combine([(1, args[0]), (-1, args[1])])
        size = _abs(kernels, node, [difference])
        half = Fraction(1, 2)
        return kernels.combine(
            [(half, args[0]), (half, args[1]), (half if largest else -half, size)]
        )

    return read


def _select(kernels: Kernels, node: Node, args: list[Quotient]) -> Quotient:
    if any(arg.op == "undefined" for arg in node.args[1:]):
        return kernels.opaque(node, args)
    condition, yes, no = args
    difference = kernels.combine([(1, yes), (-1, no)])
    return kernels.combine([(1, no), (1, kernels.multiply(condition, difference))])


def _power(kernels: Kernels, node: Node, args: list[Quotient]) -> Quotient:
    exponent = node.args[1]
    if exponent.op != "const":
        return kernels.opaque(node, args)
    value: Fraction = exponent.data
    return _root_power(kernels, "pow", args[0], value)


def _odd_root(kernels: Kernels, node: Node, args: list[Quotient]) -> Quotient:
    return _root_power(kernels, "root", args[0], Fraction(1, node.data))


def _root_power(kernels: Kernels, op: str, base: Quotient, value: Fraction) -> Quotient:
    if base.is_zero:
        raise TooLargeError
    graph, q = kernels.graph, value.denominator
    if q > MAX_POWER or abs(value.numerator) > MAX_POWER:
        raise TooLargeError
    argument = kernels.write(base)
    try:
        node = (
            graph.root(argument, q)
            if op == "root"
            else graph.power(argument, graph.constant(Fraction(1, q)))
        )
    except ConstantError:
        raise TooLargeError from None
    if node.op not in ("pow", "root"):
        return kernels.power(kernels.read(node), value.numerator)
    relation = base.above if not base.below else None
    kernel = kernels.kernel((op, q, key_of(base)), node, q, relation)
    return kernels.power(kernel, value.numerator)


READERS: dict[str, Reader] = {
    "exp": _exp,
    "cos": _wave(hyperbolic=False, which=0),
    "sin": _wave(hyperbolic=False, which=1),
    "cosh": _wave(hyperbolic=True, which=0),
    "sinh": _wave(hyperbolic=True, which=1),
    "tan": _tan,
    "sinc": _sinc,
    "sinc slope": _sinc_slope,
    "tanh": _tanh,
    "asin": _odd_function,
    "atan": _odd_function,
    "asinh": _odd_function,
    "atanh": _odd_function,
    "erf": _odd_function,
    "abs": _abs,
    "sign": _sign,
    "heaviside": _heaviside,
    "gt": _relation(flip=False, equal=0),
    "ge": _relation(flip=False, equal=1),
    "lt": _relation(flip=True, equal=0),
    "le": _relation(flip=True, equal=1),
    "max": _extreme(largest=True),
    "min": _extreme(largest=False),
    "select": _select,
    "pow": _power,
    "root": _odd_root,
}
