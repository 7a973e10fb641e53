"""Limit cycles of planar fields, by the returns to sections that every cycle must cross."""

from __future__ import annotations

from eqpp_dash.engine.cycles.find import find_limit_cycles
from eqpp_dash.engine.cycles.leaper import prepare_search
from eqpp_dash.engine.cycles.values import (
    Band,
    Completeness,
    CycleSearch,
    LimitCycle,
    Undecided,
)

__all__ = [
    "Band",
    "Completeness",
    "CycleSearch",
    "LimitCycle",
    "Undecided",
    "find_limit_cycles",
    "prepare_search",
]
