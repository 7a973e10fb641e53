"""The functions and constants a user may type, and how each is made of primitives."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from fractions import Fraction

from eqpp_dash.engine.expression.graph import Graph, Node

Builder = Callable[..., Node]


def _call(name: str) -> Builder:
    return lambda graph, *args: graph.call(name, *args)


def _reciprocal(name: str) -> Builder:
    return lambda graph, x: graph.power_product(((graph.call(name, x), -1),))


def _ratio(above: str, below: str) -> Builder:
    return lambda graph, x: graph.divide(graph.call(above, x), graph.call(below, x))


def _of_reciprocal(name: str) -> Builder:
    return lambda graph, x: graph.call(name, graph.power_product(((x, -1),)))


def _arccot(graph: Graph, x: Node) -> Node:
    half_turn = graph.scale(Fraction(1, 2), graph.symbol("pi"))
    return graph.subtract(half_turn, graph.call("atan", x))


def _fold(name: str) -> Builder:
    def build(graph: Graph, first: Node, *rest: Node) -> Node:
        for other in rest:
            first = graph.call(name, first, other)
        return first

    return build


def _sqrt(graph: Graph, x: Node) -> Node:
    return graph.power(x, graph.constant(Fraction(1, 2)))


#: name -> (fewest arguments, most arguments, builder)
FUNCTIONS: dict[str, tuple[int, int, Builder]] = {
    **{
        name: (1, 1, _call(name))
        for name in [
            "sin",
            "cos",
            "tan",
            "asin",
            "acos",
            "atan",
            "sinh",
            "cosh",
            "tanh",
            "asinh",
            "acosh",
            "atanh",
            "exp",
            "log2",
            "log10",
            "erf",
            "abs",
            "sign",
            "floor",
            "ceil",
            "heaviside",
        ]
    },
    "ln": (1, 1, _call("log")),
    "log": (1, 1, _call("log")),
    "sqrt": (1, 1, _sqrt),
    "cbrt": (1, 1, lambda graph, x: graph.root(x, 3)),
    "cot": (1, 1, _ratio("cos", "sin")),
    "sec": (1, 1, _reciprocal("cos")),
    "csc": (1, 1, _reciprocal("sin")),
    "coth": (1, 1, _ratio("cosh", "sinh")),
    "sech": (1, 1, _reciprocal("cosh")),
    "csch": (1, 1, _reciprocal("sinh")),
    "acot": (1, 1, _arccot),
    "asec": (1, 1, _of_reciprocal("acos")),
    "acsc": (1, 1, _of_reciprocal("asin")),
    "acoth": (1, 1, _of_reciprocal("atanh")),
    "asech": (1, 1, _of_reciprocal("acosh")),
    "acsch": (1, 1, _of_reciprocal("asinh")),
    "atan2": (2, 2, _call("atan2")),
    "mod": (2, 2, _call("mod")),
    "min": (1, 50, _fold("min")),
    "max": (1, 50, _fold("max")),
}

_ALIASES = {
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arccot": "acot",
    "arcsec": "asec",
    "arccsc": "acsc",
    "arsinh": "asinh",
    "arcsinh": "asinh",
    "arcosh": "acosh",
    "arccosh": "acosh",
    "artanh": "atanh",
    "arctanh": "atanh",
    "arcoth": "acoth",
    "arctan2": "atan2",
    "cosec": "csc",
    "cotan": "cot",
    "tg": "tan",
    "ctg": "cot",
    "arctg": "atan",
    "arcctg": "acot",
    "sgn": "sign",
    "signum": "sign",
    "ceiling": "ceil",
    "log_2": "log2",
    "log_10": "log10",
}
#: Read as functions only directly before an opening bracket: short, or often a parameter.
_BEFORE_BRACKET = {
    "H": "heaviside",
    "step": "heaviside",
    "theta_H": "heaviside",
    "lg": "log10",
    "sh": "sinh",
    "ch": "cosh",
    "th": "tanh",
    "fabs": "abs",
}
INVERSES = {
    name: "a" + name
    for name in [
        "sin",
        "cos",
        "tan",
        "cot",
        "sec",
        "csc",
        "sinh",
        "cosh",
        "tanh",
        "coth",
        "sech",
        "csch",
    ]
}
CHOICES = frozenset({"if", "where", "piecewise", "ifelse"})
CONSTANTS = frozenset({"pi", "e"})
NOT_NUMBERS = frozenset({"nan", "inf", "infinity", "oo", "infty"})
WORDS_OF_PROGRAMS = frozenset(
    ["for", "while", "import", "def", "class", "return", "del", "global", "raise", "yield", "from"]
)
#: Names that open a line of parameters.
PARAMETER_WORDS = frozenset({"param", "par", "params", "parameter", "parameters"})


def find_function(name: str, before_bracket: bool) -> str | None:
    """Give the table's name of a function as typed, or None.

    Parameters
    ----------
    name : str
        As typed; letter case does not matter directly before a bracket.
    before_bracket : bool
        Whether an opening bracket follows.

    Examples
    --------
    >>> find_function("arctan", False), find_function("SIN", True), find_function("SIN", False)
    ('atan', 'sin', None)
    """
    for table in (FUNCTIONS, _ALIASES, _BEFORE_BRACKET if before_bracket else {}):
        if name in table:
            return _ALIASES.get(name) or _BEFORE_BRACKET.get(name) or name
    if name in CHOICES and before_bracket:
        return name
    if before_bracket and len(name) > 2 and not name.islower():
        return find_function(name.lower(), True)
    return None


def suggest(name: str) -> str:
    """Give a hint for an unknown function's name."""
    known = [*FUNCTIONS, *_ALIASES, "piecewise"]
    near = difflib.get_close_matches(name[:40].lower(), known, 1, 0.6)
    if near:
        return f"Did you mean “{near[0]}”?"
    return f"To multiply, write {name:.40}*( ... )"
