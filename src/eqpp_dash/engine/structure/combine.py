"""First integrals of polynomial fields by linear algebra on `elements`."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from eqpp_dash.engine.algebra.linear import clear, combination, relations
from eqpp_dash.engine.expression.graph import Node
from eqpp_dash.engine.structure.elements import Element, divergence
from eqpp_dash.engine.structure.facts import Kind, StructureFact
from eqpp_dash.engine.structure.integrals import (
    exponential,
    integral_fact,
    is_integral,
    readable,
    tidy_integral,
)
from eqpp_dash.engine.structure.integration import potential
from eqpp_dash.engine.structure.plane import Plane

MAX_EXPONENT = 8
#: Roots in a multiplier beyond this degree are not integrated.
MAX_DENOMINATOR = 4


def combined(plane: Plane, parts: Sequence[Element]) -> StructureFact | None:
    """Find a first integral that is a combination of elements.

    Parameters
    ----------
    plane : Plane
        A plane with polynomials.
    parts : sequence of Element
        What may be combined.

    Returns
    -------
    StructureFact or None
        The integral with the fewest terms whose derivative is proved to be zero, one of a
        single value before others.
    """
    spare: StructureFact | None = None
    for vector in relations([part.image for part in parts], plane.work):
        whole = _written(plane, [part.node for part in parts], clear(vector))
        if not is_integral(plane, whole):
            continue
        fact = integral_fact(
            plane,
            Kind.CONSERVED,
            tidy_integral(plane, whole),
            "made of invariant curves and polynomials; the derivative along the field is zero",
        )
        if fact.single_valued:
            return fact
        spare = spare or fact
    return spare


def darboux_multiplier(plane: Plane, parts: Sequence[Element]) -> StructureFact | None:
    """Find M = exp(sum c_j phi_j) for which M (P, Q) has no divergence, and integrate."""
    field = plane.polynomials
    if field is None:
        return None
    target = {key: -c for key, c in divergence(field).items()}
    weights = (
        combination(target, [part.image for part in parts], plane.work)
        if target
        else [Fraction(0)] * len(parts)
    )
    if weights is None or any(c.denominator > MAX_DENOMINATOR for c in weights):
        return None
    graph = plane.graph
    found = exponential(plane, [part.node for part in parts], weights)
    p, q = (plane.node_of(component) for component in field)
    whole = potential(plane, graph.negate(graph.multiply(found, q)), graph.multiply(found, p))
    if whole is None or not is_integral(plane, whole):
        return None
    node = tidy_integral(plane, whole)
    if not readable(node):
        return None
    return integral_fact(
        plane,
        Kind.TIME_CHANGED,
        node,
        "the field times M has no divergence; the derivative along the field is zero",
    )


def _written(plane: Plane, functions: Sequence[Node], weights: list[Fraction]) -> Node:
    """Write the combination; one of logarithms alone with whole weights as a product."""
    used = [(c, phi) for c, phi in zip(weights, functions, strict=True) if c]
    if all(phi.op == "log" for _, phi in used) and all(abs(c) <= MAX_EXPONENT for c, _ in used):
        factors = []
        for c, phi in used:
            inside = phi.args[0]
            factors.append((inside.args[0] if inside.op == "abs" else inside, int(c)))
        if all(k < 0 for _, k in factors):
            factors = [(node, -k) for node, k in factors]
        return plane.graph.power_product(factors)
    return plane.graph.combine(used)
