"""The motions of a field in pieces, each with its own compiled code, made when first wanted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.expression.freeze import Frozen
from eqpp_dash.engine.expression.graph import Node, rebuild
from eqpp_dash.engine.machine.batch import Batch
from eqpp_dash.engine.machine.hybrid.cells import Cells
from eqpp_dash.engine.machine.hybrid.follow import Following
from eqpp_dash.engine.machine.hybrid.sliding import slide
from eqpp_dash.engine.machine.hybrid.ties import coincide, untie
from eqpp_dash.engine.machine.layout import Variant
from eqpp_dash.engine.machine.runner import Runner
from eqpp_dash.engine.machine.sections import Events
from eqpp_dash.engine.machine.threads import Watch

Integers = NDArray[np.int64]

#: Makes a runner of a field, names of parameters, sections, and what is compiled at once.
Make = Callable[[Sequence[Node], Sequence[str], Sequence[Node], Variant], Runner]

FIRST = Variant(sections=True)
"""What is compiled at once."""

USUAL_SWITCHINGS = 10_000


@dataclass(frozen=True, slots=True)
class Motion:
    """A way to move, free or sliding: a smooth field, and expressions at whose zeros it ends.

    Attributes
    ----------
    doubled : tuple of int
        Choices whose values on the other side are parameters too, the last ones.
    ends : tuple of int
        What is reached at the zeros: see `sliding.Sliding`.
    sections : int
        The caller's sections, which come before these.
    runner : Runner
        Integrates.
    cells : Cells
        The field in pieces.
    surfaces : tuple of int
        On what it slides; nothing if it moves freely.
    """

    doubled: tuple[int, ...]
    ends: tuple[int, ...]
    sections: int
    runner: Runner
    cells: Cells
    surfaces: tuple[int, ...]

    def held(self, batch: Batch) -> NDArray[np.bool_]:
        """Tell which of the caller's sections trajectories slide on, shape (s, m)."""
        wanted = np.asarray(batch.events.wanted[:, :2].any(1))
        if not (self.surfaces and wanted.any()):
            return np.zeros((self.sections, batch.spans.size), dtype=bool)
        t, p = batch.start_time + batch.begun, batch.parameters[: len(self.cells.names)]
        with np.errstate(all="ignore"):
            slopes = self.cells.slopes(t, batch.starts, p)[:, self.surfaces[0]]
        return coincide(self.runner.field.sections, wanted, batch, slopes)

    def run(
        self,
        method: str,
        batch: Batch,
        watch: Watch,
        threads: int | None,
        held: NDArray[np.bool_],
    ) -> tuple[NDArray[np.int8], Integers]:
        """Integrate a batch; give the methods, and which end each reached, or -1.

        Sections of the caller that are `held`, shape (s,), are not looked at.
        """
        own, count, more = batch.events, batch.spans.size, len(self.ends)
        wanted = np.tile(np.array([0, 1, 1, 0]), (more, 1))
        dimension = len(batch.starts)
        batch.events = Events(
            np.concatenate([np.where(held[:, None], 0, own.wanted), wanted]),
            [*own.times, *(np.empty((count, 0)) for _ in range(more))],
            [*own.states, *(np.empty((count, 0, dimension)) for _ in range(more))],
            [*own.counts, *(np.zeros(count, dtype=np.int64) for _ in range(more))],
            [*(sides.copy() for sides in own.sides), *(np.zeros(count) for _ in range(more))],
            own.points,
            own.cycle_points,
            own.cycle_sections,
            strict=more,
        )
        methods = self.runner.run(method, batch, watch, threads)
        if own.crossing:
            untie(self.runner.field, batch, self.sections, self.ends)
        for name in ("times", "states", "counts"):
            setattr(own, name, getattr(batch.events, name)[: self.sections])
        for j in np.flatnonzero(~held):
            own.sides[j] = batch.events.sides[j]
        batch.events = own
        return methods, np.maximum(batch.passed - 1 - self.sections, -1)


class Pieces:
    """A field with jumps or kinks; to be closed, which frees its machine code.

    Parameters
    ----------
    frozen : Frozen
        The field in pieces.
    variables, parameters : sequence of str
        Names, in order.
    sections : sequence of Node
        The caller's sections.
    make : callable
        Makes what integrates.
    """

    def __init__(
        self,
        frozen: Frozen,
        variables: Sequence[str],
        parameters: Sequence[str],
        sections: Sequence[Node],
        make: Make,
    ) -> None:
        self.cells = Cells(frozen, variables, parameters)
        self._make = make
        self._sections = rebuild(frozen.graph, sections, lambda node: None)
        self._lock = threading.Lock()
        self._motions: dict[tuple[int, ...], Motion] = {}
        self._closed = self._prepared = False
        self.motion(())

    @property
    def ready(self) -> bool:
        """Whether there is machine code."""
        return self._motions[()].runner.ready

    @property
    def trouble(self) -> str:
        """Why there is no machine code where some was wanted; empty if there is no reason."""
        with self._lock:
            motions = list(self._motions.values())
        return next((m.runner.trouble for m in motions if m.runner.trouble), "")

    def prepare(self) -> None:
        """Have code for long work from now on."""
        with self._lock:
            self._prepared = True
            motions = list(self._motions.values())
        for motion in motions:
            motion.runner.prepare()

    def close(self) -> None:
        """Free the machine code, after the calls that are under way."""
        with self._lock:
            self._closed = True
            motions = list(self._motions.values())
        for motion in motions:
            motion.runner.close()

    def motion(self, surfaces: tuple[int, ...]) -> Motion:
        """Give the motion on a surface, the free one on none."""
        with self._lock:
            if self._closed:
                raise ValueError("the integrator was closed")
            if surfaces not in self._motions:
                self._motions[surfaces] = self._motion(surfaces)
                if self._prepared:
                    self._motions[surfaces].runner.prepare()
            return self._motions[surfaces]

    def _motion(self, surfaces: tuple[int, ...]) -> Motion:
        cells = self.cells
        frozen = cells.frozen
        components: Sequence[Node] = frozen.components
        ends = [(number, surface.gap) for number, surface in enumerate(frozen.surfaces)]
        doubled: tuple[int, ...] = ()
        names = cells.names
        if surfaces:
            with frozen.graph.lock:
                made = slide(frozen, surfaces, cells.variables)
            components, doubled, ends = made.components, made.doubled, list(made.ends)
            names = (*names, *made.names)
        sections = [*self._sections, *(node for _, node in ends)]
        runner = self._make(components, names, sections, FIRST)
        reached = tuple(k for k, _ in ends)
        return Motion(doubled, reached, len(self._sections), runner, cells, surfaces)

    def follow(
        self, method: str, batch: Batch, watch: Watch, threads: int | None, most: int
    ) -> Following:
        """Follow the trajectories of a batch; results are written into it.

        Parameters
        ----------
        method, batch, watch, threads
            As for `Runner.run`.
        most : int
            Most switchings of each trajectory.
        """
        following = Following(self.cells, self.motion, batch, most, watch, threads)
        following.run(method)
        return following
