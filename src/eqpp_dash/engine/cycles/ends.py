"""What lies between the last sample of a section and its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles.arcs import Arc, ArcEnd
from eqpp_dash.engine.cycles.displacement import Sample
from eqpp_dash.engine.cycles.focal import Turn, linear_turn, lyapunov_sign
from eqpp_dash.engine.cycles.judge import LOOSE
from eqpp_dash.engine.cycles.lanes import NEVER, Fate
from eqpp_dash.model.portrait import Array, Equilibrium

AGREES = 0.2
"""Deviation from the linear part, as a share of it, at which a focus is reached."""

FLATTENED = 0.5
"""A return of less slope, in logarithms, hardly depends on where the orbit starts."""

GROWN, FLAT = 1.1, 0.01
"""The slope may have grown by this factor since the sample before, and by this."""

SIMILAR = 0.01
"""Change of the displacement from one sample to the next, as a share of it, at which orbits near
the end are taken to be similar to each other."""

STEP = 2.0
"""How much farther toward the end, in logarithms, the next sample is."""

SAME_POINT = 1e-9
"""Difference of coordinates, relative to one more than their size, up to which points are one."""

CLOSEST = 1e-12
"""Distance from the end, relative to its coordinate and to the section, that is resolved."""


@dataclass(frozen=True, slots=True)
class EndJudgement:
    """Whether no cycle can be between a sample and the end: else why, or the next position."""

    clear: bool
    next: float | None = None
    reason: str = ""


class EndJudge:
    """Judges the ends of sections.

    Parameters
    ----------
    compiled : CompiledField
        The field.
    equilibria : sequence of Equilibrium, optional
        Those that are known; where no Lyapunov coefficient exists, the stability of one that is
        decided otherwise tells which way orbits wind.
    """

    def __init__(self, compiled: CompiledField, equilibria: Sequence[Equilibrium] = ()) -> None:
        self.compiled = compiled
        self.equilibria = tuple(equilibria)
        self._turns: dict[tuple[float, float], Turn] = {}
        self._signs: dict[tuple[float, float], int] = {}

    def turn(self, end: ArcEnd) -> Turn:
        """Tell what a turn about an equilibrium at an end does."""
        key = (float(end.point[0]), float(end.point[1]))
        if key not in self._turns:
            self._turns[key] = linear_turn(self.compiled, end.point)
        return self._turns[key]

    def weak_sign(self, end: ArcEnd) -> int:
        """Give the sign of the first Lyapunov coefficient at an end, or of what stands for it."""
        key = (float(end.point[0]), float(end.point[1]))
        if key not in self._signs:
            sign = lyapunov_sign(self.compiled, end.point)
            self._signs[key] = sign or self._decided_at_jump(end.point)
        return self._signs[key]

    def _decided_at_jump(self, point: Array) -> int:
        for item in self.equilibria:
            near = np.abs(item.point - point) <= SAME_POINT * (1.0 + np.abs(point))
            if item.kind == "boundary equilibrium" and near.all():
                return {"stable": -1, "unstable": 1}.get(item.stability, 0)
        return 0

    def judge(self, arc: Arc, side: int, sample: Sample, inner: Sample) -> EndJudgement:
        """Judge what is between the outermost sample and an end.

        Parameters
        ----------
        arc : Arc
            The section.
        side : int
            -1 for the left end, 1 for the right one.
        sample : Sample
            The sample next to the end.
        inner : Sample
            The one before it.
        """
        end = arc.left if side < 0 else arc.right
        if end.kind == "equilibrium":
            turn = self.turn(end)
            if turn.kind in ("focus", "weak"):
                return self._judge_focus(arc, side, sample, turn)
        if not sample.returned:
            if any(fate in NEVER for fate in sample.fate):
                return EndJudgement(True)
            return self._blind(end, "orbits near it could not be followed to a decision")
        clear = [k for k in sample.returned if sample.sign(k)]
        if not clear:
            if min(sample.error[k] for k in sample.returned) < LOOSE:
                return EndJudgement(True)  # closed orbits, told as a band
            return self._further(arc, side, sample, "the errors of returns are too large")
        k = min(clear, key=lambda k: sample.stretch(k))
        value, stretch = sample.value[k], sample.stretch(k)
        away = (sample.image(k) - sample.position) * side < 0
        if len(clear) < len(sample.returned):
            return self._further(arc, side, sample, "the errors of returns are too large")
        settled = k not in inner.returned or stretch < GROWN * inner.stretch(k) + FLAT
        if away and settled and stretch < FLATTENED and abs(value) > 1.0:
            return EndJudgement(True)
        if k in inner.returned and abs(inner.value[k] - value) < SIMILAR * abs(value):
            return EndJudgement(True)
        if end.kind == "box" and not self._room(arc, side, sample):
            return EndJudgement(True)
        return self._further(arc, side, sample, "cycles close to it are not excluded")

    def _judge_focus(self, arc: Arc, side: int, sample: Sample, turn: Turn) -> EndJudgement:
        end = arc.left if side < 0 else arc.right
        if not sample.returned:
            if Fate.CAUGHT in sample.fate:
                return EndJudgement(True)
            return self._further(arc, side, sample, "orbits near it do not come back")
        k = sample.best()
        if turn.kind == "weak":
            sign = self.weak_sign(end)
            if sample.sign(k) == 0 or sample.sign(k) == -side * sign:
                return EndJudgement(True)  # what is below the error is told apart from here
            return self._further(arc, side, sample, "its first Lyapunov coefficient vanishes")
        expected = -side * turn.growth
        if abs(sample.value[k] - expected) <= AGREES * abs(expected):
            return EndJudgement(True)
        return self._further(arc, side, sample, "orbits near it do not follow its linear part")

    def _room(self, arc: Arc, side: int, sample: Sample) -> bool:
        end = arc.x[0] if side < 0 else arc.x[-1]
        return bool(abs(sample.x - end) > 1e-9 * arc.size)

    def _further(self, arc: Arc, side: int, sample: Sample, reason: str) -> EndJudgement:
        end = float(arc.x[0] if side < 0 else arc.x[-1])
        resolved = CLOSEST * max(abs(end), arc.size)
        if abs(sample.x - end) * 0.1 > resolved:
            return EndJudgement(False, sample.position + side * STEP)
        return self._blind(arc.left if side < 0 else arc.right, reason)

    def _blind(self, end: ArcEnd, reason: str) -> EndJudgement:
        where = f"({end.point[0]:.6g}, {end.point[1]:.6g})"
        return EndJudgement(False, None, f"section's end at {where}, {end.kind}: {reason}")
