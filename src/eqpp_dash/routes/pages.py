"""The status of pages: an address that leads nowhere answers 404, with a page that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, request

from eqpp_dash.errors import NotFoundError

if TYPE_CHECKING:
    from eqpp_dash.services import Services

PAGES = ("/", "/gallery", "/archive")
CATCH_ALL = "/<path:path>"


def register(server: Flask, services: Services) -> None:
    """Register the status of pages."""

    @server.after_request
    def set_status(response: Response) -> Response:
        rule = request.url_rule
        if rule is not None and rule.rule == CATCH_ALL and not leads_somewhere(services):
            response.status_code = 404
        return response


def leads_somewhere(services: Services) -> bool:
    """Tell whether the request's path has a page."""
    path = request.path.rstrip("/") or "/"
    if not path.startswith("/p/"):
        return path in PAGES
    try:
        services.portraits.resolve(path.removeprefix("/p/"))
    except NotFoundError:
        return False
    return True
