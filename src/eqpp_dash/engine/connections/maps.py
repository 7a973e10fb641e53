"""Symmetries and reversors that carry one saddle to another."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.expression.graph import ConstantError, Node, SizeError, rebuild
from eqpp_dash.engine.expression.polynomial import TooLargeError
from eqpp_dash.engine.kinds.places import MOST_PARTS, Anchor, Places
from eqpp_dash.engine.structure.facts import Kind, Structure, StructureFact
from eqpp_dash.engine.structure.plane import Plane
from eqpp_dash.model.portrait import Equilibrium

WORK = 20_000
"""Budget of an exact comparison, in products of coefficients."""


@dataclass(frozen=True, slots=True, eq=False)
class Involution:
    """A reflection or half turn that exchanges two saddles.

    Attributes
    ----------
    fact : StructureFact
        The reversor or symmetry that it is, up to shifts of a periodic variable.
    matrix, offset : ndarray, shape (2, 2) and (2,)
        The map x -> matrix x + offset.
    shifted : bool
        Whether a shift was added.
    """

    fact: StructureFact
    matrix: Array
    offset: Array
    shifted: bool

    @property
    def reverses(self) -> bool:
        """Whether it turns the direction of time."""
        return self.fact.kind is Kind.REVERSIBLE

    @property
    def reflects(self) -> bool:
        """Whether it is a reflection."""
        return float(np.linalg.det(self.matrix)) < 0

    @property
    def words(self) -> str:
        """The map in words."""
        more = ", moved by periods" if self.shifted else ""
        return f"{self.fact.kind} under {self.fact.expression}{more}"


def involutions(
    structure: Structure, field: CompiledField, one: Equilibrium, other: Equilibrium, width: Array
) -> Iterator[Involution]:
    """Give the reflections and half turns that exchange two saddles, or keep one.

    A map of the system takes equilibria to equilibria: if the image of a saddle is within the
    errors of another, and no second equilibrium is near, it is that one exactly. Of points that are
    not hyperbolic the coordinates must be known exactly.
    """
    shifts = [fact.map for fact in structure.of(Kind.PERIODIC) if fact.map is not None]
    for fact in structure.of(Kind.REVERSIBLE, Kind.SYMMETRY):
        if fact.map is None:
            continue
        a, b, c, d, e, f = fact.map
        matrix, offset = np.array([[a, b], [c, d]]), np.array([e, f])
        if not np.allclose(matrix @ matrix, np.eye(2), atol=1e-12):
            continue
        moved = offset.copy()
        for shift in shifts:
            vector = np.array(shift[4:])
            missing = other.point - matrix @ one.point - moved
            moved += np.round(missing @ vector / (vector @ vector)) * vector
        found = Involution(fact, matrix, moved, bool((moved != offset).any()))
        ways = ((one, other), (other, one))
        if all(lands(field, found, start, end, width) for start, end in ways):
            yield found


def lands(
    field: CompiledField, found: Involution, start: Equilibrium, end: Equilibrium, width: Array
) -> bool:
    """Tell whether a map of the system is proved to take an equilibrium to another."""
    image = found.matrix @ start.point + found.offset
    if not end.hyperbolic:
        exact = start.evidence == end.evidence == "proved" and not (start.error or end.error)
        return exact and bool((image == end.point).all())
    near = 1e-11 * width + 4 * (start.error + end.error)
    if not (np.abs(image - end.point) <= near).all():
        return False
    reach = 2 * near[:, None]
    slopes = field.jacobian_boxes(end.point[:, None] - reach, end.point[:, None] + reach)
    if not slopes.continuous[0]:
        return False
    middle, spread = 0.5 * (slopes.lo + slopes.hi)[:, :, 0], 0.5 * (slopes.hi - slopes.lo)[:, :, 0]
    inverse = np.linalg.inv(middle)
    return bool((np.abs(inverse) @ spread).sum(axis=1).max() < 0.5)


def same_level(field: CompiledField, node: Node, one: Equilibrium, other: Equilibrium) -> bool:
    """Tell whether a function is proved to have the same value at two equilibria.

    Their coordinates must be rational, or rational multiples of pi.

    Parameters
    ----------
    field : CompiledField
        A planar autonomous field.
    node : Node
        The function.
    one, other : Equilibrium
        The equilibria.
    """
    places = Places(field)
    try:
        plane = Plane(field, WORK)
        plane.renew()
        values = []
        for item in (one, other):
            reach = item.error + 2 * np.spacing(np.abs(item.point))
            anchor = places.zero_in(item.point - reach, item.point + reach)
            if anchor is None:
                return False
            point = dict(zip(field.variables, _exact(plane, anchor), strict=True))
            values.append(_value(plane, node, point))
        return plane.is_zero(plane.graph.subtract(*values))
    except (TooLargeError, SizeError, ConstantError):
        return False


def _value(plane: Plane, node: Node, point: dict[str, Node]) -> Node:
    def put(part: Node) -> Node | None:
        return point[part.data] if part.op == "variable" else None

    return rebuild(plane.graph, [node], put)[0]


def _exact(plane: Plane, anchor: Anchor) -> list[Node]:
    """Give the coordinates of a zero: the rational part, or a multiple of pi where that is 0."""
    found = []
    for rest, near in zip(anchor.point, anchor.near.tolist(), strict=True):
        node = plane.graph.constant(rest)
        if not anchor.rational and not rest:
            turn = Fraction(near / math.pi).limit_denominator(MOST_PARTS)
            node = plane.graph.scale(turn, plane.graph.symbol("pi"))
        found.append(node)
    return found
