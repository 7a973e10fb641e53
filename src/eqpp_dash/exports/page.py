"""A portrait as one HTML file that works without a network: the figure and the report."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import orjson

from eqpp_dash.exports.drawing import draw_on_paper
from eqpp_dash.exports.markup import html_section, html_text
from eqpp_dash.exports.paper import PAPER_STYLE, paper_picture
from eqpp_dash.exports.report import portrait_report
from eqpp_dash.exports.report.blocks import Report
from eqpp_dash.figures import FIGURE_CONFIG, THEMES, portrait_figure_dict
from eqpp_dash.figures.labels import format_number
from eqpp_dash.model.portrait import Portrait

_STYLE = """
:root { color-scheme: light dark; --paper: %(light_paper)s; --text: %(light_text)s;
  --muted: %(light_muted)s; --line: %(light_axis)s; --link: %(light_orbit)s;
  --soft: %(light_grid)s; }
@media (prefers-color-scheme: dark) { :root { --paper: %(dark_paper)s; --text: %(dark_text)s;
  --muted: %(dark_muted)s; --line: %(dark_axis)s; --link: %(dark_orbit)s;
  --soft: %(dark_grid)s; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 8px; }
body { margin: 0; background: var(--paper); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 1100px; margin: 0 auto; padding: clamp(12px, 2vw, 20px); }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 8px; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 30px 0 8px; }
h3 { font-size: 0.95rem; margin: 14px 0 2px; }
p, ul { margin: 6px 0; max-width: 80ch; overflow-wrap: anywhere; }
ul { padding-left: 1.3em; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
nav { font-size: 0.85rem; margin: 10px 0 0; display: flex; flex-wrap: wrap; gap: 2px 14px; }
#portrait { height: clamp(420px, 78vh, 760px); }
pre { margin: 8px 0; padding: 10px 12px; border: 1px solid var(--line); border-radius: 8px;
  white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.85rem; }
code { overflow-wrap: anywhere; }
math { font-size: 1.08em; }
.formulas { overflow-x: auto; padding: 4px 0; font-size: 1.06rem; }
.equation { margin: 6px 0; padding-left: 2.5em; text-indent: -2.5em; }
.equation > * { text-indent: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%%; font-variant-numeric: tabular-nums;
  font-size: 0.9rem; }
th, td { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { color: var(--muted); font-weight: 600; white-space: nowrap; }
td:first-child { white-space: nowrap; }
.noted td { border-bottom: 0; padding-bottom: 0; }
.note td { color: var(--muted); font-size: 0.85rem; padding-top: 0; }
.see { font-size: 0.75em; color: var(--muted); white-space: nowrap; }
.pairs td:first-child { width: 14em; white-space: normal; }
.warning { border-left: 3px solid var(--link); padding-left: 10px; }
:target { background: var(--soft); }
footer { margin-top: 28px; color: var(--muted); font-size: 0.85rem; }
.print { display: none; }
@media screen and (max-width: 600px) {
  .pairs td:first-child { width: 40%%; }
  table:not(.pairs) thead { display: none; }
  table:not(.pairs) :is(tbody, tr, td), table:not(.pairs) { display: block; }
  tr { border-bottom: 1px solid var(--line); padding: 6px 0; }
  .noted { border-bottom: 0; padding-bottom: 0; } .note { padding-top: 0; }
  table:not(.pairs) td { border: 0; padding: 1px 0; overflow-wrap: anywhere; }
  table:not(.pairs) td[data-label]:not([data-label=""]) { display: grid; gap: 8px;
    grid-template-columns: 8.5em 1fr; }
  table:not(.pairs) td[data-label]::before { content: attr(data-label); color: var(--muted); }
  td[data-label=""] { font-weight: 600; }
  table:not(.pairs) td[data-label=""]::before { content: none; }
}
@media print {
  @page { size: A4; margin: 16mm; }
  :root { color-scheme: light; --paper: #fff; --text: %(light_text)s;
    --muted: %(light_muted)s; --line: %(light_axis)s; --link: %(light_orbit)s; }
  body { font-size: 10.5pt; } main { max-width: none; padding: 0; }
  #portrait, nav { display: none !important; } .print { display: block; }
  h2, h3 { break-after: avoid; } tr, li, .equation, .print { break-inside: avoid; }
  .noted { break-after: avoid; } thead { display: table-header-group; }
  .wide, .formulas { overflow: visible; } table, .note td { font-size: 8.5pt; }
  th { white-space: normal; } td, th { padding: 3px 8px 3px 0; overflow-wrap: break-word; }
  :target { background: none; }
}
"""

_SCRIPT = """
const figures = JSON.parse(document.getElementById("figures").textContent);
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const narrow = window.matchMedia("(max-width: 600px)");
const paper = window.matchMedia("print");
const place = document.getElementById("portrait");
function draw() {
  if (paper.matches) return;
  const figure = figures[(dark.matches ? "dark" : "light") + (narrow.matches ? "-phone" : "")];
  if (figure.layout.height) place.style.height = figure.layout.height + "px";
  else place.style.removeProperty("height");
  Plotly.react(place, figure.data, figure.layout, figures.config);
}
dark.addEventListener("change", draw);
narrow.addEventListener("change", draw);
paper.addEventListener("change", draw);
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
<style>%(style)s%(paper_style)s</style>
<noscript><style>#portrait { display: none; } .print { display: block; background: #fff;
  color: %(ink)s; padding: 8px; }</style></noscript>
</head>
<body>
<main>
<h1>%(title)s</h1>
<div id="portrait"></div>
<div class="print">
%(paper)s
</div>
<nav aria-label="Contents">%(contents)s</nav>
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
        A document with the interactive figure in both themes, the report, the specification
        and plotly.js itself; on paper a drawing takes the figure's place. Its content security
        policy forbids any request.
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
    report = portrait_report(portrait, facts)
    return _PAGE % {
        "title": html_text(report.title),
        "engine": html_text(portrait.engine),
        "seconds": "" if seconds is None else f" in {format_number(seconds, 3)} s",
        "id": f", portrait {html_text(str(identity))}" if identity else "",
        "style": _STYLE % _colours(),
        "paper_style": PAPER_STYLE,
        "ink": THEMES["light"].text,
        "paper": _paper(portrait, report.title),
        "contents": _contents(report),
        "sections": "\n".join(map(html_section, report.sections)),
        "figures": _inline_json(figures),
        "spec": _inline_json(spec.to_dict()),
        "plotly": _plotly_js(),
        "script": _SCRIPT,
    }


def _paper(portrait: Portrait, title: str) -> str:
    drawing = draw_on_paper(portrait)
    made = paper_picture(drawing, title)
    if drawing.omitted:
        made += f"\n<p>{drawing.omitted} short pieces of curves are not drawn here.</p>"
    return made


def _contents(report: Report) -> str:
    return " ".join(
        f'<a href="#{section.anchor}">{html_text(section.heading)}</a>'
        for section in report.sections
    )


def _colours() -> dict[str, str]:
    return {
        f"{name}_{part}": getattr(theme, part)
        for name, theme in THEMES.items()
        for part in ("paper", "text", "muted", "axis", "orbit", "grid")
    }


def _inline_json(value: Any) -> str:
    """Write JSON that cannot end its script element, whatever its strings hold."""
    return orjson.dumps(value).decode().replace("<", "\\u003c")


def _plotly_js() -> str:
    source = (files("plotly") / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
    return source.replace("</script", "<\\/script")
