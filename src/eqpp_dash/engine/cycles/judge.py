"""What two neighbouring samples of the displacement say about the cycles between them.

The return of a section is an increasing function (orbits do not cross), so a sample whose orbit
comes back beyond its neighbour excludes cycles between the two. Elsewhere the cubic through values
and derivatives stands for the displacement, once it has foretold a sample in between.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise

import numpy as np

from eqpp_dash.engine.cycles.displacement import BOTH, CLEAR, Sample
from eqpp_dash.engine.cycles.lanes import NEVER, Fate
from eqpp_dash.model.portrait import Array

NARROW = 1e-7
"""Width of a gap, in logarithms, that is not halved any more."""

EDGE = 1e-2
"""Width of a gap at the end of what returns, in terms of the displacement."""

LOOSE = 1e-3
"""A band of closed orbits is not told from displacements of larger errors."""

MOST_HALVINGS = 3
_SHARES = np.linspace(0.0, 1.0, 17)


class Verdict(Enum):
    """What is known about a gap."""

    CLEAR = "no cycle"
    ROOT = "one cycle"
    ZERO = "one cycle at an end"
    BAND = "closed orbits"
    TOUCH = "not resolved"
    EDGE = "returns end here"
    BLIND = "nothing known"
    SPLIT = "to be divided"
    WHOLE = "to be followed further"


@dataclass(slots=True)
class Judgement:
    """A verdict, with the direction of time it rests on, or with places to sample."""

    verdict: Verdict
    direction: int = 0
    places: tuple[float, ...] = ()
    reason: str = ""


@dataclass(slots=True)
class Gap:
    """What is between two neighbouring samples.

    Attributes
    ----------
    left, right : Sample
        The samples.
    missed : list of float
        By how much the cubic failed to foretell the last sample, in either direction of time.
    depth : int
        How often it was divided.
    """

    left: Sample
    right: Sample
    missed: list[float] = field(default_factory=lambda: [np.inf, np.inf])
    depth: int = 0

    @property
    def width(self) -> float:
        """Its width in the logarithmic position."""
        return self.right.position - self.left.position

    @property
    def whole(self) -> bool:
        """Whether orbits in it are to be followed even if they come farther right."""
        return self.left.whole or self.right.whole

    def cubic(self, k: int, share: Array) -> tuple[Array, Array]:
        """Evaluate Hermite's cubic of direction k and its derivative at shares of the width."""
        a, b, w = self.left, self.right, self.width
        d0, d1, m0, m1 = a.value[k], b.value[k], w * a.slope[k], w * b.slope[k]
        bend, twist = 3 * (d1 - d0) - 2 * m0 - m1, 2 * (d0 - d1) + m0 + m1
        value = d0 + share * (m0 + share * (bend + share * twist))
        return value, (m0 + share * (2 * bend + 3 * share * twist)) / w

    def extremes(self, k: int) -> tuple[Array, Array, Array]:
        """Give shares, with the cubic and its derivative there: all their extremes among them."""
        a, b, w = self.left, self.right, self.width
        d0, d1, m0, m1 = a.value[k], b.value[k], w * a.slope[k], w * b.slope[k]
        bend, twist = 3 * (d1 - d0) - 2 * m0 - m1, 2 * (d0 - d1) + m0 + m1
        found = [-bend / (3 * twist)] if twist else []
        root = bend * bend - 3 * twist * m0
        if root >= 0.0:  # zeros of the derivative, without cancellation
            q = -(bend + float(np.copysign(np.sqrt(root), bend)))
            found += [q / (3 * twist)] if twist else []
            found += [m0 / q] if q else []
        inner = [share for share in found if 0.0 < share < 1.0]
        shares = np.concatenate([_SHARES, inner])
        return shares, *self.cubic(k, shares)

    def divided(self, middle: list[Sample]) -> list[Gap]:
        """Divide it by samples; what the cubic missed them by is what the parts may miss."""
        missed = [np.inf, np.inf]
        for k in BOTH:
            if k in self.left.returned and k in self.right.returned:
                known = [s for s in middle if k in s.returned]
                if len(known) == len(middle):
                    shares = [(s.position - self.left.position) / self.width for s in middle]
                    told = self.cubic(k, np.array(shares))[0]
                    off = np.abs(told - [s.value[k] for s in middle])
                    missed[k] = float(off.max()) / 4.0
        chain = [self.left, *middle, self.right]
        return [Gap(a, b, list(missed), self.depth + 1) for a, b in pairwise(chain)]

    def at(self, *shares: float) -> tuple[float, ...]:
        """Give positions at shares of its width."""
        return tuple(self.left.position + share * self.width for share in shares)


def judge(gap: Gap) -> Judgement:
    """Tell what is known about a gap, or where to sample it."""
    a, b = gap.left, gap.right
    if _leaps(gap):
        return Judgement(Verdict.CLEAR)
    common = [k for k in a.returned if k in b.returned]
    if common:
        k = min(common, key=lambda k: max(a.error[k], b.error[k]))
        return _compare(gap, k)
    if not a.returned and not b.returned:
        return _judge_empty(gap)
    if a.returned and b.returned:
        signs = {a.sign(a.best()), b.sign(b.best())}
        if gap.width > EDGE:
            return Judgement(Verdict.SPLIT, places=gap.at(0.5))
        if len(signs) == 1 and 0 not in signs:
            return Judgement(Verdict.CLEAR)
        reason = "orbits come back on one side forward, on the other backward"
        return Judgement(Verdict.TOUCH, reason=reason)
    return _judge_edge(gap)


def _leaps(gap: Gap) -> bool:
    """Tell whether an orbit from one end comes back beyond the other."""
    a, b = gap.left, gap.right
    return any(
        a.image(k) - CLEAR * a.error[k] > b.position for k in a.returned if a.sign(k)
    ) or any(b.image(k) + CLEAR * b.error[k] < a.position for k in b.returned if b.sign(k))


def _compare(gap: Gap, k: int) -> Judgement:
    a, b = gap.left, gap.right
    one, two = a.sign(k), b.sign(k)
    missed = max(gap.missed[k] - a.error[k] - b.error[k], 0.0)
    error = max(a.error[k], b.error[k])
    if one == 0 and two == 0:
        if error > LOOSE:
            reason = "the errors of returns are too large to tell whether orbits close"
            return Judgement(Verdict.BLIND, reason=reason)
        if gap.depth == 0:
            return Judgement(Verdict.SPLIT, places=gap.at(0.5))
        return Judgement(Verdict.BAND, k)
    shares, value, slope = gap.extremes(k)
    if one * two < 0:
        monotone = (np.sign(slope) == two).all()
        if gap.width < NARROW or (
            monotone and missed <= 0.2 * min(abs(a.value[k]), abs(b.value[k]))
        ):
            return Judgement(Verdict.ROOT, k)
        at = a.value[k] / (a.value[k] - b.value[k])
        aside = at + 0.1 if at < 0.5 else at - 0.1  # not on the zero itself
        return Judgement(Verdict.SPLIT, places=gap.at(min(max(aside, 0.15), 0.85)))
    if one == two:
        least = float((one * value).min())
        if least > CLEAR * (missed + error):
            return Judgement(Verdict.CLEAR)
    if one == 0 or two == 0:
        zero, far = (a, b) if one == 0 else (b, a)
        rise = zero.slope[k] * (far.position - zero.position)
        monotone = (np.sign(slope) == np.sign(zero.slope[k])).all()
        steep = abs(rise) > CLEAR**2 * zero.error[k] and rise * far.value[k] > 0
        if steep and monotone and missed <= 0.2 * abs(far.value[k]):
            return Judgement(Verdict.ZERO, k)
    if gap.width < NARROW or gap.depth > 14:
        return Judgement(Verdict.TOUCH, k)
    if one == 0 or two == 0:
        return Judgement(Verdict.SPLIT, places=gap.at(0.2 if one == 0 else 0.8))
    low = float(shares[np.argmin(one * value)])
    return Judgement(Verdict.SPLIT, places=gap.at(low if 0.1 < low < 0.9 else 0.5))


def _judge_empty(gap: Gap) -> Judgement:
    a, b = gap.left, gap.right
    if any(a.fate[k] == b.fate[k] and a.fate[k] in NEVER for k in BOTH):
        return Judgement(Verdict.CLEAR)
    if gap.depth < MOST_HALVINGS:
        return Judgement(Verdict.SPLIT, places=gap.at(0.5))
    if all(any(s.fate[k] in NEVER for k in BOTH) for s in (a, b)):
        return Judgement(Verdict.CLEAR)
    reason = "orbits could not be followed to a decision"
    return Judgement(Verdict.BLIND, reason=reason)


def _judge_edge(gap: Gap) -> Judgement:
    """Judge a gap at one end of which orbits come back and at the other do not."""
    back, other = (gap.left, gap.right) if gap.left.returned else (gap.right, gap.left)
    if any(back.fate[k] == other.fate[k] and back.fate[k] in NEVER for k in BOTH):
        return Judgement(Verdict.CLEAR)
    if not other.whole and Fate.OVERTAKEN in other.fate:
        return Judgement(Verdict.WHOLE)
    k = back.best()
    value, slope = back.value[k], back.slope[k]
    toward = other.position - back.position
    nearing = value * slope * toward < 0.0
    settled = gap.width < EDGE * abs(value) and back.sign(k) != 0
    if back.sign(k) == 0 and gap.width < EDGE:
        return Judgement(Verdict.CLEAR)  # a band of closed orbits ends here
    if settled and (not nearing or abs(slope * toward) < 0.3 * abs(value)):
        return Judgement(Verdict.CLEAR)
    if gap.width < NARROW:
        return Judgement(Verdict.EDGE, k, reason="orbits pass close to a saddle here")
    return Judgement(Verdict.SPLIT, places=gap.at(0.25, 0.5, 0.75))
