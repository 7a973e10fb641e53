"""From the syntax tree to the expression graph."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from eqpp_dash.engine.expression import names as known
from eqpp_dash.engine.expression.graph import ConstantError, Graph, Node, SizeError
from eqpp_dash.engine.expression.limits import Limits
from eqpp_dash.engine.expression.rationals import to_float
from eqpp_dash.engine.expression.source import Source, Token
from eqpp_dash.engine.expression.syntax import Syntax

Lookup = Callable[[Token], Node]
Helper = Callable[[Syntax, "list[Node]"], Node]

_RELATIONS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_LOGICAL = frozenset({"compare", "and", "or", "not", "true", "false"})


class Lowering:
    """Builds graph nodes for syntax trees.

    Parameters
    ----------
    source : Source
        The text, for errors.
    graph : Graph
        Where the nodes live.
    limits : Limits
        Limits on exponents and size.
    lookup : callable
        Gives the node of a name or derivative.
    helper : callable
        Applies a helper function of the text to nodes.
    """

    def __init__(
        self, source: Source, graph: Graph, limits: Limits, lookup: Lookup, helper: Helper
    ) -> None:
        self._source = source
        self._graph = graph
        self._limits = limits
        self._lookup = lookup
        self._helper = helper

    def run(self, tree: Syntax) -> Node:
        """Give the node of a syntax tree.

        Raises
        ------
        EquationError
            If it is too large, or a constant part of it has no finite value.
        """
        if tree.depth > 3 * self._limits.depth:
            raise self._error(tree, "this formula is nested too deeply", "Split it with a helper")
        self._done: dict[int, Node] = {}
        stack: list[tuple[Syntax, bool]] = [(tree, False)]
        while stack:  # parts first; no recursion, however deep the formula is
            item, ready = stack.pop()
            if ready:
                self._finish(item)
            else:
                stack.append((item, True))
                stack.extend((part, False) for part in reversed(item.parts))
        if id(tree) not in self._done:
            self._misfit(tree)
        return self._done[id(tree)]

    def _lowered(self, tree: Syntax) -> Node:
        """Give the node of a part; lists and pieces have none."""
        if id(tree) not in self._done:
            self._misfit(tree)
        return self._done[id(tree)]

    def _misfit(self, tree: Syntax) -> None:
        if tree.kind == "piece":
            raise self._error(tree, "a colon does not belong here")
        raise self._error(tree, "a list in brackets is not a number", "Write one equation a line")

    def _error(self, tree: Syntax, message: str, hint: str = "") -> Exception:
        return self._source.error(message, tree.start, tree.end, hint)

    def _finish(self, tree: Syntax) -> None:
        """Make the node of a construct whose parts are done."""
        if tree.kind in ("piece", "tuple"):
            return
        try:
            node: Node = getattr(self, f"_{tree.kind}")(tree)
        except ConstantError as error:
            hint = "A constant must have a finite real value"
            raise self._error(tree, str(error), hint) from None
        except SizeError as error:
            raise self._error(tree, str(error), "Make the system smaller") from None
        self._check(tree, node)
        self._done[id(tree)] = node

    def _check(self, tree: Syntax, node: Node) -> None:
        if node.size > self._limits.nodes:
            raise self._error(
                tree, f"this is larger than {self._limits.nodes} operations", "Make it smaller"
            )
        if node.value is not None and not math.isfinite(node.value):
            what = "has no real value" if math.isnan(node.value) else "is infinite"
            raise self._error(
                tree, f"this constant {what}", "A constant must have a finite real value"
            )
        core = node.args[0] if node.op == "sum" and len(node.args) == 1 else node
        if core.op == "product":
            for base, k in zip(core.args, core.data, strict=True):
                if base.value is None and abs(k) > self._limits.degree:
                    raise self._error(
                        tree,
                        f"an exponent larger than {self._limits.degree}",
                        f"Exponents go up to {self._limits.degree}",
                    )
        if node.op == "sum":
            for c in node.data:
                size = abs(to_float(c))
                if not math.isfinite(size) or size == 0:
                    raise self._error(
                        tree, "a factor is too large or too small for a double", "Rescale"
                    )

    # atoms --------------------------------------------------------------------------------

    def _number(self, tree: Syntax) -> Node:
        assert tree.token is not None
        assert tree.token.value is not None
        return self._graph.constant(tree.token.value)

    def _name(self, tree: Syntax) -> Node:
        assert tree.token is not None
        return self._lookup(tree.token)

    _derivative = _name

    def _true(self, _tree: Syntax) -> Node:
        return self._graph.one

    def _false(self, _tree: Syntax) -> Node:
        return self._graph.zero

    # arithmetic ---------------------------------------------------------------------------

    def _sum(self, tree: Syntax) -> Node:
        terms = [(1, self._lowered(tree.parts[0]))]
        for mark, part in zip(tree.marks, tree.parts[1:], strict=True):
            terms.append((1 if mark == "PLUS" else -1, self._lowered(part)))
        return self._graph.combine(terms)

    def _term(self, tree: Syntax) -> Node:
        factors = [(self._lowered(tree.parts[0]), 1)]
        for mark, part in zip(tree.marks, tree.parts[1:], strict=True):
            node = self._lowered(part)
            if mark == "DIVIDE" and node is self._graph.zero:
                above = "0" if factors[0][0] is self._graph.zero else "a number"
                raise self._source.error(
                    f"{above} is divided by zero", tree.start, part.end, "Change the divisor"
                )
            factors.append((node, -1 if mark == "DIVIDE" else 1))
        return self._graph.power_product(factors)

    def _negate(self, tree: Syntax) -> Node:
        return self._graph.negate(self._lowered(tree.parts[0]))

    def _power(self, tree: Syntax) -> Node:
        base, exponent = tree.parts
        below, above = self._lowered(base), self._lowered(exponent)
        if above.op == "const" and above.data.denominator == 1:
            plain = below.value is None
            if plain and abs(above.data) > self._limits.degree:
                raise self._error(
                    exponent,
                    f"an exponent larger than {self._limits.degree}",
                    f"Exponents go up to {self._limits.degree}",
                )
        if above.op == "const" and above.data.denominator % 2 and above.data.denominator > 1:
            ratio = _integer_ratio(exponent)
            if ratio is not None and abs(ratio.numerator) <= self._limits.degree:
                root = self._graph.root(below, ratio.denominator)
                return self._graph.power_product(((root, ratio.numerator),))
        return self._graph.power(below, above)

    def _bars(self, tree: Syntax) -> Node:
        return self._graph.call("abs", self._lowered(tree.parts[0]))

    def _floor(self, tree: Syntax) -> Node:
        return self._graph.call("floor", self._lowered(tree.parts[0]))

    def _sqrt(self, tree: Syntax) -> Node:
        inside = self._lowered(tree.parts[0])
        if len(tree.parts) == 1:
            return self._graph.power(inside, self._graph.constant(Fraction(1, 2)))
        degree = self._lowered(tree.parts[1])
        if degree.op != "const" or degree.data.denominator != 1 or not 2 <= degree.data <= 99:
            raise self._error(tree.parts[1], "the degree of a root is a whole number of 2 or more")
        if degree.data % 2:
            return self._graph.root(inside, int(degree.data))
        return self._graph.power(inside, self._graph.constant(1 / degree.data))

    # logic --------------------------------------------------------------------------------

    def _compare(self, tree: Syntax) -> Node:
        nodes = [self._lowered(part) for part in tree.parts]
        links = [
            self._graph.call(_RELATIONS[mark], left, right)
            for mark, left, right in zip(tree.marks, nodes, nodes[1:], strict=False)
        ]
        return self._graph.multiply(*links)

    def _and(self, tree: Syntax) -> Node:
        return self._graph.multiply(*(self._condition(part) for part in tree.parts))

    def _or(self, tree: Syntax) -> Node:
        result = self._condition(tree.parts[0])
        for part in tree.parts[1:]:
            result = self._graph.call("max", result, self._condition(part))
        return result

    def _not(self, tree: Syntax) -> Node:
        return self._graph.subtract(self._graph.one, self._condition(tree.parts[0]))

    def _condition(self, tree: Syntax) -> Node:
        node = self._lowered(tree)
        if tree.kind not in _LOGICAL and not is_logical(node):
            raise self._error(tree, "this is not a condition", "Compare, as in x > 0")
        return node

    # functions and choices ----------------------------------------------------------------

    def _call(self, tree: Syntax) -> Node:
        token = tree.token
        assert token is not None
        if token.text in known.CHOICES:
            return self._choices(tree)
        function, exponent = token.text, token.order
        if exponent == -1:
            function, exponent = known.INVERSES[function], 1
        args = [self._lowered(part) for part in tree.parts]
        entry = known.FUNCTIONS.get(function)
        if entry is None:
            node = self._helper(tree, args)
        else:
            fewest, most, build = entry
            if not fewest <= len(args) <= most:
                count = str(fewest) if fewest == most else f"{fewest} to {most}"
                raise self._error(
                    tree,
                    f"{token.text} takes {count} argument{'s' if most > 1 else ''}, "
                    f"not {len(args)}",
                )
            node = build(self._graph, *args)
        if exponent > 1:
            node = self._graph.power_product(((node, exponent),))
        return node

    def _choice(self, tree: Syntax) -> Node:
        pairs = []
        default: Node | None = None
        for part in tree.parts:
            if part.kind == "piece":
                pairs.append((self._condition(part.parts[0]), self._lowered(part.parts[1])))
            else:
                default = self._lowered(part)
        return self._select(pairs, default)

    def _select(self, pairs: list[tuple[Node, Node]], default: Node | None) -> Node:
        node = self._graph.symbol("undefined") if default is None else default
        for condition, value in reversed(pairs):
            node = self._graph.call("select", condition, value, node)
        return node

    def _choices(self, tree: Syntax) -> Node:
        """Read if(c, a, b), where(c, a, b) and the ways to write piecewise."""
        parts = list(tree.parts)
        assert tree.token is not None
        if tree.token.text != "piecewise":
            if len(parts) != 3 or any(part.kind == "piece" for part in parts):
                raise self._error(
                    tree, f"{tree.token.text} takes a condition and two values",
                    f"Write {tree.token.text}(x > 0, x, -x)",
                )  # fmt: skip
            condition = self._condition(parts[0])
            return self._select([(condition, self._lowered(parts[1]))], self._lowered(parts[2]))
        pairs: list[tuple[Node, Node]] = []
        default: Node | None = None
        while parts:
            part = parts.pop(0)
            if part.kind == "piece":
                pairs.append((self._condition(part.parts[0]), self._lowered(part.parts[1])))
            elif part.kind == "tuple" and len(part.parts) == 2:  # (value, condition)
                value, condition_tree = part.parts
                pairs.append((self._condition(condition_tree), self._lowered(value)))
            elif parts and parts[0].kind in _LOGICAL:  # value, condition
                value = part
                pairs.append((self._condition(parts.pop(0)), self._lowered(value)))
            elif parts and part.kind in _LOGICAL:  # condition, value
                pairs.append((self._condition(part), self._lowered(parts.pop(0))))
            elif not parts:
                default = self._lowered(part)
            else:
                raise self._error(
                    part, "a piece needs a condition", "Write piecewise(x < 0: -x; x)"
                )
        if not pairs:
            raise self._error(tree, "piecewise needs a condition", "Write piecewise(x < 0: -x; x)")
        return self._select(pairs, default)


def is_logical(node: Node) -> bool:
    """Tell whether an expression is 0 or 1 for its form: comparisons and what joins them."""
    stack = [node]
    while stack:
        item = stack.pop()
        if item.op in ("product", "max", "min"):
            stack.extend(item.args)
        elif item.op == "sum":  # 1 - a
            if item.data != (1, -1) or item.args[0].op != "const":
                return False
            stack.append(item.args[1])
        elif item.op not in ("lt", "le", "gt", "ge") and not (
            item.op == "const" and item.data in (0, 1)
        ):
            return False
    return True


def _integer_ratio(tree: Syntax) -> Fraction | None:
    """Give the value of a quotient of whole numbers written as such, else None."""
    if tree.kind == "negate":
        inner = _integer_ratio(tree.parts[0])
        return None if inner is None else -inner
    token = tree.token
    if tree.kind == "number" and token is not None and token.value is not None:
        return token.value if "/" in token.text else None
    if tree.kind != "term" or tree.marks != ("DIVIDE",):
        return None
    values = [_integer(part) for part in tree.parts]
    if values[0] is None or not values[1]:
        return None
    return Fraction(values[0], values[1])


def _integer(tree: Syntax) -> int | None:
    if tree.kind == "negate":
        inner = _integer(tree.parts[0])
        return None if inner is None else -inner
    if tree.kind == "number" and tree.token is not None and tree.token.text.isdigit():
        return int(tree.token.text)
    return None
