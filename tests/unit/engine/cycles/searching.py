"""Searches that several tests make."""

from __future__ import annotations

from functools import cache

from eqpp_dash.engine.cycles import CycleSearch, find_limit_cycles
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.system import parse_system

SQUARE = (("x", (-3.0, 3.0)), ("y", (-3.0, 3.0)))


@cache
def search(text: str, window: tuple = SQUARE) -> CycleSearch:
    field = parse_system(text).compile()
    limits = dict(window)
    known = find_equilibria(field, limits)
    return find_limit_cycles(field, limits, known.equilibria, known.singularities)


def rotating(radial: str, turning: str = "1") -> str:
    """Give the system r' = r*radial, theta' = turning, in which r2 stands for r^2."""
    rate, spin = radial.replace("r2", "(x^2 + y^2)"), turning.replace("r2", "(x^2 + y^2)")
    return f"x' = x*({rate}) - y*({spin}); y' = y*({rate}) + x*({spin})"
