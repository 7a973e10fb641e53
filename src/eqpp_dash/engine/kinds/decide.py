"""Kinds of the equilibria that the linearisation does not decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from eqpp_dash.engine.classify import planar_eigenpairs
from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.expression.polynomial import TooLargeError, Work
from eqpp_dash.engine.field import window_limits
from eqpp_dash.engine.filippov.pieces import FilippovField
from eqpp_dash.engine.jets import IrrationalError, NotSmoothError
from eqpp_dash.engine.kinds.blowup import blow_up
from eqpp_dash.engine.kinds.centers import center_by_degree, center_proof, focus_proof
from eqpp_dash.engine.kinds.circling import growth_of_a_turn
from eqpp_dash.engine.kinds.germ import GermOf, Matrix, UnclearError, leading, sign
from eqpp_dash.engine.kinds.nilpotent import NilpotentFocus, nilpotent_focus
from eqpp_dash.engine.kinds.places import Anchor, Places
from eqpp_dash.engine.kinds.sectors import count_sectors
from eqpp_dash.engine.kinds.single import Andreev, andreev_functions
from eqpp_dash.engine.kinds.turning import MOST_FOCAL_VALUES, first_focal_value
from eqpp_dash.engine.kinds.verdicts import (
    Verdict,
    apply_andreev,
    damped_focus,
    hyperbolic,
    semi_hyperbolic,
    term,
)
from eqpp_dash.engine.searched import EquilibriumSearch
from eqpp_dash.engine.structure.facts import Structure
from eqpp_dash.engine.structure.find import find_structure
from eqpp_dash.errors import StopAndKeep
from eqpp_dash.model.portrait import Array, Equilibrium
from eqpp_dash.model.spec import Range

WORK = 20_000
"""Budget of the blow-up of one point, in products of coefficients."""
BLOW_UP_DEGREE = 12
"""Degree to which a field that is no polynomial is expanded to be blown up."""
LINE_ORDERS = (4, 12, 24)


def decide_kinds(
    field: CompiledField,
    equilibria: Sequence[Equilibrium],
    structure: Callable[[], Structure | None],
    span: Array,
) -> tuple[Equilibrium, ...]:
    """Decide the kinds that the linearisation leaves undecided, as far as can be proved.

    Parameters
    ----------
    field : CompiledField
        An autonomous field.
    equilibria : sequence of Equilibrium
        As `eqpp_dash.engine.equilibria.find_equilibria` found them.
    structure : callable
        Gives what is proved about the field, or None; called only if it is needed.
    span : ndarray, shape (n,)
        Widths of the window, as a scale.

    Returns
    -------
    tuple of Equilibrium
        The same points; those that stay undecided have a reason that says what was found.

    Examples
    --------
    >>> import numpy as np
    >>> from eqpp_dash import parse_system
    >>> from eqpp_dash.engine.equilibria import find_equilibria
    >>> field = parse_system("x' = x^2; y' = -y").compile()
    >>> found = find_equilibria(field, {"x": (-1, 1), "y": (-1, 1)}).equilibria
    >>> (item,) = decide_kinds(field, found, lambda: None, np.array([2.0, 2.0]))
    >>> item.kind, item.index, item.sectors
    ('saddle-node', 0, {'elliptic': 0, 'hyperbolic': 2, 'parabolic': 1})
    """
    return tuple(_decided(field, equilibria, structure, span))


def _decided(
    field: CompiledField,
    equilibria: Sequence[Equilibrium],
    structure: Callable[[], Structure | None],
    span: Array,
) -> Iterator[Equilibrium]:
    decider = _Decider(field, structure, span)
    for item in equilibria:
        yield decider.decide(item) if field.dimension <= 2 and _open(item) else item


def with_kinds(
    search: EquilibriumSearch,
    field: CompiledField,
    window: Mapping[str, Range],
    structure: Callable[[], Structure | None],
    tick: Callable[[str], object] = lambda words: None,
) -> EquilibriumSearch:
    """Give the result of a search with all kinds decided that can be; see `decide_kinds`.

    Parameters
    ----------
    search : EquilibriumSearch
        What was found.
    field, window, structure
        As for `decide_kinds`.
    tick : callable, optional
        Told how many are decided. If it raises `StopAndKeep`, the rest stays undecided.
    """
    low, high = window_limits(field, window)
    found: list[Equilibrium] = []
    count = len(search.equilibria)
    try:
        for item in _decided(field, search.equilibria, structure, high - low):
            found.append(item)
            tick(f"The kinds of {len(found)} of {count} equilibria are decided")
    except StopAndKeep as stop:
        rest = (_left(item) for item in search.equilibria[len(found) :])
        return replace(search, equilibria=(*found, *rest), stop=stop)
    return replace(search, equilibria=tuple(found))


def _left(item: Equilibrium) -> Equilibrium:
    """Say of a point whose kind is open that it was not looked at."""
    if not _open(item):
        return item
    why = "it was stopped before the local analysis"
    return replace(item, reason=f"{item.reason}; {why}" if item.reason else why)


def _open(item: Equilibrium) -> bool:
    return item.kind == "undecided" and bool(np.isfinite(item.jacobian).all())


class _Decider:
    def __init__(
        self, field: CompiledField, structure: Callable[[], Structure | None], span: Array
    ) -> None:
        self.field = field
        self.places = Places(field)
        self._structure = structure
        self.span = span

    @cached_property
    def structure(self) -> Structure | None:
        return self._structure()

    def decide(self, item: Equilibrium) -> Equilibrium:
        reach = item.error + 2 * np.spacing(np.abs(item.point))
        lo, hi = item.point - reach, item.point + reach
        slopes = self.field.jacobian_boxes(lo[:, None], hi[:, None])
        if not slopes.continuous[0]:
            return item
        if self.field.switching and self.field.dimension == 2:
            return self._in_piece(item.point).decide(item)
        exact = self.places.zero_in(lo, hi)
        if exact is not None and item.evidence != "proved":
            item = _proved(item, exact)
        if self.field.dimension == 1:
            return item if exact is None else self._on_line(item, exact)
        if exact is None:
            proof = self._inexact_center(item, slopes.lo[:, :, 0], slopes.hi[:, :, 0])
            if proof:
                return _with(item, Verdict("center", "neutral", 1, proof))
            exact = self.places.algebraic_zero_in(lo, hi)
        if exact is None:
            return item
        try:
            item = _linearized(item, exact.germ(1).linear)
            verdict = self._judge(item, exact.germ)
        except (UnclearError, IrrationalError, NotSmoothError) as error:
            return replace(item, reason=f"{item.reason}; {error}")
        except TooLargeError:
            return replace(item, reason=f"{item.reason}; the budget of the local analysis is spent")
        return _with(item, verdict)

    def _in_piece(self, point: Array) -> _Decider:
        """Give what decides in the smooth piece of the field about a point."""
        pieces = FilippovField(self.field)
        piece = pieces.side(pieces.choices_at(point[:, None])[:, 0])
        return _Decider(piece, lambda: find_structure(piece), self.span)

    # points that are not known exactly --------------------------------------------------------

    def _inexact_center(self, item: Equilibrium, lo: Array, hi: Array) -> str:
        """Prove a center where only bounds of the derivatives are known."""
        if not _surely_turns(lo, hi):
            return ""
        return self._center(item)

    # the line -----------------------------------------------------------------------------------

    def _on_line(self, item: Equilibrium, exact: Anchor) -> Equilibrium:
        for order in LINE_ORDERS:
            try:
                (series,) = exact.places.series(exact.point, order)
            except (IrrationalError, NotSmoothError) as error:
                return replace(item, reason=f"{item.reason}; {error}")
            found = leading(series)
            if found is not None:
                break
        else:
            reason = f"{item.reason}; all derivatives to order {LINE_ORDERS[-1]} vanish"
            return replace(item, reason=reason)
        order, value = found
        why = f"the first derivative that does not vanish is that of order {order}"
        if order % 2 == 0:
            return _with(item, Verdict("semi-stable", "semi-stable", 0, why))
        word = "stable" if value < 0 else "unstable"
        return _with(item, Verdict(word, word, sign(value), why))

    # the plane ----------------------------------------------------------------------------------

    def _judge(self, item: Equilibrium, germ_of: GermOf) -> Verdict:
        matrix = germ_of(1).linear
        (a, b), (c, d) = matrix
        trace, determinant = a + d, a * d - b * c
        if determinant < 0 or (determinant > 0 and trace):
            return hyperbolic(matrix)
        if determinant > 0:
            return self._turning(item, germ_of)
        if trace:
            return semi_hyperbolic(germ_of)
        if a or b or c or d:
            return self._nilpotent(item, germ_of)
        return self._degenerate(item, germ_of)

    def _center(self, item: Equilibrium) -> str:
        if self.structure is None:
            return ""
        return center_proof(self.structure, item.point, item.error, self.span)

    def _focus(self, item: Equilibrium) -> tuple[str, str]:
        if self.structure is None:
            return "", ""
        return focus_proof(self.structure, item.point, item.error, self.span)

    def _turning(self, item: Equilibrium, germ_of: GermOf) -> Verdict:
        proof = self._center(item)
        if proof:
            return Verdict("center", "neutral", 1, proof)
        focal = first_focal_value(germ_of)
        if focal is None:
            proof = center_by_degree(germ_of)
            if proof:
                return Verdict("center", "neutral", 1, proof)
            word, proof = self._focus(item)
            if word:
                return Verdict(f"weak {word} focus", word, 1, proof)
            reason = f"center or focus: the focal values vanish to order {MOST_FOCAL_VALUES}"
            return Verdict("undecided", "undecided", 1, reason)
        word = "stable" if focal.value < 0 else "unstable"
        which = _ORDINALS[focal.order - 1]
        side = "negative" if focal.value < 0 else "positive"
        return Verdict(f"weak {word} focus", word, 1, f"the {which} focal value is {side}")

    def _nilpotent(self, item: Equilibrium, germ_of: GermOf) -> Verdict:
        functions = andreev_functions(germ_of)
        verdict = apply_andreev(functions) or damped_focus(functions)
        if verdict is not None:
            return verdict
        proof = self._center(item)
        if proof:
            return Verdict("nilpotent center", "neutral", 1, proof)
        word, proof = self._focus(item)
        if word:
            return Verdict("nilpotent focus", word, 1, proof)
        focus = _by_energy(functions, germ_of)
        if focus is not None:
            word = "stable" if focus.value < 0 else "unstable"
            proof = f"along orbits V' = {term(focus.value, focus.power)} + ..."
            return Verdict("nilpotent focus", word, 1, f"both eigenvalues are zero; {proof}")
        reason = "center or focus: both eigenvalues are zero, and orbits turn around the point"
        return Verdict("undecided", "undecided", 1, reason)

    def _degenerate(self, item: Equilibrium, germ_of: GermOf) -> Verdict:
        sectors = count_sectors(blow_up(germ_of(BLOW_UP_DEGREE), Work(WORK)))
        if sectors is None:
            proof = self._center(item)
            if proof:
                return Verdict("center", "neutral", 1, proof)
            word, proof = self._focus(item)
            way = 0 if word else growth_of_a_turn(germ_of(BLOW_UP_DEGREE))
            if way:
                word = "unstable" if way > 0 else "stable"
                proof = "the terms of lowest degree wind " + ("outward" if way > 0 else "inward")
            if word:
                return Verdict("degenerate", word, 1, f"a focus: {proof}")
            reason = "center or focus: the linearisation vanishes, and orbits turn around the point"
            return Verdict("undecided", "undecided", 1, reason)
        why = "the linearisation vanishes; the sectors are those of the blow-up"
        stability = {0: "unstable", 1: "unstable", -1: "stable"}[sectors.flow]
        return Verdict("degenerate", stability, sectors.index, why, sectors)


_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


def _linearized(item: Equilibrium, matrix: Matrix) -> Equilibrium:
    """Put in the exact linear part."""
    (a, b), (c, d) = matrix
    jacobian = np.array([[float(entry) for entry in row] for row in matrix])
    if not jacobian.any():
        values, vectors = np.zeros(2, complex), np.eye(2, dtype=complex)
    else:
        double = not (a - d) * (a - d) + 4 * b * c
        star = double and not (b or c)
        values, vectors = planar_eigenpairs(jacobian, double, star, not a + d)
    return replace(item, jacobian=jacobian, eigenvalues=values, eigenvectors=vectors)


def _proved(item: Equilibrium, exact: Anchor) -> Equilibrium:
    """Put an exact zero in the place of one that was found numerically."""
    error = 0.0 if exact.rational else float(4 * np.spacing(np.abs(exact.near)).max())
    return replace(
        item,
        point=exact.near + 0.0,
        error=error,
        evidence="proved",
        method="rational arithmetic" if exact.rational else "exact arithmetic",
    )


def _with(item: Equilibrium, verdict: Verdict) -> Equilibrium:
    """Put a verdict in place of what was undecided, unless a winding number contradicts it."""
    if None not in (item.index, verdict.index) and item.index != verdict.index:
        reason = f"{item.reason}; index {item.index} was counted where {verdict.kind} was expected"
        return replace(item, reason=reason)
    return replace(
        item,
        kind=verdict.kind,
        stability=verdict.stability,
        index=verdict.index if item.index is None else item.index,
        reason=verdict.reason,
        hyperbolic=verdict.hyperbolic,
        sectors=verdict.sectors.to_json() if verdict.sectors else None,
    )


def _surely_turns(lo: Array, hi: Array) -> bool:
    """Tell whether all matrices between bounds have eigenvalues that are not real."""
    (a, b), (c, d) = (
        [(Fraction(float(lo[i, j])), Fraction(float(hi[i, j]))) for j in range(2)] for i in range(2)
    )
    products = [p * q for p in b for q in c]
    gap = max(abs(a[0] - d[1]), abs(a[1] - d[0]))
    return gap * gap + 4 * max(products) < 0


def _by_energy(functions: Andreev, germ_of: GermOf) -> NilpotentFocus | None:
    """Find the focal value where damping is weaker than force."""
    m, damping = functions.force.order, functions.damping
    if damping is not None and m == 2 * damping.order + 1:
        return None
    return nilpotent_focus(germ_of, m)
