"""The mathematics: a specification in, a portrait out; no web, no files, no database."""

from eqpp_dash.engine.portrait import (
    RESULTS_VERSION,
    compute_portrait,
    preview_portrait,
    trace_to_equilibria,
    trace_trajectories,
)
from eqpp_dash.engine.prepare import prepare_spec
from eqpp_dash.engine.system import parse_system

__all__ = [
    "RESULTS_VERSION",
    "compute_portrait",
    "parse_system",
    "prepare_spec",
    "preview_portrait",
    "trace_to_equilibria",
    "trace_trajectories",
]
