"""Formulas in MathML, which browsers typeset without any library."""

from __future__ import annotations

from html import escape

from eqpp_dash.figures.labels import printable, split_name
from eqpp_dash.model.formula import Formula, FormulaError, read_formula

BREAKS = 64
"""Characters from which on a formula may be broken between its terms."""

_NAMES = {"log": "ln", "sign": "sgn", "heaviside": "H", "asin": "arcsin", "acos": "arccos",
          "atan": "arctan", "asinh": "arsinh", "acosh": "arcosh", "atanh": "artanh"}  # fmt: skip
_INDEXED = {"log2": ("log", "2"), "log10": ("log", "10")}
_FENCES = {"abs": "||", "floor": "⌊⌋", "ceil": "⌈⌉"}
_TALL = ("<mfrac", "<mtable", "<msqrt", "<mroot")
_RELATIONS = {"<=": "≤", ">=": "≥", "->": "↦"}


def mathml_formula(text: str, *, display: bool = False) -> str:
    """Typeset a canonical text in MathML.

    Parameters
    ----------
    text : str
        As the facts of a portrait have it.
    display : bool
        Whether it stands on a line of its own, where fractions have their full size.

    Returns
    -------
    str
        One ``math`` element, several for the terms of a long sum, so that lines can be broken
        there; what is no formula as ``code``.

    Examples
    --------
    >>> mathml_formula("x^2")
    '<math><msup><mi>x</mi><mn>2</mn></msup></math>'
    """
    try:
        formula = read_formula(text)
    except FormulaError:
        return f"<code>{escape(printable(text))}</code>"
    head = '<math displaystyle="true">' if display else "<math>"
    pieces = _pieces(formula) if len(text) > BREAKS else [_write(formula)]
    return " ".join(f"{head}{piece}</math>" for piece in pieces)


def _pieces(item: Formula) -> list[str]:
    if item.sort == "chain":
        found = _pieces(item.parts[0])
        for sign, part in zip(item.signs, item.parts[1:], strict=True):
            first, *rest = _pieces(part)
            found += [_operator(_RELATIONS.get(sign, sign), "infix") + first, *rest]
        return found
    if item.sort == "sum":
        return _terms(item)
    return [_write(item)]


def mathml_name(name: str) -> str:
    """Typeset a name, without the ``math`` element round it.

    Examples
    --------
    >>> mathml_name("theta_1")
    '<msub><mi>θ</mi><mn>1</mn></msub>'
    """
    base, index = split_name(name)
    letter = f"<mi>{escape(printable(base))}</mi>"
    if not index:
        return letter
    lower = f"<mn>{index}</mn>" if index.isdigit() else f"<mi>{escape(printable(index))}</mi>"
    return f"<msub>{letter}{lower}</msub>"


def _operator(sign: str, form: str = "") -> str:
    place = f' form="{form}"' if form else ""
    return f"<mo{place}>{escape(sign)}</mo>"


def _row(*parts: str) -> str:
    return f"<mrow>{''.join(parts)}</mrow>" if len(parts) != 1 else parts[0]


def _fenced(inside: str, fences: str = "()") -> str:
    stretchy = "true" if any(tall in inside for tall in _TALL) else "false"
    left, right = (
        f'<mo form="{form}" stretchy="{stretchy}">{sign}</mo>'
        for form, sign in zip(("prefix", "postfix"), fences, strict=True)
    )
    return _row(left, inside, right)


def _write(item: Formula) -> str:
    return _WRITERS[item.sort](item)


def _number(item: Formula) -> str:
    mantissa, _, exponent = item.text.partition("e")
    if not exponent:
        return f"<mn>{mantissa}</mn>"
    power = int(exponent)
    raised = f"<mn>{power}</mn>" if power >= 0 else _row(_operator("−"), f"<mn>{-power}</mn>")
    return _row(f"<mn>{mantissa}</mn>", _operator("·"), f"<msup><mn>10</mn>{raised}</msup>")


def _terms(item: Formula) -> list[str]:
    found = []
    for number, (sign, part) in enumerate(zip(item.signs, item.parts, strict=True)):
        inside = _fenced(_write(part)) if part.sort in ("sum", "chain") else _write(part)
        mark = "−" if sign == "-" else "+"
        form = "infix" if number else "prefix"
        lead = "" if not number and sign == "+" else _operator(mark, form)
        found.append(lead + inside)
    return found


def _factors(parts: list[Formula], alone: bool) -> str:
    parts.sort(key=lambda part: part.sort != "number")
    found: list[str] = []
    for part in parts:
        inside = _write(part)
        if part.sort in ("sum", "chain") and not (alone and len(parts) == 1):
            inside = _fenced(inside)
        if found:
            digits = part.sort == "number" or (
                part.sort == "power" and part.parts[0].sort == "number"
            )
            found.append(_operator("·") if digits else '<mspace width="0.17em"></mspace>')
        found.append(inside)
    return _row(*found) if found else "<mn>1</mn>"


def _product(item: Formula) -> str:
    pairs = list(zip(item.signs, item.parts, strict=True))
    above = [part for sign, part in pairs if sign == "*"]
    below = [part for sign, part in pairs if sign == "/"]
    if below and len(above) > 1 and above[0] == Formula("number", "1"):
        del above[0]
    if not below:
        return _factors(above, alone=False)
    return f"<mfrac>{_factors(above, True)}{_factors(below, True)}</mfrac>"


def _power(item: Formula) -> str:
    base, exponent = item.parts
    if exponent.sort == "product" and exponent.signs == ("*", "/"):
        above, below = exponent.parts
        raised = _row(_write(above), _operator("/"), _write(below))
    else:
        raised = _write(exponent)
    if base.sort == "call" and base.text not in (*_FENCES, "sqrt", "cbrt", *_INDEXED):
        if exponent.sort == "number" and exponent.text.isdigit():
            head = f"<msup><mi>{_NAMES.get(base.text, escape(base.text))}</mi>{raised}</msup>"
            return _row(head, _operator("\u2061"), _arguments(base))
        return f"<msup>{_fenced(_write(base))}{raised}</msup>"
    bare = base.sort in ("name", "tuple") or (base.sort == "number" and "e" not in base.text)
    inside = _write(base) if bare or base.sort == "call" else _fenced(_write(base))
    return f"<msup>{inside}{raised}</msup>"


def _arguments(item: Formula) -> str:
    parts: list[str] = []
    for part in item.parts:
        parts += [_operator(","), _write(part)] if parts else [_write(part)]
    return _fenced(_row(*parts))


def _call(item: Formula) -> str:
    if item.text == "sqrt":
        return f"<msqrt>{_write(item.parts[0])}</msqrt>"
    if item.text == "cbrt":
        return f"<mroot>{_write(item.parts[0])}<mn>3</mn></mroot>"
    if item.text in _FENCES:
        return _fenced(_write(item.parts[0]), _FENCES[item.text])
    if item.text in _INDEXED:
        word, index = _INDEXED[item.text]
        head = f"<msub><mi>{word}</mi><mn>{index}</mn></msub>"
    else:
        head = f"<mi>{_NAMES.get(item.text, escape(item.text))}</mi>"
    return _row(head, _operator("\u2061"), _arguments(item))


def _chain(item: Formula) -> str:
    parts = [_write(item.parts[0])]
    for sign, part in zip(item.signs, item.parts[1:], strict=True):
        parts += [_operator(_RELATIONS.get(sign, sign), "infix"), _write(part)]
    return _row(*parts)


def _cases(item: Formula) -> str:
    odd = len(item.parts) % 2 == 1
    pairs = item.parts[:-1] if odd else item.parts
    rows = [
        f"<mtr><mtd>{_write(value)}</mtd><mtd><mtext>if </mtext>{_write(condition)}</mtd></mtr>"
        for value, condition in zip(pairs[::2], pairs[1::2], strict=True)
    ]
    if odd:
        rows.append(
            f"<mtr><mtd>{_write(item.parts[-1])}</mtd><mtd><mtext>otherwise</mtext></mtd></mtr>"
        )
    table = f"<mtable columnalign='left'>{''.join(rows)}</mtable>"
    return _row("<mo form='prefix' stretchy='true'>{</mo>", table)


_WRITERS = {
    "number": _number,
    "name": lambda item: mathml_name(item.text),
    "sum": lambda item: _row(*_terms(item)),
    "product": _product,
    "power": _power,
    "call": _call,
    "tuple": _arguments,
    "chain": _chain,
    "cases": _cases,
}
