"""Portraits as files: ``/p/<id>.<format>``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request

from eqpp_dash import __version__
from eqpp_dash.errors import EqppError, NotFoundError
from eqpp_dash.exports import export_portrait

if TYPE_CHECKING:
    from eqpp_dash.services import Services

FORMATS = ("json", "csv", "html", "tex", "svg", "png", "pdf", "py")
ATTACHED = ("html", "tex", "csv", "py")
CACHE = "private, max-age=0, must-revalidate"


def register(server: Flask, services: Services) -> None:
    """Register the files of a portrait."""

    @server.get("/p/<identifier>.<ending>")
    def portrait_file(identifier: str, ending: str) -> Response:
        if ending not in FORMATS:
            known = ", ".join(FORMATS)
            return said(404, f"There is no format “{ending[:20]}”. Known: {known}.")
        try:
            job = services.portraits.resolve(identifier)
        except NotFoundError:
            return said(404, "There is no such portrait. It may have been deleted.")
        if job.status != "finished":
            return said(409, f"This portrait is {job.status}; only a finished one has files.")
        return finished_file(services, job, ending)


def finished_file(services: Services, job: Any, ending: str) -> Response:
    """Give a finished portrait in a format, with an entity tag.

    The portrait never changes; how a version of the package writes it may.
    """
    tag = f"{job.row_id}-{__version__}-{ending}"
    if request.if_none_match.contains(tag):
        response = Response(status=304)
    else:
        try:
            portrait = services.portraits.portrait(job.row_id)
            made = export_portrait(portrait, services.portraits.facts(job.row_id), ending)
        except EqppError as error:
            return said(409, str(error))
        response = Response(made.bytes, content_type=made.media_type)
        how = "attachment" if ending in ATTACHED else "inline"
        response.headers["Content-Disposition"] = f'{how}; filename="{made.file_name}"'
    response.set_etag(tag)
    response.headers["Cache-Control"] = CACHE
    return response


def said(status: int, text: str) -> Response:
    """Give a sentence with a status."""
    return Response(f"{text}\n", status=status, mimetype="text/plain")
