"""Truncated Taylor series of any order from the expression graph, in several kinds of numbers.

`FieldJets` expands a field in the state, the parameters and the time, `solution_series` the
solutions in the time; both in doubles, intervals, rational numbers or many digits.
`taylor_solution` integrates by the series, `flow_jets` expands the flow in the initial condition:
in doubles or many digits. `FlowDerivatives` integrates the variational equations by machine code.
"""

from __future__ import annotations

from eqpp_dash.engine.jets.arithmetic import (
    DOUBLES,
    Arithmetic,
    IrrationalError,
    NotSmoothError,
)
from eqpp_dash.engine.jets.complexes import COMPLEXES
from eqpp_dash.engine.jets.enclosures import INTERVALS, IntervalArray
from eqpp_dash.engine.jets.exact import RATIONALS, MultiPrecision
from eqpp_dash.engine.jets.field import Composition, FieldJets
from eqpp_dash.engine.jets.flow import flow_jets
from eqpp_dash.engine.jets.jet import Jets
from eqpp_dash.engine.jets.monomials import Monomials, monomials
from eqpp_dash.engine.jets.solution import solution_series
from eqpp_dash.engine.jets.taylor import TaylorSolution, taylor_solution
from eqpp_dash.engine.jets.variations import FlowDerivatives, Variations

__all__ = [
    "COMPLEXES",
    "DOUBLES",
    "INTERVALS",
    "RATIONALS",
    "Arithmetic",
    "Composition",
    "FieldJets",
    "FlowDerivatives",
    "IntervalArray",
    "IrrationalError",
    "Jets",
    "Monomials",
    "MultiPrecision",
    "NotSmoothError",
    "TaylorSolution",
    "Variations",
    "flow_jets",
    "monomials",
    "solution_series",
    "taylor_solution",
]
