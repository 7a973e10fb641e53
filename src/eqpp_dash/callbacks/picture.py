"""The figure: a preview of what is asked, the finished portrait where there is one, a click."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from traceback import format_exc
from typing import TYPE_CHECKING, Any

import structlog
from dash import Dash, Input, Output, Patch, ctx, no_update
from dash.exceptions import PreventUpdate

from eqpp_dash.callbacks.browser import in_browser
from eqpp_dash.callbacks.form import Draft, form_spec, point_entry, read_draft
from eqpp_dash.components.facts import facts_panel, point_text
from eqpp_dash.components.header import export_items
from eqpp_dash.components.ids import Facts, JobKey, Key, Picture, Shell
from eqpp_dash.components.parameters import number_text
from eqpp_dash.errors import EqppError, EquationError, SpecError
from eqpp_dash.figures import portrait_figure_dict, theme_named, trajectory_traces
from eqpp_dash.model.numbers import read_float
from eqpp_dash.model.portrait import Portrait, Trajectory
from eqpp_dash.model.spec import Options, PortraitSpec, TimeSpan

if TYPE_CHECKING:
    from eqpp_dash.services import Services

log = structlog.get_logger("eqpp_dash.page")

_ENDS = {
    "left work box": "far outside",
    "time": "the longest time",
    "budget": "the end of the work budget",
    "undefined": "where the field is undefined",
    "closed orbit": "itself (closed)",
}
PREVIEW_STARTS = 40
PREVIEW_RTOL, PREVIEW_ATOL = 1e-6, 1e-8
FRESH, STALE = "picture-frame fresh", "picture-frame stale"


@dataclass(frozen=True, slots=True)
class Answer:
    """What to draw: a finished portrait if there is one, else a preview.

    Attributes
    ----------
    portrait : Portrait
        What to draw.
    row_id : str or None
        Row of a finished portrait.
    state : str
        The question, for the link.
    """

    portrait: Portrait
    row_id: str | None
    state: str


def asked(services: Services, draft: Draft) -> PortraitSpec:
    """Give the specification that a draft asks for."""
    form = draft.form
    base = services.links.decode(form.origin) if form.origin else PortraitSpec(form.equations)
    declared = {*base.parameters, *form.parameters}
    found = services.previews.understand(form.equations, declared=declared)
    return form_spec(form, base, found, services.previews.constant)


def answer(services: Services, draft: Draft) -> Answer:
    """Answer a draft from the archive, or else by a preview."""
    spec = asked(services, draft)
    state = services.links.encode(spec)
    job = services.portraits.finished(spec)
    if job is not None:
        return Answer(services.portraits.portrait(job.row_id), job.row_id, state)
    return Answer(services.previews.preview(quick_spec(spec)), None, state)


def quick_spec(spec: PortraitSpec) -> PortraitSpec:
    """Give the question with options for looking rather than for keeping.

    A preview answers at every move of a slider, so it asks for no more digits than a screen
    has, follows the latest of the given points, and leaves to the engine for how long.
    """
    rtol, atol = max(spec.options.rtol, PREVIEW_RTOL), max(spec.options.atol, PREVIEW_ATOL)
    return spec.replace(
        options=Options(rtol, atol),
        time=TimeSpan(spec.time.start),
        initial_conditions=spec.initial_conditions[-PREVIEW_STARTS:],
    )


def draw_answer(found: Answer, draft: Draft) -> dict[str, Any]:
    """Give the page's parts for an answer."""
    portrait = found.portrait
    figure = untitled_figure(portrait, draft.theme, phone=draft.phone)
    limits = [[number_text(v) for v in portrait.window[n]] for n in portrait.system.variables]
    return {
        "figure": on_page(figure, draft.form.aspect),
        "style": graph_style(figure),
        "frame": FRESH,
        "message": "",
        "badge": "Finished" if found.row_id else "Preview",
        "colour": "teal" if found.row_id else "gray",
        "caption": caption(portrait, found.row_id),
        "facts": facts_panel(portrait, row_id=found.row_id),
        "exports": export_items(found.row_id),
        "drawn": {
            "seq": draft.seq,
            "state": found.state,
            "row": found.row_id,
            "limits": limits,
        },
    }


def recoloured(theme: str) -> Patch:
    """Give the change of a figure's paper, axes and letters to a colour scheme."""
    colours, change = theme_named(theme), Patch()
    change["layout"]["plot_bgcolor"] = colours.plot
    change["layout"]["font"]["color"] = colours.text
    for axis in ("xaxis", "yaxis"):
        change["layout"][axis]["gridcolor"] = colours.grid
        change["layout"][axis]["tickfont"]["color"] = colours.muted
        for line in ("zerolinecolor", "linecolor", "tickcolor"):
            change["layout"][axis][line] = colours.axis
    return change


def keep_picture(error: EqppError, data: Any) -> dict[str, Any]:
    """Keep the last good picture, dimmed, and say what is wrong.

    Parameters
    ----------
    error : EqppError
        What is wrong; the place in the equations is told beside them.
    data : object
        The draft that could not be drawn.
    """
    data = data if isinstance(data, dict) else {}
    message = str(error)
    if isinstance(error, EquationError):
        message = "The equations cannot be read: this is the last portrait that could be drawn"
    parts: dict[str, Any] = dict.fromkeys(
        ("style", "badge", "colour", "caption", "facts", "exports"), no_update
    )
    drawn = {"seq": data.get("seq"), "state": None, "row": None, "limits": None}
    figure = recoloured("dark" if data.get("theme") == "dark" else "light")
    return parts | {"figure": figure, "frame": STALE, "message": message, "drawn": drawn}


def broken_picture(error: Exception) -> dict[str, Any]:
    """Keep the picture also where our own code failed: the page says so, the log has why."""
    log.error("FAILED", callback="draw", error=str(error), traceback=format_exc())
    return keep_picture(EqppError(words_for(error)), ctx.inputs.get(f"{Key.DRAFT}.data"))


def broken_trace(error: Exception) -> dict[str, Any]:
    """Keep the picture where following a click failed; see `broken_picture`."""
    log.error("FAILED", callback="add_trajectory", error=str(error), traceback=format_exc())
    data = ctx.inputs.get(f"{Key.CLICK}.data")
    return no_trace(words_for(error), data.get("seq") if isinstance(data, dict) else None)


def words_for(error: Exception) -> str:
    """Say that our own code failed.

    Examples
    --------
    >>> words_for(ValueError("no"))
    'Something went wrong on the server (ValueError: no)'
    """
    return f"Something went wrong on the server ({type(error).__name__}: {error!s:.200})"


def no_trace(words: str, seq: Any) -> dict[str, Any]:
    """Leave the picture as it is, and say why nothing was added."""
    parts = dict.fromkeys(("figure", "badge", "colour", "caption", "exports"), no_update)
    return parts | {"message": words, "traced": {"seq": seq, "state": None, "starts": []}}


def caption(portrait: Portrait, row_id: str | None) -> str:
    """Say in a line what is shown."""
    if row_id is not None:
        return "stopped early" if portrait.partial else ""
    return "Compute follows every trajectory and keeps the result"


def untitled_figure(portrait: Portrait, theme: str, *, phone: bool) -> dict[str, Any]:
    """Draw a portrait for the page, which has the title elsewhere."""
    untitled = replace(portrait, spec=portrait.spec.replace(title=""))
    return portrait_figure_dict(untitled, theme=theme, phone=phone)


def on_page(figure: dict[str, Any], aspect: str = "auto") -> dict[str, Any]:
    """Give the figure for the page: on its panel's paper, with the axes wanted.

    Parameters
    ----------
    figure : dict
        ``data`` and ``layout``.
    aspect : str
        ``equal`` or ``free``; ``auto`` leaves the axes as they are.

    Examples
    --------
    >>> on_page({"data": [], "layout": {"yaxis": {"scaleanchor": "x"}}}, "free")
    {'data': [], 'layout': {'yaxis': {}, 'paper_bgcolor': 'rgba(0,0,0,0)'}}
    """
    layout = figure["layout"] | {"paper_bgcolor": "rgba(0,0,0,0)"}
    if "constraintoward" in layout.get("yaxis", {}) and "height" not in layout:
        layout["yaxis"] = layout["yaxis"] | {"constraintoward": "middle"}
    if aspect == "auto":
        return {**figure, "layout": layout}
    axis = {
        key: value
        for key, value in layout.get("yaxis", {}).items()
        if key not in ("scaleanchor", "scaleratio")
    }
    if aspect == "equal":
        axis |= {"scaleanchor": "x", "scaleratio": 1, "constrain": "domain"}
        layout["xaxis"] = layout.get("xaxis", {}) | {"constrain": "domain"}
    layout["yaxis"] = axis
    return {**figure, "layout": layout}


def graph_style(figure: dict[str, Any]) -> dict[str, str]:
    """Give the graph the height that its layout asks for, if it asks.

    Examples
    --------
    >>> graph_style({"layout": {"height": 400}}), graph_style({"layout": {}})
    ({'height': '400px'}, {})
    """
    height = figure["layout"].get("height")
    return {} if height is None else {"height": f"{height}px"}


@dataclass(frozen=True, slots=True)
class Traced:
    """A trajectory through a clicked point, and the question that now includes it."""

    trajectories: tuple[Trajectory, ...]
    spec: PortraitSpec
    variables: tuple[str, ...]
    window: list[tuple[float, float]]
    at: tuple[float, float]


def trace(services: Services, draft: Draft, data: Mapping[str, Any]) -> Traced:
    """Follow the trajectory through a clicked point, both ways.

    Parameters
    ----------
    services : Services
        What follows it.
    draft : Draft
        What the page asks for.
    data : mapping
        ``at``, the point, and ``window``, the limits of the picture that was clicked in.
    """
    at, limits = data.get("at"), data.get("window")
    if not isinstance(at, list) or len(at) != 2 or not isinstance(limits, list):
        raise SpecError("a click is a point of the plane")
    x, y = (read_float(value, "initial_conditions") for value in at)
    spec = asked(services, draft)
    found = services.previews.understand(spec.equations, declared=spec.parameters)
    variables = found.variables
    if not all(isinstance(pair, list) for pair in limits):
        raise SpecError("a click is a point of the plane")
    shown = spec.replace(window={n: tuple(p) for n, p in zip(variables, limits, strict=False)})
    if shown.window is None or len(shown.window) != 2:
        raise SpecError("a click is a point of the plane")
    trajectories = services.previews.trajectories(spec, [(x, y)], shown.window)
    wider = spec.replace(initial_conditions=(*spec.initial_conditions, (x, y)))
    return Traced(trajectories, wider, variables, list(shown.window.values()), (x, y))


def add_trace(services: Services, found: Traced, draft: Draft) -> dict[str, Any]:
    """Give the page's parts for a clicked trajectory."""
    patch = Patch()
    patch["data"].extend(
        trajectory_traces(
            found.trajectories, draft.theme, window=found.window, variables=found.variables
        )
    )
    return {
        "figure": patch,
        "message": "",
        "badge": "Edited",
        "colour": "gray",
        "caption": fate(found),
        "exports": export_items(None),
        "traced": {
            "seq": draft.seq,
            "state": services.links.encode(found.spec),
            "starts": [point_entry(point) for point in found.spec.initial_conditions],
        },
    }


def fate(found: Traced) -> str:
    """Say where a clicked trajectory comes from and goes to."""
    if not found.trajectories:
        return ""
    orbit = found.trajectories[0]
    ends = [_ENDS.get(half.end, half.end) for half in (orbit.backward, orbit.forward)]
    return f"Through {point_text(found.at)}: from {ends[0]} to {ends[1]}"


def register(app: Dash, services: Services) -> None:
    """Register drawing, clicking and clearing."""

    @app.callback(
        output={
            "figure": Output(Picture.GRAPH, "figure"),
            "style": Output(Picture.GRAPH, "style"),
            "frame": Output(Picture.FRAME, "className"),
            "message": Output(Picture.MESSAGE, "children"),
            "badge": Output(Picture.BADGE, "children"),
            "colour": Output(Picture.BADGE, "color"),
            "caption": Output(Picture.CAPTION, "children"),
            "facts": Output(Facts.PANEL, "children"),
            "exports": Output(Shell.EXPORT_ITEMS, "children"),
            "drawn": Output(Key.DRAWN, "data"),
        },
        inputs={"data": Input(Key.DRAFT, "data")},
        on_error=broken_picture,
        prevent_initial_call=True,
    )
    def draw(data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise PreventUpdate
        try:
            draft = read_draft(data)
            return draw_answer(answer(services, draft), draft)
        except EqppError as error:
            return keep_picture(error, data)

    @app.callback(
        output={
            "figure": Output(Picture.GRAPH, "figure", allow_duplicate=True),
            "message": Output(Picture.MESSAGE, "children", allow_duplicate=True),
            "badge": Output(Picture.BADGE, "children", allow_duplicate=True),
            "colour": Output(Picture.BADGE, "color", allow_duplicate=True),
            "caption": Output(Picture.CAPTION, "children", allow_duplicate=True),
            "exports": Output(Shell.EXPORT_ITEMS, "children", allow_duplicate=True),
            "traced": Output(Key.TRACED, "data"),
        },
        inputs={"data": Input(Key.CLICK, "data")},
        on_error=broken_trace,
        prevent_initial_call=True,
    )
    def add_trajectory(data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise PreventUpdate
        try:
            draft = read_draft(data)
            return add_trace(services, trace(services, draft, data), draft)
        except EqppError as error:
            return no_trace(str(error), data.get("seq"))

    _register_browser(app)


def _register_browser(app: Dash) -> None:
    in_browser(
        app,
        "eqpp.settle",
        Input(Key.DRAWN, "data"),
    )
    in_browser(
        app,
        "eqpp.clicked",
        Input(Picture.GRAPH, "clickData"),
    )
    in_browser(
        app,
        "eqpp.traced",
        Output(Picture.STARTS, "value", allow_duplicate=True),
        Input(Key.TRACED, "data"),
    )
    in_browser(
        app,
        "eqpp.clear",
        Output(Picture.STARTS, "value", allow_duplicate=True),
        Input(Picture.CLEAR, "n_clicks"),
    )
    in_browser(
        app,
        "eqpp.landed",
        Input(JobKey.RESULT, "data"),
    )
