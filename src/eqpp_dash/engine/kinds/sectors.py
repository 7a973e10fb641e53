"""Sectors of a degenerate equilibrium, put together from the points of its blow-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from eqpp_dash.engine.kinds.approach import Approach
from eqpp_dash.engine.kinds.germ import UnclearError

SADDLE, ATTRACTING, REPELLING = 0, -1, 1


@dataclass(frozen=True, slots=True)
class Sectors:
    """How many sectors of each sort meet at an equilibrium.

    Attributes
    ----------
    elliptic, hyperbolic, parabolic : int
        Their numbers. Parabolic sectors beside elliptic ones count as parts of those, and
        parabolic ones side by side, both attracting or both repelling, as one.
    flow : int
        If all orbits nearby tend to the equilibrium, -1 if forwards and 1 if backwards; else 0.
    """

    elliptic: int
    hyperbolic: int
    parabolic: int
    flow: int = 0

    @property
    def index(self) -> int:
        """Poincaré index, by Bendixson's formula."""
        return 1 + (self.elliptic - self.hyperbolic) // 2

    def to_json(self) -> dict[str, int]:
        """Give the numbers by name."""
        return {
            "elliptic": self.elliptic,
            "hyperbolic": self.hyperbolic,
            "parabolic": self.parabolic,
        }


@dataclass(frozen=True, slots=True)
class Corner:
    """A direction in which orbits tend to the equilibrium: a point of the blown-up circle.

    Attributes
    ----------
    low, high : int
        What the flow is like on its clockwise and on its counterclockwise side: `SADDLE` (orbits
        pass by), `ATTRACTING` or `REPELLING` (all tend to the point forwards, backwards).
    orbit : Approach or None
        The only orbit that tends to the equilibrium in this direction and separates both sides;
        None where orbits tend to it on both.
    """

    low: int
    high: int
    orbit: Approach | None = field(default=None, repr=False, compare=False)


def separating(corners: Sequence[Corner]) -> list[bool]:
    """Tell at which corners an orbit bounds a hyperbolic sector.

    Parameters
    ----------
    corners : sequence of Corner
        Counterclockwise around the equilibrium.

    Examples
    --------
    >>> separating([Corner(0, 0), Corner(0, 0), Corner(-1, -1), Corner(0, 0)])
    [True, True, False, True]
    """
    found = []
    for k, corner in enumerate(corners):
        before, after = corners[k - 1], corners[(k + 1) % len(corners)]
        left = corner.high == SADDLE and after.low == SADDLE
        found.append(left or (corner.low == SADDLE and before.high == SADDLE))
    return found


def count_sectors(corners: Sequence[Corner]) -> Sectors | None:
    """Count the sectors between and at the corners.

    Parameters
    ----------
    corners : sequence of Corner
        Counterclockwise around the equilibrium.

    Returns
    -------
    Sectors or None
        None without corners: orbits turn around the equilibrium.

    Raises
    ------
    UnclearError
        If no field has such corners.

    Notes
    -----
    Dumortier, Llibre, Artés, *Qualitative Theory of Planar Differential Systems*, chapters 1 and 6.

    Examples
    --------
    >>> saddle = [Corner(SADDLE, SADDLE)] * 4
    >>> count_sectors(saddle)
    Sectors(elliptic=0, hyperbolic=4, parabolic=0, flow=0)
    >>> count_sectors([Corner(1, 1), Corner(-1, -1)]).to_json()
    {'elliptic': 2, 'hyperbolic': 0, 'parabolic': 0}
    """
    if not corners:
        return None
    regions: list[str | int] = []
    for corner, after in zip(corners, [*corners[1:], corners[0]], strict=True):
        if corner.low or corner.high:
            regions.append(corner.low or corner.high)
        if corner.high and after.low and corner.high != after.low:
            regions.append("elliptic")
        elif not corner.high and not after.low:
            regions.append("hyperbolic")
        else:
            regions.append(corner.high or after.low)
    merged = [
        region for k, region in enumerate(regions) if region in _CURVED or region != regions[k - 1]
    ]
    if not merged:
        flow = regions[0]
        return Sectors(0, 0, 1, int(flow))
    parabolic = sum(
        region not in _CURVED
        and merged[k - 1] != "elliptic"
        and merged[(k + 1) % len(merged)] != "elliptic"
        for k, region in enumerate(merged)
    )
    elliptic, hyperbolic = merged.count("elliptic"), merged.count("hyperbolic")
    if (elliptic - hyperbolic) % 2:
        raise UnclearError("the sectors do not fit together")
    return Sectors(elliptic, hyperbolic, parabolic)


_CURVED = ("elliptic", "hyperbolic")
