"""Nullclines: where one component of the vector field vanishes, factor by factor."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.curves import ZeroSet, trace_zero_set
from eqpp_dash.engine.field import window_limits
from eqpp_dash.model.portrait import Nullcline
from eqpp_dash.model.spec import Range


def trace_nullclines(
    field: CompiledField,
    window: Mapping[str, Range],
    tick: Callable[[], object] | None = None,
) -> tuple[Nullcline, ...]:
    """Trace the nullclines of a planar field.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    window : mapping of str to (float, float)
        Limits of each variable.
    tick : callable, optional
        Called again and again on the way; an exception from it is passed on.

    Returns
    -------
    tuple of Nullcline
        One for each component and each of its factors that vanishes within the window, in
        their order. A component that vanishes everywhere has none.

    Notes
    -----
    The zero set of a product is the union of those of its factors, each traced by
    `eqpp_dash.engine.curves.trace_zero_set`: two factors that cross are two curves.
    """
    lo, hi = window_limits(field, window)
    known: dict[str, ZeroSet] = {}
    nullclines = []
    for variable, factors in zip(field.variables, field.factors, strict=True):
        for factor in factors:
            if factor.text not in known:
                known[factor.text] = trace_zero_set(factor, lo, hi, tick)
            branches = known[factor.text].branches
            if branches:
                nullclines.append(Nullcline(variable, factor.text, branches))
    return tuple(nullclines)
