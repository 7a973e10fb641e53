"""A drawing as TikZ code."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.exports.drawing import Area, Drawing, Line, Sign
from eqpp_dash.exports.shapes import OUTLINES, RADIUS
from eqpp_dash.exports.texttext import tex_text
from eqpp_dash.figures.themes import LIGHT, Theme

Array = NDArray[np.float64]

_PER_LINE = 6

_COLOURS = {"seeded": "orbit", "homoclinic": "unstable", "heteroclinic": "unstable"}
"""Colours of arrowheads, where they aren't named as the style of their curves."""

_PATTERNS = {
    "/": "north east lines",
    "\\": "north west lines",
    "x": "crosshatch",
    ".": "dots",
    "-": "horizontal lines",
    "|": "vertical lines",
    "+": "grid",
}

_STYLES = r"""
\tikzset{
  picfield/.style={draw=eqfield, line width=0.35pt},
  picsliding/.style={draw=eqswitching, line width=3.2pt},
  picescaping/.style={draw=eqswitching, line width=2.4pt, dash pattern=on 5pt off 3pt},
  piccrossing/.style={draw=eqswitching, line width=1.2pt, dash pattern=on 1pt off 2.5pt},
  pictangent/.style={draw=eqswitching, line width=1.8pt,
    dash pattern=on 6pt off 2pt on 1pt off 2pt},
  picnullcline0/.style={draw=eqnullcline0, line width=0.9pt, dash pattern=on 5pt off 2.5pt},
  picnullcline1/.style={draw=eqnullcline1, line width=1pt, dash pattern=on 1pt off 1.8pt},
  picseeded/.style={draw=eqorbit, line width=0.55pt},
  picgiven/.style={draw=eqgiven, line width=1.1pt},
  picstable/.style={draw=eqstable, line width=1pt, dash pattern=on 9pt off 1.4pt},
  picunstable/.style={draw=equnstable, line width=1pt},
  pichomoclinic/.style={draw=equnstable, line width=0.9pt, double=white, double distance=0.9pt},
  picheteroclinic/.style={draw=equnstable, line width=2.7pt, line cap=butt,
    postaction={draw=white, line width=0.9pt, dash pattern=on 4pt off 2.4pt}},
  picground/.style={draw=white, line width=3.4pt},
  picstablecycle/.style={draw=eqcycle, line width=1.8pt},
  picunstablecycle/.style={draw=eqcycle, line width=1.8pt, dash pattern=on 4pt off 2.4pt},
  picsemistablecycle/.style={draw=eqcycle, line width=1.8pt,
    dash pattern=on 6pt off 1.8pt on 1pt off 1.8pt},
  picmark/.style={draw=eqequilibrium, line width=0.9pt, line join=round},
  picfull/.style={fill=eqequilibrium}, picopen/.style={fill=white}, pichalf/.style={fill=white},
  picundecided/.style={draw=equndecided},
}
"""


def tikz_styles(theme: Theme = LIGHT) -> str:
    """Give the colours, styles and marks that drawings use, for the preamble."""
    colours = {
        "field": theme.field,
        "switching": theme.switching,
        "nullcline0": theme.nullclines[0],
        "nullcline1": theme.nullclines[1],
        "orbit": theme.orbit,
        "given": theme.given,
        "stable": theme.stable,
        "unstable": theme.unstable,
        "cycle": theme.cycle,
        "equilibrium": theme.equilibrium,
        "undecided": theme.undecided,
        "grid": theme.grid,
        "axis": theme.axis,
        "text": theme.text,
    }
    lines = [
        rf"\definecolor{{eq{name}}}{{HTML}}{{{value.lstrip('#').upper()}}}"
        for name, value in colours.items()
    ]
    shapes = [
        rf"\newcommand{{{_shape(name)}}}{{{' -- '.join(map(_pair, outline))} -- cycle}}"
        for name, outline in OUTLINES.items()
    ]
    circle = rf"\newcommand{{\shapecircle}}{{(0,0) circle ({RADIUS})}}"
    return "\n".join([*lines, _STYLES.strip(), circle, *shapes, _COMMANDS.strip()])


_COMMANDS = r"""
% \sign[style]{x}{y}{shape}: a mark; \signdot and \signcross draw into it.
\newcommand{\sign}[4][picopen]{\path[shift={(#2,#3)}, picmark, #1] #4;}
\newcommand{\signdot}[3][eqequilibrium]{\fill[#1] (#2,#3) circle (0.035);}
\newcommand{\signcross}[3][eqequilibrium]{\draw[#1, line width=0.8pt, shift={(#2,#3)}]
  (-0.06,-0.06) -- (0.06,0.06) (-0.06,0.06) -- (0.06,-0.06);}
\newcommand{\signsingular}[2]{\draw[equnstable, line width=1.4pt, shift={(#1,#2)}]
  (-0.12,-0.12) -- (0.12,0.12) (-0.12,0.12) -- (0.12,-0.12);}
\newcommand{\signstart}[2]{\filldraw[draw=white, fill=eqgiven, line width=0.5pt]
  (#1,#2) circle (0.08);}
\newcommand{\signlabel}[4]{\node[font=\scriptsize, text=eqtext, inner sep=1pt, fill=white,
  fill opacity=0.75, text opacity=1, rounded corners=1pt, anchor=south west]
  at ({#1+0.09},{#2+0.09}) {\hyperlink{#3}{#4}};}
% \key{sample}{text}: an entry of the legend.
\newcommand{\key}[2]{\mbox{\tikz[baseline=-0.6ex]{#1}\,\ #2}\hspace{1.2em plus 1em}%
  \allowbreak\ignorespaces}
"""


def tikz_picture(drawing: Drawing) -> str:
    """Write a drawing as a ``tikzpicture``: one unit is 1 cm on paper.

    Parameters
    ----------
    drawing : Drawing
        The drawing.

    Returns
    -------
    str
        Code that needs `tikz_styles` in the preamble.
    """
    parts = [r"\begin{tikzpicture}"]
    shown = list(drawing.layers)
    areas = [item for item in shown if isinstance(item, Area) and item.style.startswith("basin")]
    parts += [_area(item) for item in areas]
    parts += _grid(drawing)
    parts += [_layer(item) for item in shown if item not in areas]
    parts += _frame(drawing)
    parts.append(r"\end{tikzpicture}")
    return "\n".join(part for part in parts if part)


def tikz_legend(drawing: Drawing) -> str:
    """Write the legend of a drawing as a paragraph of samples and their names."""
    entries = [rf"\key{{{_sample(key.sample)}}}{{{tex_text(key.text)}}}" for key in drawing.keys]
    return "\n".join(entries)


def _number(value: float) -> str:
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _pair(point: Iterable[float]) -> str:
    x, y = point
    return f"({_number(x)},{_number(y)})"


def _shape(name: str) -> str:
    return "\\shape" + name.replace("-", "")


def _joined(points: Array, closed: bool = False) -> str:
    texts = list(map(_pair, points.tolist()))
    kept = [text for k, text in enumerate(texts) if not k or text != texts[k - 1]]
    if closed and len(kept) > 1 and kept[0] == kept[-1]:
        kept.pop()
    kept += ["cycle"] if closed else [] if len(kept) > 1 else kept
    rows = [kept[k : k + _PER_LINE] for k in range(0, len(kept), _PER_LINE)]
    return "\n  -- ".join(" -- ".join(row) for row in rows)


def _style(style: str) -> str:
    return "pic" + style.replace(" ", "").replace("-", "")


def _layer(item: Line | Area | Sign) -> str:
    if isinstance(item, Line):
        return _line(item)
    return _area(item) if isinstance(item, Area) else _sign(item)


def _line(item: Line) -> str:
    style = _style(item.style)
    if item.style == "field":  # a shaft and a head each: one path a few arrows
        pieces = [_joined(piece) for piece in item.pieces]
        groups = [pieces[k : k + 8] for k in range(0, len(pieces), 8)]
        return "\n".join(rf"\path[picfield] {' '.join(group)};" for group in groups)
    return "\n".join(rf"\path[{style}] {_joined(piece)};" for piece in item.pieces)


def _area(item: Area) -> str:
    rings = "\n  ".join(_joined(ring, closed=True) for ring in item.rings)
    if not item.colour:
        colour = _COLOURS.get(item.style, item.style)
        return rf"\fill[eq{colour}] {rings};"
    red, green, blue = (int(item.colour[k : k + 2], 16) for k in (1, 3, 5))
    colour = f"{{rgb,255:red,{red};green,{green};blue,{blue}}}"
    text = rf"\path[fill={colour}, fill opacity=0.24, even odd rule] {rings};"
    if item.pattern:
        style = f"pattern={_PATTERNS[item.pattern]}, pattern color={colour}, even odd rule"
        text += f"\n\\path[{style}, opacity=0.45] {rings};"
    return text


def _sign(item: Sign) -> str:
    x, y = _number(item.x), _number(item.y)
    parts = []
    if item.shape == "dot":
        parts.append(rf"\signdot{{{x}}}{{{y}}}")
    elif item.shape in ("start", "singularity"):
        name = {"start": "start", "singularity": "singular"}[item.shape]
        parts.append(rf"\sign{name}{{{x}}}{{{y}}}")
    elif item.shape:
        style = f"pic{item.fill}" if item.decided else f"pic{item.fill}, picundecided"
        shape = _shape(item.shape if item.shape in OUTLINES else "circle")
        parts.append(rf"\sign[{style}]{{{x}}}{{{y}}}{{{shape}}}")
        colour = "eqequilibrium" if item.decided else "equndecided"
        if item.shape == "circle-x":
            parts.append(rf"\signcross[{colour}]{{{x}}}{{{y}}}")
        elif item.shape == "circle-dot" or item.fill == "half":
            parts.append(rf"\signdot[{colour}]{{{x}}}{{{y}}}")
    if item.label:
        parts.append(rf"\signlabel{{{x}}}{{{y}}}{{{item.anchor}}}{{{item.label}}}")
    return "\n".join(parts)


def _grid(drawing: Drawing) -> list[str]:
    width, height = _number(drawing.width), _number(drawing.height)
    (across, _), (up, _) = drawing.ticks
    lines = [rf"\draw[eqgrid] ({_number(x)},0) -- ({_number(x)},{height});" for x, _ in across]
    lines += [rf"\draw[eqgrid] (0,{_number(y)}) -- ({width},{_number(y)});" for y, _ in up]
    x, y = drawing.zeros
    if x is not None:
        lines.append(
            rf"\draw[eqaxis, line width=0.7pt] ({_number(x)},0) -- ({_number(x)},{height});"
        )
    if y is not None:
        lines.append(
            rf"\draw[eqaxis, line width=0.7pt] (0,{_number(y)}) -- ({width},{_number(y)});"
        )
    return lines


def _frame(drawing: Drawing) -> list[str]:
    width, height = _number(drawing.width), _number(drawing.height)
    (across, power), (up, other) = drawing.ticks
    lines = [rf"\draw[eqaxis!60!eqtext, line width=0.5pt] (0,0) rectangle ({width},{height});"]
    for x, text in across:
        place = _number(x)
        lines.append(
            rf"\draw[eqtext, line width=0.4pt] ({place},0) -- ({place},-0.08) "
            rf"node[below, font=\footnotesize] {{{_tick(text)}}};"
        )
    for y, text in up:
        place = _number(y)
        lines.append(
            rf"\draw[eqtext, line width=0.4pt] (0,{place}) -- (-0.08,{place}) "
            rf"node[left, font=\footnotesize] {{{_tick(text)}}};"
        )
    first, second = map(tex_text, drawing.names)
    middle, half = _number(drawing.width / 2), _number(drawing.height / 2)
    lines.append(rf"\node[below] at ({middle},-0.5) {{{first}}};")
    lines.append(rf"\node[rotate=90, above] at (-0.95,{half}) {{{second}}};")
    small = r"font=\footnotesize"
    if power:
        lines.append(rf"\node[below left, {small}] at ({width},-0.5) {{{tex_text(power)}}};")
    if other:
        lines.append(rf"\node[above right, {small}] at (0,{height}) {{{tex_text(other)}}};")
    return lines


def _tick(text: str) -> str:
    return tex_text(text)


def _sample(item: Line | Area | Sign) -> str:
    if isinstance(item, Line):
        return rf"\path[{_style(item.style)}] (0,0) -- (0.75,0);"
    if isinstance(item, Area):
        ring = np.array([[0.0, -0.12], [0.6, -0.12], [0.6, 0.12], [0.0, 0.12]])
        return _area(Area(item.style, (ring,), item.colour, item.pattern)).replace("\n", " ")
    return _sign(Sign(item.shape, item.fill, 0.0, 0.0, item.decided)).replace("\n", "")
