"""Closed chains of connections."""

from __future__ import annotations

from collections.abc import Sequence

from eqpp_dash.model.manifolds import Connection, Polycycle

MOST = 64
MOST_SADDLES = 8
_ORDER = ("proved", "verified", "near")


def polycycles(connections: Sequence[Connection]) -> tuple[Polycycle, ...]:
    """Give the closed chains of connections that pass no saddle twice, the shortest first.

    Among many connections these are the borders of cells; not all longer ones are given.

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
    [((3,), (2,), 'near'), ((1, 3), (0, 1), 'proved')]
    """
    found: list[Polycycle] = []

    leaving: dict[int, list[tuple[int, Connection]]] = {}
    for number, item in enumerate(connections):
        leaving.setdefault(item.source, []).append((number, item))

    def extend(first: int, saddles: tuple[int, ...], used: tuple[int, ...], length: int) -> None:
        for number, item in leaving.get(saddles[-1], ()):
            if len(found) == MOST:
                return
            if item.target == first:
                if len(used) + 1 < length:
                    continue
                chain = (*used, number)
                status = max((connections[k].status for k in chain), key=_ORDER.index)
                found.append(Polycycle(saddles, chain, status))
            elif item.target > first and item.target not in saddles and len(used) + 1 < length:
                extend(first, (*saddles, item.target), (*used, number), length)

    for length in range(1, MOST_SADDLES + 1):
        for start in sorted(leaving):
            extend(start, (start,), (), length)
    return tuple(found)


def circuit(
    numbers: Sequence[int], connections: Sequence[Connection], status: str
) -> Polycycle | None:
    """Put connections into the order in which one closed chain passes each of them once.

    Parameters
    ----------
    numbers : sequence of int
        Which connections.
    connections : sequence of Connection
        All of them.
    status : str
        The weakest status among them.

    Returns
    -------
    Polycycle or None
        It may pass a saddle more than once, such as a figure eight; None if there is none.
        C. Hierholzer, *Mathematische Annalen* 6, 1873, 30-32.

    Examples
    --------
    >>> def orbit(a, b):
    ...     return Connection("heteroclinic", a, b, (0, 0), "proved", 0, "", "")
    >>> found = circuit([0, 1, 2], [orbit(1, 1), orbit(1, 2), orbit(2, 1)], "proved")
    >>> found.equilibria, found.connections
    ((1, 1, 2), (0, 1, 2))
    """
    leaving: dict[int, list[int]] = {}
    for number in reversed(numbers):
        leaving.setdefault(connections[number].source, []).append(number)
    start = connections[numbers[0]].source
    path: list[tuple[int, int]] = [(start, -1)]
    done: list[int] = []
    while path:
        place, by = path[-1]
        if leaving.get(place):
            number = leaving[place].pop()
            path.append((connections[number].target, number))
        else:
            path.pop()
            if by >= 0:
                done.append(by)
    chain = tuple(reversed(done))
    closes = len(chain) == len(numbers) and all(
        connections[a].target == connections[b].source
        for a, b in zip(chain, (*chain[1:], chain[0]), strict=True)
    )
    return Polycycle(tuple(connections[k].source for k in chain), chain, status) if closes else None
