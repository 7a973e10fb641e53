"""A click in the plane: the trajectory through it, in one round trip and without a job.

The page asks for it by a request of its own, and draws the curve as soon as that is answered;
what else changes on the page is given to Dash after that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from dash import Dash, Input, Output, State
from dash.development.base_component import Component
from flask import Flask, Response, request

from eqpp_dash.callbacks.answers import asked
from eqpp_dash.callbacks.browser import in_browser
from eqpp_dash.callbacks.failures import failed
from eqpp_dash.callbacks.form import Draft, point_entry, read_draft
from eqpp_dash.callbacks.words import error_words
from eqpp_dash.components.header import export_items
from eqpp_dash.components.ids import Key, Picture
from eqpp_dash.errors import EqppError, SpecError
from eqpp_dash.figures import trajectory_traces
from eqpp_dash.figures.ends import end_words
from eqpp_dash.figures.labels import format_number, format_point
from eqpp_dash.model.cycles import LimitCycle
from eqpp_dash.model.numbers import read_float
from eqpp_dash.model.portrait import Equilibrium, Trajectory
from eqpp_dash.model.spec import PortraitSpec

if TYPE_CHECKING:
    from eqpp_dash.services import Services


PATH = "/click"


@dataclass(frozen=True, slots=True)
class Traced:
    """A trajectory through a clicked point, and the question that now includes it."""

    trajectories: tuple[Trajectory, ...]
    equilibria: tuple[Equilibrium, ...]
    spec: PortraitSpec
    variables: tuple[str, ...]
    window: list[tuple[float, float]]
    at: tuple[float, float]
    cycles: tuple[LimitCycle, ...] = ()


def trace(services: Services, draft: Draft, data: Mapping[str, Any]) -> Traced:
    """Follow the trajectory through a clicked point, both ways.

    Parameters
    ----------
    services : Services
        What follows it.
    draft : Draft
        What the page asks for.
    data : mapping
        ``at``, the point, and ``window``, the limits of the picture that was clicked in;
        ``row``, that of the finished portrait on the screen, if any.
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
    row, window = data.get("row"), shown.window
    cycles = services.portraits.cycles(row, spec) if isinstance(row, str) else ()
    orbits = services.previews.trajectories(spec, [(x, y)], window, cycles)
    wider = spec.replace(initial_conditions=(*spec.initial_conditions, (x, y)))
    return Traced(*orbits, wider, variables, list(window.values()), (x, y), cycles)


def add_trace(services: Services, found: Traced, draft: Draft) -> dict[str, Any]:
    """Give the page's parts for a clicked trajectory."""
    traces = trajectory_traces(
        found.trajectories,
        draft.theme,
        window=found.window,
        variables=found.variables,
        equilibria=found.equilibria,
        cycles=found.cycles,
    )
    return {
        "message": "",
        "badge": "Edited",
        "colour": "gray",
        "caption": fate(found),
        "exports": export_items(None),
        "traced": {
            "seq": draft.seq,
            "state": services.links.encode(found.spec),
            "starts": [*draft.form.starts, point_entry(found.spec.initial_conditions[-1])],
            "traces": traces,
        },
    }


def fate(found: Traced) -> str:
    """Say where a clicked trajectory comes from and goes to."""
    if not found.trajectories:
        return ""
    orbit, spans = found.trajectories[0], [high - low for low, high in found.window]
    through = f"Through {format_point(found.at, spans)}"
    if orbit.forward.end == orbit.backward.end == "closed orbit" and orbit.forward.time:
        return f"{through}: a closed orbit of period {format_number(orbit.forward.time)}"
    here, there = (
        end_words(end, found.equilibria, spans, found.cycles)
        for end in (orbit.backward, orbit.forward)
    )
    if orbit.forward.end.startswith("cycle") and orbit.forward.time == 0:
        return f"{through}: {there}"
    return f"{through}: from {here} to {there}"


def no_trace(words: str, seq: Any) -> dict[str, Any]:
    """Leave the picture as it is, and say why nothing was added."""
    return {"message": words, "traced": {"seq": seq, "state": None, "starts": []}}


def follow_click(services: Services, data: Any) -> dict[str, Any]:
    """Answer what the page sends for a click.

    Parameters
    ----------
    services : Services
        What follows trajectories.
    data : object
        Decoded JSON: a draft, the point and the picture's limits; see `trace`.

    Returns
    -------
    dict
        The page's parts that change; see `add_trace` and `no_trace`.
    """
    seq = data.get("seq") if isinstance(data, Mapping) else None
    try:
        draft = read_draft(data)
        return add_trace(services, trace(services, draft, data), draft)
    except EqppError as error:
        return no_trace(error_words(error), seq)
    except Exception as error:  # our own code failed: the page keeps its picture, the log has why
        return no_trace(failed("follow_click", error), seq)


def register(app: Dash, services: Services) -> None:
    """Register clicking in the plane and clearing what was clicked."""
    server: Flask = app.server

    @server.post(PATH)
    def click() -> Response:
        try:
            data = orjson.loads(request.get_data()) if request.is_json else None
        except orjson.JSONDecodeError:
            data = None
        if not isinstance(data, dict):
            return Response("This is no request of the page.", 400, mimetype="text/plain")
        parts = follow_click(services, data)
        return Response(orjson.dumps(parts, default=_plain), mimetype="application/json")

    in_browser(app, "eqpp.traced", Input(Key.TRACED, "data"), State(Picture.GRAPH, "figure"))
    in_browser(
        app,
        "eqpp.clear",
        Output(Picture.STARTS, "value", allow_duplicate=True),
        Input(Picture.CLEAR, "n_clicks"),
    )


def _plain(item: Component) -> Any:
    return item.to_plotly_json()  # type: ignore[no-untyped-call]
