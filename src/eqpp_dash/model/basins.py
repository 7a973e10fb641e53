"""Basins of attraction as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NO_PLACE = (np.nan, np.nan)
"""The point of a basin that no single point names."""

UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, eq=False)
class Basin:
    """The starts in the window whose orbits end alike.

    Attributes
    ----------
    of : str
        ``equilibrium k``, ``cycle k``, ``beyond`` (a sink beyond the window, see `point`),
        ``infinity``, ``left work box``, ``undefined`` or ``undecided``.
    fraction : float
        Share of the window, 0 to 1.
    area : float
        Its area in the units of the variables.
    error : float
        Two standard errors of the fraction, from the starts in the cells on borders; what is
        finer than a cell and surrounded by equal ones is not in it.
    evidence : str
        ``verified``: orbits were integrated until they entered a neighbourhood that is proved
        to be attracted, or a band around the cycle that was seen to be; ``numerical``: until
        they came close, or went far; ``undecided``.
    point : ndarray, shape (2,)
        The equilibrium, or the rightmost point of the cycle; NaN if there is none.
    kind : str
        Kind of the equilibrium, or stability of the cycle; may be empty.
    """

    of: str
    fraction: float
    area: float
    error: float
    evidence: str
    point: NDArray[np.float64]
    kind: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class BasinMap:
    """The window divided into basins.

    Attributes
    ----------
    labels : ndarray of int8, shape (side, side)
        For each cell, rows from below, the number of its basin in `basins`.
    basins : tuple of Basin
        The basins, the undecided cells last.
    orbits : int
        Starts that were integrated; the other cells lie among equal ones.
    coarse : int
        Cells along each side of the grid of which every cell was integrated.
    remark : str
        What the reader should know of how it was computed; may be empty.
    """

    labels: NDArray[np.int8]
    basins: tuple[Basin, ...]
    orbits: int
    coarse: int
    remark: str = ""

    @property
    def side(self) -> int:
        """Cells along each side of the window."""
        return len(self.labels)

    @property
    def undecided(self) -> int:
        """Cells whose basin is undecided."""
        numbers = [k for k, item in enumerate(self.basins) if item.of == UNDECIDED]
        return int(np.isin(self.labels, numbers).sum())

    @property
    def summary(self) -> str:
        """How fine it is and what is undecided, such as ``512 x 512 cells, 0 undecided``."""
        side = self.side
        return f"{side} x {side} cells, {self.undecided} undecided"
