"""JavaScript source of expressions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from eqpp_dash.engine.expression.graph import Node
from eqpp_dash.engine.expression.primitives import share_of_root
from eqpp_dash.engine.expression.program import special_number, write_program
from eqpp_dash.engine.expression.writing import Language

_MATH = frozenset(
    {
        *("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"),
        *("asinh", "acosh", "atanh", "exp", "log", "log2", "log10", "sqrt", "abs"),
        *("sign", "floor", "ceil", "min", "max", "atan2"),
    }
)
#: Functions that JavaScript lacks or defines otherwise. erf: Abramowitz and Stegun 7.1.6 and,
#: far out, the continued fraction 7.1.14.
_HELPERS = {
    "power": """function f_power(a, b) {
  if (a === 1 || (a === -1 && (b === Infinity || b === -Infinity))) return 1;
  return Math.pow(a, b);
}""",
    "mod": """function f_mod(a, b) {
  const r = a % b;
  if (r === 0) return b < 0 ? -0 : 0;
  return (r < 0) !== (b < 0) ? r + b : r;
}""",
    "erf": """function f_erf(a) {
  const s = Math.abs(a);
  if (!(s < 6)) return Math.sign(a);
  if (s < 2.5) {
    let term = a, total = a;
    for (let n = 1; n < 60; n++) { term *= 2 * a * a / (2 * n + 1); total += term; }
    return 1.1283791670955126 * Math.exp(-a * a) * total;
  }
  let below = s;
  for (let n = 60; n > 0; n--) below = s + 0.5 * n / below;
  return Math.sign(a) * (1 - 0.5641895835477563 * Math.exp(-a * a) / below);
}""",
    "sinc": "function f_sinc(a) { return a === 0 ? 1 : Math.sin(a) / a; }",
    "sinc slope": """function f_sinc_slope(a) {
  if (!(Math.abs(a) < 0.75)) return (Math.cos(a) - Math.sin(a) / a) / a;
  let total = 0;
  for (let n = 9, s = a * a; n > 0; n--) {
    let term = 2 * n;
    for (let k = 2; k <= 2 * n + 1; k++) term /= k;
    total = total * s + (n % 2 ? -term : term);
  }
  return total * a;
}""",
    "root": """function f_root(a, share, missing) {
  const s = Math.abs(a);
  let r = Math.pow(s, share);
  if (s > 0 && s < Infinity) r += r * (missing * Math.log(s));
  return a < 0 ? -r : r;
}""",
    "heaviside": "function f_heaviside(a) { return 0.5 * (1 + Math.sign(a)); }",
    **{
        name: f"function f_{name}(a, b) {{ return a {sign} b ? 1 : a === a && b === b ? 0 : NaN; }}"
        for name, sign in (("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="))
    },
    "select": "function f_select(c, a, b) { return c === c ? (c !== 0 ? a : b) : NaN; }",
}


def to_javascript(
    nodes: Sequence[Node], variables: Sequence[str], parameters: Sequence[str] = ()
) -> str:
    """Write a JavaScript function of expressions of one graph.

    The source declares ``function field(t, x, p)``, which takes the time and arrays of the
    variables and parameters in the order given here, and returns an array with one double per
    expression; NaN or infinite where that is undefined. Helpers that it needs are declared
    before it, their names begin with ``f_``. Names typed by users do not appear.

    Parameters
    ----------
    nodes : sequence of Node
        The expressions.
    variables, parameters : sequence of str
        Names of the symbols, in the order of the arguments.

    Returns
    -------
    str
        Plain ASCII source without dependencies.

    Raises
    ------
    KeyError
        For a symbol that is in neither list.

    Examples
    --------
    >>> from eqpp_dash.engine.expression.graph import Graph
    >>> graph = Graph()
    >>> print(to_javascript([graph.call("sin", graph.symbol("variable", "x"))], ["x"]))
    function field(t, x, p) {
      const x0 = x[0];
      const r1 = Math.sin(x0);
      return [r1];
    }
    """
    program = write_program(nodes, variables, parameters)
    used = {step.name for step in program.steps}
    lines = [text for name, text in _HELPERS.items() if name in used]
    lines.append("function field(t, x, p) {")
    for kind in ("x", "p"):
        numbers = sorted(int(s.data or 0) for s in program.steps if s.name == kind)
        lines += [f"  const {kind}{i} = {kind}[{i}];" for i in numbers]
    lines += _LANGUAGE.statements(program)
    results = ", ".join(_LANGUAGE.operand(program, place) for place in program.outputs)
    return "\n".join([*lines, f"  return [{results}];", "}"])


def _number(value: float) -> str:
    return repr(value) if math.isfinite(value) else special_number(value)


_LANGUAGE = Language(
    declare="const",
    functions={name: f"Math.{name}" for name in _MATH},
    number=_number,
    symbol=lambda kind, i: f"{kind}{i}",
    cube_root="Math.cbrt",
    root=lambda degree: [repr(part) for part in share_of_root(degree)],
)
