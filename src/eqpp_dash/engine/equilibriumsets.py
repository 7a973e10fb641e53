"""Sets of equilibria: curves on which a factor of every component of a field vanishes."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from eqpp_dash.engine.compiled import CompiledField, Factor
from eqpp_dash.engine.continua import equilibrium_curve, zeros_within
from eqpp_dash.engine.filippov.regions import Resting
from eqpp_dash.engine.isolated import IsolatedZeros
from eqpp_dash.model.portrait import Array, EquilibriumSet, Notice

MARGIN = 0.025
"""How far beyond each edge of the window equilibria are searched, as a share of its width."""


def with_margin(lo: Array, hi: Array) -> tuple[Array, Array]:
    """Give the corners of what is searched: a little more than the window.

    Parameters
    ----------
    lo, hi : ndarray, shape (n,)
        Corners of the window.

    Returns
    -------
    tuple of ndarray, shape (n,)
        Corners of the box that is searched for equilibria.

    Examples
    --------
    >>> lo, hi = with_margin(np.array([-2.0]), np.array([2.0]))
    >>> float(lo[0]), float(hi[0])
    (-2.1, 2.1)
    """
    margin = MARGIN * (hi - lo)
    return lo - margin, hi + margin


def shared_factors(field: CompiledField) -> list[Factor]:
    """Give the factors that all components of a field share, each once.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    """
    found = {factor.text: factor for factor in field.common}
    first, *rest = field.factors
    for factor in first:
        if rest and all(any(factor.text == f.text for f in other) for other in rest):
            found.setdefault(factor.text, factor)
    return list(found.values())


class EquilibriumSets:
    """The sets of equilibria of a field in a window; collects as it is asked.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    lo, hi : ndarray, shape (n,)
        Corners of the window.

    Attributes
    ----------
    found : list of EquilibriumSet
        The curves.
    notices : list of Notice
        One for each curve.
    open : list of str
        What could not be decided.
    resting : Resting
        Regions in which the field is zero.
    isolated : IsolatedZeros
        Factors that vanish at isolated points alone, and those points.
    on_surfaces : bool
        Whether a factor that is no set of equilibria is a surface on which the field jumps.
    """

    def __init__(self, field: CompiledField, lo: Array, hi: Array) -> None:
        self.field, self.lo, self.hi, self.span = field, lo, hi, hi - lo
        self.resting = Resting(field, lo, hi)
        self.isolated = IsolatedZeros(*with_margin(lo, hi))
        self.found: list[EquilibriumSet] = []
        self.notices: list[Notice] = []
        self.open: list[str] = []
        self.on_surfaces = False
        self._moving: set[str] = set()

    @cached_property
    def shared(self) -> list[Factor]:
        """Factors of all components: they vanish on sets of equilibria."""
        return shared_factors(self.field)

    def add_plane(self) -> None:
        """Tell that the field vanishes identically."""
        self.found.append(EquilibriumSet("0", np.empty((0, len(self.lo)))))
        message = "The field vanishes identically: every point is an equilibrium"
        self.notices.append(Notice("equilibrium-plane", message))

    def take_out(self) -> None:
        """Find the regions at rest, and the curves on which shared factors vanish."""
        for item in self.resting.sets:
            self.found.append(item)
            message = f"The field is zero, and every point an equilibrium, where {item.part}"
            self.notices.append(Notice("equilibrium-region", message))
        curves = self.shared
        if any(self.field.zero):
            others = (f for f, z in zip(self.field.factors, self.field.zero, strict=True) if not z)
            curves = [factor for factors in others for factor in factors]
        for factor in curves:
            self.add(factor, "all points with")

    def add(self, factor: Factor, which: str) -> None:
        """Find the curve on which a factor vanishes, once.

        Parameters
        ----------
        factor : Factor
            The factor, a shared one or one that is seen to vanish with the whole field.
        which : str
            How the notice begins to say which points those are.
        """
        if self.field.dimension != 2 or any(s.implicit == factor.text for s in self.found):
            return
        if self.isolated.holds(factor):
            return
        found = equilibrium_curve(self.field, factor, self.lo, self.hi)
        if found is None and not self.field.switching:
            found = self._small_curve(factor)
        if found is None:
            self._moving.add(factor.text)
            jumps = factor.text in {other.text for other in self.field.switching}
            searched = with_margin(self.lo, self.hi)
            self.on_surfaces |= jumps or zeros_within(factor, *searched) is not None
        else:
            self.found.append(found)
            message = f"Equilibria are not isolated: {which} {factor.text} = 0"
            self.notices.append(Notice("equilibrium-curve", message))

    def _small_curve(self, factor: Factor) -> EquilibriumSet | None:
        """Look for a curve where a factor is not proved to be other than zero."""
        where = zeros_within(factor, self.lo, self.hi)
        if where is None:
            return None
        margin = MARGIN * self.span
        lo, hi = np.maximum(where[0] - margin, self.lo), np.minimum(where[1] + margin, self.hi)
        found = equilibrium_curve(self.field, factor, lo, hi)
        if found is None:
            self.open.append(f"whether all rests at points with {factor.text} = 0")
        return found

    def may_hold(self, point: Array) -> bool:
        """Tell whether a point may lie in a set of equilibria: then it is not isolated.

        Parameters
        ----------
        point : ndarray, shape (n,)
            The point.

        Returns
        -------
        bool
            False if it is in no region at rest, and each shared factor that vanishes on a curve is
            proved not to be zero near.
        """
        if self.resting.at(point):
            return True
        at = point[:, None]
        near = 1e-12 * self.span[:, None]
        for factor in self.shared:
            if factor.text in self._moving or self.isolated.holds(factor):
                continue
            bounds = factor.boxes(at - near, at + near)
            if not (bounds.lo[0] > 0 or bounds.hi[0] < 0):
                return True
        return False
