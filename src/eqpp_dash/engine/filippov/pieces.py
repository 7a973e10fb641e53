"""The smooth pieces of a compiled field, and the fields that slide along its surfaces.

A. F. Filippov, *Differential Equations with Discontinuous Righthand Sides* (Kluwer, 1988),
section 4: where the fields f and g of the two sides of a surface have the rates a < 0 < b of its
gap, the field along it is (b f - a g)/(b - a).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.compiled import CompiledField, Factor
from eqpp_dash.engine.expression.freeze import freeze
from eqpp_dash.engine.expression.graph import Graph, Node, rebuild
from eqpp_dash.engine.machine.hybrid.cells import Cells, rate_along
from eqpp_dash.engine.machine.hybrid.sliding import BACK, BEYOND, WAY, slide
from eqpp_dash.engine.problem import excludes_zero

Array = NDArray[np.float64]

Passed = Callable[[Array], bool]

MOST_BOXES = 512
CUT = 0.4871
"""Where boxes are cut: off the middle, where zeros are likely."""

MOST_CHOICES = 5
"""Switching expressions up to which all pieces are looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class SlidingField:
    """The field along a surface between two pieces.

    Attributes
    ----------
    field : CompiledField
        The sliding field, which keeps the gap.
    gap : Factor
        Positive on this side, zero on the surface.
    rates : tuple of Factor
        Rates of the gap under the fields of this side and of the other, as time goes forward.
    ends : tuple of (int, Factor)
        Expressions that are positive while it slides, times `way` for the first two: see
        `machine.hybrid.sliding.Sliding`.
    parallel : Factor
        Determinant of the two fields: zero where the sliding field is.
    sides : tuple of CompiledField
        The smooth fields of this side and of the other.
    """

    field: CompiledField
    gap: Factor
    rates: tuple[Factor, Factor]
    ends: tuple[tuple[int, Factor], ...]
    parallel: Factor
    sides: tuple[CompiledField, CompiledField]


class FilippovField:
    """A planar field in smooth pieces.

    Parameters
    ----------
    field : CompiledField
        The field.

    Attributes
    ----------
    cells : Cells
        Evaluates the pieces.
    """

    def __init__(self, field: CompiledField) -> None:
        self.variables = field.variables
        self.cells = Cells(freeze(field.components), field.variables, ())
        self._made: dict[tuple[object, ...], SlidingField] = {}
        self._sides: dict[tuple[object, ...], CompiledField] = {}

    @property
    def texts(self) -> tuple[str, ...]:
        """The surfaces, each seen from one of its sides, in the user's terms."""
        return tuple(surface.text for surface in self.cells.frozen.surfaces)

    def choices_at(self, x: Array) -> Array:
        """Give the choices of the pieces in which states (2, m) are: (c, m)."""
        empty = np.zeros((len(self.cells.frozen.choices), x.shape[1]))
        return self.cells.settle(np.zeros(x.shape[1]), x, empty)

    def field_of(self, x: Array, choices: Array) -> Array:
        """Give the smooth fields of pieces at states, also beyond the pieces: (2, m)."""
        return self.cells.field(np.zeros(x.shape[1]), x, choices)

    def side(self, choices: Array) -> CompiledField:
        """Give the smooth field of the piece with these choices, shape (c,)."""
        key = ("side", tuple(choices.tolist()))
        if key not in self._sides:
            frozen, graph = self.cells.frozen, Graph()
            known = dict(zip((c.name for c in frozen.choices), choices.tolist(), strict=True))
            nodes = rebuild(graph, frozen.components, _put(graph, known))
            self._sides[key] = CompiledField(graph, nodes, self.variables)
        return self._sides[key]

    def jacobian_of(self, x: Array, choices: Array) -> Array:
        """Give the Jacobian of a piece at a state (2,): (2, 2)."""
        return self.side(choices).jacobian(0.0, x[:, None])[:, :, 0]

    def sliding(self, surfaces: tuple[int, ...], here: Array, beyond: Array) -> SlidingField:
        """Give the field along surfaces, which coincide.

        Parameters
        ----------
        surfaces : tuple of int
            The surfaces, as seen from this side.
        here, beyond : ndarray, shape (c,)
            Choices of this side and of the other one.
        """
        key = (surfaces, tuple(here.tolist()), tuple(beyond.tolist()))
        if key not in self._made:
            self._made[key] = self._slide(surfaces, here, beyond)
        return self._made[key]

    def sliding_at(self, x: Array, here: Array, beyond: Array, width: Array) -> SlidingField:
        """Give the field along the surface on which a state lies.

        Parameters
        ----------
        x : ndarray, shape (2,)
            The state.
        here, beyond : ndarray, shape (c,)
            Choices of this side and of the other one.
        width : ndarray, shape (2,)
            Widths of the window.
        """
        at, choices = x[:, None], here[:, None]
        gaps = self.cells.gaps(np.zeros(1), at, choices)[:, 0]
        slopes = self.cells.slopes(np.zeros(1), at, choices)[:-1, :, 0] * width[:, None]
        near = np.abs(gaps) / np.sqrt((slopes**2).sum(axis=0))
        numbers = tuple(int(k) for k in np.flatnonzero(near <= max(1e-9, 2 * float(near.min()))))
        return self.sliding(numbers, here, beyond)

    def _slide(self, surfaces: tuple[int, ...], here: Array, beyond: Array) -> SlidingField:
        frozen = self.cells.frozen
        with frozen.graph.lock:
            made = slide(frozen, surfaces, self.variables)
        graph, names = Graph(), [choice.name for choice in frozen.choices]
        values = dict(zip(names, here.tolist(), strict=True))
        others = dict(zip(names, beyond.tolist(), strict=True))
        doubled = dict(zip(made.names, (float(beyond[i]) for i in made.doubled), strict=False))

        gap_node = frozen.surfaces[surfaces[0]].gap
        mine = _put(graph, {**values, **doubled, WAY: 1.0})
        field = rebuild(graph, made.components, mine)
        (gap,) = rebuild(graph, [gap_node], mine)
        ends = rebuild(graph, [node for _, node in made.ends], mine)
        f = rebuild(graph, frozen.components, mine)
        g = rebuild(graph, frozen.components, _put(graph, others))
        rates = [rate_along(graph, [gap], self.variables, side)[0] for side in (f, g)]
        parallel = graph.subtract(graph.multiply(f[0], g[1]), graph.multiply(f[1], g[0]))
        factor = self._factors(graph)
        return SlidingField(
            CompiledField(graph, field, self.variables),
            factor(gap),
            (factor(rates[0]), factor(rates[1])),
            tuple(zip((k for k, _ in made.ends), map(factor, ends), strict=True)),
            factor(parallel),
            (CompiledField(graph, f, self.variables), CompiledField(graph, g, self.variables)),
        )

    def _factors(self, graph: Graph) -> Callable[[Node], Factor]:
        return lambda node: Factor(graph, node, self.variables)


def _put(graph: Graph, known: Mapping[str, float]) -> Callable[[Node], Node | None]:
    """Give what puts numbers in the place of parameters."""

    def replace(node: Node) -> Node | None:
        if node.op != "parameter":
            return None
        return graph.constant(Fraction(float(known[node.data])))

    return replace


def known_choices(node: Node, known: Mapping[str, float]) -> Node:
    """Put the values of choices, by their names, into an expression."""
    graph = Graph()
    (found,) = rebuild(graph, [node], _put(graph, known))
    return found


@lru_cache(maxsize=32)
def filippov_field(field: CompiledField) -> FilippovField:
    """Give the pieces of a field; they are remembered for some fields.

    Examples
    --------
    >>> from eqpp_dash.engine.system import parse_system
    >>> filippov_field(parse_system("x' = 1; y' = -sign(y)").compile()).texts
    ('y = 0',)
    """
    return FilippovField(field)


def piecewise_nonzero(
    field: CompiledField, lo: Array, hi: Array, passed: Passed | None = None
) -> NDArray[np.bool_]:
    """Tell on which boxes it is proved that no smooth piece of a field vanishes.

    Parameters
    ----------
    field : CompiledField
        The field.
    lo, hi : ndarray, shape (n, m)
        Corners of the boxes.
    passed : callable, optional
        Tells of choices (c, 1) whether the piece is passed over.

    Returns
    -------
    ndarray of bool, shape (m,)
        False also where whole numbers are chosen, or more than `MOST_CHOICES` sides.
    """
    pieces = filippov_field(field)
    frozen = pieces.cells.frozen
    choices = frozen.choices
    if len(choices) > MOST_CHOICES or any(c.whole or c.earlier for c in choices):
        return np.zeros(lo.shape[1], dtype=bool)
    drivers = [Factor(frozen.graph, choice.driver, pieces.variables) for choice in choices]
    bounds = [driver.boxes(lo, hi) for driver in drivers]
    found = np.ones(lo.shape[1], dtype=bool)
    for sides in product((1.0, -1.0), repeat=len(choices)):
        if passed is not None and passed(np.array(sides)[:, None]):
            continue
        there = np.ones(lo.shape[1], dtype=bool)
        for side, bound in zip(sides, bounds, strict=True):
            there &= ~(bound.hi < 0) if side > 0 else ~(bound.lo > 0)
        if there.any():
            own = pieces.side(np.array(sides)).boxes(lo[:, there], hi[:, there])
            found[there] &= excludes_zero(own)
    return found


def piecewise_zeros(
    field: CompiledField, lo: Array, hi: Array, depth: Array, passed: Passed | None = None
) -> tuple[Array, Array, bool]:
    """Shrink boxes to where a smooth piece of a field may vanish within its own part of the plane.

    Parameters
    ----------
    field : CompiledField
        The field.
    lo, hi : ndarray, shape (2, m)
        Corners of the boxes.
    depth : ndarray, shape (2,)
        Widths down to which they are cut.
    passed : callable, optional
        Tells of choices (c, 1) whether the piece is passed over.

    Returns
    -------
    lo, hi : ndarray, shape (2, k)
        Smaller boxes; those given, if too many would be left.
    whether : bool
        Whether they were shrunk.
    """
    low, high = lo, hi
    while True:
        kept = ~piecewise_nonzero(field, low, high, passed)
        low, high = low[:, kept], high[:, kept]
        if low.shape[1] > MOST_BOXES:
            return lo, hi, False
        if not (high - low > depth[:, None]).any():
            return low, high, True
        middle = low + CUT * (high - low)
        for axis in range(len(low)):
            below, above = high.copy(), low.copy()
            below[axis], above[axis] = middle[axis], middle[axis]
            low, high = np.concatenate([low, above], axis=1), np.concatenate([below, high], axis=1)
            middle = np.concatenate([middle, middle], axis=1)


def convex_zero(fields: Sequence[Array]) -> bool:
    """Tell whether zero is a mixture of plane vectors with positive shares.

    Examples
    --------
    >>> convex_zero([np.array([1.0, 0.0]), np.array([-1.0, 0.0])])
    True
    >>> convex_zero([np.array([1.0, 0.0]), np.array([0.0, 1.0])])
    False
    """
    angles = np.sort([float(np.arctan2(v[1], v[0])) for v in fields if np.hypot(*v) > 0])
    if len(angles) < len(fields):
        return True
    gaps = np.diff(np.append(angles, angles[0] + 2 * np.pi))
    return bool(gaps.max() <= np.pi * (1 + 1e-12))


__all__ = ["BACK", "BEYOND", "FilippovField", "SlidingField", "convex_zero", "filippov_field"]
