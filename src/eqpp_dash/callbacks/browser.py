"""Callbacks that run in the browser, from the namespaced scripts in the assets."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash


def in_browser(app: Dash, name: str, *dependencies: Any, at_start: Any = False) -> None:
    """Register a browser's function.

    Parameters
    ----------
    app : Dash
        The app.
    name : str
        ``namespace.function``.
    *dependencies : Output, Input, State
        What it sets and what it is called with.
    at_start : bool or str
        Whether it is also called when its inputs first appear; ``"duplicate"`` if so and
        an output has other sources too.
    """
    namespace, function = name.split(".")
    prevent = "initial_duplicate" if at_start == "duplicate" else not at_start
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction(namespace, function), *dependencies, prevent_initial_call=prevent
    )
