"""What lies between the last sample of a switching section and its end."""

from __future__ import annotations

from eqpp_dash.engine.cycles.arcs import Arc
from eqpp_dash.engine.cycles.displacement import Sample
from eqpp_dash.engine.cycles.ends import EndJudge, EndJudgement

FOLLOWS = 0.1
"""Deviation of the displacement from its leading term at the end, as a share of it."""


class FoldJudge(EndJudge):
    """Judges the ends of switching sections: folds, intersections, borders.

    Where two folds of opposite sides meet and orbits turn around the point, they come back to
    where they were but for a term of second order: d -> d + c d^2 (Filippov 1988, section 19;
    Yu. A. Kuznetsov, S. Rinaldi, A. Gragnani, *Int. J. Bifurcation Chaos* 13, 2003, 2157). Then
    the displacement in logarithms is c d, and once two samples agree on c no cycle is nearer.
    """

    def judge(self, arc: Arc, side: int, sample: Sample, inner: Sample) -> EndJudgement:
        """Judge what is between the outermost sample and an end; see `EndJudge.judge`."""
        end = float(arc.x[0] if side < 0 else arc.x[-1])
        near, far = abs(sample.x - end), abs(inner.x - end)
        for k in sample.returned:
            if k in inner.returned and sample.sign(k) and sample.sign(k) == inner.sign(k):
                one, two = sample.value[k] / near, inner.value[k] / far
                if abs(one - two) <= FOLLOWS * abs(two):
                    return EndJudgement(True)
        return super().judge(arc, side, sample, inner)
