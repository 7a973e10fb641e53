"""EQPP Dash: phase portraits of differential equations in the browser."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from eqpp_dash.errors import EqppError, EquationError, StopAndKeep
from eqpp_dash.model.spec import PortraitSpec

if TYPE_CHECKING:
    from eqpp_dash.engine import compute_portrait, parse_system
    from eqpp_dash.figures import portrait_figure

try:
    __version__ = version("eqpp-dash")
except PackageNotFoundError:  # run from sources that were never installed
    __version__ = "0+unknown"

__all__ = [
    "EqppError",
    "EquationError",
    "PortraitSpec",
    "StopAndKeep",
    "compute_portrait",
    "parse_system",
    "portrait_figure",
]

_LAZY = {
    "parse_system": "eqpp_dash.engine",
    "compute_portrait": "eqpp_dash.engine",
    "portrait_figure": "eqpp_dash.figures",
}


def __getattr__(name: str) -> Any:
    """Load the engine and the figures only when they are asked for."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)
