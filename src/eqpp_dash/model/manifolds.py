"""Separatrices, their connections, polycycles and the audit of indices, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Separatrix:
    """A branch of the stable or unstable manifold of a saddle, or a bound of a hyperbolic sector.

    Attributes
    ----------
    equilibrium : int
        The saddle, or the point that has the sector, by its number.
    branch : str
        ``stable`` if it tends to that, ``unstable`` if it leaves it.
    direction : ndarray, shape (2,)
        Unit vector in which it leaves the equilibrium, away from it: of a saddle an eigenvector.
    limit : str
        Where it goes, away from the equilibrium, in the words of `OrbitEnd`.
    time : float or None
        Elapsed time at which a limit in finite time is reached; None if that takes for ever.
    evidence : str
        Of the limit: ``proved``, ``verified``, ``numerical`` or ``undecided``.
    reason : str
        More about the limit; may be empty.
    order : int
        Order of the local parametrisation that it starts with, or of the expansion where the
        point is blown up; 1 where only the eigenvector could be used.
    radius : float
        Distance, in widths of the window, up to which the parametrisation was used.
    residual : float
        Greatest error of the invariance equation so far, in widths of the window.
    level_error : float or None
        Greatest distance, in widths of the window, of the points that were computed in the window
        from the level of a proved first integral on which the branch lies; None without one.
    shift : tuple of float
        Where the limit is an equilibrium's copy in a periodic variable, what moves the
        equilibrium there; else empty.
    """

    equilibrium: int
    branch: str
    direction: Array
    limit: str
    time: float | None
    evidence: str
    reason: str
    order: int
    radius: float
    residual: float
    level_error: float | None = None
    shift: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Connection:
    """A separatrix from one equilibrium to another or back to its own, or a near miss.

    Attributes
    ----------
    type : str
        ``homoclinic`` or ``heteroclinic``.
    source, target : int
        The equilibria, by their numbers, in the sense of time.
    separatrices : tuple of int
        The unstable branch of the one and the stable branch of the other, by their numbers.
    status : str
        ``proved``, ``verified`` or ``near``.
    codimension : int
        How many conditions it takes among the systems of `within`.
    within : str
        The class of systems in which it has this codimension, such as ``Hamiltonian systems``;
        empty for all.
    how : str
        What carries the connection, or what was measured.
    gap : float or None
        Distance of the two branches on the section, in widths of the window; None where they
        are known to be one.
    section : ndarray, shape (2, 2), or None
        A point of the section and its unit direction.
    """

    type: str
    source: int
    target: int
    separatrices: tuple[int, int]
    status: str
    codimension: int
    within: str
    how: str
    gap: float | None = None
    section: Array | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Polycycle:
    """A closed chain of connections; it may pass a saddle more than once, as a figure eight does.

    Attributes
    ----------
    equilibria, connections : tuple of int
        Equilibria and connections by their numbers, in the sense of time.
    status : str
        The weakest among its connections'.
    """

    equilibria: tuple[int, ...]
    connections: tuple[int, ...]
    status: str


@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """Whether the indices found add up to the winding number of the field along a curve.

    Attributes
    ----------
    boundary : int or None
        Turns of the field along `curve`, proved by interval arithmetic; None if undecided.
    sum : int or None
        Sum of the indices of what was found within; None if one is undecided.
    consistent : bool or None
        Whether all that was checked agrees; None if nothing disagrees and not all was decided.
    notes : tuple of str
        What was checked, what could not be, and what is missing.
    curve : ndarray, shape (2, 2), or None
        The rectangle whose border was followed: lower corner, upper corner.
    border : str
        ``enters`` if every orbit crosses the window's border inward, ``leaves`` if outward,
        else empty.
    """

    boundary: int | None
    sum: int | None
    consistent: bool | None
    notes: tuple[str, ...] = ()
    curve: Array | None = None
    border: str = ""
