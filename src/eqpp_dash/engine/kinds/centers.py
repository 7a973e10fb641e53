"""Proofs that an equilibrium around which orbits turn is a center, or that it is a focus."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from eqpp_dash.engine.kinds.germ import GermOf
from eqpp_dash.engine.kinds.turning import first_focal_value
from eqpp_dash.engine.structure.facts import Kind, Structure, StructureFact
from eqpp_dash.model.portrait import Array

NEAR = 1e-7
"""Half width of the neighbourhood in which a first integral is examined, in units of the span."""


def center_proof(structure: Structure, point: Array, error: float, span: Array) -> str:
    """Prove that an equilibrium is a center, knowing that it is a center or a focus.

    Parameters
    ----------
    structure : Structure
        What is proved about the field.
    point : ndarray, shape (2,)
        The equilibrium. The field is analytic about it, and orbits turn around it.
    error : float
        Half width of a square about the point that holds no other equilibrium; zero if the
        point is exact.
    span : ndarray, shape (2,)
        Widths of the window, as a scale.

    Returns
    -------
    str
        The proof in a few words; empty if there is none.

    Notes
    -----
    About a focus a continuous first integral is constant, for all orbits tend to the focus, one
    way or the other. A reversor that maps the equilibrium to itself maps half turns to half turns:
    orbits close (Poincaré's criterion).
    """
    fact = structure.integral
    if fact is not None and fact.single_valued and _is_regular(fact, point, error, span):
        return f"a first integral ({fact.kind}) is smooth here and not constant"
    for reversor in structure.reversors:
        if _maps_to_itself(reversor, point):
            return f"the reversor {reversor.expression} maps the point to itself"
    return ""


def center_by_degree(germ_of: GermOf) -> str:
    """Prove that a point with vanishing focal values is a center, by the form of the field.

    Parameters
    ----------
    germ_of : callable
        The field about a point with purely imaginary eigenvalues whose first four focal values
        vanish.

    Returns
    -------
    str
        The proof in a few words; empty if there is none.

    Notes
    -----
    The first three focal values decide for quadratic fields (N. N. Bautin, On the number of limit
    cycles which appear with the variation of coefficients from an equilibrium position of focus or
    center type, Mat. Sb. 30, 1952), the first five if the nonlinear terms are homogeneous of
    degree 3 (K. S. Sibirskii, Differential Equations 1, 1965).
    """
    germ = germ_of(3)
    if germ.known is not None:
        return ""
    degrees = {i + j for p in (germ.first, germ.second) for i, j in p}
    if degrees <= {1, 2}:
        return "the field is quadratic, and the first three focal values vanish (Bautin)"
    if degrees <= {1, 3} and first_focal_value(germ_of, 5) is None:
        return (
            "the nonlinear part is homogeneous of degree 3, and the first five focal values vanish "
            "(Sibirskii)"
        )
    return ""


def focus_proof(structure: Structure, point: Array, error: float, span: Array) -> tuple[str, str]:
    """Prove that an equilibrium is a focus, knowing that it is a center or a focus.

    Parameters
    ----------
    structure, point, error, span
        As in `center_proof`.

    Returns
    -------
    stability, proof : str
        ``stable`` or ``unstable``, and the proof in a few words; both empty if there is none.

    Notes
    -----
    By a Dulac function B that is continuous and not zero about the point: no orbit closes, and
    areas with the density B grow, or shrink, as the sign of div(B F)/B says. (The theorem of
    Bendixson and Dulac; Dumortier, Llibre, Artés, chapter 7.)
    """
    for fact in structure.of(Kind.DULAC):
        everywhere = all(part.startswith("off ") for part in fact.region.split("; ") if part)
        if not (everywhere and fact.simply_connected and fact.function is not None):
            continue
        reach = np.maximum(NEAR * span, 4 * error)
        bounds = fact.function.boxes((point - reach)[:, None], (point + reach)[:, None])
        if bounds.continuous[0] and (bounds.lo[0] > 0 or bounds.hi[0] < 0):
            word = "unstable" if fact.sign > 0 else "stable"
            return word, f"the Dulac function {fact.expression} excludes closed orbits"
    return "", ""


def _is_regular(fact: StructureFact, point: Array, error: float, span: Array) -> bool:
    """Tell whether a first integral is smooth about a point and not constant there."""
    function = fact.function
    if function is None:
        return False
    reach = np.maximum(NEAR * span, 4 * error)
    lo, hi = (point - reach)[:, None], (point + reach)[:, None]
    if not (function.boxes(lo, hi).continuous[0] and function.gradient_boxes(lo, hi).continuous[0]):
        return False
    around = point[:, None] + reach[:, None] * np.array([[1.0, 0.0, -0.7], [0.0, 1.0, 0.6]])
    slopes = function.gradient_boxes(around, around)
    return bool(((slopes.lo > 0) | (slopes.hi < 0)).any())


def _maps_to_itself(reversor: StructureFact, point: Array) -> bool:
    """Tell whether a reversor maps a point, and squares about it, to themselves exactly."""
    if reversor.map is None:
        return False
    a, b, c, d, e, f = (Fraction(value) for value in reversor.map)
    if e or f or not {abs(a), abs(b), abs(c), abs(d)} <= {0, 1}:
        return False
    x, y = (Fraction(float(value)) for value in point)
    return (a * x + b * y, c * x + d * y) == (x, y)
