"""What rounding may do to the value of an expression: a running error bound.

Each node of the graph gets, beside its value, a bound of the distance between what a computer
finds and the exact value at the same arguments: what the errors of its operands grow to, plus
the rounding of the node itself. N. J. Higham, *Accuracy and Stability of Numerical Algorithms*
(2nd ed., 2002), section 3.3; here with slopes bounded over the whole neighbourhood that the
errors allow (`propagation`), so that the bound holds and is no first-order estimate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.expression import primitives
from eqpp_dash.engine.expression.graph import Node, topological
from eqpp_dash.engine.expression.propagation import RULES, integer_power_rule, root_rule, times
from eqpp_dash.engine.expression.rationals import to_float
from eqpp_dash.engine.expression.sinc import sinc

Array = NDArray[np.float64]

#: Relative error of one rounded operation, and the least positive double.
UNIT, TINY = 2.0**-53, 5e-324
#: Covers the rounding of the bounds themselves, and products of two errors of rounding.
SAFE = 1.0 + 2.0**-40
#: Beyond, a computed value may be infinite.
LARGEST = 0.999 * np.finfo(np.float64).max

_EXACT = ("abs", "sign", "heaviside", "floor", "ceil", "min", "max", "lt", "le", "gt", "ge")
_ROUNDED = {**dict.fromkeys((*_EXACT, "select"), 0.0), "sqrt": 0.5, "mod": 0.5}
#: Errors of the primitives in units of the last place, for each way to compute: ``numpy``
#: arrays and Python floats, ``machine`` code, and ``javascript``. All others: the entry ``""``.
ULPS: dict[str, dict[str, float]] = {
    "numpy": {"": 4.0, **_ROUNDED},
    "machine": {"": 1.0, "atan2": 2.0, "erf": 2.0, "sinc": 2.0, "sinc slope": 2.0, **_ROUNDED},
    "javascript": {"": 2.0, "erf": 16.0, "sinc": 4.0, "sinc slope": 4.0, "root": 4.0, **_ROUNDED},
}
WAYS = tuple(ULPS)


@dataclass(frozen=True, slots=True)
class Bounded:
    """A computed value, and for each way to compute it a bound of its error."""

    value: Any
    error: Any

    @property
    def reach(self) -> Any:
        """How far computed and exact values may be from the value at hand."""
        return self.error + self.error[:1]


def error_bounds(
    nodes: Sequence[Node],
    variables: Sequence[str],
    x: Any,
    t: Any = 0.0,
    *,
    parameters: Mapping[str, float] | None = None,
    ways: Sequence[str] = WAYS,
) -> tuple[Array, Array]:
    """Compute expressions with bounds of their errors of rounding.

    Parameters
    ----------
    nodes : sequence of Node
        The expressions.
    variables : sequence of str
        Names of the variables.
    x : ndarray, shape (n, m)
        States, taken as exact.
    t : float or ndarray, shape (m,)
        Time, taken as exact.
    parameters : mapping, optional
        Values of the parameters, taken as exact.
    ways : sequence of str
        Ways to compute, keys of `ULPS`.

    Returns
    -------
    values : ndarray, shape (r, m)
        What numpy finds.
    errors : ndarray, shape (ways, r, m)
        What each way finds differs from the exact value by no more than this. Infinite where
        nothing can be said: the value is undefined or too large, or next to a jump, a pole or
        the end of a domain.

    Raises
    ------
    KeyError
        If a symbol has no value, or there is no such way.

    Examples
    --------
    >>> from eqpp_dash.engine.expression.graph import Graph
    >>> graph = Graph()
    >>> x = graph.symbol("variable", "x")
    >>> lost = graph.subtract(graph.add(x, graph.one), graph.call("exp", x))
    >>> value, error = error_bounds([lost], ["x"], [[1e-8]], ways=["machine"])
    >>> bool(abs(value[0, 0] + 0.5e-16) <= error[0, 0, 0] < 1e-15)
    True
    """
    x = np.asarray(x, dtype=np.float64)
    walk = _Walk(dict(zip(variables, x, strict=True)), t, parameters or {}, ("numpy", *ways))
    done: dict[Node, Bounded] = {}
    with np.errstate(all="ignore"):
        for node in topological(nodes):
            done[node] = walk.node(node, [done[arg] for arg in node.args])
    points = x.shape[1]
    values, errors = np.empty((len(nodes), points)), np.empty((len(ways), len(nodes), points))
    for i, node in enumerate(nodes):
        values[i], errors[:, i] = done[node].value, done[node].error[1:]
    return values, errors


class _Walk:
    def __init__(
        self,
        point: Mapping[str, Array],
        t: Any,
        parameters: Mapping[str, float],
        ways: Sequence[str],
    ) -> None:
        self._point, self._time, self._parameters = point, t, parameters
        self._tables = [ULPS[way] for way in ways]
        self._none = np.zeros((len(ways), 1))
        self._ulps: dict[str, Any] = {}

    def node(self, node: Node, args: list[Bounded]) -> Bounded:
        op = node.op
        if op == "const":
            return self._constant(node.data)
        if op in ("pi", "e"):
            value = math.pi if op == "pi" else math.e
            return Bounded(value, self._none + math.ulp(value) / 2)
        if op == "undefined":
            return Bounded(math.nan, self._none + math.inf)
        if op == "variable":
            return Bounded(self._point[node.data], self._none)
        if op in ("parameter", "time"):
            given = self._time if op == "time" else self._parameters[node.data]
            return Bounded(given, self._none)
        if op == "sum":
            return self._sum(node, args)
        if op == "product":
            return self._product(node, args)
        if op == "root":
            (a,) = args
            spread = root_rule(a.value, a.error, a.reach, node.data)
            return self._rounded(primitives.odd_root(a.value, node.data), spread, "root")
        if op == "pow":
            return self._power(node, args)
        return self._call(op, args)

    # rounding -----------------------------------------------------------------------------

    def _limit(self, value: Any, error: Any) -> Bounded:
        error = error * SAFE
        known = np.abs(value) + error < LARGEST
        return Bounded(value, np.where(known, error, np.inf))

    def _finish(self, value: Any, spread: Any, units: Any, least: Any = TINY) -> Bounded:
        """Add the rounding of an operation: relative, and of the least double."""
        return self._limit(value, spread + units * (np.abs(value) + spread) + least)

    def _rounded(self, value: Any, spread: Any, name: str) -> Bounded:
        if name not in self._ulps:
            self._ulps[name] = np.array([[t.get(name, t[""])] for t in self._tables])
        ulps = self._ulps[name]
        return self._finish(value, spread, 2.0 * UNIT * ulps, np.ceil(ulps) * TINY)

    def _constant(self, exact: Fraction) -> Bounded:
        value = to_float(exact)
        if not math.isfinite(value):
            return Bounded(value, self._none + math.inf)
        lost = abs(Fraction(value) - exact)
        return Bounded(value, self._none + (to_float(lost) * SAFE + TINY if lost else 0.0))

    # arithmetic ---------------------------------------------------------------------------

    def _add(self, a: Bounded, b: Bounded) -> Bounded:
        return self._finish(a.value + b.value, a.error + b.error, UNIT, 0.0)

    def _negate(self, a: Bounded) -> Bounded:
        return Bounded(-a.value, a.error)

    def _multiply(self, a: Bounded, b: Bounded, units: float = UNIT) -> Bounded:
        spread = times(b.error, np.abs(a.value) + a.reach)
        spread = spread + times(a.error, np.abs(b.value) + b.reach)
        return self._finish(a.value * b.value, spread, units)

    def _divide(self, a: Bounded, b: Bounded) -> Bounded:
        a, b = (Bounded(np.asarray(c.value), c.error) for c in (a, b))  # by zero without a raise
        least = np.abs(b.value) - b.reach
        most = (np.abs(a.value) + a.reach) / least
        spread = times(a.error, 1.0 / least) + times(b.error, most / least)
        return self._finish(a.value / b.value, np.where(least > 0, spread, np.inf), UNIT)

    def _sum(self, node: Node, args: list[Bounded]) -> Bounded:
        total: Bounded | None = None
        for c, arg, child in zip(node.data, args, node.args, strict=True):
            if child.op == "const":
                term = self._constant(c * child.data)
            elif abs(c) == 1:
                term = arg if c > 0 else self._negate(arg)
            else:
                mantissa = math.frexp(to_float(abs(c)))[0]
                units = 0.0 if mantissa == 0.5 and to_float(abs(c)) == abs(c) else UNIT
                term = self._multiply(self._constant(c), arg, units)
            total = term if total is None else self._add(total, term)
        assert total is not None
        return total

    def _product(self, node: Node, args: list[Bounded]) -> Bounded:
        above: Bounded | None = None
        below: Bounded | None = None
        for k, arg in zip(node.data, args, strict=True):
            factor = self._integer_power(arg, abs(k), folded=node.value is not None and k != 1)
            if k > 0:
                above = factor if above is None else self._multiply(above, factor)
            else:
                below = factor if below is None else self._multiply(below, factor)
        if below is None:
            assert above is not None
            return above
        return self._divide(self._constant(Fraction(1)) if above is None else above, below)

    def _integer_power(self, a: Bounded, n: int, *, folded: bool) -> Bounded:
        """Raise to a power by up to n - 1 products; constants may be raised by a function."""
        if n == 1 and not folded:
            return a
        spread = integer_power_rule(a.value, a.error, a.reach, n)
        value = primitives.integer_power(np.asarray(a.value), n)
        if n > 64 or folded:
            return self._rounded(value, spread, "power")
        return self._finish(value, spread, (n - 1) * UNIT, n * TINY)

    def _power(self, node: Node, args: list[Bounded]) -> Bounded:
        exponent = node.args[1]
        if exponent.op == "const" and abs(exponent.data) == Fraction(1, 2):
            (a, _) = args
            spread = RULES["sqrt"](a.value, a.error, a.reach)
            name = "sqrt" if node.value is None else "power"
            root = self._rounded(np.sqrt(a.value), spread, name)
            return root if exponent.data > 0 else self._divide(self._constant(Fraction(1)), root)
        return self._call("power", args)

    def _call(self, name: str, args: list[Bounded]) -> Bounded:
        _, function, _ = primitives.FUNCTIONS[name]
        value = function(*(np.asarray(arg.value) for arg in args))
        parts = [part for arg in args for part in (arg.value, arg.error, arg.reach)]
        spread = RULES[name](*parts)
        if name == "sinc slope":  # two numbers of a size are subtracted where it is not a series
            x = np.asarray(args[0].value)
            parts_size = (np.abs(np.cos(x)) + np.abs(sinc(x))) / np.abs(x)
            lost = np.where(np.abs(x) < 0.5, 0.0, parts_size)
            spread = spread + 2.0 * UNIT * 5.0 * lost
        bound = self._rounded(value, spread, name)
        if name in ("min", "max", "select"):  # what was not chosen does no harm
            return Bounded(value, np.where(np.isnan(value), np.inf, spread))
        return bound
