"""The figure: drawn for what is asked, kept where that cannot be drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, ctx, no_update
from dash.exceptions import PreventUpdate

from eqpp_dash.callbacks.answers import PREVIEW_STARTS, Answer, answer, good_starts
from eqpp_dash.callbacks.browser import in_browser
from eqpp_dash.callbacks.failures import failed
from eqpp_dash.callbacks.form import Draft, read_draft
from eqpp_dash.callbacks.looks import graph_style, on_page, recoloured, untitled_figure
from eqpp_dash.callbacks.words import error_words, without_picture
from eqpp_dash.components.facts import facts_panel
from eqpp_dash.components.header import export_items
from eqpp_dash.components.ids import Facts, JobKey, Key, Picture, Shell
from eqpp_dash.components.parameters import number_text
from eqpp_dash.components.permanent import system_name
from eqpp_dash.errors import EqppError, SpecError

if TYPE_CHECKING:
    from eqpp_dash.services import Services

FRESH, STALE = "picture-frame fresh", "picture-frame stale"


def draw_answer(found: Answer, draft: Draft) -> dict[str, Any]:
    """Give the page's parts for an answer."""
    portrait = found.portrait
    figure = untitled_figure(portrait, draft.theme, phone=draft.phone)
    figure["layout"]["meta"]["row"] = found.row_id
    limits = [[number_text(v) for v in portrait.window[n]] for n in portrait.system.variables]
    return {
        "figure": on_page(figure, draft.form.aspect),
        "style": graph_style(figure),
        "frame": FRESH,
        "message": "",
        "badge": badge(found)[0],
        "colour": badge(found)[1],
        "caption": caption(found),
        "facts": facts_panel(portrait, row_id=found.row_id, told=found.notes),
        "exports": export_items(found.row_id),
        "drawn": {
            "seq": draft.seq,
            "state": found.state,
            "row": found.row_id,
            "limits": limits,
            "name": system_name(draft.form.title.strip(), draft.form.equations),
        },
    }


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
    parts: dict[str, Any] = dict.fromkeys(("style", "facts", "exports"), no_update)
    parts |= {"badge": "Not drawn", "colour": "red", "caption": ""}
    drawn = {"seq": data.get("seq"), "state": None, "row": None, "limits": None}
    drawn |= {"field": getattr(error, "field", ""), "said": error_words(error)}
    figure = recoloured("dark" if data.get("theme") == "dark" else "light")
    said = without_picture(error_words(error)) if data.get("empty") is True else error_words(error)
    return parts | {"figure": figure, "frame": STALE, "message": said, "drawn": drawn}


def draw_without(error: SpecError, services: Services, draft: Draft) -> dict[str, Any]:
    """Draw the good points where some are none, and say of these what is wrong.

    Raises
    ------
    SpecError
        The error itself, if it is about something else.
    """
    if not error.field.startswith("initial_conditions"):
        raise error
    good = good_starts(services, draft)
    if len(good) == len(draft.form.starts):
        raise error
    left = replace(draft, form=replace(draft.form, starts=good))
    parts = draw_answer(answer(services, left), left)
    parts["drawn"] |= {"field": error.field, "said": error_words(error), "starts": list(good)}
    return parts


def broken_picture(error: Exception) -> dict[str, Any]:
    """Keep the picture also where our own code failed: the page says so, the log has why."""
    said = failed("draw", error)
    return keep_picture(EqppError(said), ctx.inputs.get(f"{Key.DRAFT}.data"))


def badge(found: Answer) -> tuple[str, str]:
    """Name what is shown, with a colour: the answer, a part of it, or a preview."""
    if found.row_id is None:
        return "Preview", "gray"
    return ("Partial", "violet") if found.portrait.stopped else ("Finished", "teal")


def caption(found: Answer) -> str:
    """Say in a line what is shown."""
    if found.row_id is not None:
        why = found.portrait.stopped
        return f"{why[0].upper()}{why[1:]}; Compute begins anew" if why else ""
    if found.less:
        return f"Kept was less than this preview shows: {found.less}; Compute begins anew"
    if found.wanted > PREVIEW_STARTS:
        latest = f"The latest {PREVIEW_STARTS} of {found.wanted} trajectories"
        return f"{latest}; Compute follows every one and keeps the result"
    return "Compute follows every trajectory and keeps the result"


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
            try:
                return draw_answer(answer(services, draft), draft)
            except SpecError as error:
                return draw_without(error, services, draft)
        except EqppError as error:
            return keep_picture(error, data)

    in_browser(app, "eqpp.settle", Input(Key.DRAWN, "data"))
    in_browser(app, "eqpp.landed", Input(JobKey.RESULT, "data"))
