"""A portrait as one HTML file that works without a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

import orjson

from eqpp_dash.figures import FIGURE_CONFIG, THEMES, portrait_figure_dict
from eqpp_dash.figures.basins import basin_share, basin_words
from eqpp_dash.figures.connections import (
    audit_words,
    codimension_words,
    connection_ends,
    connection_status,
    polycycle_words,
)
from eqpp_dash.figures.cycles import (
    annulus_words,
    cycle_bounds,
    cycle_multiplier,
    search_words,
)
from eqpp_dash.figures.ends import end_words
from eqpp_dash.figures.geometry import portrait_frame
from eqpp_dash.figures.labels import (
    format_eigenvalues,
    format_number,
    format_point,
    plain_name,
    printable,
    sector_words,
)
from eqpp_dash.figures.switching import segment_words
from eqpp_dash.model.basins import Basin
from eqpp_dash.model.portrait import Equilibrium, OrbitEnd, Portrait
from eqpp_dash.model.structure import structure_words

_STYLE = """
:root { color-scheme: light dark; --paper: %(light_paper)s; --text: %(light_text)s;
  --muted: %(light_muted)s; --line: %(light_axis)s; }
@media (prefers-color-scheme: dark) { :root { --paper: %(dark_paper)s; --text: %(dark_text)s;
  --muted: %(dark_muted)s; --line: %(dark_axis)s; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 1100px; margin: 0 auto; padding: clamp(8px, 2vw, 16px); }
h1 { font-size: 1.5rem; margin: 0 0 8px; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 28px 0 8px; }
#portrait { height: clamp(420px, 78vh, 760px); }
pre { margin: 0; padding: 10px 12px; border: 1px solid var(--line); border-radius: 8px;
  white-space: pre-wrap; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { color: var(--muted); font-weight: 600; white-space: nowrap; }
footer { margin-top: 28px; color: var(--muted); font-size: 0.85rem; }
@media print { #portrait { height: 120mm; } }
"""

_SCRIPT = """
const figures = JSON.parse(document.getElementById("figures").textContent);
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const narrow = window.matchMedia("(max-width: 600px)");
const place = document.getElementById("portrait");
function draw() {
  const figure = figures[(dark.matches ? "dark" : "light") + (narrow.matches ? "-phone" : "")];
  if (figure.layout.height) place.style.height = figure.layout.height + "px";
  else place.style.removeProperty("height");
  Plotly.react(place, figure.data, figure.layout, figures.config);
}
dark.addEventListener("change", draw);
narrow.addEventListener("change", draw);
draw();
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:">
<meta name="generator" content="EQPP Dash %(engine)s">
<title>%(title)s</title>
<style>%(style)s</style>
</head>
<body>
<main>
<h1>%(title)s</h1>
<div id="portrait"></div>
%(sections)s
<footer>Computed by EQPP Dash %(engine)s%(seconds)s%(id)s.</footer>
</main>
<script type="application/json" id="figures">%(figures)s</script>
<script type="application/json" id="spec">%(spec)s</script>
<script>%(plotly)s</script>
<script>%(script)s</script>
</body>
</html>
"""


def portrait_page(portrait: Portrait, facts: Mapping[str, Any]) -> str:
    """Write a portrait as one HTML file.

    Parameters
    ----------
    portrait : Portrait
        A planar portrait.
    facts : mapping
        Its facts; their ``id`` is shown.

    Returns
    -------
    str
        A document with the interactive figure in both themes, the facts as tables, the
        specification and plotly.js itself. Its content security policy forbids any request.
    """
    spec = portrait.spec
    figures: dict[str, Any] = {"config": FIGURE_CONFIG}
    for theme in THEMES:
        for phone in (False, True):
            figure = portrait_figure_dict(portrait, theme=theme, phone=phone)
            figure["layout"].pop("title", None)  # the page has it as its heading
            figures[theme + ("-phone" if phone else "")] = figure
    seconds = portrait.timing.get("engine_s")
    identity = facts.get("id")
    return _PAGE % {
        "title": _text(spec.title or "Phase portrait"),
        "engine": _text(portrait.engine),
        "seconds": "" if seconds is None else f" in {_number(seconds)} s",
        "id": f", portrait {_text(str(identity))}" if identity else "",
        "style": _STYLE % _colours(),
        "sections": "\n".join(_sections(portrait)),
        "figures": _inline_json(figures),
        "spec": _inline_json(spec.to_dict()),
        "plotly": _plotly_js(),
        "script": _SCRIPT,
    }


def _colours() -> dict[str, str]:
    return {
        f"{name}_{part}": getattr(theme, part)
        for name, theme in THEMES.items()
        for part in ("paper", "text", "muted", "axis")
    }


def _inline_json(value: Any) -> str:
    """Write JSON that cannot end its script element, whatever its strings hold."""
    return orjson.dumps(value).decode().replace("<", "\\u003c")


def _plotly_js() -> str:
    source = (files("plotly") / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
    return source.replace("</script", "<\\/script")


def _text(value: str) -> str:
    return escape(printable(value))


def _number(value: float | str) -> str:
    return _text(value) if isinstance(value, str) else format_number(float(value), 6)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{cell}</th>" for cell in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>'
        "</div>"
    )


def _sections(portrait: Portrait) -> Iterable[str]:
    system, frame = portrait.system, portrait_frame(portrait)
    equations = "\n".join(
        f"{name}' = {right}" for name, right in zip(system.variables, system.equations, strict=True)
    )
    yield f"<h2>System</h2>\n<pre>{escape(equations)}</pre>"
    values = [(_text(plain_name(k)), _number(v)) for k, v in system.parameters.items()]
    limits = [
        (_text(plain_name(name)), f"{_number(low)} to {_number(high)}")
        for name, (low, high) in portrait.window.items()
    ]
    if values:
        yield "<h2>Parameters</h2>\n" + _table(("parameter", "value"), values)
    yield "<h2>Window</h2>\n" + _table(("variable", "from, to"), limits)
    if portrait.stopped:
        yield f"<p><strong>Partial: {_text(portrait.stopped)}.</strong></p>"
    if portrait.equilibria:
        names = ", ".join(_text(plain_name(name)) for name in system.variables)
        heads = ("", f"({names})", "kind", "stability", "eigenvalues", "index", "evidence")
        yield "<h2>Equilibria</h2>\n" + _table(heads, _equilibria(portrait, frame.span.tolist()))
    for name, state in portrait.completeness.items():
        if name != "limit_cycles":
            yield f"<p>Completeness of the {_text(name)}: {_text(state)}.</p>"
    yield from _cycle_section(portrait)
    yield from _connection_section(portrait)
    if portrait.equilibrium_sets:
        rows = [(f"{_text(s.implicit)} = 0", _text(s.stability)) for s in portrait.equilibrium_sets]
        yield "<h2>Sets of equilibria</h2>\n" + _table(("equation", "stability"), rows)
    if portrait.switching:
        segments = [tuple(map(_text, words)) for words in segment_words(portrait)]
        heading = "<h2>Surfaces where the field jumps</h2>\n"
        yield heading + _table(("surface", "kind", "from", "to"), segments)
    if portrait.singularities:
        points = [
            (_point(item.point.tolist(), frame.span.tolist()), _text(item.reason))
            for item in portrait.singularities
        ]
        yield "<h2>Singularities</h2>\n" + _table(("point", "reason"), points)
    if system.structure:
        words = [structure_words(entry) for entry in system.structure]
        structure_rows = [(_text(w.name), _text(w.formula), _text(w.remark)) for w in words]
        yield "<h2>Structure</h2>\n" + _table(("proved", "expression", "remark"), structure_rows)
    given = [item for item in portrait.trajectories if item.origin == "given"]
    if given:
        trajectory_rows = [
            (
                _point(item.start.tolist(), frame.span.tolist()),
                _end(item.backward, portrait, frame.span.tolist(), -1),
                _end(item.forward, portrait, frame.span.tolist(), 1),
            )
            for item in given
        ]
        table = _table(("through", "comes from", "goes to"), trajectory_rows)
        yield f"<h2>Given trajectories</h2>\n{table}"
    if portrait.notices:
        items = "".join(f"<li>{_text(notice.message)}</li>" for notice in portrait.notices)
        yield f"<h2>Remarks</h2>\n<ul>{items}</ul>"


def _point(values: Sequence[float], spans: Sequence[float]) -> str:
    return format_point(values, spans, 6)


def _equilibria(portrait: Portrait, spans: Sequence[float]) -> Iterable[Sequence[str]]:
    for number, item in enumerate(portrait.equilibria):
        yield (
            str(number),
            _point(item.point.tolist(), spans),
            _kind(item),
            _text(item.stability),
            _text(format_eigenvalues(item.eigenvalues.tolist(), 6)),
            "undecided" if item.index is None else str(item.index).replace("-", "−"),
            _text(f"{item.evidence} ({item.method})" if item.method else item.evidence),
        )


def _cycle_section(portrait: Portrait) -> Iterable[str]:
    if portrait.limit_cycles:
        rows = [
            (
                str(number),
                _text(item.stability),
                format_number(item.period, 8),
                _text(cycle_multiplier(item)),
                _text(cycle_bounds(item, portrait.system.variables)),
                _text(item.location),
                _text(item.evidence),
            )
            for number, item in enumerate(portrait.limit_cycles)
        ]
        heads = ("", "stability", "period", "multiplier", "bounds", "location", "evidence")
        yield "<h2>Limit cycles</h2>\n" + _table(heads, rows)
    yield f"<p>Limit cycles: {_text(search_words(portrait))}.</p>"
    if portrait.annuli:
        items = "".join(
            f"<li>{_text(annulus_words(portrait, item))} ({_text(item.evidence)})</li>"
            for item in portrait.annuli
        )
        yield f"<h2>Annuli of closed orbits</h2>\n<ul>{items}</ul>"
    if portrait.basins is not None:
        yield _basin_table(portrait, portrait.basins.basins)


def _basin_table(portrait: Portrait, basins: Sequence[Basin]) -> str:
    spans = tuple(portrait_frame(portrait).span.tolist())
    rows = [
        (basin_words(item, spans), basin_share(item), format_number(item.area, 5), item.evidence)
        for item in basins
    ]
    heads = ("of", "share of the window", "area", "evidence")
    table = _table(heads, [tuple(map(_text, row)) for row in rows])
    return f"<h2>Basins of attraction</h2>\n{table}"


def _connection_section(portrait: Portrait) -> Iterable[str]:
    if portrait.connections:
        rows = [
            (
                str(number),
                _text(item.type),
                _text(connection_ends(item, portrait)),
                _text(connection_status(item)),
                _text(codimension_words(item)),
                _text(item.how),
            )
            for number, item in enumerate(portrait.connections)
        ]
        heads = ("", "type", "saddles", "status", "codimension", "how")
        yield "<h2>Connections</h2>\n" + _table(heads, rows)
    if portrait.polycycles:
        items = "".join(f"<li>{_text(polycycle_words(p))}</li>" for p in portrait.polycycles)
        yield f"<h2>Polycycles</h2>\n<ul>{items}</ul>"
    if portrait.audit is not None:
        notes = "".join(f"<br><small>{_text(note)}</small>" for note in portrait.audit.notes)
        yield f"<p>Audit of the indices: {_text(audit_words(portrait.audit))}.{notes}</p>"


def _kind(item: Equilibrium) -> str:
    remarks = [item.reason] if item.reason else []
    if item.sectors is not None:
        remarks.insert(0, f"sectors: {sector_words(item.sectors)}")
    return _text(item.kind) + "".join(f"<br><small>{_text(text)}</small>" for text in remarks)


def _end(end: OrbitEnd, portrait: Portrait, spans: Sequence[float], sign: int) -> str:
    text = end_words(end, portrait.equilibria, spans, portrait.limit_cycles)
    text += "" if end.time is None else f", t = {format_number(sign * end.time)}"
    return _text(f"{text}: {end.reason}" if end.reason else text)
