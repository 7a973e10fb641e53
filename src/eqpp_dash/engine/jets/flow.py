"""The flow of a field as a Taylor polynomial in the initial condition, of any degree.

The solution's series in the time is computed with coefficients that are truncated polynomials in
the initial condition. That is equivalent to variational equations of all orders: D. Wilczak and
P. Zgliczyński, C^r-Lohner algorithm, Schedae Informaticae 20, 2011.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from eqpp_dash.engine.jets.arithmetic import DOUBLES, Arithmetic
from eqpp_dash.engine.jets.field import FieldJets
from eqpp_dash.engine.jets.jet import Jets
from eqpp_dash.engine.jets.monomials import monomials
from eqpp_dash.engine.jets.nested import JetNumbers
from eqpp_dash.engine.jets.taylor import Stepper, log_tolerance, order_for


def flow_jets(
    field: FieldJets,
    start: Any,
    span: Any,
    degree: int,
    *,
    by: Sequence[str] | None = None,
    start_time: Any = 0,
    tolerance: float | None = None,
    parameters: Mapping[str, Any] | None = None,
    arithmetic: Arithmetic = DOUBLES,
    max_steps: int = 20_000,
) -> Jets:
    """Give the Taylor polynomial of the flow over a time in the initial condition.

    Parameters
    ----------
    field : FieldJets
        The field; smooth along the solution.
    start : numbers, shape (n,)
        State at `start_time`, the point of expansion.
    span : number
        Time to go; negative goes backward.
    degree : int
        Degree in the initial condition: 1 gives the monodromy matrix.
    by : sequence of str, optional
        State variables and open parameters to expand in; all state variables if left out.
    start_time : number
        Time of the start.
    tolerance : float, optional
        As in `taylor_solution`, for the terms of each degree.
    parameters : mapping of str to number, optional
        Values of the open parameters.
    arithmetic : Arithmetic
        `DOUBLES` or a `MultiPrecision`.
    max_steps : int
        Most steps.

    Returns
    -------
    Jets
        Coefficients of shape (n, N); NaN and not `smooth` if the end was not reached.

    Raises
    ------
    ValueError
        If shapes or names do not match, or for intervals and rational numbers.

    Examples
    --------
    >>> from eqpp_dash.engine.system import parse_system
    >>> field = FieldJets.of(parse_system("x' = x^2"))
    >>> flow_jets(field, [0.0], 1.0, 3).coefficients.round(12).tolist()
    [[0.0, 1.0, 1.0, 1.0]]
    """
    accuracy = log_tolerance(tolerance, arithmetic)
    order = order_for(accuracy)
    names = field.variables if by is None else tuple(by)
    if len(set(names)) < len(names):
        raise ValueError("a name to expand in is given twice")
    point = arithmetic.convert(start)
    if point.shape != (field.dimension,):
        raise ValueError(f"the start must have shape ({field.dimension},), not {point.shape}")
    table = monomials(len(names), degree)
    numbers = JetNumbers(table, arithmetic)
    run = field.begin(monomials(1, order), (len(table), 1), numbers)
    state = arithmetic.zeros((field.dimension, len(table), 1))
    rows = {name: state[i] for i, name in enumerate(field.variables)}
    rows.update((name, run.inputs[name][0]) for name in field.parameters)
    field.check_parameters(parameters or {})
    values = {**(parameters or {}), **dict(zip(field.variables, point, strict=True))}
    for name, row in rows.items():
        row[0] = arithmetic.convert(values[name])
    for j, name in enumerate(names):
        if name not in rows:
            raise ValueError(f"{name} is neither a variable nor an open parameter")
        if degree:
            rows[name][1 + j] = arithmetic.convert(1)
    begin = arithmetic.convert([start_time])[0]
    end = begin + arithmetic.convert([span])[0]
    stepper = Stepper(run, field.variables, state, begin, numbers, accuracy, table.parts)
    _, _, why = stepper.follow([end], max_steps)
    found = stepper.state[..., 0]
    if why != "time":
        found = arithmetic.convert(np.full(found.shape, np.nan))
    return Jets(table, names, found, np.asarray(why == "time"))
