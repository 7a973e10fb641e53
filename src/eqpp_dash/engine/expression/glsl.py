"""GLSL ES 3.00 source of expressions, for pictures drawn on the graphics processor."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from eqpp_dash.engine.expression.graph import Node
from eqpp_dash.engine.expression.program import write_program
from eqpp_dash.engine.expression.writing import Language

#: Always declared. The test looks at the bits: compilers may assume that isnan is false.
_BASE = """precision highp float;
float f_nan() { return uintBitsToFloat(0x7fc00000u); }
float f_infinity() { return uintBitsToFloat(0x7f800000u); }
bool f_unknown(float a) { return (floatBitsToUint(a) & 0x7fffffffu) > 0x7f800000u; }"""
#: Functions that GLSL lacks, or leaves undefined on a part of the line. A helper may use those
#: named after it. erf: as in JavaScript, fewer terms.
_HELPERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "sqrt": ("float f_sqrt(float a) { return a >= 0.0 ? sqrt(a) : f_nan(); }", ()),
    "asin": ("float f_asin(float a) { return abs(a) <= 1.0 ? asin(a) : f_nan(); }", ()),
    "acos": ("float f_acos(float a) { return abs(a) <= 1.0 ? acos(a) : f_nan(); }", ()),
    **{
        name: (f"float f_{name}(float a) {{ return f_unknown(a) ? a : {name}(a); }}", ())
        for name in ("exp", "sinh", "cosh")
    },
    "tanh": (
        """float f_tanh(float a) {
  if (f_unknown(a)) return a;
  return abs(a) > 10.0 ? sign(a) : tanh(a);
}""",
        (),
    ),
    "asinh": (
        """float f_asinh(float a) {
  if (f_unknown(a) || a == 0.0) return a;
  float s = abs(a);
  if (s > 1e9) return sign(a) * (log(s) + 0.6931472);
  return sign(a) * asinh(s);
}""",
        (),
    ),
    "acosh": (
        """float f_acosh(float a) {
  if (!(a >= 1.0)) return f_nan();
  return a > 1e9 ? log(a) + 0.6931472 : acosh(a);
}""",
        (),
    ),
    "atanh": (
        """float f_atanh(float a) {
  if (!(abs(a) <= 1.0)) return f_nan();
  return abs(a) == 1.0 ? sign(a) * f_infinity() : atanh(a);
}""",
        (),
    ),
    "log": (
        """float f_log(float a) {
  if (!(a >= 0.0)) return f_nan();
  return a == 0.0 ? -f_infinity() : log(a);
}""",
        (),
    ),
    "log2": (
        """float f_log2(float a) {
  if (!(a >= 0.0)) return f_nan();
  return a == 0.0 ? -f_infinity() : log2(a);
}""",
        (),
    ),
    "log10": ("float f_log10(float a) { return f_log(a) * 0.4342945; }", ("log",)),
    "power": (
        """float f_power(float a, float b) {
  if (b == 0.0 || a == 1.0) return 1.0;
  if (f_unknown(a) || f_unknown(b)) return f_nan();
  bool whole = floor(b) == b;
  bool odd = whole && abs(b) < 16777216.0 && mod(b, 2.0) == 1.0;
  if (a == 0.0) return b > 0.0 ? 0.0 : f_infinity();
  if (a > 0.0) return pow(a, b);
  if (!whole && abs(a) < f_infinity()) return f_nan();
  float size = a == -1.0 ? 1.0 : pow(-a, b);
  return odd ? -size : size;
}""",
        (),
    ),
    "root": (
        """float f_root(float a, float n) {
  if (f_unknown(a) || a == 0.0) return a;
  return sign(a) * pow(abs(a), 1.0 / n);
}""",
        (),
    ),
    "mod": (
        """float f_mod(float a, float b) {
  if (f_unknown(a) || f_unknown(b) || b == 0.0 || abs(a) == f_infinity()) return f_nan();
  if (abs(b) == f_infinity()) return a == 0.0 || (a < 0.0) == (b < 0.0) ? a : b;
  return a - b * floor(a / b);
}""",
        (),
    ),
    "erf": (
        """float f_erf(float a) {
  if (f_unknown(a)) return a;
  float s = abs(a);
  if (s > 4.0) return sign(a);
  if (s < 2.0) {
    float term = a, total = a;
    for (int n = 1; n < 30; n++) {
      term *= 2.0 * a * a / float(2 * n + 1);
      total += term;
    }
    return 1.1283792 * exp(-a * a) * total;
  }
  float below = s;
  for (int n = 30; n > 0; n--) below = s + 0.5 * float(n) / below;
  return sign(a) * (1.0 - 0.5641896 * exp(-a * a) / below);
}""",
        (),
    ),
    "sinc": ("float f_sinc(float a) { return a == 0.0 ? 1.0 : sin(a) / a; }", ()),
    "sinc slope": (
        """float f_sinc_slope(float a) {
  if (!(abs(a) < 0.75)) return (cos(a) - sin(a) / a) / a;
  float s = a * a;
  return a * (-1.0 / 3.0 + s * (1.0 / 30.0 + s * (-1.0 / 840.0 + s / 45360.0)));
}""",
        (),
    ),
    "sign": ("float f_sign(float a) { return f_unknown(a) ? a : sign(a); }", ()),
    "heaviside": (
        "float f_heaviside(float a) { return f_unknown(a) ? a : 0.5 * (1.0 + sign(a)); }",
        (),
    ),
    "atan2": (
        """float f_atan2(float b, float a) {
  if (f_unknown(a) || f_unknown(b)) return f_nan();
  if (a == 0.0 && b == 0.0) return 0.0;
  return atan(b, a);
}""",
        (),
    ),
    **{
        name: (
            f"float f_{name}(float a, float b) {{\n"
            f"  return f_unknown(a) || f_unknown(b) ? f_nan() : {result};\n}}",
            (),
        )
        for name, result in (
            *(("min", "min(a, b)"), ("max", "max(a, b)")),
            *(("lt", "float(a < b)"), ("le", "float(a <= b)")),
            *(("gt", "float(a > b)"), ("ge", "float(a >= b)")),
        )
    },
    "select": (
        """float f_select(float c, float a, float b) {
  return f_unknown(c) ? c : c != 0.0 ? a : b;
}""",
        (),
    ),
}


def to_glsl(nodes: Sequence[Node], variables: Sequence[str], parameters: Sequence[str] = ()) -> str:
    """Write a GLSL ES 3.00 function of expressions of one graph.

    The source declares ``void field(float t, float x[N], float p[P], out float f[M])``: time,
    variables and parameters in the order given here (arguments or uniforms of the caller), and
    one result per expression. N, P and M are at least 1, since GLSL has no empty arrays. It
    begins with a precision statement and goes after the caller's ``#version 300 es``. Names
    typed by users do not appear; helpers have names that begin with ``f_``.

    It computes in single precision, with the functions of the processor, whose errors GLSL
    hardly bounds (sines of some are right to four digits only). Undefined values are NaN or
    infinite where the processor keeps them, which GLSL does not promise.

    Parameters
    ----------
    nodes : sequence of Node
        The expressions.
    variables, parameters : sequence of str
        Names of the symbols, in the order of the arguments.

    Returns
    -------
    str
        Plain ASCII source without a main function.

    Raises
    ------
    KeyError
        For a symbol that is in neither list.
    """
    program = write_program(nodes, variables, parameters)
    used = {step.name for step in program.steps}
    needed = used.union(*(_HELPERS[name][1] for name in used & _HELPERS.keys()))
    sizes = (program.dimension, program.parameters, len(program.outputs))
    n, p, m = (max(1, size) for size in sizes)
    lines = [_BASE, *(text for name, (text, _) in _HELPERS.items() if name in needed)]
    lines.append(f"void field(float t, float x[{n}], float p[{p}], out float f[{m}]) {{")
    lines += _LANGUAGE.statements(program)
    results = [_LANGUAGE.operand(program, place) for place in program.outputs]
    lines += [f"  f[{i}] = {result};" for i, result in enumerate(results)]
    return "\n".join([*lines, "}"])


def _number(value: float) -> str:
    with np.errstate(over="ignore", under="ignore"):
        single = np.float32(value)
    if math.isnan(single):
        return "f_nan()"
    if math.isinf(single):
        return "f_infinity()" if single > 0 else "-f_infinity()"
    return repr(float(str(single)))


_LANGUAGE = Language(
    declare="float",
    functions={name: name for name in ("sin", "cos", "tan", "atan", "abs", "floor", "ceil")},
    number=_number,
    symbol=lambda kind, i: f"{kind}[{i}]",
    cube_root=None,
    root=lambda degree: [f"{degree}.0"],
)
