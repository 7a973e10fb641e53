"""Canonical text of expressions: `parse_system` reads it back to the same expression."""

from __future__ import annotations

from fractions import Fraction

from eqpp_dash.engine.expression.graph import Node, topological
from eqpp_dash.engine.expression.rationals import to_float

SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4
RELATIONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def number_text(value: Fraction) -> tuple[str, int]:
    """Write a rational number that is not negative, with the strength of its binding.

    Examples
    --------
    >>> number_text(Fraction(3, 2)), number_text(Fraction(8, 3))
    (('1.5', 4), ('8/3', 2))
    """
    top, bottom = value.numerator, value.denominator
    if bottom == 1 and top < 10**15:
        return str(top), ATOM
    decimal = repr(to_float(value))
    if decimal == "inf" or (decimal == "0.0" and top):
        return f"{top}/{bottom}", PRODUCT
    if Fraction(decimal) == value and len(decimal) <= 17 and bottom != 1:
        return decimal, ATOM
    if bottom != 1 and top < 10**15 and bottom < 10**15:
        return f"{top}/{bottom}", PRODUCT
    return decimal, ATOM


def to_text(root: Node) -> str:
    """Write an expression as canonical text.

    Examples
    --------
    >>> from eqpp_dash.engine.expression.graph import Graph
    >>> graph = Graph()
    >>> x = graph.symbol("variable", "x")
    >>> to_text(graph.subtract(graph.one, graph.power(x, graph.constant(2))))
    '1 - x^2'
    """
    done: dict[Node, tuple[str, int]] = {}
    for node in topological([root]):
        done[node] = _write(node, [done[arg] for arg in node.args])
    return done[root][0]


def _wrap(part: tuple[str, int], least: int) -> str:
    return part[0] if part[1] >= least else f"({part[0]})"


def _write(node: Node, args: list[tuple[str, int]]) -> tuple[str, int]:
    op = node.op
    if op == "const":
        text, binding = number_text(abs(node.data))
        return (text, binding) if node.data >= 0 else (f"-{text}", SUM)
    if op in ("variable", "parameter"):
        return node.data, ATOM
    if op == "time":
        return "t", ATOM
    if op in ("pi", "e", "undefined"):
        return ("piecewise(1 < 0: 0)" if op == "undefined" else op), ATOM
    if op == "sum":
        return _sum(node, args)
    if op == "product":
        return _product(node, args), PRODUCT
    if op == "pow":
        return _power(node, args)
    if op == "root":
        if node.data == 3:
            return f"cbrt({args[0][0]})", ATOM
        return f"{_wrap(args[0], ATOM)}^(1/{node.data})", POWER
    if op in RELATIONS:
        return f"{_wrap(args[0], SUM)} {RELATIONS[op]} {_wrap(args[1], SUM)}", 0
    if op == "select":
        return _select(node, args), ATOM
    if op == "sinc":
        return f"sin({args[0][0]})/{_wrap(args[0], POWER)}", PRODUCT
    if op == "sinc slope":
        inside, factor = args[0][0], _wrap(args[0], POWER)
        return f"({factor}*cos({inside}) - sin({inside}))/{_wrap(args[0], ATOM)}^2", PRODUCT
    return f"{op}({', '.join(arg[0] for arg in args)})", ATOM


def _sum(node: Node, args: list[tuple[str, int]]) -> tuple[str, int]:
    parts: list[str] = []
    for c, child, arg in zip(node.data, node.args, args, strict=True):
        size = abs(c)
        if child.op == "const":
            text = number_text(size)[0]
        elif size == 1:
            text = _wrap(arg, PRODUCT)
        else:
            text = _scaled(size, arg)
        if parts:
            parts.append(" - " if c < 0 else " + ")
        elif c < 0:
            parts.append("-")
        parts.append(text)
    text = "".join(parts)
    if len(node.args) == 1 and node.data[0] > 0:
        return text, PRODUCT
    return text, SUM


def _scaled(size: Fraction, arg: tuple[str, int]) -> str:
    number, binding = number_text(size)
    if binding == ATOM and not (size.numerator == 1 and size.denominator < 10):
        if arg[0].startswith("1/"):
            return number + arg[0][1:]
        return f"{number}*{_wrap(arg, PRODUCT)}"
    above = "" if size.numerator == 1 else f"{size.numerator}*"
    return f"{above}{_wrap(arg, PRODUCT)}/{size.denominator}"


def _product(node: Node, args: list[tuple[str, int]]) -> str:
    above: list[str] = []
    below: list[str] = []
    for k, arg in zip(node.data, args, strict=True):
        factor = _wrap(arg, POWER) if abs(k) == 1 else f"{_wrap(arg, ATOM)}^{abs(k)}"
        (above if k > 0 else below).append(factor)
    text = "*".join(above) or "1"
    if not below:
        return text
    return f"{text}/{below[0]}" if len(below) == 1 else f"{text}/({'*'.join(below)})"


def _power(node: Node, args: list[tuple[str, int]]) -> tuple[str, int]:
    exponent = node.args[1]
    if exponent.op != "const":
        return f"{_wrap(args[0], ATOM)}^{_wrap(args[1], ATOM)}", POWER
    value: Fraction = exponent.data
    if value == Fraction(1, 2):
        return f"sqrt({args[0][0]})", ATOM
    decimal = repr(to_float(abs(value)))
    if Fraction(decimal) == abs(value) or abs(value).denominator > 10**15:
        text = decimal if value > 0 else f"(-{decimal})"
    else:  # the point keeps it from being read as a root of odd degree
        text = f"({value.numerator}/{value.denominator}.0)"
    return f"{_wrap(args[0], ATOM)}^{text}", POWER


def _select(node: Node, args: list[tuple[str, int]]) -> str:
    parts = [f"{args[0][0]}: {args[1][0]}"]
    rest, text = node.args[2], args[2][0]
    if rest.op == "select":
        parts.append(text[len("piecewise(") : -1])
    elif rest.op != "undefined":
        parts.append(text)
    return f"piecewise({'; '.join(parts)})"
