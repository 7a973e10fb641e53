"""All that is proved about the structure of a planar system."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.expression.graph import ConstantError, SizeError
from eqpp_dash.engine.expression.polynomial import TooLargeError
from eqpp_dash.engine.field import window_limits
from eqpp_dash.engine.structure.combine import combined, darboux_multiplier
from eqpp_dash.engine.structure.curves import curve_facts, curves_of
from eqpp_dash.engine.structure.darboux import Curve
from eqpp_dash.engine.structure.domain import is_continuous
from eqpp_dash.engine.structure.dulac import dulac
from eqpp_dash.engine.structure.elements import elements
from eqpp_dash.engine.structure.facts import Kind, Structure, StructureFact
from eqpp_dash.engine.structure.integrals import (
    candidate_functions,
    gradient,
    hamiltonian,
    separated,
    time_changed,
)
from eqpp_dash.engine.structure.periods import periods
from eqpp_dash.engine.structure.plane import Plane
from eqpp_dash.engine.structure.symmetries import symmetries
from eqpp_dash.model.portrait import Array
from eqpp_dash.model.spec import Range

#: Products of coefficients that each search may spend.
WORK = 60_000
T = TypeVar("T")


def find_structure(
    field: CompiledField, window: tuple[Array, Array] | None = None, work: int = WORK
) -> Structure:
    """Find what can be proved about the structure of a planar field.

    Parameters
    ----------
    field : CompiledField
        Two components, autonomous.
    window : (ndarray, ndarray), optional
        Lower and upper limits, shape (2,) each: where the sign of the divergence may be proved
        by interval arithmetic if no sign holds everywhere.
    work : int
        Budget of each of the searches. A search that outgrows it claims nothing, and is named
        in `unfinished`.

    Returns
    -------
    Structure
        Each fact was checked by putting it back into the equations with exact arithmetic.

    Raises
    ------
    ValueError
        If the field is not planar and autonomous.

    Examples
    --------
    >>> from eqpp_dash import parse_system
    >>> pendulum = parse_system("x' = y; y' = -sin(x)").compile()
    >>> [f"{fact.kind}: {fact.expression}" for fact in find_structure(pendulum).facts][0]
    'hamiltonian: y^2/2 - cos(x)'
    """
    return _Search(Plane(field, work), window).run()


def planar_structure(field: CompiledField, window: Mapping[str, Range]) -> Structure | None:
    """Find what can be proved about a field on a window; None if it is not planar and autonomous.

    Parameters
    ----------
    field : CompiledField
        Any field.
    window : mapping of str to (float, float)
        Limits of each variable.
    """
    if field.dimension != 2 or not field.autonomous:
        return None
    return find_structure(field, window_limits(field, window))


def quick_structure(field: CompiledField, window: Mapping[str, Range]) -> Structure | None:
    """Find a first integral and reversors as `planar_structure` does, but no more than needed.

    Invariant curves, Dulac functions and what is made of them are looked for only if there is no
    first integral without them.
    """
    if field.dimension != 2 or not field.autonomous:
        return None
    limits = window_limits(field, window)
    return _Search(Plane(field, WORK), limits).quick() or find_structure(field, limits)


class _Search:
    def __init__(self, plane: Plane, window: tuple[Array, Array] | None) -> None:
        self.plane = plane
        self.window = window
        self.unfinished: list[str] = []

    def run(self) -> Structure:
        plane = self.plane
        curves = self._list("invariant curves", lambda: curves_of(plane))
        shifts = self._list("periods", lambda: periods(plane))
        facts = list(self._integrals(curves))
        potential = self._try("gradient", lambda: gradient(plane))
        if potential is not None:
            facts.append(potential)
        facts += self._list("symmetries", lambda: symmetries(plane))
        facts += shifts
        facts += self._list("invariant curves", lambda: curve_facts(plane, curves))
        simple = any(fact.kind in _ENOUGH and fact.single_valued for fact in facts)
        found = self._try("Dulac functions", lambda: dulac(plane, curves, self.window, simple))
        if found is not None:
            facts.append(found)
        order = list(Kind)
        facts.sort(key=lambda fact: order.index(fact.kind))
        continuous = self._continuous()
        return Structure(tuple(facts), tuple(dict.fromkeys(self.unfinished)), continuous)

    def quick(self) -> Structure | None:
        """Give a first integral that is found at once, and the symmetries; None without one."""
        for search in (hamiltonian, separated):
            found = self._try("first integrals", partial(search, self.plane))
            if found is not None and found.single_valued:
                facts = self._list("symmetries", lambda: symmetries(self.plane))
                return Structure((found, *facts), tuple(self.unfinished), self._continuous())
        return None

    def _continuous(self) -> bool:
        if self.plane.switching:
            return bool(self._try("continuity", lambda: is_continuous(self.plane)))
        return True

    def _integrals(self, curves: Sequence[Curve]) -> list[StructureFact]:
        """Give one first integral, of one value if there is such."""
        plane = self.plane
        parts = self._list("first integrals", lambda: elements(plane, curves))
        searches: list[Callable[[], StructureFact | None]] = [
            lambda: hamiltonian(plane),
            lambda: separated(plane),
        ]
        if plane.polynomials is not None:
            searches += [lambda: combined(plane, parts), lambda: darboux_multiplier(plane, parts)]
        else:
            searches.append(lambda: time_changed(plane, candidate_functions(plane)))
        spare: StructureFact | None = None
        for search in searches:
            found = self._try("first integrals", search)
            if found is not None and found.single_valued:
                return [found]
            spare = spare or found
        return [spare] if spare is not None else []

    def _try(self, name: str, search: Callable[[], T | None]) -> T | None:
        """Run one search with a budget of its own."""
        self.plane.renew()
        try:
            return search()
        except (TooLargeError, SizeError, ConstantError):
            self.unfinished.append(name)
            return None

    def _list(self, name: str, search: Callable[[], list[T]]) -> list[T]:
        return self._try(name, search) or []


#: With one of these only the divergence itself is looked at.
_ENOUGH = frozenset({Kind.HAMILTONIAN, Kind.TIME_CHANGED, Kind.CONSERVED, Kind.GRADIENT})
