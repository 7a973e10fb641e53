"""Formulas in LaTeX."""

from __future__ import annotations

import re

from eqpp_dash.exports.texttext import GREEK_TEX, tex_text
from eqpp_dash.figures.labels import split_name
from eqpp_dash.model.formula import Formula, FormulaError, read_formula

_COMMANDS = {
    **{name: "\\" + name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "min", "max")},
    "exp": r"\exp",
    "asin": r"\arcsin",
    "acos": r"\arccos",
    "atan": r"\arctan",
    "log": r"\ln",
    "log2": r"\log_{2}",
    "log10": r"\log_{10}",
    "sign": r"\operatorname{sgn}",
    "heaviside": r"\operatorname{H}",
    "asinh": r"\operatorname{arsinh}",
    "acosh": r"\operatorname{arcosh}",
    "atanh": r"\operatorname{artanh}",
}
_FENCES = {
    "abs": (r"\lvert", r"\rvert"),
    "floor": (r"\lfloor", r"\rfloor"),
    "ceil": (r"\lceil", r"\rceil"),
}
_RELATIONS = {"=": "=", "<": "<", ">": ">", "<=": r"\le", ">=": r"\ge", "->": r"\mapsto"}
_NEXT_ROW = r" \\ "
_TALL = re.compile(r"\\frac|\\begin|\\sqrt|\^\{.*\^")


def tex_formula(text: str) -> str:
    r"""Typeset a canonical text in LaTeX, to stand in a formula.

    Parameters
    ----------
    text : str
        As the facts of a portrait have it.

    Returns
    -------
    str
        For ``$...$`` or a display; what is no formula is shown as text.

    Examples
    --------
    >>> print(tex_formula("mu*(1 - x^2)*y - x/2"))
    \mu\,(1 - x^{2})\,y - \frac{x}{2}
    >>> print(tex_formula("(theta, y) -> (theta + 2*pi, -y)"))
    (\theta, y) \mapsto (\theta + 2\,\pi, -y)
    """
    try:
        return _write(read_formula(text))
    except FormulaError:
        return rf"\text{{{tex_text(text)}}}"


def breaks(text: str) -> bool:
    """Tell whether a formula can be broken between its terms.

    Examples
    --------
    >>> breaks("x + y = 0"), breaks("(x + y)*(x - y) = 0")
    (True, False)
    """
    try:
        formula = read_formula(text)
    except FormulaError:
        return True
    parts = formula.parts if formula.sort == "chain" else (formula,)
    return any(part.sort == "sum" and len(part.parts) > 1 for part in parts)


def tex_name(name: str) -> str:
    r"""Typeset a name.

    Examples
    --------
    >>> print(tex_name("theta_1"), tex_name("x_max"), tex_name("velocity"))
    \theta_{1} x_{\mathrm{max}} \mathrm{velocity}
    """
    base, index = split_name(name)
    return _word(base) + (f"_{{{_word(index)}}}" if index else "")


def _word(text: str) -> str:
    if text in GREEK_TEX:
        return GREEK_TEX[text]
    if text.isdigit() or (len(text) == 1 and text.isascii()):
        return text if text != "_" else r"\_"
    if re.fullmatch(r"[A-Za-z0-9]+", text):
        return rf"\mathrm{{{text}}}"
    return rf"\text{{{tex_text(text)}}}"


def _fenced(text: str, left: str = "(", right: str = ")") -> str:
    if _TALL.search(text):
        return rf"\left{left} {text} \right{right}"
    gap = " " if left.startswith("\\") else ""
    return f"{left}{gap}{text}{right}"


def _write(item: Formula) -> str:
    return _WRITERS[item.sort](item)


def _number(item: Formula) -> str:
    mantissa, _, exponent = item.text.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def _sum(item: Formula) -> str:
    text = ""
    for sign, part in zip(item.signs, item.parts, strict=True):
        inside = _fenced(_write(part)) if part.sort in ("sum", "chain") else _write(part)
        if text:
            text += f" {sign} {inside}"
        else:
            text = f"-{inside}" if sign == "-" else inside
    return text


def _factors(parts: list[Formula], alone: bool) -> str:
    parts.sort(key=lambda part: part.sort != "number")
    text = ""
    for part in parts:
        inside = _write(part)
        if part.sort in ("sum", "chain") and not (alone and len(parts) == 1):
            inside = _fenced(inside)
        join = "" if not text else r" \cdot " if inside[0].isdigit() else r"\,"
        text += join + inside
    return text or "1"


def _product(item: Formula) -> str:
    pairs = list(zip(item.signs, item.parts, strict=True))
    above = [part for sign, part in pairs if sign == "*"]
    below = [part for sign, part in pairs if sign == "/"]
    if below and len(above) > 1 and above[0] == Formula("number", "1"):
        del above[0]
    if not below:
        return _factors(above, alone=False)
    return rf"\frac{{{_factors(above, True)}}}{{{_factors(below, True)}}}"


def _power(item: Formula) -> str:
    base, exponent = item.parts
    raised = _slashed(exponent)
    if base.sort == "call" and base.text in _COMMANDS and raised.isdigit():
        inside = ", ".join(map(_write, base.parts))
        if "_" not in _COMMANDS[base.text]:
            return rf"{_COMMANDS[base.text]}^{{{raised}}}{_fenced(inside)}"
    bare = base.sort in ("name", "tuple") or (base.sort == "number" and "e" not in base.text)
    bare = bare or (base.sort == "call" and base.text in _FENCES)
    fenced = _write(base) if bare else _fenced(_write(base))
    return f"{{{fenced}}}^{{{raised}}}" if len(fenced) > 1 else f"{fenced}^{{{raised}}}"


def _slashed(item: Formula) -> str:
    """Write an exponent: a fraction of numbers with a slash."""
    if item.sort == "product" and item.signs == ("*", "/"):
        above, below = item.parts
        if above.sort == below.sort == "number":
            return f"{above.text}/{below.text.removesuffix('.0')}"
    return _write(item)


def _call(item: Formula) -> str:
    parts = [_write(part) for part in item.parts]
    if item.text == "sqrt":
        return rf"\sqrt{{{parts[0]}}}"
    if item.text == "cbrt":
        return rf"\sqrt[3]{{{parts[0]}}}"
    if item.text in _FENCES:
        return _fenced(parts[0], *_FENCES[item.text])
    if item.text == "exp" and len(parts[0]) <= 24 and not _TALL.search(parts[0]):
        return rf"\mathrm{{e}}^{{{parts[0]}}}"
    head = _COMMANDS.get(item.text) or rf"\operatorname{{{tex_text(item.text)}}}"
    return head + _fenced(", ".join(parts))


def _chain(item: Formula) -> str:
    text = _write(item.parts[0])
    for sign, part in zip(item.signs, item.parts[1:], strict=True):
        text += f" {_RELATIONS[sign]} {_write(part)}"
    return text


def _cases(item: Formula) -> str:
    *pairs, rest = item.parts if len(item.parts) % 2 else (*item.parts, None)
    rows = [
        rf"{_write(value)} & \text{{if }} {_write(condition)}"
        for value, condition in zip(pairs[::2], pairs[1::2], strict=True)
        if value is not None and condition is not None
    ]
    if rest is not None:
        rows.append(rf"{_write(rest)} & \text{{otherwise}}")
    return rf"\begin{{cases}} {_NEXT_ROW.join(rows)} \end{{cases}}"


_WRITERS = {
    "number": _number,
    "name": lambda item: r"\mathrm{e}" if item.text == "e" else tex_name(item.text),
    "sum": _sum,
    "product": _product,
    "power": _power,
    "call": _call,
    "tuple": lambda item: _fenced(", ".join(map(_write, item.parts))),
    "chain": _chain,
    "cases": _cases,
}
