"""Examination of one candidate for an equilibrium: is it one, what kind, how sure."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from eqpp_dash.engine.classify import (
    Classification,
    classify_equilibrium,
    undecided_linearization,
)
from eqpp_dash.engine.compiled import CompiledField, Factor
from eqpp_dash.engine.degenerate import Cluster, descend, simple_point
from eqpp_dash.engine.exact import ExactField
from eqpp_dash.engine.index import winding_number
from eqpp_dash.engine.linearpart import limiting_jacobian
from eqpp_dash.engine.problem import excludes_zero
from eqpp_dash.model.portrait import Array, Equilibrium

BORDER = 1e-9
"""Distance from the window's edge, as a share of its width, that counts as on the border."""

BY_LIMIT = "the linear part is the limit of the Jacobian, found numerically"
"""What decides the kind where the formula of the field has no derivative."""

ALGEBRA = "exact algebra"
"""Method of zeros found by elimination."""


def has_constant_jacobian(field: CompiledField) -> bool:
    """Tell whether a field's derivatives are the same everywhere, up to rounding.

    Parameters
    ----------
    field : CompiledField
        The vector field.

    Returns
    -------
    bool
        Whether their bounds on a box of half width 1e100 are as narrow as at a point.
    """
    far = np.full((field.dimension, 1), 1e100)
    bounds = field.jacobian_boxes(-far, far)
    width, size = bounds.hi - bounds.lo, np.maximum(np.abs(bounds.lo), np.abs(bounds.hi))
    with np.errstate(invalid="ignore"):
        narrow = np.isfinite(size) & (width <= 64 * np.finfo(float).eps * size)
    return bool(bounds.continuous[0] and narrow.all())


class PointExaminer:
    """Examines candidates of one field in one window.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    lo, hi : ndarray, shape (n,)
        Limits of the window.
    """

    def __init__(self, field: CompiledField, lo: Array, hi: Array) -> None:
        self.field = field
        self.lo, self.hi, self.span = lo, hi, hi - lo
        corners = np.array(list(itertools.product((-1.0, 1.0), repeat=len(lo)))).T
        self._star = 1e-3 * self.span[:, None] * corners * np.linspace(1, 1.4, corners.shape[1])

    @cached_property
    def exact(self) -> ExactField | None:
        """The field in rational arithmetic, if it is polynomial."""
        return ExactField.of(self.field)

    @cached_property
    def linear(self) -> bool:
        """Whether the field is linear or affine, for irrational coefficients up to rounding."""
        return self.exact.linear if self.exact is not None else has_constant_jacobian(self.field)

    def is_excluded(self, cluster: Cluster) -> bool:
        """Tell whether the field is bounded away from zero, or nowhere defined, on the hull."""
        bounds = self.field.boxes(cluster.lo[:, None], cluster.hi[:, None])
        return bool(excludes_zero(bounds)[0])

    def is_jump(self, cluster: Cluster, point: Array) -> bool:
        """Tell whether undecided boxes only surround a pole or a jump of the field.

        Parameters
        ----------
        cluster : Cluster
            The boxes.
        point : ndarray, shape (n,)
            The most likely equilibrium in them.
        """
        bounds = self.field.boxes(cluster.lo[:, None], cluster.hi[:, None])
        if bounds.continuous[0]:
            return False
        simple = simple_point(cluster.lo, cluster.hi)
        if simple is not None and not np.isfinite(self.field(0.0, simple[:, None])).all():
            return True
        return not self._vanishes(point)

    def _vanishes(self, point: Array) -> bool:
        """Tell whether the field is zero at a point up to what a speck around it explains."""
        value = float(np.abs(self.field(0.0, point[:, None])).max())
        around = np.abs(self.field(0.0, point[:, None] + self._star))
        scale = float(np.where(np.isfinite(around), around, 0.0).max()) or 1.0
        return value <= 1e-4 * scale

    def locate(self, cluster: Cluster) -> tuple[Array, Array]:
        """Give the most likely equilibrium among undecided boxes.

        Parameters
        ----------
        cluster : Cluster
            Boxes around it.

        Returns
        -------
        point, error : ndarray, shape (n,)
            The point of least residual among the middle, the simplest rational point and what
            a Gauss-Newton iteration finds; and the half widths of the hull seen from it.
        """
        center = 0.5 * (cluster.lo + cluster.hi)
        tries = [center, *descend(self.field, center[:, None]).T]
        margin = 1e-11 * self.span
        simple = simple_point(cluster.lo - margin, cluster.hi + margin)
        if simple is not None:
            tries.insert(0, simple)
        within = [
            p for p in tries if ((p >= cluster.lo - margin) & (p <= cluster.hi + margin)).all()
        ]
        residual = [float(np.abs(self.field(0.0, p[:, None])).max()) for p in within]
        residual = [r if np.isfinite(r) else np.inf for r in residual]
        point = within[int(np.argmin(residual))] if within else center
        error = np.maximum(cluster.hi - point, point - cluster.lo)
        return point, np.maximum(error, 4 * np.spacing(np.abs(point)))

    def examine(self, point: Array, error: Array, method: str, others: Array) -> Equilibrium | None:
        """Examine a candidate.

        Parameters
        ----------
        point, error : ndarray, shape (n,)
            The candidate and the half widths of a box around it that holds the zero.
        method : str
            ``Krawczyk`` or ``exact algebra`` if a zero is proved there, else ``subdivision``.
        others : ndarray, shape (k, n)
            The other candidates, to keep the curve for the index clear of them.

        Returns
        -------
        Equilibrium or None
            None if the field does not vanish there: a pole, a hole in the domain, a jump.
        """
        proved = method in ("Krawczyk", ALGEBRA)
        ulps = 2 * np.spacing(np.abs(point))
        lo, hi = (point - error - ulps)[:, None], (point + error + ulps)[:, None]
        values = self.field.boxes(lo, hi)
        if excludes_zero(values)[0]:
            return None
        zero = self.exact.zero_in(lo[:, 0], hi[:, 0]) if self.exact is not None else None
        if zero is not None:
            point = np.array([float(c) for c in zero])
            if not proved:
                proved, method = True, "rational arithmetic"
        else:
            point = self._tidy(point, lo[:, 0], hi[:, 0])
        error = np.maximum(hi[:, 0] - point, point - lo[:, 0])
        if zero is not None:
            error = np.array(
                [abs(float(Fraction(p) - c)) for p, c in zip(point.tolist(), zero, strict=True)]
            )
        slopes = self.field.jacobian_boxes(lo, hi)
        jacobian = np.asarray(self.field.jacobian(0.0, point[:, None])[:, :, 0])
        if slopes.continuous[0]:
            found = classify_equilibrium(
                jacobian,
                slopes.lo[:, :, 0],
                slopes.hi[:, :, 0],
                exact=self.exact.jacobian(zero) if self.exact is not None and zero else None,
                linear=self.linear,
            )
        else:
            reason = self._obstacle(point, lo, hi)
            if reason is None:
                return None
            judged = self._by_limit(point, lo, hi)
            jacobian, found = judged or (jacobian, undecided_linearization(jacobian, reason))
            proved = proved and bool(values.continuous[0])
        if found.kind == "center" and self.exact is None and not found.reason:
            found = replace(found, reason="the field is linear up to rounding")
        return self._equilibrium(point, error, method, proved, jacobian, found, others)

    def _tidy(self, point: Array, lo: Array, hi: Array) -> Array:
        """Prefer the simplest number of the box where the field is no larger there."""
        simple = simple_point(lo, hi)
        if simple is None:
            return point
        new, old = (np.abs(self.field(0.0, p[:, None])).max() for p in (simple, point))
        return simple if new <= old or not np.isfinite(old) else point

    def _obstacle(self, point: Array, lo: Array, hi: Array) -> str | None:
        """Say why there is no derivative; None if the point is no equilibrium."""
        if not self._vanishes(point):
            return None
        kinks = self._vanishing(self.field.switching, lo, hi)
        if kinks:
            return f"the field is not differentiable here: {kinks} = 0"
        edges = self._vanishing(self.field.poles, lo, hi)
        if edges:
            return f"the field is not defined or not differentiable all around: {edges} = 0"
        return "the field has no derivative here"

    def _by_limit(self, point: Array, lo: Array, hi: Array) -> tuple[Array, Classification] | None:
        """Judge a point by the limit of the Jacobian, where there is one that decides."""
        if self._vanishing(self.field.switching, lo, hi):
            return None
        limit = limiting_jacobian(self.field, point, self.span)
        if limit is None:
            return None
        jacobian, error = limit
        found = classify_equilibrium(jacobian, jacobian - error, jacobian + error)
        if not found.hyperbolic:
            return None
        return jacobian, replace(found, reason=BY_LIMIT)

    def _vanishing(self, factors: tuple[Factor, ...], lo: Array, hi: Array) -> str:
        margin = 1e-12 * self.span[:, None]
        names = []
        for factor in factors:
            bounds = factor.boxes(lo - margin, hi + margin)
            if not (bounds.lo[0] > 0 or bounds.hi[0] < 0):
                names.append(factor.text)
        return ", ".join(names)

    def _equilibrium(
        self,
        point: Array,
        error: Array,
        method: str,
        proved: bool,
        jacobian: Array,
        found: Classification,
        others: Array,
    ) -> Equilibrium:
        index = found.index
        if index is None and len(point) == 2:
            index = self._index(point, error, others)
        return Equilibrium(
            point=point + 0.0,
            location=self._location(point),
            jacobian=jacobian + 0.0,
            eigenvalues=found.eigenvalues,
            eigenvectors=found.eigenvectors,
            kind=found.kind,
            stability=found.stability,
            hyperbolic=found.hyperbolic,
            index=index,
            evidence="proved" if proved else "numerical",
            method=method,
            error=float(np.max(error)),
            reason=found.reason,
        )

    def _index(self, point: Array, error: Array, others: Array) -> int | None:
        clearance = 1.0
        if len(others):
            away = np.abs(others - point) / self.span
            clearance = float(away.max(axis=1).min())
        least = 20 * float((error / self.span).max())
        for size in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6):
            if least < size < 0.4 * clearance:
                reach = size * self.span
                index = winding_number(self.field, point - reach, point + reach)
                if index is not None:
                    return index
        return None

    def _location(self, point: Array) -> str:
        edge = BORDER * self.span
        if ((point < self.lo - edge) | (point > self.hi + edge)).any():
            return "outside"
        on_edge = (np.abs(point - self.lo) <= edge) | (np.abs(point - self.hi) <= edge)
        return "border" if on_edge.any() else "inside"
