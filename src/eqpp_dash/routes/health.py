"""Whether the process lives, and whether it can do its work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from flask import Flask, Response

from eqpp_dash.errors import EqppError

if TYPE_CHECKING:
    from eqpp_dash.services import Services


def register(server: Flask, services: Services) -> None:
    """Register ``/healthz`` (the process) and ``/readyz`` (database write, executor)."""

    @server.get("/healthz")
    def healthz() -> Response:
        return _json(services.health.alive(), 200)

    @server.get("/readyz")
    def readyz() -> Response:
        try:
            state = services.health.ready()
        except EqppError as error:
            return _json({"ready": False, "reason": str(error)}, 503)
        return _json(state, 200 if state.get("ready", True) else 503)


def _json(data: Any, status: int) -> Response:
    response = Response(orjson.dumps(data), status=status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
