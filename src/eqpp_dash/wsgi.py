"""The server by import name, ``gunicorn eqpp_dash.wsgi:server``: importing it makes the app."""

from __future__ import annotations

from eqpp_dash.app import create_app

server = create_app().server
