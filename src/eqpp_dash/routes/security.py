"""Headers and limits of the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dash import Dash
from flask import Flask, Response, abort, request

from eqpp_dash.routes.bodies import json_body

if TYPE_CHECKING:
    from eqpp_dash.services import Services

CALLBACKS = "/_dash-update-component"


def content_policy(hashes: Sequence[str]) -> str:
    """Give the content security policy: scripts of our own, nothing from another host.

    Parameters
    ----------
    hashes : sequence of str
        Hashes of the inline scripts that Dash writes into the page.
    """
    scripts = " ".join(["'self'", *hashes])
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        ]
    )


def register(app: Dash, services: Services) -> None:
    """Set the headers of every answer and refuse bodies that are no callback's."""
    policy = content_policy(app.csp_hashes())

    server: Flask = app.server
    server.config["MAX_CONTENT_LENGTH"] = services.max_request_bytes

    @server.after_request
    def add_headers(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        return response

    @server.before_request
    def refuse_junk() -> None:
        if request.path == CALLBACKS and request.method == "POST":
            body = json_body()
            if not callback_body_fits(body, app.callback_map):
                abort(400, description="This is no request of the page.")


def callback_body_fits(body: Any, callbacks: Mapping[str, Any]) -> bool:
    """Tell whether a body has the shape that the page sends for a callback that exists.

    Parameters
    ----------
    body : object
        Decoded JSON.
    callbacks : mapping
        The app's callbacks by output.
    """
    if not isinstance(body, dict) or not isinstance(body.get("output"), str):
        return False
    known = callbacks.get(body["output"])
    if known is None or not _changed_fit(body.get("changedPropIds", [])):
        return False
    return (
        _values_fit(body.get("inputs"), known["inputs"])
        and _values_fit(body.get("state", []), known["state"])
        and _outputs_fit(body.get("outputs"), known["output"])
    )


def _changed_fit(names: Any) -> bool:
    return isinstance(names, list) and all(isinstance(n, str) and "." in n for n in names)


def _values_fit(values: Any, known: list[Any]) -> bool:
    if not isinstance(values, list) or len(values) != len(known):
        return False
    return all(
        all(_is_value(item) for item in value)
        if isinstance(value, list)
        else _is_value(value) and value["property"] == spec["property"]
        for value, spec in zip(values, known, strict=True)
    )


def _is_value(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("id"), (str, dict))
        and isinstance(value.get("property"), str)
    )


def _outputs_fit(outputs: Any, known: Any) -> bool:
    if isinstance(known, (list, tuple)):
        if not isinstance(outputs, list) or len(outputs) != len(known):
            return False
    else:
        outputs = [outputs]
    return all(
        all(_is_value(item) for item in output) if isinstance(output, list) else _is_value(output)
        for output in outputs
    )
