"""Short links for states that are too long for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from flask import Flask, Response, redirect, request

from eqpp_dash.errors import EqppError, NotFoundError
from eqpp_dash.routes.bodies import json_body
from eqpp_dash.routes.portraits import said

if TYPE_CHECKING:
    from eqpp_dash.services import Services


def register(server: Flask, services: Services) -> None:
    """Register making a short link and following one."""

    @server.post("/s")
    def shorten() -> Response:
        body = json_body()
        state = body.get("state") if isinstance(body, dict) else None
        if not isinstance(state, str):
            return said(400, "Give the state of a link.")
        try:
            services.links.decode(state)
        except EqppError as error:
            return said(400, str(error))
        path = f"/s/{services.links.shorten(state)}"
        return Response(orjson.dumps({"path": path}), mimetype="application/json")

    @server.get("/s/<short>")
    def follow(short: str) -> Any:
        try:
            place = f"/#s={services.links.expand(short)}"
        except NotFoundError:
            return said(404, "There is no such short link.")
        aspect = request.args.get("a")
        return redirect(f"{place}&a={aspect}" if aspect in ("equal", "free") else place, code=302)
