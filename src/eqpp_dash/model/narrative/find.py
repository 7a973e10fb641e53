"""Facts by their ids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_LISTS = {
    "equilibrium": ("equilibria",),
    "set": ("equilibrium_sets",),
    "singularity": ("singularities",),
    "nullcline": ("nullclines",),
    "switching": ("switching",),
    "cycle": ("limit_cycles",),
    "annulus": ("annuli",),
    "separatrix": ("separatrices",),
    "connection": ("connections",),
    "polycycle": ("polycycles",),
    "basin": ("basins",),
    "trajectory": ("trajectories",),
    "warning": ("warnings",),
    "structure": ("system", "structure"),
}
_WHOLE = ("system", "window", "audit", "completeness", "timing", "status", "partial", "engine")
_ID = re.compile(r"([a-z]+) (0|[1-9][0-9]*)")


def find_fact(facts: Mapping[str, Any], id: str) -> Any:
    """Give the fact that an id names.

    Parameters
    ----------
    facts : mapping
        The facts JSON of a portrait.
    id : str
        The name of a list's items and a number, counted from 0, such as ``equilibrium 2``,
        ``cycle 0``, ``set 0``, ``singularity 0``, ``nullcline 0``, ``switching 0``, ``annulus 0``,
        ``separatrix 3``, ``connection 0``, ``polycycle 0``, ``basin 1``, ``trajectory 0``,
        ``warning 0``, ``structure 0``; or ``system``, ``window``, ``audit``, ``completeness``,
        ``timing``, ``status``, ``partial``, ``engine``.

    Returns
    -------
    object
        The entry of the facts.

    Raises
    ------
    KeyError
        If the id names nothing there.

    Examples
    --------
    >>> find_fact({"equilibria": [{"kind": "saddle"}]}, "equilibrium 0")
    {'kind': 'saddle'}
    >>> find_fact({"equilibria": [], "audit": None}, "audit")
    Traceback (most recent call last):
    KeyError: 'audit'
    """
    found: Any = None
    if id in _WHOLE:
        found = facts.get(id)
    else:
        match = _ID.fullmatch(id)
        path = _LISTS.get(match[1], ()) if match else ()
        if match and path:
            items: Any = facts
            for name in path:
                items = items.get(name) or {}
            number = int(match[2])
            found = items[number] if number < len(items) else None
    if found is None:
        raise KeyError(id)
    return found
