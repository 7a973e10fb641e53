"""A portrait as one LaTeX file: the report, and the figure as TikZ code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from eqpp_dash.exports.drawing import Drawing, draw_on_paper
from eqpp_dash.exports.mathtex import breaks, tex_formula, tex_name
from eqpp_dash.exports.report import portrait_report
from eqpp_dash.exports.report.blocks import (
    Block,
    Bullets,
    Cell,
    Code,
    Equations,
    Listing,
    Math,
    Matrix,
    Name,
    Part,
    Ref,
    Row,
    Section,
    Table,
    Telling,
    Words,
)
from eqpp_dash.exports.texttext import pdf_text, tex_text
from eqpp_dash.exports.tikz import tikz_legend, tikz_picture, tikz_styles
from eqpp_dash.model.portrait import Portrait

WIDE = 110
"""Characters from which on an equation may be broken, and a matrix is told entry by entry."""

BREAKABLE = 30
"""Characters from which on a formula without a sum may be too wide."""

_PREAMBLE = r"""\documentclass[a4paper,10pt]{article}
\usepackage[T1]{fontenc}
\usepackage{textcomp}
\usepackage{lmodern}
\usepackage[margin=22mm]{geometry}
\usepackage{amsmath,amssymb}
\usepackage{array,booktabs,longtable}
\usepackage{graphicx,xcolor}
\usepackage{tikz}
\usetikzlibrary{patterns}
\usepackage{listings}
\usepackage[unicode,hidelinks]{hyperref}
\hypersetup{pdftitle={%(title)s}, pdfcreator={EQPP Dash %(engine)s}}
\lstset{basicstyle=\ttfamily\footnotesize, breaklines=true, columns=fullflexible,
  keepspaces=true, upquote=true, frame=single, framerule=0.3pt}
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt plus 1pt}
\setlength{\LTpre}{4pt}
\setlength{\LTpost}{4pt}
\setlength{\tabcolsep}{4pt}
\setlength{\emergencystretch}{3em}
\raggedbottom
\newcolumntype{L}[1]{>{\raggedright\arraybackslash}p{#1}}
%% \anchor{name}{text}: where links to a row lead.
\newcommand{\anchor}[2]{\raisebox{2ex}[0pt][0pt]{\hypertarget{#1}{}}#2}
\newcommand{\source}[1]{{\scriptsize\color{eqequilibrium!65}[#1]}}
%% \fit: a formula that cannot be broken, no wider than the line.
\newcommand{\fit}[1]{\sbox0{#1}\ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\usebox0}%%
  \else\usebox0\fi}
%% \room: a new page rather than a heading at the foot of one.
\newcommand{\room}{\par\penalty-100\relax
  \ifdim\pagegoal<\maxdimen\ifdim\dimexpr\pagegoal-\pagetotal\relax<40mm\newpage\fi\fi}
\newcommand{\see}[2]{\hyperlink{#1}{#2}}
%(styles)s
"""

_DOCUMENT = r"""%% The report of a phase portrait, by EQPP Dash %(engine)s. Compile with pdflatex.
%(preamble)s
\begin{document}
\begin{center}
{\Large\bfseries %(title)s\par}
\end{center}

\begin{center}
%(picture)s

\footnotesize
%(legend)s
\end{center}
{\footnotesize %(caption)s\par}

%(sections)s
\end{document}
"""


def portrait_latex(portrait: Portrait, facts: Mapping[str, Any]) -> str:
    """Write a portrait as a LaTeX document.

    Parameters
    ----------
    portrait : Portrait
        A planar portrait.
    facts : mapping
        Its facts; their ``id`` is told.

    Returns
    -------
    str
        A document in ASCII that pdflatex compiles with the packages of every TeX
        distribution; nothing else is needed, no file is read.
    """
    report = portrait_report(portrait, facts)
    drawing = draw_on_paper(portrait)
    title, engine = tex_text(report.title), tex_text(portrait.engine)
    preamble = _PREAMBLE % {
        "title": pdf_text(report.title),
        "engine": engine,
        "styles": tikz_styles(),
    }
    return _DOCUMENT % {
        "engine": engine,
        "preamble": preamble.rstrip(),
        "title": title,
        "picture": tikz_picture(drawing),
        "legend": tikz_legend(drawing),
        "caption": _caption(drawing),
        "sections": "\n".join(map(_section, report.sections)),
    }


def _caption(drawing: Drawing) -> str:
    words = (
        "Marks: filled, asymptotically stable; open, unstable; with a dot, neither. "
        "E and C number equilibria and limit cycles as in the tables."
    )
    if drawing.omitted:
        words += f" {drawing.omitted} short pieces of curves are not drawn."
    return tex_text(words)


def _section(section: Section) -> str:
    head = rf"\room\section*{{\anchor{{{section.anchor}}}{{{tex_text(section.heading)}}}}}"
    mark = rf"\addcontentsline{{toc}}{{section}}{{{tex_text(section.heading)}}}"
    return "\n".join([head, mark, *map(_block, section.blocks), ""])


def tex_cell(cell: Cell) -> str:
    """Write the parts of a cell."""
    return "".join(map(_part, cell))


def _inline(cell: Cell) -> str:
    """Write the parts of a sentence: its formulas no taller than the line, and broken as it is."""
    return "".join(f"${tex_formula(p.text)}$" if isinstance(p, Math) else _part(p) for p in cell)


def _part(part: Part) -> str:
    if isinstance(part, Math):
        shown = rf"$\displaystyle {tex_formula(part.text)}$"
        return shown if len(part.text) < BREAKABLE or breaks(part.text) else rf"\fit{{{shown}}}"
    if isinstance(part, Name):
        return f"${tex_name(part.text)}$"
    if isinstance(part, Ref):
        return rf"\see{{{part.anchor}}}{{{tex_text(part.label)}}}"
    if isinstance(part, Code):
        return rf"\texttt{{{_breakable(part.text)}}}"
    return tex_text(part)


def _breakable(text: str) -> str:
    return r"\allowbreak{}".join(tex_text(piece) for piece in re.split(r"(?<=[/_.])", text))


def _block(block: Block) -> str:
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Telling):
        return _telling(block)
    if isinstance(block, Words):
        inside = tex_cell(block.parts)
        inside = rf"\textbf{{{inside}}}" if block.warning else inside
        return (rf"\anchor{{{block.anchor}}}{{}}" if block.anchor else "") + inside + "\n"
    if isinstance(block, Bullets):
        items = "\n".join(_item(*item) for item in block.items)
        return f"\\begin{{itemize}}\\setlength{{\\itemsep}}{{0pt}}\n{items}\n\\end{{itemize}}"
    if isinstance(block, Equations):
        return _equations(block)
    if isinstance(block, Matrix):
        return _matrix(block)
    return _listing(block)


def _telling(block: Telling) -> str:
    told = []
    for sentence in block.sentences:
        links = ", ".join(map(_part, sentence.links))
        told.append(_inline(sentence.parts) + (rf" \source{{{links}}}" if links else ""))
    return rf"\textbf{{{tex_text(block.heading)}.}} " + "\n".join(told) + "\n"


def _item(anchor: str, cell: Cell) -> str:
    place = rf"\anchor{{{anchor}}}{{}}" if anchor else ""
    return rf"\item {place}{tex_cell(cell)}"


def _listing(block: Listing) -> str:
    """Write lines of JSON; a backslash in a string must not end the environment."""
    text = re.sub(r"\\(.)", lambda m: "\\u005c" if m[1] == "\\" else m[0], block.text)
    return f"\\begin{{lstlisting}}\n{text}\n\\end{{lstlisting}}"


def _table(table: Table) -> str:
    total, count = sum(table.widths), len(table.widths)
    columns = "".join(
        rf"L{{\dimexpr {width / total:.4f}\linewidth-2\tabcolsep\relax}}" for width in table.widths
    )
    heads = " & ".join(rf"\textbf{{{tex_cell(head)}}}" if head != ("",) else ""
                       for head in table.heads)  # fmt: skip
    rows = "\n".join(_row(row, count) for row in table.rows)
    return (
        f"{{\\footnotesize\n\\begin{{longtable}}{{@{{\\hspace{{4pt}}}}{columns}@{{}}}}\n\\toprule\n"
        f"{heads} \\\\\n\\midrule\n\\endhead\n\\bottomrule\n\\endlastfoot\n{rows}\n"
        "\\end{longtable}}"
    )


def _row(row: Row, count: int) -> str:
    first, *rest = row.cells
    shown = tex_cell(first)
    if row.anchor:
        shown = rf"\anchor{{{row.anchor}}}{{{shown}}}"
    text = " & ".join([shown, *map(tex_cell, rest)])
    notes = " ".join(map(tex_cell, row.notes))
    if not notes:
        return f"{text} \\\\"
    width = r"\dimexpr 0.93\linewidth\relax"
    beneath = rf" & \multicolumn{{{count - 1}}}{{L{{{width}}}}}{{\itshape {notes}}} \\"
    return f"{text} \\\\*\n{beneath}\n\\addlinespace[2pt]"


def _equations(block: Equations) -> str:
    if max(map(len, block.right)) > WIDE:
        rows = [
            rf"${_dotted(name)} = {tex_formula(right)}$"
            for name, right in zip(block.variables, block.right, strict=True)
        ]
        return _hanging(rows)
    lines = " \\\\\n".join(
        f"  {_dotted(name)} &= {tex_formula(right)}"
        for name, right in zip(block.variables, block.right, strict=True)
    )
    return f"\\begin{{align*}}\n{lines}\n\\end{{align*}}"


def _dotted(name: str) -> str:
    return rf"\dot{{{tex_name(name)}}}"


def _hanging(rows: list[str]) -> str:
    body = "\n".join(rf"\item[] {row}" for row in rows)
    return f"\\begin{{itemize}}\\raggedright\n{body}\n\\end{{itemize}}"


def _matrix(block: Matrix) -> str:
    if sum(len(entry) for row in block.rows for entry in row) > WIDE:
        slopes = [
            rf"$\displaystyle\frac{{\partial {_dotted(name)}}}{{\partial {tex_name(other)}}}"
            rf" = {tex_formula(entry)}$"
            for name, row in zip(block.variables, block.rows, strict=True)
            for other, entry in zip(block.variables, row, strict=True)
        ]
        return _hanging(slopes)
    lines = " \\\\\n".join("  " + " & ".join(map(tex_formula, row)) for row in block.rows)
    return (
        f"\\[\n\\renewcommand{{\\arraystretch}}{{1.4}}\nJ = \\begin{{pmatrix}}\n{lines}\n"
        "\\end{pmatrix}\n\\]"
    )
