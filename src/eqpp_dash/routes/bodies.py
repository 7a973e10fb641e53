"""Bodies of requests."""

from __future__ import annotations

from typing import Any

from flask import request


def json_body() -> Any:
    """Decode the request's JSON; None if it is none, or nested too deeply to be meant."""
    try:
        return request.get_json(silent=True)
    except RecursionError:
        return None
