"""Limit cycles across the surfaces at which a planar field jumps, and along them."""

from __future__ import annotations

from eqpp_dash.engine.filippov.cycles.find import find_switching_cycles, jumping_surfaces

__all__ = ["find_switching_cycles", "jumping_surfaces"]
