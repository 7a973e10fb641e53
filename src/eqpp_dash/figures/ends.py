"""Where trajectories come from and go to, in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from eqpp_dash.figures.labels import format_number, format_point
from eqpp_dash.model.cycles import LimitCycle
from eqpp_dash.model.ends import END_WORDS
from eqpp_dash.model.portrait import Equilibrium, OrbitEnd

_EQUILIBRIUM, _CYCLE, _SET = "equilibrium ", "cycle ", "set "


def equilibrium_words(item: Equilibrium, spans: Iterable[float] = ()) -> str:
    """Name an equilibrium by its kind and place, such as ``the saddle at (1, 0)``.

    Parameters
    ----------
    item : Equilibrium
        The equilibrium.
    spans : iterable of float
        Widths of the window; a coordinate that is only rounding is shown as 0.
    """
    kind = "undecided equilibrium" if item.kind == "undecided" else item.kind
    return f"the {kind} at {format_point(item.point, spans)}"


def cycle_words(item: LimitCycle) -> str:
    """Name a cycle by its stability and period, such as ``the stable limit cycle of period 2``."""
    return f"the {item.stability} limit cycle of period {format_number(item.period, 5)}"


def end_words(
    end: OrbitEnd,
    equilibria: Sequence[Equilibrium] = (),
    spans: Iterable[float] = (),
    cycles: Sequence[LimitCycle] = (),
) -> str:
    """Say what half a trajectory comes from, or goes to.

    Parameters
    ----------
    end : OrbitEnd
        Its end.
    equilibria : sequence of Equilibrium
        The equilibria that ends are numbered by.
    spans : iterable of float
        Widths of the window.
    cycles : sequence of LimitCycle
        The limit cycles that ends are numbered by.

    Examples
    --------
    >>> end_words(OrbitEnd("budget", 3.0)), end_words(OrbitEnd("equilibrium 0", None))
    ('the end of the work budget', 'an equilibrium')
    """
    if end.end.startswith(_SET):
        return "a curve of equilibria"
    if end.end.startswith(_CYCLE):
        number = int(end.end.removeprefix(_CYCLE))
        return cycle_words(cycles[number]) if number < len(cycles) else "a limit cycle"
    if not end.end.startswith(_EQUILIBRIUM):
        return END_WORDS.get(end.end, end.end)
    number = int(end.end.removeprefix(_EQUILIBRIUM))
    if number >= len(equilibria):
        return "an equilibrium"
    item = equilibria[number]
    if end.shift:
        item = replace(item, point=item.point + np.array(end.shift))
        return f"{equilibrium_words(item, spans)}, a copy by the period"
    return equilibrium_words(item, spans)
