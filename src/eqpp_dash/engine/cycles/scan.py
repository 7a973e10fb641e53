"""Search all sections: sample the displacement until every gap between samples is judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from eqpp_dash.engine.cycles.displacement import CLEAR, Displacement, Sample
from eqpp_dash.engine.cycles.ends import EndJudge
from eqpp_dash.engine.cycles.judge import Gap, Judgement, Verdict, judge

SPACING = 0.6
"""Of the first samples, in logarithms."""

MOST_ROUNDS = 40
FIRST = 0.3
"""Share of the work that the first samples are, for whoever is told."""

SPENT = "the budget is used up"


@dataclass(slots=True)
class Finding:
    """A gap with the last verdict on it."""

    arc: int
    gap: Gap
    judgement: Judgement


class Scan:
    """The state of the search on all sections.

    Parameters
    ----------
    displacement : Displacement
        What is sampled.
    ends : EndJudge
        Tells how far toward their ends sections are to be sampled.
    chosen : sequence of int
        The sections that are searched.
    budget : int
        Most orbits followed.
    progress : callable, optional
        Told the share of gaps that are judged.
    only_bands : bool
        Whether limit cycles are excluded already. Then nothing is looked for beyond the first
        and last samples of a section: farther on errors would hide whether orbits close.
    """

    def __init__(
        self,
        displacement: Displacement,
        ends: EndJudge,
        chosen: Sequence[int],
        budget: int,
        progress: Callable[[float], object] | None = None,
        only_bands: bool = False,
    ) -> None:
        self.only_bands = only_bands
        self.displacement, self.ends, self.budget = displacement, ends, budget
        self.chosen = list(chosen)
        self.progress = progress or (lambda share: None)
        self.samples: list[list[Sample]] = []
        self.findings: list[Finding] = []
        self.blind: list[str] = []

    def run(self) -> list[Finding]:
        """Sample, judge, and sample again until nothing is left to be divided."""
        self.samples = [[] for _ in self.displacement.returns.arcs]
        wanted = self._first_places()
        found = self.displacement.sample(wanted)
        for (k, _), sample in zip(wanted, found, strict=True):
            self.samples[k].append(sample)
        self.progress(FIRST)
        if not self.only_bands:
            self._go_to_ends()
        self._part_from_zeros()
        open_ = [(k, Gap(a, b)) for k, row in enumerate(self.samples) for a, b in pairwise(row)]
        told = FIRST
        for _ in range(MOST_ROUNDS):
            open_ = self._round(open_)
            done = len(self.findings) / max(1, len(open_) + len(self.findings))
            told = max(told, FIRST + (1.0 - FIRST) * done)
            self.progress(told)
            if not open_ or self._spent():
                break
        for k, gap in open_:
            reason = SPENT if self._spent() else "too often divided"
            self.findings.append(Finding(k, gap, Judgement(Verdict.BLIND, reason=reason)))
        self.findings.sort(key=lambda item: (item.arc, item.gap.left.position))
        return self.findings

    def _spent(self) -> bool:
        return self.displacement.returns.shots >= self.budget

    def _first_places(self) -> list[tuple[int, float]]:
        """Give the first places of samples: of all sections that the budget reaches."""
        arcs = self.displacement.returns.arcs
        wanted: list[tuple[int, float]] = []
        left_out = 0
        for k in self.chosen:
            first, last = arcs[k].limits()
            count = max(8, int(np.ceil((last - first) / SPACING)) + 1)
            if wanted and 2 * (len(wanted) + count) > self.budget:
                left_out += 1
                continue
            wanted += [(k, float(p)) for p in np.linspace(first, last, count)]
        if left_out:
            plural = "sections were" if left_out > 1 else "section was"
            self.blind.append(f"{left_out} {plural} not looked at: {SPENT}")
        return wanted

    def _go_to_ends(self) -> None:
        """Sample farther toward the ends until nothing can be beyond the last samples."""
        arcs = self.displacement.returns.arcs
        open_ = [(k, side) for k in self.chosen for side in (-1, 1) if self.samples[k]]
        while open_:
            further: list[tuple[int, int, float]] = []
            for k, side in open_:
                row = self.samples[k]
                last, inner = (row[0], row[1]) if side < 0 else (row[-1], row[-2])
                judgement = self.ends.judge(arcs[k], side, last, inner)
                if judgement.next is not None and self._spent():
                    self.blind.append(f"a section's end near x = {last.x:.6g}: {SPENT}")
                elif judgement.next is not None:
                    further.append((k, side, judgement.next))
                elif not judgement.clear:
                    self.blind.append(judgement.reason)
            found = self.displacement.sample([(k, place) for k, _, place in further])
            for (k, side, _), sample in zip(further, found, strict=True):
                self.samples[k].insert(0 if side < 0 else len(self.samples[k]), sample)
            open_ = [(k, side) for k, side, _ in further]

    def _part_from_zeros(self) -> None:
        """Replace samples that happen to lie on a cycle by one on either side."""
        changes: list[tuple[int, int, float]] = []
        for k, row in enumerate(self.samples):
            for i, sample in enumerate(row):
                if not sample.returned or sample.sign(sample.best()):
                    continue
                j = sample.best()
                slope = abs(sample.slope[j])
                room = 0.1 * min(
                    sample.position - row[max(0, i - 1)].position or SPACING,
                    row[min(len(row) - 1, i + 1)].position - sample.position or SPACING,
                )
                away = 1e2 * CLEAR * sample.error[j] / max(slope, 1e-300)
                if away < room:
                    changes.append((k, i, max(away, 1e-2 * room)))
        wanted = [
            (k, self.samples[k][i].position + side * away)
            for k, i, away in changes
            for side in (-1, 1)
        ]
        found = self.displacement.sample(wanted)
        for n in range(len(changes) - 1, -1, -1):
            k, i, _ = changes[n]
            self.samples[k][i : i + 1] = found[2 * n : 2 * n + 2]

    def _round(self, gaps: list[tuple[int, Gap]]) -> list[tuple[int, Gap]]:
        split: list[tuple[int, Gap, Judgement]] = []
        again: list[tuple[int, Gap]] = []
        for k, gap in gaps:
            judgement = judge(gap)
            if judgement.verdict == Verdict.SPLIT:
                split.append((k, gap, judgement))
            elif judgement.verdict == Verdict.WHOLE:
                again.append((k, gap))
            else:
                self.findings.append(Finding(k, gap, judgement))
        result: list[tuple[int, Gap]] = []
        for whole in (False, True):
            some = [item for item in split if item[1].whole == whole]
            wanted = [(k, place) for k, _, judgement in some for place in judgement.places]
            found = iter(self.displacement.sample(wanted, whole))
            for k, gap, judgement in some:
                middle = [next(found) for _ in judgement.places]
                result += [(k, part) for part in gap.divided(middle)]
        places = [(k, s.position) for k, gap in again for s in (gap.left, gap.right)]
        more = iter(self.displacement.sample(places, whole=True))
        for k, gap in again:
            left, right = next(more), next(more)
            result.append((k, Gap(left, right, [np.inf, np.inf], gap.depth)))
        return result
