"""Formulas in plain text as people write them: powers raised, Greek letters, no stars.

What the report typesets in MathML and LaTeX is written here in Unicode from the same tree: in
lists, labels, sentences and on the terminal. The equations' syntax reads it back,
but for maps and pieces.
"""

from __future__ import annotations

import re
from functools import lru_cache

from eqpp_dash.model.formula import Formula, FormulaError, prose_pieces, read_formula
from eqpp_dash.model.labels import SUPERSCRIPT, plain_name, printable

GAP = "\u202f"
"""Between factors: a narrow space at which no line is broken."""

NAMES = {
    "log": "ln",
    "log2": "log₂",
    "log10": "log₁₀",
    "sign": "sgn",
    "heaviside": "H",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "asinh": "arsinh",
    "acosh": "arcosh",
    "atanh": "artanh",
}
"""For functions the names by which people know them, where they differ."""

_WHOLE = re.compile("(−?)[0-9]+")
_PRIME = re.compile(r"(?<=\b[a-zA-Z])'")
_MINUS = re.compile(r"(?<![\w)])-(?=[\d.(])")
_RELATIONS = {"<=": "≤", ">=": "≥", "->": "↦"}


@lru_cache(maxsize=512)
def plain_formula(text: str) -> str:
    """Write a formula for reading.

    Parameters
    ----------
    text : str
        As the facts of a portrait have it.

    Returns
    -------
    str
        The formula in Unicode; what is none stays as it is.

    Examples
    --------
    >>> plain_formula("mu*(1 - x^2)*y - x/2").replace(GAP, " ")
    'μ (1 − x²) y − x/2'
    >>> plain_formula("(theta, x_1) -> (theta + 2.0*pi, -x_1^12)").replace(GAP, " ")
    '(θ, x₁) ↦ (θ + 2π, −x₁¹²)'
    >>> plain_formula("log(abs(y))^2 - x^beta + 1.5e-9/(2*x)").replace(GAP, " ")
    'ln²|y| − x^β + 1.5×10⁻⁹/(2x)'
    """
    try:
        return written(read_formula(text))
    except FormulaError:
        return printable(text)


@lru_cache(maxsize=512)
def plain_text(text: str) -> str:
    """Write a sentence of the engine with its formulas as people write them.

    Examples
    --------
    >>> plain_text("off y^2 - x = 0 the saddle-node is (x, y) -> (-x, 2*y) (omega > -1)")
    'off y² − x = 0 the saddle-node is (x, y) ↦ (−x, 2y) (ω > −1)'
    >>> plain_text("u' = v + ..., v' = u^2 + ... where u' = 0")
    'u′ = v + …, v′ = u² + … where u′ = 0'
    """
    pieces = prose_pieces(text)
    return "".join(words(p) if isinstance(p, str) else written(p) for p in pieces)


def words(text: str) -> str:
    """Write what stands between formulas in a sentence of the engine.

    Examples
    --------
    >>> words("near -2, u' = ...")
    'near −2, u′ = …'
    """
    return _MINUS.sub(
        "−",
        _PRIME.sub(
            "′", printable(text.replace("...", "…").replace("(hamiltonian", "(Hamiltonian"))
        ),
    )


def written(item: Formula) -> str:
    """Write a formula that was read."""
    return _WRITERS[item.sort](item)


def _number(item: Formula) -> str:
    mantissa, _, exponent = item.text.partition("e")
    mantissa = mantissa.removesuffix(".0")
    return f"{mantissa}×10{str(int(exponent)).translate(SUPERSCRIPT)}" if exponent else mantissa


def _sum(item: Formula) -> str:
    text = ""
    for sign, part in zip(item.signs, item.parts, strict=True):
        inside = f"({written(part)})" if part.sort in ("sum", "chain") else written(part)
        shown = "−" if sign == "-" else "+"
        text += f" {shown} {inside}" if text else f"{'−' if sign == '-' else ''}{inside}"
    return text


def _factors(parts: list[Formula]) -> str:
    parts = sorted(parts, key=lambda part: part.sort != "number")
    text = ""
    for part in parts:
        inside = written(part)
        if len(parts) > 1 and (part.sort in ("sum", "chain") or "/" in part.signs):
            inside = f"({inside})"
        if inside[:1].isdigit():
            join = "·" if text else ""
        else:
            word = inside[:1].isalpha() and inside[1:2].isalpha()
            tight = text[-1:].isdigit() or (text[-1:] == ")" and inside[0] == "(")
            join = GAP if text and (word or not tight) else ""
        text += join + inside
    return text or "1"


def _product(item: Formula) -> str:
    pairs = list(zip(item.signs, item.parts, strict=True))
    above = [part for sign, part in pairs if sign == "*"]
    below = [part for sign, part in pairs if sign == "/"]
    if len(above) > 1 and above[0] == Formula("number", "1"):
        del above[0]
    top = _factors(above)
    if not below:
        return top
    if len(above) == 1 and above[0].sort in ("sum", "chain"):
        top = f"({top})"
    bottom = _factors(below)
    alone = len(below) == 1 and below[0].sort not in ("sum", "chain", "product")
    return f"{top}/{bottom if alone else f'({bottom})'}"


def _power(item: Formula) -> str:
    base, exponent = item.parts
    raised = written(exponent)
    whole = _WHOLE.fullmatch(raised)
    if whole and not whole[1] and base.sort == "call" and not _barred(base) and base.text != "sqrt":
        return _called(base, raised.translate(SUPERSCRIPT))
    bare = base.sort in ("name", "tuple") or (base.sort == "number" and "e" not in base.text)
    bare = bare or (base.sort == "call" and base.text != "sqrt")
    inside = written(base) if bare else f"({written(base)})"
    if whole:
        return inside + raised.replace("−", "-").translate(SUPERSCRIPT)
    return f"{inside}^{raised if exponent.sort == 'name' else f'({raised})'}"


def _call(item: Formula) -> str:
    if item.text == "sqrt":
        inside, own = written(item.parts[0]), item.parts[0].sort
        plain = own == "name" or (own == "number" and inside.isdigit())
        return "√" + (inside if plain else f"({inside})")
    if _barred(item):
        return f"|{written(item.parts[0])}|"
    return _called(item, "")


def _barred(item: Formula) -> bool:
    """Tell whether something is an absolute value between bars; a bar closes as soon as it can."""
    return item.sort == "call" and item.text == "abs" and "|" not in written(item.parts[0])


def _called(item: Formula, raised: str) -> str:
    inside = ", ".join(map(written, item.parts))
    fenced = len(item.parts) == 1 and _barred(item.parts[0])
    return f"{NAMES.get(item.text, printable(item.text))}{raised}" + (
        inside if fenced else f"({inside})"
    )


def _chain(item: Formula) -> str:
    text = written(item.parts[0])
    for sign, part in zip(item.signs, item.parts[1:], strict=True):
        text += f" {_RELATIONS.get(sign, sign)} {written(part)}"
    return text


def _cases(item: Formula) -> str:
    odd = len(item.parts) % 2
    pairs = item.parts[: len(item.parts) - odd]
    told = [
        f"{written(value)} if {written(condition)}"
        for value, condition in zip(pairs[::2], pairs[1::2], strict=True)
    ]
    if odd:
        told.append(f"{written(item.parts[-1])} otherwise")
    return f"{{{'; '.join(told)}}}"


_WRITERS = {
    "number": _number,
    "name": lambda item: printable(plain_name(item.text)),
    "sum": _sum,
    "product": _product,
    "power": _power,
    "call": _call,
    "tuple": lambda item: f"({', '.join(map(written, item.parts))})",
    "chain": _chain,
    "cases": _cases,
}
