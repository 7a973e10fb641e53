"""Random expressions that shrink, and their exact values and slopes by mpmath."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
from hypothesis import strategies as st

from eqpp_dash.engine.expression import primitives
from eqpp_dash.engine.expression.graph import ConstantError, Graph, Node, topological

VARIABLES = ("x", "y", "a")
UNARY = [n for n, (count, _, _) in primitives.FUNCTIONS.items() if count == 1]
BINARY = [
    n
    for n, (count, _, _) in primitives.FUNCTIONS.items()
    if count == 2 and n not in ("root", "power")
]
#: Operations, places of the first and of other operands, and how many are recent results.
KINDS, FIRST, PLACES, RECENT = 14, 16, 24, 12
#: Beyond, a double is infinite, and powers of powers would take mpmath for ever.
LARGEST = mpmath.mpf(10) ** 330


@dataclass(frozen=True)
class Case:
    """An expression of x, y, a and t, and a point."""

    graph: Graph
    node: Node
    point: tuple[float, float, float, float]


def _leaves(graph: Graph) -> list[Node]:
    x, y, a = (graph.symbol("variable", name) for name in VARIABLES)
    numbers = [graph.constant(Fraction(*pair)) for pair in ((-4, 5), (2, 3), (3, 1))]
    atoms = [graph.symbol(kind) for kind in ("pi", "e")]
    return [x, y, graph.symbol("time"), a, y, x, *atoms, *numbers, graph.add(x, y)]


def _pick(stack: list[Node], place: int) -> Node:
    """Take one of the last three or one of the twelve leaves."""
    return stack[-1 - place // 4] if place < RECENT else stack[place - RECENT]


def _move(graph: Graph, stack: list[Node], kind: int, i: int, j: int, k: int) -> Node:
    a, b = _pick(stack, i), _pick(stack, j)
    match kind:
        case 0:
            return graph.add(a, graph.scale(Fraction(k - 5, 1 + j % 3), b))
        case 1:
            return graph.multiply(a, b)
        case 2:
            return graph.divide(a, b)
        case 3:
            return graph.power(a, graph.constant((2, 3, -1, -2, 5, 4, 7, -3, 9, 64, 65, 101)[k]))
        case 4:
            return graph.power(a, b)
        case 5:
            return graph.root(a, (3, 5, 7)[k % 3])
        case 6:
            relation = ("lt", "le", "gt", "ge")[k % 4]
            return graph.call("select", graph.call(relation, a, b), b, stack[-1 - k % len(stack)])
        case 7:
            return graph.power(a, graph.constant(Fraction((1, -1, 3, -2, 5)[k % 5], 2 + k % 2)))
        case 8:
            return graph.call(BINARY[k % len(BINARY)], a, b)
    return graph.call(UNARY[(k + 12 * j) % len(UNARY)], a)


Move = tuple[int, int, int, int]


def grow(moves: list[Move]) -> tuple[Graph, Node] | None:
    """Make an expression: each move applies an operation to what is there."""
    graph = Graph()
    stack = _leaves(graph)
    try:
        for move in moves:
            stack.append(_move(graph, stack, *move))
    except ConstantError:
        return None
    return graph, stack[-1]


_COORDINATE = st.integers(-3000, 3000).map(lambda n: n / 1000)
_DRAWN = st.tuples(
    st.lists(
        st.tuples(*[st.integers(0, most - 1) for most in (KINDS, FIRST, PLACES, 12)]),
        min_size=3,
        max_size=12,
    ),
    st.tuples(*[_COORDINATE] * 4),
)


@st.composite
def batches(draw: Callable[..., Any], largest: int) -> list[Case]:
    """Give a strategy of lists of cases; one that fails shrinks to a single small case."""
    found = []
    for _ in range(draw(st.integers(1, largest))):
        moves, point = draw(_DRAWN)
        grown = grow(moves)
        if grown is not None:
            found.append(Case(*grown, point))
    return found


# exact values and slopes ------------------------------------------------------------------


@dataclass(frozen=True)
class Dual:
    """A value with its slopes, each of them None where it is undefined."""

    value: Any
    slopes: tuple[Any, ...]


def _number(value: Fraction) -> Any:
    return mpmath.mpf(value.numerator) / value.denominator


def _known(compute: Callable[[], Any]) -> Any:
    try:
        value = compute()
    except (ZeroDivisionError, ValueError, OverflowError):
        return None
    if isinstance(value, mpmath.mpc) or not mpmath.isfinite(value) or abs(value) > LARGEST:
        return None
    return value


def exact(node: Node, point: tuple[float, ...]) -> Dual:
    """Give the value of an expression and its slopes in x and y, at the current precision."""
    given = {name: mpmath.mpf(v) for name, v in zip((*VARIABLES, "t"), point, strict=True)}
    done: dict[Node, Dual] = {}
    for part in topological([node]):
        done[part] = _dual(part, [done[arg] for arg in part.args], given)
    return done[node]


def _dual(node: Node, args: list[Dual], given: dict[str, Any]) -> Dual:
    zero, op = mpmath.mpf(0), node.op
    if not args:
        atoms = {"pi": lambda: +mpmath.pi, "e": lambda: +mpmath.e, "undefined": lambda: None}
        if op == "const":
            return Dual(_number(node.data), (zero, zero))
        if op in atoms:
            return Dual(atoms[op](), (zero, zero))
        name = "t" if op == "time" else node.data
        return Dual(given[name], (mpmath.mpf(name == "x"), mpmath.mpf(name == "y")))
    if op == "select":
        if args[0].value is None:
            return Dual(None, (None, None))
        return args[1] if args[0].value else args[2]
    values = [arg.value for arg in args]
    if any(value is None for value in values):
        return Dual(None, (None, None))
    value = _known(lambda: _value(node, values))
    if value is None:
        return Dual(None, (None, None))
    slopes = tuple(_slope(node, args, values, value, i) for i in range(2))
    return Dual(value, slopes)


def _slope(node: Node, args: list[Dual], values: list[Any], value: Any, i: int) -> Any:
    total = mpmath.mpf(0)
    for place, arg in enumerate(args):
        inner = arg.slopes[i]
        if inner is None:
            return None
        if inner:
            partial = _known(lambda place=place: _partial(node, values, value, place))
            if partial is None:
                return None
            total += partial * inner
    return _known(lambda: total)


def _value(node: Node, v: list[Any]) -> Any:
    op = node.op
    if op == "sum":
        return mpmath.fsum(_number(c) * a for c, a in zip(node.data, v, strict=True))
    if op == "product":
        return mpmath.fprod(a**k for a, k in zip(v, node.data, strict=True))
    if op == "root":
        return mpmath.sign(v[0]) * mpmath.root(abs(v[0]), node.data)
    if op == "pow":
        return v[0] ** v[1] if v[0] or v[1] else mpmath.mpf(1)
    return VALUES[op](*v)


def _partial(node: Node, v: list[Any], value: Any, place: int) -> Any:
    op = node.op
    if op == "sum":
        return _number(node.data[place])
    if op == "product":
        rest = [a**k for j, (a, k) in enumerate(zip(v, node.data, strict=True)) if j != place]
        return node.data[place] * v[place] ** (node.data[place] - 1) * mpmath.fprod(rest)
    if op == "root":
        return value / (node.data * v[0])
    if op == "pow":
        return v[1] * v[0] ** (v[1] - 1) if place == 0 else mpmath.log(v[0]) * value
    return SLOPES[op](*v)[place]


def _sinc_slope(a: Any) -> Any:
    if abs(a) < mpmath.mpf(10) ** -20:
        return -a / 3
    return (a * mpmath.cos(a) - mpmath.sin(a)) / a**2


def _bend(a: Any) -> Any:
    if abs(a) < mpmath.mpf(10) ** -20:
        return -mpmath.mpf(1) / 3
    return -mpmath.sinc(a) - 2 * _sinc_slope(a) / a


_PLAIN = (
    *("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh"),
    *("atanh", "exp", "log", "log10", "erf"),
)
VALUES: dict[str, Callable[..., Any]] = {
    **{name: getattr(mpmath, name) for name in _PLAIN},
    "log2": lambda a: mpmath.log(a, 2),
    "sinc": lambda a: mpmath.sin(a) / a if a else mpmath.mpf(1),
    "sinc slope": _sinc_slope,
    "abs": abs,
    "sign": mpmath.sign,
    "floor": mpmath.floor,
    "ceil": mpmath.ceil,
    "heaviside": lambda a: (1 + mpmath.sign(a)) / 2,
    "atan2": mpmath.atan2,
    "mod": lambda a, b: a - b * mpmath.floor(a / b),
    "min": min,
    "max": max,
    "lt": lambda a, b: mpmath.mpf(a < b),
    "le": lambda a, b: mpmath.mpf(a <= b),
    "gt": lambda a, b: mpmath.mpf(a > b),
    "ge": lambda a, b: mpmath.mpf(a >= b),
}
SLOPES: dict[str, Callable[..., tuple[Any, ...]]] = {
    "sin": lambda a: (mpmath.cos(a),),
    "cos": lambda a: (-mpmath.sin(a),),
    "tan": lambda a: (mpmath.sec(a) ** 2,),
    "asin": lambda a: (1 / mpmath.sqrt((1 - a) * (1 + a)),),
    "acos": lambda a: (-1 / mpmath.sqrt((1 - a) * (1 + a)),),
    "atan": lambda a: (1 / (1 + a * a),),
    "sinh": lambda a: (mpmath.cosh(a),),
    "cosh": lambda a: (mpmath.sinh(a),),
    "tanh": lambda a: (mpmath.sech(a) ** 2,),
    "asinh": lambda a: (1 / mpmath.sqrt(1 + a * a),),
    "acosh": lambda a: (1 / mpmath.sqrt((a - 1) * (a + 1)),),
    "atanh": lambda a: (1 / ((1 - a) * (1 + a)),),
    "exp": lambda a: (mpmath.exp(a),),
    "log": lambda a: (1 / a,),
    "log2": lambda a: (1 / (a * mpmath.log(2)),),
    "log10": lambda a: (1 / (a * mpmath.log(10)),),
    "erf": lambda a: (2 * mpmath.exp(-a * a) / mpmath.sqrt(mpmath.pi),),
    "sinc": lambda a: (_sinc_slope(a),),
    "sinc slope": lambda a: (_bend(a),),
    "abs": lambda a: (mpmath.sign(a),),
    "atan2": lambda a, b: (b / (a * a + b * b), -a / (a * a + b * b)),
    "mod": lambda a, b: (1, -mpmath.floor(a / b)),
    "min": lambda a, b: (mpmath.mpf(a < b), mpmath.mpf(a >= b)),
    "max": lambda a, b: (mpmath.mpf(a > b), mpmath.mpf(a <= b)),
    **{name: lambda a: (0,) for name in ("sign", "floor", "ceil", "heaviside")},
    **{name: lambda a, b: (0, 0) for name in ("lt", "le", "gt", "ge")},
}
