"""All equilibria of a field in a window, each with its kind and how sure it is."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from eqpp_dash.engine.compiled import CompiledField, Factor
from eqpp_dash.engine.continua import hidden_curve
from eqpp_dash.engine.degenerate import Cluster, cluster_boxes
from eqpp_dash.engine.equilibriumsets import MARGIN, EquilibriumSets, with_margin
from eqpp_dash.engine.exactzeros import ExactZeros
from eqpp_dash.engine.field import window_limits
from eqpp_dash.engine.filippov.find import search_surfaces
from eqpp_dash.engine.filippov.pieces import piecewise_zeros
from eqpp_dash.engine.krawczyk import newton, prove_zeros
from eqpp_dash.engine.points import ALGEBRA, PointExaminer
from eqpp_dash.engine.problem import FactorSystem
from eqpp_dash.engine.pulse import undisturbed
from eqpp_dash.engine.searched import (
    EquilibriumSearch,
    in_order,
    proved_by_then,
    stopped_search,
)
from eqpp_dash.engine.singularities import find_singularities
from eqpp_dash.engine.subdivision import SearchBudget, find_zeros
from eqpp_dash.engine.zeros import KnownZeros, Zeros
from eqpp_dash.errors import StopAndKeep
from eqpp_dash.model.portrait import (
    Array,
    Equilibrium,
    Notice,
    Progress,
)
from eqpp_dash.model.spec import Range

MOST_SYSTEMS = 200
"""Most combinations of factors that are searched."""


def find_equilibria(
    field: CompiledField,
    window: Mapping[str, Range],
    *,
    progress: Callable[[Progress], object] | None = None,
    budget: SearchBudget | None = None,
    known: KnownZeros | None = None,
) -> EquilibriumSearch:
    """Find all equilibria of an autonomous field in a window.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    window : mapping of str to (float, float)
        Limits of each variable; the search goes a little beyond them.
    progress : callable, optional
        Told how far the search is. If it raises `StopAndKeep`, what was proved is given.
    budget : SearchBudget, optional
        What may be spent.
    known : KnownZeros, optional
        What an earlier search of the same field found. If its box holds the window and what
        is searched around it, nothing is searched again.

    Returns
    -------
    EquilibriumSearch
        Equilibria with kind, index and evidence; sets of equilibria; singular points; and
        whether it is proved that there are no others.

    Raises
    ------
    SpecError
        If the window does not give each state variable its limits.

    Notes
    -----
    The field vanishes where one factor of each component does, so each combination of
    factors is searched by interval subdivision with Krawczyk's test
    (`eqpp_dash.engine.subdivision.find_zeros`). Factors common to all components vanish on
    curves of equilibria and are taken out first, or at isolated points, which are added.
    """
    lo, hi = window_limits(field, window)
    search = _Search(field, lo, hi, budget or SearchBudget(), progress)
    try:
        search.run(known=known)
        found = search.result()
        more = search_surfaces(field, lo, hi, found.equilibria)
    except StopAndKeep as stop:
        return search.kept(stop)
    sets = (*found.sets, *more.sets)
    return replace(found, equilibria=more.equilibria, sets=sets, switching=more.switching)


def survey_equilibria(
    field: CompiledField, window: Mapping[str, Range], budget: SearchBudget
) -> EquilibriumSearch | None:
    """Find all equilibria as `find_equilibria` does, or give up early.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    window : mapping of str to (float, float)
        Limits of each variable.
    budget : SearchBudget
        What may be spent.

    Returns
    -------
    EquilibriumSearch or None
        None as soon as the budget is found not to suffice.
    """
    lo, hi = window_limits(field, window)
    search = _Search(field, lo, hi, budget, None)
    search.run(patient=False)
    return None if search.exhausted else search.result()


class _Search:
    """One search; collects as it goes."""

    def __init__(
        self,
        field: CompiledField,
        lo: Array,
        hi: Array,
        budget: SearchBudget,
        progress: Callable[[Progress], object] | None,
    ) -> None:
        self.field = field
        self.lo, self.hi, self.span = lo, hi, hi - lo
        self.budget, self.used = budget, 0
        self.progress = progress
        self.examiner = PointExaminer(field, lo, hi)
        self.exact = ExactZeros(field)
        self.sets = EquilibriumSets(field, lo, hi)
        self.notices: list[Notice] = []
        self.open: list[str] = []
        self.specks: list[str] = []
        self.on_surfaces = False
        self.zeros = Zeros(len(lo))
        self.examined: list[Equilibrium] = []
        self.undecided: list[tuple[FactorSystem, Array, Array, str]] = []

    @property
    def box(self) -> tuple[Array, Array]:
        """Corners of what is searched: a little more than the window."""
        return with_margin(self.lo, self.hi)

    @property
    def exhausted(self) -> bool:
        return any(reason for _, _, _, reason in self.undecided)

    def run(self, patient: bool = True, known: KnownZeros | None = None) -> None:
        if all(self.field.zero):
            self.sets.add_plane()
            return
        self.sets.take_out()
        if known is not None and known.covers(*self.box):
            lo, hi = self.box
            at, error = known.points, known.errors
            near = ((at + error >= lo[:, None]) & (at - error <= hi[:, None])).all(axis=0)
            self.zeros.add(at[:, near], error[:, near])
            return
        systems = list(itertools.product(*self._choices()))
        if len(systems) > MOST_SYSTEMS:
            self.open.append(f"only {MOST_SYSTEMS} of {len(systems)} combinations of factors")
            systems = systems[:MOST_SYSTEMS]
        for count, factors in enumerate(systems):
            if self.exhausted and not patient:
                return
            self._search(factors, count, len(systems))

    def _choices(self) -> list[list[Factor]]:
        if any(self.field.zero):
            return [[]]
        common = {factor.text for factor in self.sets.shared}
        return [[f for f in factors if f.text not in common] for factors in self.field.factors]

    def _search(self, factors: tuple[Factor, ...], count: int, total: int) -> None:
        def tell(share: float) -> None:
            self._tell((count + share) / total, f"{self.zeros.count} equilibria so far")

        system = FactorSystem(factors)
        left = replace(self.budget, boxes=max(0, self.budget.boxes - self.used))
        found = find_zeros(system, *self.box, left, tell)
        self.used += found.boxes
        self.zeros.add(found.points, found.error)
        if found.stop is not None:
            raise found.stop
        lo, hi, exhausted = found.lo, found.hi, found.exhausted
        if exhausted and self.field.switching:
            depth = self.budget.depth * self.span
            lo, hi, shrunk = piecewise_zeros(self.field, lo, hi, depth, self.sets.resting.holds)
            self.on_surfaces |= shrunk
            exhausted = "" if shrunk else exhausted
        if lo.shape[1]:
            self.undecided.append((system, lo, hi, exhausted))

    def _tell(self, share: float, message: str) -> None:
        if self.progress is not None:
            self.progress(Progress("equilibria", share, message))

    def result(self) -> EquilibriumSearch:
        singularities, notices = (
            find_singularities(self.field, self.lo, self.hi)
            if self.field.dimension == 2
            else ((), ())
        )
        equilibria = self._isolated()
        sets = self.sets
        undecided = [*sets.open, *self.open, *sets.isolated.undecided]
        notices = (*sets.notices, *self.notices, *notices)
        completeness = "proved"
        if self.specks:
            completeness += ", except within specks " + "; ".join(dict.fromkeys(self.specks))
        if self.on_surfaces or sets.on_surfaces:
            completeness += ", except on surfaces where the field jumps"
        if undecided:
            completeness = "searched; not decided: " + "; ".join(dict.fromkeys(undecided))
            message = f"Whether all equilibria were found is {completeness[10:]}"
            notices = (*notices, Notice("equilibria-undecided", message))
        return EquilibriumSearch(
            tuple(equilibria),
            tuple(sets.found),
            singularities,
            completeness,
            tuple(dict.fromkeys(notices)),
            None if self.undecided or undecided else self._known(),
        )

    def _known(self) -> KnownZeros:
        empty = np.empty((0, len(self.lo)))
        points, errors = (
            np.array(part or empty).T for part in (self.zeros.points, self.zeros.errors)
        )
        return KnownZeros(*self.box, points, errors)

    def _isolated(self) -> list[Equilibrium]:
        specks = []
        for system, lo, hi, exhausted in self.undecided:
            if exhausted:
                self._crowd(system, lo, hi, exhausted)
            else:
                specks += self._from_clusters(lo, hi)
        candidates = [(p, e, "Krawczyk") for p, e in self.zeros.pairs() if self._counts(p)]
        candidates += specks
        candidates += self._new(self.sets.isolated.proved, ALGEBRA)
        candidates += self._new(self.sets.isolated.traced, "subdivision")
        points = np.array([p for p, _, _ in candidates]).reshape(-1, len(self.lo))
        found = self.examined
        for k, (point, error, method) in enumerate(candidates):
            self._tell(1.0, f"{k} of {len(candidates)} equilibria examined")
            others = np.delete(points, k, axis=0)
            equilibrium = self.examiner.examine(point, error, method, others)
            if equilibrium is not None:
                found.append(equilibrium)
        return in_order(found)

    def kept(self, stop: StopAndKeep) -> EquilibriumSearch:
        """Give what was proved until the search was stopped."""
        with undisturbed():
            pairs = [pair for pair in self.zeros.pairs() if self._counts(pair[0])]
            found = proved_by_then(self.examiner, self.examined, pairs)
        return stopped_search(stop, found, tuple(self.sets.found))

    def _counts(self, point: Array) -> bool:
        """Tell whether a zero is isolated and in the region searched."""
        slack = MARGIN * self.span * 1e-9
        lo, hi = self.box
        if not ((point >= lo - slack) & (point <= hi + slack)).all():
            return False
        return not self.sets.may_hold(point)

    def _from_clusters(self, lo: Array, hi: Array) -> list[tuple[Array, Array, str]]:
        """Examine the specks that a finished search left undecided."""
        candidates: list[tuple[Array, Array, str]] = []
        for cluster in cluster_boxes(lo, hi, self.span):
            if self.examiner.is_excluded(cluster):
                continue
            exact = self.exact.within(cluster)
            if exact is not None:
                candidates += self._new(exact, ALGEBRA)
                continue
            point, error = self.examiner.locate(cluster)
            if self.examiner.is_jump(cluster, point):
                continue
            width = float(((cluster.hi - cluster.lo) / self.span).max())
            self.specks.append(f"of {width:.0e} of the window {_near(point)}")
            if not self._counts(point) or self.zeros.holds(point, error + 1e-9 * self.span):
                continue
            self.zeros.reserve(point, error)
            candidates.append((point, error, "subdivision"))
        return candidates

    def _new(self, zeros: list[tuple[Array, Array]], method: str) -> list[tuple[Array, Array, str]]:
        """Take zeros with their errors that count and are not known yet."""
        candidates: list[tuple[Array, Array, str]] = []
        for point, error in zeros:
            if self._counts(point) and not self.zeros.holds(point, error + 1e-9 * self.span):
                self.zeros.reserve(point, error)
                candidates.append((point, error, method))
        return candidates

    def _crowd(self, system: FactorSystem, lo: Array, hi: Array, exhausted: str) -> None:
        """Deal with the boxes of a search that was cut short."""
        cluster = Cluster(lo.min(axis=1), hi.max(axis=1), 0.5 * (lo + hi))
        factors = [f for factors in self.field.factors for f in factors]
        factor, continuum = hidden_curve(self.field, factors, cluster, self.span)
        middle = cluster.centers[:, cluster.centers.shape[1] // 2]
        self.open.append(f"{lo.shape[1]} boxes, one of them {_near(middle, 3)}")
        if factor is not None:
            self.sets.add(factor, "numerically, points with")
        elif continuum:
            message = f"Equilibria are not isolated, as {_near(middle, 3)}"
            self.notices.append(Notice("equilibrium-curve", message))
        else:
            self._add_some(system, cluster)
            if exhausted in ("zeros", "crowd") and self.zeros.count:
                message = f"There are too many equilibria to list all: these are {self.zeros.count}"
                self.notices.append(Notice("equilibria-many", message))

    def _add_some(self, system: FactorSystem, cluster: Cluster) -> None:
        """Prove zeros near some boxes of a crowd, up to the number that is listed."""
        room = self.budget.zeros - self.zeros.count
        if room <= 0:
            return
        count = cluster.centers.shape[1]
        chosen = np.linspace(0, count - 1, min(count, 4 * room)).round().astype(int)
        starts = cluster.centers[:, np.unique(chosen)]
        points, last = newton(system, starts)
        with np.errstate(invalid="ignore"):
            near = (np.abs(points - starts) <= 0.02 * self.span[:, None]).all(axis=0)
        points, last = points[:, near], last[:, near]
        proved, error = prove_zeros(system, points, 4 * last + 4 * np.spacing(np.abs(points)))
        for k in np.flatnonzero(proved):
            if self.zeros.count >= self.budget.zeros:
                break
            self.zeros.add(points[:, k : k + 1], error[:, k : k + 1])


def _near(point: Array, digits: int = 6) -> str:
    return "near (" + ", ".join(f"{value + 0.0:.{digits}g}" for value in point) + ")"
