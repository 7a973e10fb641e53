"""Basins of attraction of planar autonomous systems: the window divided by where orbits end.

The window is cut into cells, and the orbit through each cell's centre is integrated in machine
code until an attractor has caught it, see `attractors`, or it is far away. Where a cell differs
from a neighbour, both are halved, down to 1/512 of the window; so are those newly found to
differ, so that thin parts are followed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.fates import FATES, INFINITY, OPEN, Fates, Labels
from eqpp_dash.engine.machine import Integrator
from eqpp_dash.engine.orbits import Problem
from eqpp_dash.engine.reporting import PhaseReporter
from eqpp_dash.engine.system import System
from eqpp_dash.model.basins import NO_PLACE, UNDECIDED, Basin, BasinMap
from eqpp_dash.model.portrait import Array, Equilibrium
from eqpp_dash.model.spec import Parameter, PortraitSpec

COARSE, FINE = 64, 512
"""Cells along each side: all of these are integrated, and the finest."""

FINE_NUMPY = 128
"""The finest where numpy integrates."""

ENOUGH_STEPS = 3e6
"""The grid of which all cells are integrated is doubled while that takes fewer steps."""

MOST_STEPS = 2e8
"""Steps in all after which cells are no longer halved."""

FEW, LONGER = 0.05, 4.0
"""If at most this share of the cells is undecided at the end, these are followed for longer."""

MOST_EDGES = 30_000
"""Cells on borders that count by four starts, at most."""

SEED = 7
"""Of the places of these starts, the same for every system."""

OFF_CENTER = np.array([[0.12], [-0.07]])
"""Starts are off the cells' centres, to this side and to the other by turns, in sides of a cell.

So a border along an axis or a diagonal, where systems have them, is not hit by a row of starts.
"""

LOOK_EVERY = 0.02
Shares = dict[int, float]


def basins_of_portrait(
    system: System,
    spec: PortraitSpec,
    problem: Problem,
    equilibria: Sequence[Equilibrium],
    report: PhaseReporter,
) -> BasinMap | None:
    """Give the basins that a portrait has; None if they are not asked for. See `find_basins`."""
    if "basins" not in spec.analyses:
        return None
    report.begin("basins")
    return find_basins(system, spec.parameters, problem, equilibria, report)


def find_basins(
    system: System,
    parameters: Mapping[str, Parameter],
    problem: Problem,
    equilibria: Sequence[Equilibrium],
    report: PhaseReporter,
    *,
    machine: bool = True,
) -> BasinMap:
    """Divide the window into basins of attraction.

    Parameters
    ----------
    system : System
        A planar autonomous system.
    parameters : mapping of str to float or str
        Values of all its parameters.
    problem : Problem
        The same on its window, with its limit cycles.
    equilibria : sequence of Equilibrium
        The equilibria in the window.
    report : PhaseReporter
        Told how far this is; its phase has begun. An exception from it ends the work within 100 ms.
    machine : bool
        Whether to use machine code where it can be made.

    Returns
    -------
    BasinMap
        The cells' basins. What no attractor has caught in the time is ``undecided``.
    """
    work = _Cells(system, parameters, problem, equilibria)
    with ExitStack() as stack:
        pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="basins")
        stack.callback(pool.shutdown, wait=False)
        stack.callback(work.fates.stopped.set)
        running = pool.submit(work.divide, machine)
        while wait([running], timeout=LOOK_EVERY).not_done:
            report.tell(work.share)
        return running.result()


class _Cells:
    """The cells of a window, divided on a thread of its own so that it can be left any time."""

    def __init__(
        self,
        system: System,
        parameters: Mapping[str, Parameter],
        problem: Problem,
        equilibria: Sequence[Equilibrium],
    ) -> None:
        self.problem = problem
        self.share, self._stage = 0.0, (0.0, 0.0)
        self.fates = Fates(system, parameters, problem, equilibria, self._tell)

    @np.errstate(all="ignore")
    def divide(self, machine: bool) -> BasinMap:
        """Make the map."""
        with self.fates.integrator(machine=machine) as integrator:
            finest = FINE if integrator.tier == "machine" else FINE_NUMPY
            labels, coarse = self._whole(min(COARSE, finest), finest)
            labels = self._settle(self._refine(labels, finest))
            shares, errors = self._measure(labels)
            remark = "" if integrator.tier == "machine" else _slow(integrator)
        return self._map(labels, shares, errors, coarse, remark)

    def _tell(self, share: float) -> None:
        low, high = self._stage
        self.share = max(self.share, low + (high - low) * share)

    def _centers(self, cells: NDArray[np.intp], side: int) -> Array:
        """Give the centres of cells, shape (2, m): rows and columns, from below and the left."""
        low = self.problem.center - 0.5 * self.problem.width
        row, column = cells
        off = np.where((row + column // 2) % 2, 1.0, -1.0) * OFF_CENTER
        places: Array = (
            low[:, None] + (cells[::-1] + 0.5 + off) / side * self.problem.width[:, None]
        )
        return places

    def _all(self, side: int) -> tuple[Labels, Array]:
        cells = np.indices((side, side)).reshape(2, -1)
        labels, states = self.fates.follow(self._centers(cells, side))
        return labels.reshape(side, side), states

    def _whole(self, side: int, finest: int) -> tuple[Labels, int]:
        """Label all cells of a grid that is as fine as can be had quickly."""
        self._stage = 0.05, 0.4
        labels, states = self._all(side)
        lost = labels.ravel() == OPEN
        if lost.any() and self.fates.sinks_beyond(states[:, lost]):
            cells = np.stack(np.unravel_index(np.flatnonzero(lost), labels.shape))
            labels, _ = self._again(labels, cells)
        self._stage = 0.4, 0.5
        while 2 * side <= finest // 2 and 4 * self.fates.steps < ENOUGH_STEPS:
            side *= 2
            labels, _ = self._all(side)
        return labels, side

    def _again(self, labels: Labels, cells: NDArray[np.intp]) -> tuple[Labels, Array]:
        found, states = self.fates.follow(self._centers(cells, len(labels)))
        labels[cells[0], cells[1]] = found
        return labels, states

    def _refine(self, labels: Labels, finest: int) -> Labels:
        """Halve the cells that differ from a neighbour until they are the finest."""
        stage = 0.5
        while len(labels) < finest and self.fates.steps < MOST_STEPS:
            edge = beside_others(labels)
            labels = np.repeat(np.repeat(labels, 2, 0), 2, 1)
            wanted = np.repeat(np.repeat(edge, 2, 0), 2, 1)
            done = np.zeros(labels.shape, dtype=bool)
            self._stage = stage, stage + 0.5 * (1.0 - stage)
            stage = self._stage[1]
            while wanted.any() and self.fates.steps < MOST_STEPS:
                cells = np.stack(np.nonzero(wanted))
                labels, _ = self._again(labels, cells)
                done |= wanted
                wanted = beside_others(labels) & ~done
        return labels

    def _settle(self, labels: Labels) -> Labels:
        """Follow the cells that are left undecided for longer, if they are few."""
        cells = np.stack(np.nonzero(labels == OPEN))
        if not 0 < cells.shape[1] <= FEW * labels.size or self.fates.steps >= MOST_STEPS:
            return labels
        self._stage = 1.0, 1.0
        self.fates.span *= LONGER
        labels, states = self._again(labels, cells)
        lost = labels[cells[0], cells[1]] == OPEN
        if lost.any() and self.fates.sinks_beyond(states[:, lost]):
            labels, _ = self._again(labels, cells[:, lost])
        return labels

    def _measure(self, labels: Labels) -> tuple[Shares, Shares]:
        """Give the share of the window of each label, and two standard errors of it.

        Cells with another neighbour count by four starts, one somewhere in each quarter, so that
        a border that runs along a row of cells is no worse than others.
        """
        edge = beside_others(labels)
        cells = np.stack(np.nonzero(edge))[:, :MOST_EDGES]
        edge[:] = False
        edge[cells[0], cells[1]] = True
        counts = Counter(dict(zip(*_tally(labels[~edge]), strict=True)))
        quarters = np.concatenate(
            [2 * cells + part for part in np.indices((2, 2)).reshape(2, 4).T[:, :, None]], axis=1
        )
        if not cells.size:
            return {label: n / labels.size for label, n in counts.items()}, {}
        place = np.random.default_rng(SEED).random(quarters.shape)
        low = self.problem.center - 0.5 * self.problem.width
        starts = (
            low[:, None]
            + (quarters[::-1] + place) / (2 * len(labels)) * self.problem.width[:, None]
        )
        found, _ = self.fates.follow(starts)
        shares, errors = {k: n / labels.size for k, n in counts.items()}, {}
        owner = labels[np.tile(cells[0], 4), np.tile(cells[1], 4)]
        for label, n in zip(*_tally(found), strict=True):
            shares[label] = shares.get(label, 0.0) + 0.25 * n / labels.size
            near = int(((found == label) | (owner == label)).sum())
            errors[label] = 0.25 * math.sqrt(near) / labels.size
        return shares, errors

    # the map -------------------------------------------------------------------------------

    def _map(
        self, labels: Labels, shares: Shares, errors: Shares, coarse: int, remark: str
    ) -> BasinMap:
        attractors = self.fates.known.labels()
        area = float(np.prod(self.problem.width))
        basins: list[Basin] = []
        numbers = np.zeros(labels.shape, dtype=np.int8)
        order: list[int] = [*sorted(attractors), *range(INFINITY, OPEN + 1)]
        for label in order:
            mine = labels == label
            share = shares.get(label, 0.0)
            if not share:
                continue
            numbers[mine] = len(basins)
            item = attractors.get(label)
            of = item.of if item else FATES[label - INFINITY]
            basins.append(
                Basin(
                    of,
                    share,
                    share * area,
                    errors.get(label, 0.0),
                    item.evidence if item else UNDECIDED if of == UNDECIDED else "numerical",
                    item.point if item else np.array(NO_PLACE),
                    item.kind if item else "",
                )
            )
        return BasinMap(numbers, tuple(basins), self.fates.orbits, coarse, remark)


def _slow(integrator: Integrator) -> str:
    why = integrator.trouble or "machine code was not wanted"
    return f"Basins were computed by numpy, on a coarser grid: {why}"


def _tally(labels: Labels) -> tuple[list[int], list[int]]:
    """Give the labels that occur, and how often."""
    found, counts = np.unique(labels, return_counts=True)
    return found.tolist(), counts.tolist()


def beside_others(labels: Labels) -> NDArray[np.bool_]:
    """Tell which cells have a neighbour, of eight, with another label.

    Examples
    --------
    >>> beside_others(np.array([[0, 0, 1]], dtype=np.int8)).tolist()
    [[False, True, True]]
    """
    found = np.zeros(labels.shape, dtype=bool)
    ahead, behind = slice(1, None), slice(None, -1)
    whole = slice(None)
    for one, other in (
        ((whole, ahead), (whole, behind)),
        ((ahead, whole), (behind, whole)),
        ((ahead, ahead), (behind, behind)),
        ((ahead, behind), (behind, ahead)),
    ):
        differ = labels[one] != labels[other]
        found[one] |= differ
        found[other] |= differ
    return found
