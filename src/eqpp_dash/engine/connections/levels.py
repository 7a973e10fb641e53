"""How far separatrices stray from the level of a first integral on which they lie."""

from __future__ import annotations

import numpy as np

from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.orbits import Problem
from eqpp_dash.engine.structure.facts import StructureFact
from eqpp_dash.model.portrait import Equilibrium


def level_error(
    problem: Problem, fact: StructureFact | None, item: Equilibrium, states: Array
) -> float | None:
    """Measure the greatest distance of states from the level of their equilibrium.

    Parameters
    ----------
    problem : Problem
        The system on its window.
    fact : StructureFact or None
        A first integral, if one is proved.
    item : Equilibrium
        The equilibrium that the separatrix belongs to.
    states : ndarray, shape (2, m)
        States along the separatrix.

    Returns
    -------
    float or None
        In widths of the window, to first order: the difference of the values by the slope. Only
        states in the window count. None without a single-valued integral that is defined at the
        equilibrium, or without states at which it has a slope.

    Examples
    --------
    >>> from eqpp_dash import parse_system
    >>> from eqpp_dash.engine.equilibria import find_equilibria
    >>> from eqpp_dash.engine.structure.find import planar_structure
    >>> window = {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}
    >>> field = parse_system("x' = y; y' = x").compile()  # H = y^2/2 - x^2/2
    >>> (saddle,) = find_equilibria(field, window).equilibria
    >>> fact = planar_structure(field, window).integral
    >>> problem = Problem(field, np.zeros(2), np.full(2, 4.0), 1.0)
    >>> states = np.array([[0.5, 1.0], [0.5, 1.0 + 4e-9]])
    >>> round(level_error(problem, fact, saddle, states) * 2**0.5 * 1e9, 6)
    1.0
    """
    if fact is None or fact.function is None or not fact.single_valued or not states.size:
        return None
    inside = problem.reach(states) <= 1.0
    with np.errstate(all="ignore"):
        level = float(fact.function(0.0, item.point[:, None])[0])
        off = np.abs(fact.function(0.0, states[:, inside]) - level)
        slope = fact.function.gradient(0.0, states[:, inside]) * problem.width[:, None]
        errors = off / np.hypot(*slope)
    errors = errors[np.isfinite(errors)]
    return float(errors.max()) if errors.size and np.isfinite(level) else None
