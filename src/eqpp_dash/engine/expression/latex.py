"""LaTeX of expressions: our own commands only; a user's name is at most letters and digits."""

from __future__ import annotations

import re
from fractions import Fraction

from eqpp_dash.engine.expression.graph import Node, topological
from eqpp_dash.engine.expression.greek import LATEX
from eqpp_dash.engine.expression.text import ATOM, POWER, PRODUCT, SUM, number_text

_COMMANDS = {
    **{name: "\\" + name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp")},
    "asin": r"\arcsin",
    "acos": r"\arccos",
    "atan": r"\arctan",
    "asinh": r"\operatorname{arsinh}",
    "acosh": r"\operatorname{arcosh}",
    "atanh": r"\operatorname{artanh}",
    "log": r"\ln",
    "log2": r"\log_{2}",
    "log10": r"\log_{10}",
    "erf": r"\operatorname{erf}",
    "sign": r"\operatorname{sgn}",
    "heaviside": r"\operatorname{H}",
    "atan2": r"\operatorname{atan2}",
    "mod": r"\operatorname{mod}",
    "min": r"\min",
    "max": r"\max",
}
_FENCES = {
    "abs": (r"\left|", r"\right|"),
    "floor": (r"\left\lfloor", r"\right\rfloor"),
    "ceil": (r"\left\lceil", r"\right\rceil"),
}
_RELATIONS = {"lt": "<", "le": r"\le", "gt": ">", "ge": r"\ge"}
_NAME = re.compile(r"([A-Za-z]+)_?([A-Za-z0-9_]*)")


def name_latex(name: str) -> str:
    r"""Typeset a name; anything but letters, digits and `_` is left out.

    Examples
    --------
    >>> name_latex("mu"), name_latex("x_1"), name_latex("tau")
    ('\\mu', 'x_{1}', '\\tau')
    """
    if name in LATEX:
        return LATEX[name]
    match = re.fullmatch(r"([A-Za-z]+?)_?(\d+)", name) or re.fullmatch(r"([A-Za-z]+)_(\w+)", name)
    head, tail = (match[1], match[2]) if match else (name, "")
    head, tail = (re.sub(r"[^A-Za-z0-9]", "", part) for part in (head, tail.replace("_", "")))
    stem = LATEX.get(head) or (head if len(head) == 1 else rf"\mathrm{{{head}}}")
    if not tail:
        return stem
    sub = LATEX.get(tail) or (tail if len(tail) == 1 or tail.isdigit() else rf"\mathrm{{{tail}}}")
    return f"{stem}_{{{sub}}}"


def to_latex(root: Node) -> str:
    r"""Typeset an expression.

    Examples
    --------
    >>> from eqpp_dash.engine.expression.graph import Graph
    >>> graph = Graph()
    >>> x, y = graph.symbol("variable", "x"), graph.symbol("variable", "y")
    >>> to_latex(graph.divide(x, graph.add(graph.one, y)))
    '\\frac{x}{1 + y}'
    """
    done: dict[Node, tuple[str, int]] = {}
    for node in topological([root]):
        done[node] = _typeset(node, [done[arg] for arg in node.args])
    return done[root][0]


def number_latex(value: Fraction) -> tuple[str, int]:
    """Typeset a rational number that is not negative."""
    text, binding = number_text(value)
    if binding != ATOM:
        return rf"\frac{{{value.numerator}}}{{{value.denominator}}}", ATOM
    if "e" in text:
        mantissa, exponent = text.split("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}", PRODUCT
    return text, ATOM


def _wrap(part: tuple[str, int], least: int) -> str:
    return part[0] if part[1] >= least else rf"\left({part[0]}\right)"


def _typeset(node: Node, args: list[tuple[str, int]]) -> tuple[str, int]:
    op = node.op
    if op == "const":
        text, binding = number_latex(abs(node.data))
        return (text, binding) if node.data >= 0 else (f"-{text}", SUM)
    if op in ("variable", "parameter"):
        return name_latex(node.data), ATOM
    if op in ("time", "pi", "e", "undefined"):
        texts = {"time": "t", "pi": r"\pi", "e": r"\mathrm{e}", "undefined": r"\text{undefined}"}
        return texts[op], ATOM
    if op == "sum":
        return _sum(node, args)
    if op == "product":
        return _product(node, args)
    if op == "pow":
        return _power(node, args)
    if op == "root":
        return rf"\sqrt[{node.data}]{{{args[0][0]}}}", ATOM
    if op in _RELATIONS:
        return f"{args[0][0]} {_RELATIONS[op]} {args[1][0]}", 0
    if op == "select":
        return _cases(node, args), ATOM
    if op == "sinc":
        return rf"\frac{{\sin\left({args[0][0]}\right)}}{{{args[0][0]}}}", PRODUCT
    if op == "sinc slope":
        inside, factor = args[0][0], _wrap(args[0], POWER)
        above = rf"{factor} \, \cos\left({inside}\right) - \sin\left({inside}\right)"
        return rf"\frac{{{above}}}{{{{{_wrap(args[0], ATOM)}}}^{{2}}}}", PRODUCT
    if op in _FENCES:
        left, right = _FENCES[op]
        return f"{left} {args[0][0]} {right}", ATOM
    if op == "exp":
        return rf"\mathrm{{e}}^{{{args[0][0]}}}", POWER
    inside = ", ".join(arg[0] for arg in args)
    return rf"{_COMMANDS[op]}\left({inside}\right)", ATOM


def _sum(node: Node, args: list[tuple[str, int]]) -> tuple[str, int]:
    parts: list[str] = []
    for c, child, arg in zip(node.data, node.args, args, strict=True):
        size = abs(c)
        if child.op == "const":
            text = number_latex(size)[0]
        elif size == 1:
            text = _wrap(arg, PRODUCT)
        else:
            text = _scaled(size, arg)
        if parts:
            parts.append(" - " if c < 0 else " + ")
        elif c < 0:
            parts.append("-")
        parts.append(text)
    strength = PRODUCT if len(node.args) == 1 and node.data[0] > 0 else SUM
    return "".join(parts), strength


def _scaled(size: Fraction, arg: tuple[str, int]) -> str:
    _, binding = number_text(size)
    inside = _wrap(arg, PRODUCT)
    if binding == ATOM and not (size.numerator == 1 and size.denominator < 10):
        dot = r" \cdot " if inside[:1].isdigit() else r" \, "
        return f"{number_latex(size)[0]}{dot}{inside}"
    above = inside if size.numerator == 1 else rf"{size.numerator} \, {inside}"
    return rf"\frac{{{above}}}{{{size.denominator}}}"


def _product(node: Node, args: list[tuple[str, int]]) -> tuple[str, int]:
    above: list[tuple[str, tuple[str, int]]] = []
    below: list[tuple[str, tuple[str, int]]] = []
    for k, arg in zip(node.data, args, strict=True):
        factor = _wrap(arg, POWER) if abs(k) == 1 else f"{{{_wrap(arg, ATOM)}}}^{{{abs(k)}}}"
        (above if k > 0 else below).append((factor, arg))
    if not below:
        return r" \, ".join(factor for factor, _ in above), PRODUCT
    top, bottom = (
        part[0][1][0] if len(part) == 1 and "^" not in part[0][0] else _joined(part)
        for part in (above or [("1", ("1", ATOM))], below)
    )
    return rf"\frac{{{top}}}{{{bottom}}}", PRODUCT


def _joined(part: list[tuple[str, tuple[str, int]]]) -> str:
    return r" \, ".join(factor for factor, _ in part)


def _power(node: Node, args: list[tuple[str, int]]) -> tuple[str, int]:
    exponent = node.args[1]
    if exponent.op == "const" and exponent.data == Fraction(1, 2):
        return rf"\sqrt{{{args[0][0]}}}", ATOM
    return f"{{{_wrap(args[0], ATOM)}}}^{{{args[1][0]}}}", POWER


def _cases(node: Node, args: list[tuple[str, int]]) -> str:
    rest, text = node.args[2], args[2][0]
    rows = [rf"{args[1][0]} & \text{{if }} {args[0][0]}"]
    if rest.op == "select":
        rows.append(text[len(r"\begin{cases} ") : -len(r" \end{cases}")])
    elif rest.op != "undefined":
        rows.append(rf"{text} & \text{{otherwise}}")
    body = r" \\ ".join(rows)
    return rf"\begin{{cases}} {body} \end{{cases}}"
