"""What is answered: a portrait and its parts, as frozen values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.model.basins import BasinMap
from eqpp_dash.model.cycles import Annulus, CycleCoverage, CycleGap, LimitCycle
from eqpp_dash.model.manifolds import Audit, Connection, Polycycle, Separatrix
from eqpp_dash.model.spec import PortraitSpec, Range

Array = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a computation is.

    Attributes
    ----------
    phase : str
        What is being done, such as ``equilibria``.
    fraction : float
        Share of the whole that is done, 0 to 1, never falling.
    message : str
        A short sentence for people.
    """

    phase: str
    fraction: float
    message: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know: a code for programs, a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """The system as it was understood.

    Attributes
    ----------
    variables : tuple of str
        State variables, in the order of the left-hand sides.
    parameters : mapping of str to float or str
        Every parameter with its value.
    autonomous : bool
        Whether time does not appear on the right.
    equations, latex : tuple of str
        Right-hand sides, as canonical text and as LaTeX, one per variable.
    jacobian : tuple of tuple of str
        Entries of the Jacobian as canonical text.
    structure : tuple of mapping
        What is proved about a planar system, each with its ``type`` and ``expression``, and
        further entries where they apply; see the reference of structure.
    """

    variables: tuple[str, ...]
    parameters: Mapping[str, float | str]
    autonomous: bool
    equations: tuple[str, ...]
    latex: tuple[str, ...]
    jacobian: tuple[tuple[str, ...], ...]
    structure: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class VectorFieldGrid:
    """The vector field on a regular grid.

    Attributes
    ----------
    x, y : ndarray, shape (nx,) and (ny,)
        Coordinates of the grid's columns and rows.
    u, v : ndarray, shape (ny, nx)
        The two components; NaN where the field is undefined.
    """

    x: Array
    y: Array
    u: Array
    v: Array


@dataclass(frozen=True, slots=True, eq=False)
class Nullcline:
    """One factor's zero set within one component's nullcline.

    Attributes
    ----------
    variable : str
        The state variable whose derivative vanishes.
    factor : str
        The factor of the right-hand side that vanishes, as canonical text.
    branches : tuple of ndarray, shape (m, 2)
        Polylines in the phase plane.
    """

    variable: str
    factor: str
    branches: tuple[Array, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Equilibrium:
    """A point where the vector field vanishes.

    Attributes
    ----------
    point : ndarray, shape (n,)
        The state.
    location : str
        ``inside``, ``border`` or ``outside`` the window.
    jacobian : ndarray, shape (n, n)
        Derivatives of the field at the point, one row per component.
    eigenvalues : ndarray of complex, shape (n,)
        Eigenvalues of the Jacobian.
    eigenvectors : ndarray of complex, shape (n, n)
        Unit eigenvectors, one a column.
    kind, stability : str
        In the terms of the documentation's table of kinds; ``undecided`` if so.
    hyperbolic : bool
        Whether no eigenvalue has real part zero within its error.
    index : int or None
        Poincaré index; None if undecided.
    evidence, method : str
        How sure the point's existence is, and by which method.
    error : float
        Bound or estimate of the point's error, in the variables' units.
    reason : str
        Why something is undecided, or what decided where the linearisation does not.
    sectors : mapping of str to int, or None
        Numbers of ``elliptic``, ``hyperbolic`` and ``parabolic`` sectors of a point that is not
        hyperbolic; None where they are unknown or orbits turn around it.
    exact : tuple of str
        Closed forms of the coordinates, proved, such as ``sqrt(3)/2``; empty where none is known.
    """

    point: Array
    location: str
    jacobian: Array
    eigenvalues: ComplexArray
    eigenvectors: ComplexArray
    kind: str
    stability: str
    hyperbolic: bool
    index: int | None
    evidence: str
    method: str
    error: float
    reason: str = ""
    sectors: Mapping[str, int] | None = None
    exact: tuple[str, ...] = ()

    @property
    def dimensions(self) -> dict[str, int] | None:
        """Dimensions of the stable, center and unstable subspaces; None if not hyperbolic."""
        if not self.hyperbolic:
            return None
        unstable = int((self.eigenvalues.real > 0).sum())
        return {"stable": len(self.point) - unstable, "center": 0, "unstable": unstable}


@dataclass(frozen=True, slots=True, eq=False)
class EquilibriumSet:
    """A curve or region of equilibria.

    Attributes
    ----------
    implicit : str
        Where this expression is zero; ``0`` for all points, or all of a region.
    points : ndarray, shape (m, n)
        Points sampled on it: in order along a curve, all over a region.
    stability : str
        ``stable``, ``unstable``, ``undecided``, or where which holds; ``neutral`` in a region.
    part : str
        The part of that curve on which they are equilibria, such as ``-0.5 <= x <= 0.5``, to 1e-6
        of the window's width; of a region what bounds it, such as ``x < 0``; empty if it is all.
    """

    implicit: str
    points: Array
    stability: str = "undecided"
    part: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Singularity:
    """A point or line where the field is undefined or discontinuous, with the reason."""

    point: Array
    index: int | None
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class SwitchingSegment:
    """A part of a surface at which the field jumps, along which the same happens.

    Attributes
    ----------
    surface : str
        Its equation, such as ``y = 0``.
    kind : str
        ``crossing``; ``sliding`` where both fields point to it; ``escaping`` where both point away,
        or, for these two, one of them does and the other is tangent all along; ``tangent`` where
        both are.
    points : ndarray, shape (m, 2)
        A polyline.
    ends : tuple of str
        What is at its first and its last point: ``fold``, where a field is tangent; ``border`` of
        the window; ``intersection`` with another surface; ``closed``.
    """

    surface: str
    kind: str
    points: Array
    ends: tuple[str, ...] = ("border", "border")


ALONG_MANIFOLD = "along its invariant manifold"
CONNECTED = "a connection, "
"""How the reason of an end begins that is known: it is followed by its status, and by what."""

"""Reason of the end of a separatrix at its own saddle."""


@dataclass(frozen=True, slots=True)
class OrbitEnd:
    """Where one half of a trajectory ends.

    Attributes
    ----------
    end : str
        One of ``equilibrium k``, ``cycle k``, ``closed orbit``, ``infinity``, ``left work box``,
        ``time``, ``undefined``, ``discontinuity``, ``sliding``, ``sliding cycle``, ``set k``,
        ``budget``, ``undecided``.
    time : float or None
        Elapsed time, not negative in either direction; None where it takes for ever.
    reason : str
        More about it, for people; may be empty.
    shift : tuple of float
        Where it is the copy of an equilibrium in a periodic variable, what moves the equilibrium
        there; else empty.
    """

    end: str
    time: float | None
    reason: str = ""
    shift: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """An orbit through a point, both directions.

    Attributes
    ----------
    start : ndarray, shape (n,)
        The point it goes through at the starting time.
    times : ndarray, shape (m,)
        Increasing times, relative to the starting time; negative ones lie behind.
    points : ndarray, shape (m, n)
        The states at these times.
    forward, backward : OrbitEnd
        How each half ends.
    origin : str
        ``given`` (by the spec), ``seeded`` (by the engine) or ``separatrix``.
    """

    start: Array
    times: Array
    points: Array
    forward: OrbitEnd
    backward: OrbitEnd
    origin: str = "given"


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A computed phase portrait.

    Attributes
    ----------
    spec : PortraitSpec
        The question, every parameter with a value.
    engine : str
        Version of the package that computed it.
    system : SystemFacts
        The system as understood.
    window : mapping of str to (float, float)
        The window drawn, fitted if the spec asked for that.
    field : VectorFieldGrid or None
        The vector field; None if not asked for.
    nullclines, equilibria, equilibrium_sets, singularities, trajectories, switching : tuple
        The parts found.
    limit_cycles, annuli, cycle_gaps : tuple
        Isolated closed orbits; bands of closed orbits; where it is not known how many there are.
    cycle_coverage : CycleCoverage
        What the search for limit cycles covered.
    separatrices, connections, polycycles : tuple
        Branches of the invariant manifolds of saddles; orbits between saddles; closed chains.
    audit : Audit or None
        The check of the indices; None where there was none.
    basins : BasinMap or None
        The window divided into basins of attraction; None if not asked for.
    completeness : mapping of str to str
        For each search, how sure it is that nothing was missed.
    notices : tuple of Notice
        Warnings and remarks.
    timing : mapping of str to float
        Seconds: ``engine_s`` and one entry per phase.
    partial : bool
        Whether parts are missing: it was stopped early, or is a preview.
    stopped : str
        Why and in the middle of what it was stopped; empty if it was not.
    integrator : str
        ``machine code``, or ``numpy`` and why; empty if that was not kept.
    """

    spec: PortraitSpec
    engine: str
    system: SystemFacts
    window: Mapping[str, Range]
    field: VectorFieldGrid | None = None
    nullclines: tuple[Nullcline, ...] = ()
    equilibria: tuple[Equilibrium, ...] = ()
    equilibrium_sets: tuple[EquilibriumSet, ...] = ()
    singularities: tuple[Singularity, ...] = ()
    trajectories: tuple[Trajectory, ...] = ()
    switching: tuple[SwitchingSegment, ...] = ()
    completeness: Mapping[str, str] = dataclasses.field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    timing: Mapping[str, float] = dataclasses.field(default_factory=dict)
    partial: bool = False
    integrator: str = ""
    limit_cycles: tuple[LimitCycle, ...] = ()
    annuli: tuple[Annulus, ...] = ()
    cycle_gaps: tuple[CycleGap, ...] = ()
    cycle_coverage: CycleCoverage = dataclasses.field(default_factory=CycleCoverage)
    separatrices: tuple[Separatrix, ...] = ()
    connections: tuple[Connection, ...] = ()
    polycycles: tuple[Polycycle, ...] = ()
    audit: Audit | None = None
    basins: BasinMap | None = None
    stopped: str = ""

    def facts(self, **row: Any) -> dict[str, Any]:
        """Give the facts JSON as a dict; see `eqpp_dash.model.facts.portrait_facts`."""
        from eqpp_dash.model.facts import portrait_facts

        return portrait_facts(self, **row)
