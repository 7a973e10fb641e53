"""Plain text in LaTeX: nothing but ASCII, every special character escaped."""

from __future__ import annotations

import re
import unicodedata

from eqpp_dash.figures.labels import GREEK, printable

_CAPITALS = (
    *("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi"),
    *("Sigma", "Upsilon", "Phi", "Psi", "Omega"),
)


def _greek(name: str, glyph: str) -> str:
    if name[0].islower():
        return "o" if name == "omicron" else f"\\{name}"
    if name in _CAPITALS:
        return f"\\{name}"
    return rf"\mathrm{{{_LATIN.get(name, name[0])}}}"


_LATIN = {"Eta": "H", "Rho": "P", "Chi": "X", "Nu": "N", "Mu": "M"}
GREEK_TEX = {glyph: _greek(name, glyph) for name, glyph in GREEK.items() if name != "eps"}
"""For each Greek letter its command in formulas."""

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "“": "``",
    "”": "''",
    "‘": "`",
    "’": "'",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "…": r"\ldots{}",
    "\u00a0": "~",
    "\u202f": r"\,",
    "ß": r"{\ss}",
    "æ": r"{\ae}",
    "Æ": r"{\AE}",
    "ø": r"{\o}",
    "Ø": r"{\O}",
    "œ": r"{\oe}",
    "ł": r"{\l}",
    "Ł": r"{\L}",
    "ı": r"{\i}",
}
_MATHEMATICS = {
    "−": "-",
    "±": r"\pm",
    "×": r"\times",
    "·": r"\cdot",
    "′": "'",
    "″": "''",
    "∞": r"\infty",
    "≤": r"\le",
    "≥": r"\ge",
    "≠": r"\ne",
    "≈": r"\approx",
    "→": r"\to",
    "↦": r"\mapsto",
    "∂": r"\partial",
    "∇": r"\nabla",
    "∫": r"\int",
    "∑": r"\sum",
    "√": r"\surd",
    "°": r"^{\circ}",
    "∈": r"\in",
    **GREEK_TEX,
}
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u030a": "r",
    "\u030c": "v", "\u0327": "c", "\u0304": "=", "\u0306": "u", "\u030b": "H", "\u0328": "k",
    "\u0307": ".", "\u0323": "d",
}  # fmt: skip
_RAISED = dict(zip("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "-+0123456789", strict=True))
_LOWERED = dict(zip("₋₀₁₂₃₄₅₆₇₈₉", "-0123456789", strict=True))
_RUN = re.compile(f"[{''.join(_RAISED)}]+|[{''.join(_LOWERED)}]+|.", re.DOTALL)

_LIGATURE = re.compile(r"([-,])(?=\1)")

UNKNOWN = r"$\square$"
"""Stands for a character that pdfLaTeX's fonts lack."""


def tex_text(text: str) -> str:
    r"""Escape text for LaTeX.

    Parameters
    ----------
    text : str
        Any text; control characters count as blanks.

    Returns
    -------
    str
        ASCII that typesets as the text does. What the usual fonts lack becomes a square.

    Examples
    --------
    >>> print(tex_text("50 % of x_1: 1.5×10⁻⁹ ± θ₁, é"))
    50 \% of x\_1: 1.5$\times$10$^{-9}$ $\pm$ $\theta$$_{1}$, \'{e}
    >>> print(tex_text("\\input{x} 相"))
    \textbackslash{}input\{x\} $\square$
    """
    return _LIGATURE.sub(r"\1{}", "".join(map(_character, _RUN.findall(text))))


def pdf_text(text: str) -> str:
    r"""Write text for a PDF's own data, such as its title, in ASCII; hyperref has every character.

    Examples
    --------
    >>> print(pdf_text("Prey θ, 50 %"))
    Prey \unichar{"03B8}, 50 \unichar{"0025}
    """
    shown = printable(text)
    return re.sub(r"[^A-Za-z0-9 .,()-]", lambda match: f'\\unichar{{"{ord(match[0]):04X}}}', shown)


def _character(run: str) -> str:
    if run[0] in _RAISED:
        return f"$^{{{''.join(_RAISED[c] for c in run)}}}$"
    if run[0] in _LOWERED:
        return f"$_{{{''.join(_LOWERED[c] for c in run)}}}$"
    if run in _SPECIAL:
        return _SPECIAL[run]
    if run in _MATHEMATICS:
        return f"${_MATHEMATICS[run]}$"
    if run.isascii():
        return run if run.isprintable() else " "
    return _accented(run)


def _accented(character: str) -> str:
    if not character.isprintable():
        return " "
    base, *marks = list(unicodedata.normalize("NFD", character))
    if base.isascii() and base.isalpha() and all(mark in _ACCENTS for mark in marks) and marks:
        text = rf"\{base}" if base in "ij" and marks != ["\u0327"] else base
        for mark in marks:
            text = rf"\{_ACCENTS[mark]}{{{text}}}"
        return text
    plain = unicodedata.normalize("NFKC", character)
    return tex_text(plain) if plain != character else UNKNOWN
