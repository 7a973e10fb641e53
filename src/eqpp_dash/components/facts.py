"""What was found: in words, then the lists: equilibria, cycles, warnings, timing and more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import html

from eqpp_dash.components.attributes import aria, data
from eqpp_dash.components.connections import audit_section, connections_section
from eqpp_dash.components.narrative import narrative_section
from eqpp_dash.figures.basins import basin_share, basin_words
from eqpp_dash.figures.cycles import (
    annulus_words,
    cycle_multiplier,
    cycle_name,
    search_words,
)
from eqpp_dash.figures.exact import exact_words
from eqpp_dash.figures.labels import (
    format_eigenvalues,
    format_number,
    format_point,
    plain_name,
    sector_words,
)
from eqpp_dash.figures.switching import segment_words
from eqpp_dash.figures.symbols import equilibrium_mark
from eqpp_dash.model.cycles import NOT_SEARCHED, LimitCycle
from eqpp_dash.model.marks import mark
from eqpp_dash.model.portrait import Equilibrium, Notice, Portrait
from eqpp_dash.model.sets import set_words
from eqpp_dash.model.structure import structure_words
from eqpp_dash.model.typeset import plain_formula, plain_text

_SURE = {
    "proved": "proved complete",
    "verified": "verified",
    "numerical": "numerical search",
    "undecided": "undecided",
}


def facts_panel(
    portrait: Portrait,
    *,
    row_id: str | None = None,
    finished: bool = False,
    told: Collection[Notice] = (),
) -> list[Any]:
    """Give the facts of a portrait.

    Parameters
    ----------
    portrait : Portrait
        A preview or a finished portrait.
    row_id : str, optional
        Row of the finished portrait, to link its page; None for a preview.
    finished : bool
        Whether it is a finished portrait also without a row to link.
    told : collection of Notice
        Remarks that the page makes elsewhere.
    """
    return [
        narrative_section(portrait.facts(narrative=False)),
        _equilibria(portrait),
        _cycles(portrait),
        *_annuli(portrait),
        *connections_section(portrait),
        *_basins(portrait),
        *_sets(portrait),
        *_switching(portrait),
        *_singularities(portrait),
        *audit_section(portrait),
        *_structure(portrait),
        *_notices(item for item in portrait.notices if item not in told),
        _searches(portrait),
        _timing(portrait, row_id, finished or row_id is not None),
    ]


def _equilibria(portrait: Portrait) -> html.Div:
    sure = portrait.completeness.get("equilibria", "")
    count = sum(item.location != "outside" for item in portrait.equilibria)
    beyond = len(portrait.equilibria) - count
    short = _SURE.get(sure)
    head: list[Any] = [
        html.H2("Equilibria", className="panel-title"),
        html.Span(str(count), className="count"),
    ]
    if short is not None:
        head.append(html.Span(short, className=f"evidence evidence-{sure}"))
    title: list[Any] = [html.Div(head, className="facts-head")]
    if sure and short is None:
        words = f"N{sure[1:]}." if sure.startswith(NOT_SEARCHED) else f"Search: {plain_text(sure)}."
        title.append(html.P(words, className="reason search"))
    if not count and sure.startswith(NOT_SEARCHED):
        return html.Div(title)
    if not count:
        alone = "None isolated" if portrait.equilibrium_sets else "None found"
        where = " in the window" if portrait.window else ""
        title.append(html.P(f"{alone}{where}."))
    if beyond:
        title.append(html.P(f"And {beyond} outside the window.", className="reason search"))
    if not portrait.equilibria:
        return html.Div(title)
    spans = _spans(portrait)
    rows = [_equilibrium(index, item, spans) for index, item in enumerate(portrait.equilibria)]
    return html.Div([*title, html.Ol(rows, className="equilibria")])


def _spans(portrait: Portrait) -> list[float]:
    return [high - low for low, high in portrait.window.values()]


def _equilibrium(index: int, item: Equilibrium, spans: Sequence[float]) -> html.Li:
    drawn = equilibrium_mark(item)
    sign = "" if item.index is None else f"{item.index:+d}".replace("-", "−").replace("+0", "0")
    details: list[Any] = [
        _pair("λ", format_eigenvalues(item.eigenvalues.tolist())),
        _pair("Index", sign or "undecided"),
        _pair("Evidence", f"{item.evidence}, {item.method}" if item.method else item.evidence),
    ]
    exact = exact_words(item.exact)
    if exact:
        details.insert(0, _pair("Exactly", exact))
    if item.sectors is not None:
        details.append(_pair("Sectors", sector_words(item.sectors)))
    if item.location != "inside":
        details.append(_pair("Place", item.location))
    return html.Li(
        [
            html.Div(
                [
                    html.Span(
                        className=f"mark mark-{drawn.shape} mark-{drawn.fill}",
                        **aria(hidden="true"),
                    ),
                    html.Span(mark("equilibrium", index), className="fact-name"),
                    html.Span(item.kind, className="kind"),
                    html.Span(format_point(item.point.tolist(), spans), className="point"),
                ],
                className="equilibrium-head",
            ),
            html.Dl(details, className="pairs"),
            *([html.P(plain_text(item.reason), className="reason")] if item.reason else []),
        ],
        className="equilibrium",
        **data(equilibrium=str(index)),
    )


def _cycles(portrait: Portrait) -> html.Div:
    rows = [_cycle(index, item, portrait) for index, item in enumerate(portrait.limit_cycles)]
    said = plain_text(search_words(portrait))  # capitalize() would write a variable I in it as i
    words = html.P(f"{said[:1].upper()}{said[1:]}.", className="reason search")
    listed = [html.Ol(rows, className="equilibria cycles")] if rows else []
    return html.Div([_title("Limit cycles", len(rows)), words, *listed])


def _cycle(index: int, item: LimitCycle, portrait: Portrait) -> html.Li:
    details = [
        _pair("Period", format_number(item.period, 5)),
        _pair("Multiplier", cycle_multiplier(item)),
        *_bounds(item, portrait.system.variables),
        _pair("Evidence", item.evidence),
    ]
    if item.location != "inside":
        place = {"crosses": "crosses the window's border"}.get(item.location, item.location)
        details.append(_pair("Place", place))
    head = [
        html.Span(className=f"dash dash-{item.stability}", **aria(hidden="true")),
        html.Span(mark("cycle", index), className="fact-name"),
        html.Span(cycle_name(item), className="kind"),
    ]
    return html.Li(
        [html.Div(head, className="equilibrium-head"), html.Dl(details, className="pairs")],
        className="equilibrium cycle",
        **data(cycle=str(index)),
    )


def _bounds(item: LimitCycle, variables: Sequence[str]) -> list[html.Div]:
    rows = zip(variables, item.bounds.tolist(), strict=True)
    return [
        _pair(plain_name(name), f"{format_number(low, 5)} to {format_number(high, 5)}")
        for name, (low, high) in rows
    ]


def _annuli(portrait: Portrait) -> list[Any]:
    if not portrait.annuli:
        return []
    items = [
        html.Li([annulus_words(portrait, item), html.Span(f" {item.evidence}", className="quiet")])
        for item in portrait.annuli
    ]
    return [html.Div([_title("Annuli of closed orbits", len(items)), html.Ul(items)])]


def _basins(portrait: Portrait) -> list[Any]:
    if portrait.basins is None:
        return []
    spans, items = tuple(_spans(portrait)), portrait.basins.basins
    rows = [
        html.Div(
            [
                html.Dt(basin_words(item, spans)),
                html.Dd([basin_share(item), html.Span(f" {item.evidence}", className="quiet")]),
            ]
        )
        for item in items
    ]
    words = html.P(f"Of the window; {portrait.basins.summary}.", className="reason search")
    listed = html.Dl(rows, className="pairs wide basins")
    return [html.Div([_title("Basins of attraction", len(items)), words, listed])]


def _pair(name: str, value: str) -> html.Div:
    return html.Div([html.Dt(name), html.Dd(value)])


def _sets(portrait: Portrait) -> list[Any]:
    if not portrait.equilibrium_sets:
        return []
    items = [
        html.Li(
            [
                "All points are equilibria:"
                if s.implicit == "0" and not s.part
                else html.Span(plain_text(set_words(s.implicit, s.part)), className="formula"),
                html.Span(f" {s.stability}", className="quiet"),
            ]
        )
        for s in portrait.equilibrium_sets
    ]
    return [html.Div([_title("Sets of equilibria", len(items)), html.Ul(items)])]


def _switching(portrait: Portrait) -> list[Any]:
    rows = segment_words(portrait)
    if not rows:
        return []
    items = [
        html.Li(
            [
                html.Span(kind, className="kind"),
                f" on {plain_formula(surface)}: ",
                f"between {begin} and {end}" if begin != end else f"all round through {begin}",
            ]
        )
        for surface, kind, begin, end in rows
    ]
    return [html.Div([_title("Surfaces where the field jumps", len(items)), html.Ul(items)])]


def _singularities(portrait: Portrait) -> list[Any]:
    if not portrait.singularities:
        return []
    items = []
    for item in portrait.singularities:
        index = "" if item.index is None else f", index {item.index}"
        spans = _spans(portrait)
        where = format_point(item.point, spans) if item.point.size <= 3 else "along a line"
        items.append(html.Li(f"{where}: {plain_text(item.reason)}{index}"))
    return [html.Div([_title("Singularities", len(items)), html.Ul(items)])]


def _structure(portrait: Portrait) -> list[Any]:
    if not portrait.system.structure:
        return []
    items = []
    for words in map(structure_words, portrait.system.structure):
        said = plain_text(words.remark)
        remark = [html.Span(f" {said}", className="quiet")] if said else []
        short = "formula unbroken" if "->" in words.formula else "formula"
        formula = html.Span(plain_text(words.formula), className=short)
        items.append(html.Li([f"{words.name}: ", formula, *remark]))
    return [html.Div([_title("Structure", len(items)), html.Ul(items, className="structure")])]


def _title(text: str, count: int) -> html.Div:
    return html.Div(
        [html.H2(text, className="panel-title"), html.Span(str(count), className="count")],
        className="facts-head",
    )


def _notices(notices: Iterable[Notice]) -> list[Any]:
    items = [html.Li(plain_text(notice.message)) for notice in notices]
    if not items:
        return []
    return [html.Div([_title("Remarks", len(items)), html.Ul(items, className="remarks")])]


def _searches(portrait: Portrait) -> html.Div:
    entries = [
        ("Nullcline branches", str(sum(len(n.branches) for n in portrait.nullclines))),
        ("Trajectories", str(len(portrait.trajectories))),
    ]
    entries += [
        (name.replace("_", " ").capitalize(), state)
        for name, state in portrait.completeness.items()
        if name not in ("equilibria", "limit_cycles")
    ]
    return html.Div(
        [_heading("Drawn"), html.Dl([_pair(*entry) for entry in entries], className="pairs wide")]
    )


def _heading(text: str) -> html.Div:
    return html.Div(html.H2(text, className="panel-title"), className="facts-head")


def _timing(portrait: Portrait, row_id: str | None, finished: bool) -> html.Div:
    engine = portrait.timing.get("engine_s")
    entries = [("Engine", f"version {portrait.engine}")]
    if engine is not None:
        entries.append(("Computed in", f"{engine * 1000:.0f} ms"))
    if portrait.integrator:
        entries.append(("Integrated by", portrait.integrator))
    link: list[Any] = []
    if row_id is not None:
        link = [dmc.Anchor("Permanent page", href=f"/p/{row_id}", size="sm", className="own-page")]
    return html.Div(
        [
            _heading("Portrait" if finished else "Preview"),
            html.Dl([_pair(*entry) for entry in entries], className="pairs wide"),
            *link,
        ]
    )
