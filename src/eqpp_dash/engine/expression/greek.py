"""Greek letters by name and by glyph."""

from __future__ import annotations

LOWER = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "xi",
    "omicron",
    "pi",
    "rho",
    "sigma",
    "tau",
    "upsilon",
    "phi",
    "chi",
    "psi",
    "omega",
]
UPPER = [name.capitalize() for name in LOWER]
NAMES = frozenset(LOWER) | frozenset(UPPER)

#: Capitals that LaTeX has no command for look like Latin letters.
_WITHOUT_COMMAND = {
    "omicron": "o",
    "Alpha": r"\mathrm{A}",
    "Beta": r"\mathrm{B}",
    "Epsilon": r"\mathrm{E}",
    "Zeta": r"\mathrm{Z}",
    "Eta": r"\mathrm{H}",
    "Iota": r"\mathrm{I}",
    "Kappa": r"\mathrm{K}",
    "Mu": r"\mathrm{M}",
    "Nu": r"\mathrm{N}",
    "Omicron": r"\mathrm{O}",
    "Rho": r"\mathrm{P}",
    "Tau": r"\mathrm{T}",
    "Chi": r"\mathrm{X}",
}
LATEX = {name: _WITHOUT_COMMAND.get(name, "\\" + name) for name in sorted(NAMES)}

GLYPHS = {
    **dict(zip("αβγδεζηθικλμνξοπρστυφχψω", LOWER, strict=True)),
    **dict(zip("ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ", UPPER, strict=True)),
    "µ": "mu",
    "ϵ": "epsilon",
    "ϑ": "theta",
    "ϕ": "phi",
    "ϱ": "rho",
    "ς": "sigma",
    "ϖ": "pi",
    "ϰ": "kappa",
}
#: LaTeX commands for variants of a letter.
VARIANTS = {
    "varepsilon": "epsilon",
    "vartheta": "theta",
    "varphi": "phi",
    "varrho": "rho",
    "varsigma": "sigma",
    "varpi": "pi",
    "varkappa": "kappa",
}
