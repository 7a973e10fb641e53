"""Solutions as power series in the time.

The coefficients follow from x_(k+1) = f_k/(k + 1), with f_k those of the field along the solution
(R. E. Moore, Interval Analysis, Prentice-Hall 1966, chapter 11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from eqpp_dash.engine.jets.arithmetic import DOUBLES, Arithmetic
from eqpp_dash.engine.jets.enclosures import Intervals
from eqpp_dash.engine.jets.field import TIME, Composition, FieldJets
from eqpp_dash.engine.jets.monomials import monomials


def solution_series(
    field: FieldJets,
    point: Any,
    order: int,
    *,
    t: Any = 0,
    parameters: Mapping[str, Any] | None = None,
    arithmetic: Arithmetic = DOUBLES,
) -> Any:
    """Give the Taylor coefficients in the time of the solutions through points.

    Parameters
    ----------
    field : FieldJets
        The field.
    point : numbers, shape (n, ...)
        States at the time `t`; with intervals: boxes.
    order : int
        Highest power of the time.
    t : number
        The time.
    parameters : mapping of str to number, optional
        Values of the open parameters.
    arithmetic : Arithmetic
        Kind of the numbers.

    Returns
    -------
    numbers, shape (n, order + 1, ...)
        Coefficients; where the field is not smooth those above the first are NaN, or unbounded
        intervals.

    Raises
    ------
    NotSmoothError, IrrationalError
        With rationals: if the field is not smooth there, or its values are not rational.

    Examples
    --------
    The logistic equation, in rationals:

    >>> from eqpp_dash.engine.system import parse_system
    >>> from eqpp_dash.engine.jets import RATIONALS
    >>> field = FieldJets.of(parse_system("x' = x*(1 - x)"))
    >>> [str(c) for c in solution_series(field, ["1/2"], 5, arithmetic=RATIONALS)[0]]
    ['1/2', '1/4', '0', '-1/48', '0', '1/480']
    """
    place = arithmetic.convert(point)
    shape = place.shape[1:]
    inner = shape if shape or arithmetic is DOUBLES else (1,)
    run = field.begin(monomials(1, order), inner, arithmetic)
    put_parameters(run, field, parameters or {}, arithmetic)
    start = place if inner == shape else place[:, None]
    expand_solution(run, field.variables, start, arithmetic.convert(t), arithmetic)
    found = arithmetic.zeros((len(start), order + 1, *inner))
    for i, name in enumerate(field.variables):
        found[i] = run.inputs[name]
    smooth = np.broadcast_to(run.smooth, inner)
    if not smooth.all():
        arithmetic.forget(found[:, 2:], ~smooth)
        if isinstance(arithmetic, Intervals):
            for i, defined in enumerate(run.defined):
                arithmetic.forget(found[i, 1:], ~np.broadcast_to(defined, inner))
    return found if inner == shape else found[..., 0]


def put_parameters(
    run: Composition, field: FieldJets, values: Mapping[str, Any], arithmetic: Arithmetic
) -> None:
    """Set the open parameters of a composition to constants."""
    field.check_parameters(values)
    for name, value in values.items():
        run.inputs[name][0] = arithmetic.convert(value)


def expand_solution(
    run: Composition, variables: Sequence[str], start: Any, t: Any, arithmetic: Arithmetic
) -> None:
    """Fill the inputs of a composition with the series of the solution from a start."""
    clock = run.inputs[TIME]
    zero = arithmetic.zeros(clock[0].shape)
    clock[0] = arithmetic.shift(zero, t)
    if run.table.degree:
        clock[1] = arithmetic.shift(zero, 1)
    series = [run.inputs[name] for name in variables]
    for i, values in enumerate(series):
        values[0] = start[i]
    for k in range(run.table.degree):
        for values, part in zip(series, run.part(k), strict=True):
            values[k + 1] = part[0] / (k + 1)
