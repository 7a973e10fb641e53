"""Closed chains of connections."""

from __future__ import annotations

from collections.abc import Sequence

from eqpp_dash.model.manifolds import Connection, Polycycle

MOST = 32
MOST_SADDLES = 8
_ORDER = ("proved", "verified", "near")


def polycycles(connections: Sequence[Connection]) -> tuple[Polycycle, ...]:
    """Give the closed chains of connections that pass no saddle twice.

    Parameters
    ----------
    connections : sequence of Connection
        The connections.

    Examples
    --------
    >>> def orbit(a, b, status="proved"):
    ...     return Connection("heteroclinic", a, b, (0, 0), status, 0, "", "")
    >>> found = polycycles([orbit(1, 3), orbit(3, 1), orbit(3, 3, "near")])
    >>> [(item.equilibria, item.connections, item.status) for item in found]
    [((1, 3), (0, 1), 'proved'), ((3,), (2,), 'near')]
    """
    found: list[Polycycle] = []

    def extend(first: int, saddles: tuple[int, ...], used: tuple[int, ...]) -> None:
        for number, item in enumerate(connections):
            if len(found) == MOST or item.source != saddles[-1]:
                continue
            if item.target == first:
                chain = (*used, number)
                status = max((connections[k].status for k in chain), key=_ORDER.index)
                found.append(Polycycle(saddles, chain, status))
            elif item.target > first and item.target not in saddles and len(used) < MOST_SADDLES:
                extend(first, (*saddles, item.target), (*used, number))

    for start in sorted({item.source for item in connections}):
        extend(start, (start,), ())
    return tuple(found)
