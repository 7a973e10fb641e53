"""Orbits between saddles: found among the separatrices, proved or measured."""

from __future__ import annotations

from eqpp_dash.engine.connections.find import Net, find_connections

__all__ = ["Net", "find_connections"]
