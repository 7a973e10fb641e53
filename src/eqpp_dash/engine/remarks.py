"""Remarks on what a portrait could not show, or shows that needs a word."""

from __future__ import annotations

from collections.abc import Sequence

from eqpp_dash.engine.seeding import MOST_SADDLES, saddles_in_window, with_hyperbolic_sectors
from eqpp_dash.model.basins import BasinMap
from eqpp_dash.model.ends import END_WORDS
from eqpp_dash.model.manifolds import Separatrix
from eqpp_dash.model.portrait import Equilibrium, Notice, Trajectory
from eqpp_dash.model.spec import PortraitSpec

_TELLING_ENDS = ("undefined", "discontinuity", "sliding", "budget", "undecided")


def separatrix_notices(
    spec: PortraitSpec, equilibria: Sequence[Equilibrium], separatrices: Sequence[Separatrix]
) -> list[Notice]:
    """Tell whose separatrices are not drawn: of too many saddles, of points too degenerate."""
    if "separatrices" not in spec.analyses:
        return []
    texts = []
    count = len(saddles_in_window(equilibria))
    if count > MOST_SADDLES:
        texts.append(f"The separatrices of {MOST_SADDLES} of the {count} saddles are drawn")
    drawn = {item.equilibrium for item in separatrices}
    for k in with_hyperbolic_sectors(equilibria):
        if k not in drawn:
            place = ", ".join(f"{value:.4g}" for value in equilibria[k].point)
            texts.append(
                f"The separatrices of the point at ({place}), {equilibria[k].kind}, are not drawn: "
                "where they leave it is not known accurately enough"
            )
    return [Notice("separatrices-left-out", text) for text in texts]


def basin_notices(basins: BasinMap | None) -> list[Notice]:
    """Say how the basins were computed, if that matters, and where they are undecided."""
    if basins is None:
        return []
    notices = [Notice("basins-slow", basins.remark)] if basins.remark else []
    if basins.undecided:
        share = 100.0 * basins.undecided / basins.side**2
        notices.append(
            Notice(
                "basins-undecided",
                f"{share:.2g} % of the window is in no basin that is known: no attractor had "
                "caught the orbits there in the time they were followed",
            )
        )
    return notices


def end_notices(trajectories: Sequence[Trajectory]) -> list[Notice]:
    """Tell of given trajectories that end where the equations, or the budget, fail."""
    notices = []
    for item in trajectories:
        if item.origin != "given":
            continue
        place = ", ".join(f"{value:.6g}" for value in item.start)
        for way, end, sign in (("forward", item.forward, 1), ("backward", item.backward, -1)):
            when = "" if end.time is None else f" at t = {sign * end.time:.6g}"
            if end.end == "infinity" and end.time is not None:
                text = f"goes to infinity in finite time{when}"
            elif end.end in _TELLING_ENDS:
                words = END_WORDS[end.end]
                text = f"ends{when}: {words}" + (f", {end.reason}" if end.reason else "")
            else:
                continue
            notices.append(
                Notice("trajectory-end", f"The trajectory from ({place}), {way}, {text}")
            )
    return notices
