"""Desingularisation of a planar field by repeated blowing up.

Around the origin the directions form a circle; each in which orbits may tend to the origin is
a singular point of the field on the blown-up circle. If that is elementary its half plane is
known, else it is blown up in turn. (Dumortier, Llibre, Artés, Qualitative Theory of Planar
Differential Systems, chapter 3.)
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from eqpp_dash.engine.algebra.roots import RealRoot, real_roots
from eqpp_dash.engine.algebra.univariate import (
    from_fractions,
    greatest_common_divisor,
    sign_at,
    trim,
)
from eqpp_dash.engine.expression.polynomial import Work
from eqpp_dash.engine.kinds.approach import Approach, Down, chart_at
from eqpp_dash.engine.kinds.germ import Germ, Terms, UnclearError, shifted, sign
from eqpp_dash.engine.kinds.inexact import Inexact
from eqpp_dash.engine.kinds.sectors import SADDLE, Corner
from eqpp_dash.engine.kinds.single import center_flow

MOST_DEPTH = 12
"""How often a point may be blown up in turn."""
Form = list[Any]


def blow_up(germ: Germ, work: Work) -> list[Corner]:
    """Find the directions in which orbits tend to a zero of a field.

    Parameters
    ----------
    germ : Germ
        The field about the zero, with rational coefficients, or `Inexact` ones that lead in no
        blow-up.
    work : Work
        Budget.

    Returns
    -------
    list of Corner
        Counterclockwise; empty if there is none, so that orbits turn around the zero. Where
        orbits pass by on a side, the one orbit that tends to the zero is told as well.

    Raises
    ------
    UnclearError
        If the depth or the known terms do not suffice, or one that is not exact would decide.
    TooLargeError
        If the budget is spent.

    Examples
    --------
    >>> one = Fraction(1)
    >>> dipole = Germ({(2, 0): one, (0, 2): -one}, {(1, 1): 2 * one})
    >>> blow_up(dipole, Work())
    [Corner(low=1, high=1), Corner(low=-1, high=-1)]
    """
    numbers = (c for p in (germ.first, germ.second) for c in p.values())
    if not all(isinstance(c, int | Fraction | Inexact) for c in numbers):
        raise UnclearError("only points with rational coordinates are blown up")
    return _BlowUp(work).whole(germ)


class _BlowUp:
    def __init__(self, work: Work) -> None:
        self.work = work

    def whole(self, germ: Germ) -> list[Corner]:
        """Go all the way around."""
        step = _Step(germ, self, MOST_DEPTH)
        corners: list[Corner] = []
        for quarter in (0, 2):
            corners += step.between(quarter, None)
            corners += step.ray(quarter + 1, "both")
        return corners

    def wedge(
        self, germ: Germ, start: int, quarters: int, depth: int, above: tuple[Down, ...]
    ) -> list[Corner]:
        """Go counterclockwise from one half axis to another, both invariant.

        Parameters
        ----------
        germ : Germ
            The field.
        start : int
            The first half axis, in quarters of a turn from the positive first one.
        quarters : int
            1 or 2: how far the second is.
        depth : int
            How often to blow up yet.
        above : tuple of Down
            How to get from the field's coordinates down to those of the first, last step first.
        """
        if depth == 0:
            raise UnclearError(f"{MOST_DEPTH} blow-ups do not resolve the point")
        step = _Step(germ.turned(start), self, depth, above, start)
        corners = [*step.ray(0, "high"), *step.between(0, 1)]
        if quarters == 2:
            corners += [*step.ray(1, "both"), *step.between(2, -1)]
        return [*corners, *step.ray(quarters, "low")]


class _Step:
    """One blow-up of one field, in axes turned by `start` quarters from those of `above`."""

    def __init__(
        self,
        germ: Germ,
        owner: _BlowUp,
        depth: int,
        above: tuple[Down, ...] = (),
        start: int = 0,
    ) -> None:
        self.owner, self.depth = owner, depth
        self.above, self.start = above, start
        self.order = germ.order
        germ.require(self.order)
        owner.work.spend((len(germ.first) + len(germ.second)) * (self.order + 1))
        self.germs = {0: germ}
        self.round = not any(_turn(germ, self.order))
        if self.round:
            germ.require(self.order + 1)

    def germ(self, quarter: int) -> Germ:
        quarter %= 4
        if quarter not in self.germs:
            self.germs[quarter] = self.germs[0].turned(quarter)
        return self.germs[quarter]

    def down(self, quarter: int, root: RealRoot) -> tuple[Down, ...]:
        """Give the way down from the chart in a direction about a half axis."""
        return (Down((self.start + quarter) % 4, root), *self.above)

    def between(self, quarter: int, side: int | None) -> list[Corner]:
        """Give the corners in the open half plane about a half axis, or in a quarter of it.

        Parameters
        ----------
        quarter : int
            The half axis.
        side : int or None
            1: only counterclockwise of it, -1: only clockwise of it, without the half axis.
        """
        germ = self.germ(quarter)
        if self.round:
            return self._pieces(quarter, side)
        corners: list[Corner] = []
        turn = _turn(germ, self.order)
        for root in self._roots(turn):
            if side is None or _side(root) == side:
                corners += self._at(quarter, turn, root, "both")
        return corners

    def ray(self, quarter: int, sides: str) -> list[Corner]:
        """Give the corners at a half axis, on both sides of it, or on one.

        Only ``both`` gives the half plane; ``high`` and ``low`` the quarter beside an
        invariant half axis, counterclockwise and clockwise of it.
        """
        germ = self.germ(quarter)
        if self.round:
            return self._round_ray(quarter, sides)
        turn = _turn(germ, self.order)
        if turn[0]:
            if sides != "both":
                raise AssertionError("the half axis is not invariant")
            return []
        zero = RealRoot([0, 1], Fraction(0), Fraction(0))
        return self._at(quarter, turn, zero, sides)

    def _roots(self, form: Form) -> list[RealRoot]:
        dense = trim(list(from_fractions(form)[0]))
        if len(dense) < 2:
            return []
        return sorted(real_roots(dense, self.owner.work), key=lambda r: (r.lo, r.hi))

    # a field whose leading part turns ---------------------------------------------------------

    def _at(self, quarter: int, turn: Form, root: RealRoot, sides: str) -> list[Corner]:
        germ = self.germ(quarter)
        growth = _growth(germ, self.order)
        if root.rational is None:
            return self._at_irrational(quarter, growth, turn, root)
        u = root.rational
        rate, slopes = _value(growth, u), _shifted(turn, u)
        order, slope = next((k, c) for k, c in enumerate(slopes) if c)
        if not rate and order > 1:
            chart = chart_at(germ, self.order, u)
            start, quarters = {"both": (-1, 2), "high": (0, 1), "low": (-1, 1)}[sides]
            self.owner.work.spend(50)
            way = self.down(quarter, root)
            return self.owner.wedge(chart, start, quarters, self.depth - 1, way)
        if not rate:
            chart = chart_at(germ, self.order, u)
            away = sign(center_flow(chart.cut)[1].coefficient)
        else:
            away = sign(rate)
        high, low = sign(slope), sign(slope) * (-1) ** (order - 1)
        orbit = Approach(away, germ, self.order, self.down(quarter, root))
        return _corners(away, low, high, sides, orbit)

    def _at_irrational(
        self, quarter: int, growth: Form, turn: Form, root: RealRoot
    ) -> list[Corner]:
        work = self.owner.work
        away = _sign_at_root(growth, root, work)
        if not away:
            raise UnclearError(
                "orbits tend to the point in an irrational direction of higher order"
            )
        dense = trim(list(from_fractions(turn)[0]))
        high, low = sign_at(dense, root.hi), -sign_at(dense, root.lo)
        orbit = Approach(away, self.germ(quarter), self.order, self.down(quarter, root))
        return _corners(away, low, high, "both", orbit)

    # a field whose leading part is radial -----------------------------------------------------

    def _radial(self, germ: Germ) -> tuple[Form, Form]:
        """Give the speed outward, and what turns, along the directions (1, u)."""
        return _growth(germ, self.order), _turn(germ, self.order + 1)

    def _pieces(self, quarter: int, side: int | None) -> list[Corner]:
        speed, turn = self._radial(self.germ(quarter))
        corners: list[Corner] = []
        roots = [r for r in self._roots(speed) if side is None or _side(r) == side]
        for root in roots:
            corners += self._tangency(quarter, speed, turn, root)
        return corners or [_flowing(sign(_value(speed, Fraction(side or 0))))]

    def _round_ray(self, quarter: int, sides: str) -> list[Corner]:
        speed, turn = self._radial(self.germ(quarter))
        if speed[0]:
            return [_flowing(sign(speed[0]))]
        if sides != "both":
            raise UnclearError("orbits tend to the point along a curve of tangency")
        root = RealRoot([0, 1], Fraction(0), Fraction(0))
        return self._tangency(quarter, speed, turn, root)

    def _tangency(self, quarter: int, speed: Form, turn: Form, root: RealRoot) -> list[Corner]:
        """Give the corners at a direction in which the speed outward vanishes.

        Where the orbit through it touches the circle from outside, both its halves tend to the
        point, and those beyond pass by.
        """
        germ, way = self.germ(quarter), self.down(quarter, root)
        across = _sign_at_root(turn, root, self.owner.work)
        if root.rational is None:
            dense = trim(list(from_fractions(speed)[0]))
            before, after = sign_at(dense, root.lo), sign_at(dense, root.hi)
        else:
            terms = _shifted(speed, root.rational)
            k, c = next((k, c) for k, c in enumerate(terms) if c)
            before, after = sign(c) * (-1) ** k, sign(c)
        if not across:
            between = self._singular(germ, root, way)
        elif before == after or across * after < 0:
            between = []
        else:
            between = [
                Corner(SADDLE, SADDLE, Approach(side * across, germ, self.order + 1, way, side))
                for side in (-1, 1)
            ]
        return [_flowing(before), *between, _flowing(after)]

    def _singular(self, germ: Germ, root: RealRoot, way: tuple[Down, ...]) -> list[Corner]:
        """Give the corners of a singular point on a circle that orbits cross, seen from outside.

        Orbits cross the circle on both sides of it, so that its sectors are cut there.
        """
        if root.rational is None or self.depth == 1:
            raise UnclearError("a point of the blown-up circle is singular and not elementary")
        step = _Step(chart_at(germ, self.order + 1, root.rational), self.owner, self.depth - 1, way)
        vertical = step.germ(1)
        form = _growth(vertical, step.order) if step.round else _turn(vertical, step.order)
        if not form[0]:
            raise UnclearError("orbits tend to a point of the blown-up circle along it")
        return step.between(0, None)


def _flowing(away: int) -> Corner:
    return Corner(away, away)


def _corners(away: int, low: int, high: int, sides: str, orbit: Approach) -> list[Corner]:
    """Give the corner of a point with the given rates outward, and along the circle."""
    before, after = (away if away == side else SADDLE for side in (low, high))
    if sides == "both":
        single = before == SADDLE or after == SADDLE
        return [Corner(before, after, orbit if single else None)]
    quarter = after if sides == "high" else before
    return [_flowing(quarter)] if quarter else []


def _side(root: RealRoot) -> int:
    """Give the sign of a root; isolating intervals do not hold zero inside."""
    if root.rational is not None:
        return sign(root.rational)
    while root.lo < 0 < root.hi:
        root.halve()
    return 1 if root.lo >= 0 else -1


def _form(p: Terms, degree: int) -> Form:
    """Give the part of a degree along (1, u) as a polynomial in u."""
    form: Form = [Fraction(0)] * (degree + 1)
    for (i, j), c in p.items():
        if i + j == degree:
            if isinstance(c, Inexact):
                raise UnclearError("a leading coefficient is not known exactly")
            form[j] = c
    return form


def _growth(germ: Germ, degree: int) -> Form:
    return _form(germ.first, degree)


def _turn(germ: Germ, degree: int) -> Form:
    """Give x Q - y P of the part of a degree, along (1, u)."""
    turn: Form = [*_form(germ.second, degree), Fraction(0)]
    for j, c in enumerate(_form(germ.first, degree)):
        turn[j + 1] = turn[j + 1] - c
    return turn


def _value(form: Form, u: Any) -> Any:
    total: Any = Fraction(0)
    for c in reversed(form):
        total = total * u + c
    return total


def _shifted(form: Form, u: Any) -> Form:
    moved = shifted({(k, 0): c for k, c in enumerate(form) if c}, 0, u)
    return [moved.get((k, 0), Fraction(0)) for k in range(len(form))]


def _sign_at_root(form: Form, root: RealRoot, work: Work) -> int:
    """Give the sign of a polynomial at a root of another."""
    if root.rational is not None:
        return sign(_value(form, root.rational))
    dense = trim(list(from_fractions(form)[0]))
    if not dense:
        return 0
    shared = greatest_common_divisor(dense, root.polynomial, work)
    if len(shared) > 1 and sign_at(shared, root.lo) != sign_at(shared, root.hi):
        return 0
    inside = list(real_roots(dense, work)) if len(dense) > 1 else []
    while any(r.lo <= root.hi and r.hi >= root.lo for r in inside):
        root.halve()
        for other in inside:
            other.halve()
        work.spend(len(inside) + 1)
    return sign_at(dense, root.lo)
