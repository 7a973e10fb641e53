"""A drawing as an SVG picture within a page: for paper, and where no script runs."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.exports.drawing import Area, Drawing, Key, Line, Sign
from eqpp_dash.exports.shapes import OUTLINES, RADIUS
from eqpp_dash.figures.labels import printable
from eqpp_dash.figures.themes import LIGHT

Array = NDArray[np.float64]

SCALE = 100.0
"""Units a cm: whole numbers are fine enough."""

LEFT, RIGHT, TOP, BOTTOM = 1.4, 0.35, 0.55, 1.15  # margins in cm

_HATCHES = {
    "/": "M0 24L24 0",
    "\\": "M0 0L24 24",
    "x": "M0 24L24 0M0 0L24 24",
    ".": "M11 12h3",
    "-": "M0 12H24",
    "|": "M12 0V24",
    "+": "M0 12H24M12 0V24",
}

PAPER_STYLE = f"""
.paper {{ width: 100%; height: auto; max-height: 150mm; }}
.paper path, .key path {{ fill: none; stroke-linejoin: round; }}
.paper text {{ font: 32px system-ui, sans-serif; fill: {LIGHT.text}; }}
.p-grid {{ stroke: {LIGHT.grid}; stroke-width: 2; }}
.p-zero {{ stroke: {LIGHT.axis}; stroke-width: 3; }}
.p-frame {{ stroke: {LIGHT.muted}; stroke-width: 2; }}
.p-field {{ stroke: {LIGHT.field}; stroke-width: 1.5; }}
.p-sliding {{ stroke: {LIGHT.switching}; stroke-width: 11; }}
.p-escaping {{ stroke: {LIGHT.switching}; stroke-width: 8; stroke-dasharray: 18 10; }}
.p-crossing {{ stroke: {LIGHT.switching}; stroke-width: 4; stroke-dasharray: 4 9; }}
.p-tangent {{ stroke: {LIGHT.switching}; stroke-width: 6; stroke-dasharray: 22 7 4 7; }}
.p-nullcline-0 {{ stroke: {LIGHT.nullclines[0]}; stroke-width: 3.5; stroke-dasharray: 18 9; }}
.p-nullcline-1 {{ stroke: {LIGHT.nullclines[1]}; stroke-width: 4; stroke-dasharray: 4 7; }}
.p-seeded {{ stroke: {LIGHT.orbit}; stroke-width: 2.2; }}
.p-given {{ stroke: {LIGHT.given}; stroke-width: 4.5; }}
.p-stable {{ stroke: {LIGHT.stable}; stroke-width: 3.8; stroke-dasharray: 32 5; }}
.p-unstable {{ stroke: {LIGHT.unstable}; stroke-width: 3.8; }}
.p-ground {{ stroke: #fff; stroke-width: 14; }}
.p-stable-cycle, .p-unstable-cycle, .p-semi-stable-cycle {{
  stroke: {LIGHT.cycle}; stroke-width: 7; }}
.p-unstable-cycle {{ stroke-dasharray: 15 9; }}
.p-semi-stable-cycle {{ stroke-dasharray: 22 7 4 7; }}
.paper .h-seeded {{ fill: {LIGHT.orbit}; }} .paper .h-given {{ fill: {LIGHT.given}; }}
.paper .h-stable {{ fill: {LIGHT.stable}; }} .paper .h-unstable {{ fill: {LIGHT.unstable}; }}
.paper .h-cycle {{ fill: {LIGHT.cycle}; }}
.paper .s-mark, .key .s-mark {{ stroke: {LIGHT.equilibrium}; stroke-width: 4; fill: #fff; }}
.paper .s-full, .key .s-full {{ fill: {LIGHT.equilibrium}; }}
.paper .s-undecided, .key .s-undecided {{ stroke: {LIGHT.undecided}; }}
.paper .s-inner, .key .s-inner {{ stroke: {LIGHT.equilibrium}; stroke-width: 4; }}
.paper .s-dot, .key .s-dot {{ fill: {LIGHT.equilibrium}; }}
.paper .s-start, .key .s-start {{ fill: {LIGHT.given}; stroke: #fff; stroke-width: 2; }}
.paper .s-singular, .key .s-singular {{ stroke: {LIGHT.unstable}; stroke-width: 6; }}
.paper .label {{ font-size: 26px; paint-order: stroke; stroke: #fff; stroke-width: 6; }}
.keys {{ display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 4px 0 0; padding: 0;
  list-style: none; font-size: 0.8rem; }}
.key {{ width: 30px; height: 12px; vertical-align: -1px; margin-right: 5px; }}
"""


def paper_picture(drawing: Drawing, title: str) -> str:
    """Write a drawing as an ``svg`` element followed by its legend.

    Parameters
    ----------
    drawing : Drawing
        The drawing.
    title : str
        What it shows, for those who cannot see it.

    Returns
    -------
    str
        HTML that needs `PAPER_STYLE`.
    """
    width = (LEFT + drawing.width + RIGHT) * SCALE
    height = (TOP + drawing.height + BOTTOM) * SCALE
    areas = [i for i in drawing.layers if isinstance(i, Area) and i.style.startswith("basin")]
    body = [_hatches(areas), *(_area(item) for item in areas), _grid(drawing)]
    body += [_layer(item) for item in drawing.layers if item not in areas]
    body.append(_frame(drawing))
    keys = "".join(map(_key, drawing.keys))
    return (
        f'<svg class="paper" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="{_text(title)}"><g transform="translate({LEFT * SCALE:.0f} '
        f'{(TOP + drawing.height) * SCALE:.0f})">{"".join(body)}</g></svg>\n'
        f'<ul class="keys">{keys}</ul>'
    )


def _text(text: str) -> str:
    return escape(printable(text))


def _class(style: str) -> str:
    return style.replace(" ", "-")


def _path(points: Array, closed: bool = False) -> str:
    grid = np.round(points * (SCALE, -SCALE)).astype(int)
    moves = [move for move in np.diff(grid, axis=0).tolist() if any(move)]
    x, y = grid[0].tolist()
    steps = " ".join(f"{across} {up}" for across, up in moves)
    return f"M{x} {y}" + (f"l{steps}" if steps else "") + ("z" if closed else "")


def _layer(item: Line | Area | Sign) -> str:
    if isinstance(item, Line):
        return f'<path class="p-{_class(item.style)}" d="{"".join(map(_path, item.pieces))}"/>'
    return _area(item) if isinstance(item, Area) else _sign(item)


def _area(item: Area) -> str:
    data = "".join(_path(ring, closed=True) for ring in item.rings)
    if not item.colour:
        return f'<path class="h-{_class(item.style)}" d="{data}"/>'
    style = f'style="fill:{item.colour}" fill-opacity="0.24" fill-rule="evenodd"'
    text = f'<path {style} d="{data}"/>'
    if item.pattern:
        fill = f'style="fill:url(#{_class(item.style)})" fill-rule="evenodd"'
        text += f'<path {fill} d="{data}"/>'
    return text


def _hatches(areas: Iterable[Area]) -> str:
    found = [
        f'<pattern id="{_class(item.style)}" width="24" height="24" '
        f'patternUnits="userSpaceOnUse"><path d="{_HATCHES[item.pattern]}" '
        f'style="stroke:{item.colour}" stroke-width="3" stroke-opacity="0.6"/></pattern>'
        for item in areas
        if item.pattern
    ]
    return f"<defs>{''.join(found)}</defs>" if found else ""


def _sign(item: Sign) -> str:
    x, y = round(item.x * SCALE), round(-item.y * SCALE)
    label = ""
    if item.label:
        label = (
            f'<a href="#{item.anchor}"><text class="label" x="{x + 12}" y="{y - 14}">'
            f"{item.label}</text></a>"
        )
    if not item.shape:
        return label
    if item.shape == "dot":
        return f'<circle class="s-dot" cx="{x}" cy="{y}" r="4"/>{label}'
    if item.shape == "start":
        return f'<circle class="s-start" cx="{x}" cy="{y}" r="9"/>{label}'
    if item.shape == "singularity":
        data = f"M{x - 12} {y - 12}l24 24m0 -24l-24 24"
        return f'<path class="s-singular" d="{data}"/>{label}'
    style = f"s-mark{' s-full' if item.fill == 'full' else ''}"
    style += "" if item.decided else " s-undecided"
    if item.shape in OUTLINES:
        outline = np.array(OUTLINES[item.shape]) + np.array([x / SCALE, -y / SCALE])
        text = f'<path class="{style}" d="{_path(outline, closed=True)}"/>'
    else:
        text = f'<circle class="{style}" cx="{x}" cy="{y}" r="{RADIUS * SCALE:g}"/>'
    if item.shape == "circle-x":
        grey = "" if item.decided else " s-undecided"
        data = f"M{x - 6} {y - 6}l12 12m0 -12l-12 12"
        text += f'<path class="s-inner{grey}" d="{data}"/>'
    elif item.shape == "circle-dot" or item.fill == "half":
        text += f'<circle class="s-dot" cx="{x}" cy="{y}" r="3.5"/>'
    return text + label


def _grid(drawing: Drawing) -> str:
    width, height = drawing.width * SCALE, drawing.height * SCALE
    (across, _), (up, _) = drawing.ticks
    data = "".join(f"M{x * SCALE:.0f} 0V{-height:.0f}" for x, _ in across)
    data += "".join(f"M0 {-y * SCALE:.0f}H{width:.0f}" for y, _ in up)
    x, y = drawing.zeros
    zero = "" if x is None else f"M{x * SCALE:.0f} 0V{-height:.0f}"
    zero += "" if y is None else f"M0 {-y * SCALE:.0f}H{width:.0f}"
    return f'<path class="p-grid" d="{data}"/><path class="p-zero" d="{zero}"/>'


def _frame(drawing: Drawing) -> str:
    width, height = drawing.width * SCALE, drawing.height * SCALE
    (across, power), (up, other) = drawing.ticks
    data = f"M0 0H{width:.0f}V{-height:.0f}H0z"
    data += "".join(f"M{x * SCALE:.0f} 0v8" for x, _ in across)
    data += "".join(f"M0 {-y * SCALE:.0f}h-8" for y, _ in up)
    first, second = map(_text, drawing.names)
    texts = [_words(x * SCALE, 42, text, "middle") for x, text in across]
    texts += [_words(-16, 11 - y * SCALE, text, "end") for y, text in up]
    texts += [_words(width / 2, 92, first, "middle"), _words(width, 84, power, "end")]
    texts.append(_words(0, -height - 14, other, "start"))
    texts.append(
        f'<text transform="translate(-100 {-height / 2:.0f}) rotate(-90)" '
        f'text-anchor="middle">{second}</text>'
    )
    return f'<path class="p-frame" d="{data}"/>{"".join(texts)}'


def _words(x: float, y: float, text: str, anchor: str) -> str:
    if not text:
        return ""
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{text}</text>'


def _key(key: Key) -> str:
    sample = key.sample
    if isinstance(sample, Line):
        inside = _layer(Line(sample.style, (np.array([[0.0, 0.0], [0.75, 0.0]]),)))
    elif isinstance(sample, Area):
        ring = np.array([[0.05, -0.14], [0.7, -0.14], [0.7, 0.14], [0.05, 0.14]])
        inside = _area(Area(sample.style, (ring,), sample.colour, sample.pattern))
    else:
        inside = _sign(Sign(sample.shape, sample.fill, 0.375, 0.0, sample.decided))
    picture = f'<svg class="key" viewBox="0 -18 75 36" aria-hidden="true">{inside}</svg>'
    return f"<li>{picture}{_text(key.text)}</li>"
