"""Put the verdicts on neighbouring gaps together: cycles, bands, what is undecided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import groupby, pairwise, takewhile

import numpy as np

from eqpp_dash.engine.cycles.arcs import Arc
from eqpp_dash.engine.cycles.displacement import CLEAR, Sample
from eqpp_dash.engine.cycles.ends import EndJudge
from eqpp_dash.engine.cycles.judge import Verdict
from eqpp_dash.engine.cycles.refine import Bracket
from eqpp_dash.engine.cycles.scan import STOPPED, Finding, Scan
from eqpp_dash.errors import StopAndKeep

Keeping = Callable[[], AbstractContextManager[None]]

SHARES = np.linspace(0.0, 1.0, 257)
NARROW_RUN = 0.05
"""Width, in logarithms, below which a displacement of zero may be that of a double cycle."""

FITTED, HIDDEN = 0.5, 10.0
"""A power of the distance is fitted over so much of its logarithm; a displacement so many times
what counts would have been seen."""


@dataclass(slots=True)
class Run:
    """Neighbouring gaps of a section with the same outcome.

    Attributes
    ----------
    arc : int
        The section.
    first, last : Sample
        Its ends.
    count, reason : str
        For what is undecided.
    error : float
        Largest displacement that would not be seen.
    positions, times : tuple of float
        Positions of all its samples, and their times of return.
    """

    arc: int
    first: Sample
    last: Sample
    count: str = ""
    reason: str = ""
    error: float = 0.0
    positions: tuple[float, ...] = ()
    times: tuple[float, ...] = ()


@dataclass(slots=True)
class Sorted:
    """What the search has come to.

    Attributes
    ----------
    brackets : list of Bracket
        Isolated cycles.
    bands, undecided : list of Run
        Closed orbits; places where the number of cycles is not known.
    blind : list of str
        Where nothing is known, and why.
    """

    brackets: list[Bracket] = field(default_factory=list)
    bands: list[Run] = field(default_factory=list)
    undecided: list[Run] = field(default_factory=list)
    blind: list[str] = field(default_factory=list)

    def keep_bands(self, unsearched: Sequence[int] = ()) -> None:
        """Take what is not resolved for closed orbits, because no limit cycle is possible.

        But not on sections that were not searched to their ends.
        """
        self.brackets = []
        self.bands += [
            run for run in self.undecided if len(run.positions) > 1 and run.arc not in unsearched
        ]
        self.bands.sort(key=lambda run: (run.arc, run.first.position))
        self.undecided, self.blind = [], []


def sort_findings(
    scan: Scan, ends: EndJudge, *, analytic: bool, keeping: Keeping | None = None
) -> Sorted:
    """Run a search and sort what it finds.

    Parameters
    ----------
    scan : Scan
        The search.
    ends : EndJudge
        Knows the first Lyapunov coefficients at the ends.
    analytic : bool
        Whether the field has no jumps or kinks: then a band of closed orbits that is connected
        with orbits which do not close is none. Else one is taken for none if it goes down to an
        equilibrium, and the displacement beside it, continued like a power, would not be seen.
    keeping : callable, optional
        Where it is given, a `StopAndKeep` ends the search with what was judged by then. The
        context that it gives is that of what remains to be done.

    Returns
    -------
    Sorted
        Everything found.
    """
    result = Sorted()
    arcs = scan.displacement.returns.arcs
    for k, group in groupby(_searched(scan, keeping), key=lambda item: item.arc):
        _sort_arc(result, k, arcs[k], list(group), ends, analytic)
    result.blind += scan.blind
    result.bands = [run for run in result.bands if run.arc not in scan.unsearched]
    return result


def _searched(scan: Scan, keeping: Keeping | None) -> list[Finding]:
    try:
        return scan.run()
    except StopAndKeep as stop:
        if keeping is None:
            raise
        with keeping():
            return scan.kept(stop)


def _sort_arc(
    result: Sorted, k: int, arc: Arc, findings: list[Finding], ends: EndJudge, analytic: bool
) -> None:
    flat = {Verdict.BAND, Verdict.TOUCH}
    runs = [list(group) for _, group in groupby(findings, key=lambda f: _class(f, flat))]
    for i, run in enumerate(runs):
        verdict = run[0].judgement.verdict
        whole = Run(k, run[0].gap.left, run[-1].gap.right)
        if verdict in flat:
            before, after = runs[i - 1] if i else [], runs[i + 1] if i + 1 < len(runs) else []
            _sort_flat(result, whole, run, before, after, arc, ends, analytic)
        elif verdict == Verdict.ROOT:
            result.brackets += [_bracket(item) for item in run]
        elif verdict == Verdict.ZERO:
            result.brackets += _brackets_at_zeros(run)
        elif verdict == Verdict.EDGE:
            whole.count, whole.reason = "0 or 1", run[0].judgement.reason
            result.undecided.append(whole)
        elif verdict == Verdict.BLIND:
            reason = run[0].judgement.reason
            if reason == STOPPED:
                continue  # told of the section as a whole
            result.blind.append(f"x from {whole.first.x:.6g} to {whole.last.x:.6g}: {reason}")


def _class(finding: Finding, flat: set[Verdict]) -> object:
    verdict = finding.judgement.verdict
    return "flat" if verdict in flat else verdict


def _bracket(finding: Finding) -> Bracket:
    gap, j = finding.gap, finding.judgement.direction
    value, _ = gap.cubic(j, SHARES)
    sign = gap.right.sign(j)
    crossed = int(np.argmax(value * sign > 0))
    low, high = value[crossed - 1], value[crossed]
    share = SHARES[crossed - 1] + (SHARES[1] - SHARES[0]) * low / (low - high)
    place = gap.left.position + float(share) * gap.width
    return Bracket(finding.arc, gap.left.position, gap.right.position, sign, j, place)


def _brackets_at_zeros(run: list[Finding]) -> list[Bracket]:
    """Give brackets of cycles that samples happened to lie on, between two gaps."""
    found = []
    for a, b in pairwise(run):
        zero = a.gap.right
        j = a.judgement.direction
        if zero.returned and zero.sign(zero.best()) == 0 and j in b.gap.right.returned:
            sign = b.gap.right.sign(j)
            low, high = a.gap.left.position, b.gap.right.position
            found.append(Bracket(a.arc, low, high, sign, j, zero.position))
    return found


def _sort_flat(
    result: Sorted,
    whole: Run,
    run: list[Finding],
    before: list[Finding],
    after: list[Finding],
    arc: Arc,
    ends: EndJudge,
    analytic: bool,
) -> None:
    """Tell a band from places where the displacement is not resolved."""
    samples = [run[0].gap.left] + [item.gap.right for item in run]
    errors = [min(s.error[j] for j in s.returned) for s in samples if s.returned]
    whole.error = max(errors, default=0.0)
    whole.positions = tuple(s.position for s in samples)
    whole.times = tuple(s.time for s in samples)
    banded = any(item.judgement.verdict == Verdict.BAND for item in run)
    sides = [item.gap.left for item in reversed(before)], [item.gap.right for item in after]
    nonzero = [sample for side in sides if (sample := _first_nonzero(side)) is not None]
    signs = {sample.clear_sign() for sample in nonzero}
    signed = _signed_at_an_end(arc, nonzero, ends, not before, not after)
    if banded and not analytic and signed:
        return
    fades = not analytic and (
        (not before and arc.left.kind == "equilibrium" and _fades(samples, sides[1]))
        or (not after and arc.right.kind == "equilibrium" and _fades(samples[::-1], sides[0]))
    )
    if banded and not (nonzero and analytic) and not fades:
        result.bands.append(whole)
        return
    narrow = run[-1].gap.right.position - run[0].gap.left.position < NARROW_RUN
    if not banded or (narrow and len(nonzero) == 2):
        whole.count = "1 or 3" if len(signs) == 2 else "0, 1 double or 2"
        whole.reason = (
            run[0].judgement.reason or "the displacement comes closer to zero than its error"
        )
        result.undecided.append(whole)
        return
    if signed:
        return
    whole.count = "any number"
    whole.reason = "the displacement is below its error, yet this is no band of closed orbits"
    if fades:
        whole.reason = "the displacement falls below its error as if it went on like a power"
    result.undecided.append(whole)


def _fades(flat: Sequence[Sample], beyond: Sequence[Sample]) -> bool:
    """Tell whether the displacement, continued like a power, is below its error all along a run.

    Positions are logarithms of the distance from an end; `beyond` goes on from the last of `flat`.
    """
    clear = [s for s in (*flat, *beyond) if s.returned and s.clear_sign()]
    first = next(iter(clear), None)
    if first is None:
        return False
    second = next((s for s in clear if abs(s.position - first.position) >= FITTED), None)
    if second is None or second.clear_sign() != first.clear_sign():
        return False
    low, high = (_size(sample) for sample in (first, second))
    power = (high - low) / (second.position - first.position)
    return not any(
        low + power * (s.position - first.position) > np.log(HIDDEN * CLEAR * s.error[s.best()])
        for s in flat
        if s.returned and not s.clear_sign()
    )


def _size(sample: Sample) -> float:
    """Give the logarithm of a displacement that is not zero."""
    return float(np.log(max(abs(sample.value[j]) for j in sample.returned if sample.sign(j))))


def _signed_at_an_end(
    arc: Arc, nonzero: Sequence[Sample], ends: EndJudge, left: bool, right: bool
) -> bool:
    """Tell whether the Lyapunov coefficient at an end gives the sign below the error."""
    for side, end, at_end in ((-1, arc.left, left), (1, arc.right, right)):
        if at_end and nonzero and end.kind == "equilibrium" and ends.turn(end).kind == "weak":
            expected = -side * ends.weak_sign(end)
            if all(s.clear_sign() == expected for s in nonzero):
                return True
    return False


def _first_nonzero(side: list[Sample]) -> Sample | None:
    """Give the nearest sample whose displacement is not zero; as far as orbits come back."""
    back = takewhile(lambda sample: bool(sample.returned), side)
    return next((sample for sample in back if sample.clear_sign()), None)
