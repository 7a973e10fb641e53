"""Search all sections: sample the displacement until every gap between samples is judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter

import numpy as np

from eqpp_dash.engine.cycles.displacement import CLEAR, Displacement, Sample
from eqpp_dash.engine.cycles.ends import EndJudge
from eqpp_dash.engine.cycles.judge import Gap, Judgement, Verdict, judge
from eqpp_dash.errors import StopAndKeep

SPACING = 0.6
"""Of the first samples, in logarithms."""

AT_ONCE = 128
"""First samples that are taken together at least, of as many sections as have these."""

MOST_ROUNDS = 40
MOST_AT_FIRST = 0.75
"""Share of the budget that first samples may take: without more nothing could be decided."""

FIRST = 0.3
"""Share of the work that the first samples are, for whoever is told."""

SPENT = "the budget is used up"
STOPPED = "the search was stopped"


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

    Attributes
    ----------
    findings : list of Finding
        The gaps that are judged.
    blind : list of str
        Where it could not look, and why.
    stop : StopAndKeep or None
        What stopped it, if `kept` made the best of what there was.
    unsearched : list of int
        The sections that were not searched to their ends, after a stop.
    left_out : list of int
        The sections that the budget did not reach.
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
        self.stop: StopAndKeep | None = None
        self.unsearched: list[int] = []
        self.left_out: list[int] = []
        self._open: list[tuple[int, Gap]] = []
        self._group: list[int] = []
        self._ended: list[int] = []
        self._to_judge = False
        self._reserved = 0

    def run(self) -> list[Finding]:
        """Sample, judge, and sample again until nothing is left to be divided.

        A `StopAndKeep` on the way is passed on; `kept` then gives what is judged by then.
        """
        self.samples = [[] for _ in self.displacement.returns.arcs]
        groups = self._groups(self._first_places())
        for n, wanted in enumerate(groups):
            self._reserved = 2 * sum(map(len, groups[n + 1 :]))
            self._search(wanted, self._part(n, len(groups)))
        return self.findings

    def _part(self, n: int, count: int) -> Callable[[float], object]:
        return lambda share: self.progress((n + share) / count)

    def _groups(self, wanted: list[tuple[int, float]]) -> list[list[tuple[int, float]]]:
        """Divide first places, the sections whole: enough at once to be fast, one after another."""
        groups: list[list[tuple[int, float]]] = [[]]
        for _, row in groupby(wanted, key=itemgetter(0)):
            if len(groups[-1]) >= AT_ONCE:
                groups.append([])
            groups[-1] += row
        return groups

    def _search(self, wanted: list[tuple[int, float]], progress: Callable[[float], object]) -> None:
        """Search some sections."""
        self._group = list(dict.fromkeys(k for k, _ in wanted))
        self._to_judge = False
        found = self.displacement.sample(wanted)
        for (k, _), sample in zip(wanted, found, strict=True):
            self.samples[k].append(sample)
        progress(FIRST)
        if not self.only_bands:
            self._go_to_ends()
        self._part_from_zeros()
        self._open = self._gaps()
        self._to_judge = True
        told, before = FIRST, len(self.findings)
        for _ in range(MOST_ROUNDS):
            self._open = self._round(self._open)
            judged = len(self.findings) - before
            told = max(told, FIRST + (1.0 - FIRST) * judged / max(1, len(self._open) + judged))
            progress(told)
            if not self._open or self._spent():
                break
        self._leave(SPENT if self._spent() else "too often divided")
        self._ended += self._group

    def kept(self, stop: StopAndKeep) -> list[Finding]:
        """Judge what was sampled when the search was stopped; the rest is blind."""
        self.stop = stop
        still: list[tuple[int, Gap]] = []
        for k, gap in self._open if self._to_judge else self._gaps():
            judgement = judge(gap)
            if judgement.verdict in (Verdict.SPLIT, Verdict.WHOLE):
                still.append((k, gap))
            else:
                self.findings.append(Finding(k, gap, judgement))
        self._open = still
        if self._to_judge:
            self._ended += [k for k in self._group if k not in {j for j, _ in still}]
        self.unsearched = [k for k in self.chosen if k not in self._ended]
        self._leave(STOPPED)
        return self.findings

    def _gaps(self) -> list[tuple[int, Gap]]:
        return [(k, Gap(a, b)) for k in self._group for a, b in pairwise(self.samples[k])]

    def _leave(self, reason: str) -> None:
        """Tell the gaps that are open as blind, and put all in order."""
        for k, gap in self._open:
            self.findings.append(Finding(k, gap, Judgement(Verdict.BLIND, reason=reason)))
        self._open = []
        self.findings.sort(key=lambda item: (item.arc, item.gap.left.position))

    def _spent(self) -> bool:
        return self.displacement.returns.shots + self._reserved >= self.budget

    def _first_places(self) -> list[tuple[int, float]]:
        """Give the first places of samples: of all sections that the budget reaches."""
        arcs = self.displacement.returns.arcs
        wanted: list[tuple[int, float]] = []
        left_out: list[int] = []
        for k in self.chosen:
            first, last = arcs[k].limits()
            if not (np.isfinite(last - first) and last > first):
                self.left_out.append(k)
                self.blind.append(f"the section at x = {arcs[k].x[0]:.6g}: it is too steep")
                continue
            count = max(8, int(np.ceil((last - first) / SPACING)) + 1)
            if wanted and 2 * (len(wanted) + count) > MOST_AT_FIRST * self.budget:
                left_out.append(k)
                continue
            wanted += [(k, float(p)) for p in np.linspace(first, last, count)]
        self.left_out += left_out
        if left_out:
            plural = "sections were" if len(left_out) > 1 else "section was"
            self.blind.append(f"{len(left_out)} {plural} not looked at: {SPENT}")
        return wanted

    def _go_to_ends(self) -> None:
        """Sample farther toward the ends until nothing can be beyond the last samples."""
        arcs = self.displacement.returns.arcs
        open_ = [(k, side) for k in self._group for side in (-1, 1) if self.samples[k]]
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
        for k in self._group:
            row = self.samples[k]
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
        judged: list[Finding] = []
        again: list[tuple[int, Gap]] = []
        for k, gap in gaps:
            judgement = judge(gap)
            if judgement.verdict == Verdict.SPLIT:
                split.append((k, gap, judgement))
            elif judgement.verdict == Verdict.WHOLE:
                again.append((k, gap))
            else:
                judged.append(Finding(k, gap, judgement))
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
        self.findings += judged  # here, so that a stop on the way leaves all as it was
        return result
