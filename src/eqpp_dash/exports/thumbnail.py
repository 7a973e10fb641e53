"""A portrait as a tiny picture for lists, written without a drawing library."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.exports.thinning import bends
from eqpp_dash.figures.geometry import CONNECTING, by_role, portrait_frame
from eqpp_dash.figures.symbols import equilibrium_mark
from eqpp_dash.model.portrait import Portrait

T = TypeVar("T")
WIDTH, HEIGHT = 160, 120
MOST_BYTES = 8000
MARGIN = 16.0
CELL = 1.6
_CIRCLES, _DOTS, _ROOM = 40, 240, 3
"""Equilibria drawn one by one; dots in the place of more, and pixels between these."""
_LAP, _GAP = 40, 6
"""Samples half a cell apart: after how many a line may meet itself, how many it may cross."""

# Colours of middle lightness: they stand out from a white and from a black page alike.
_ORBIT, _STABLE, _UNSTABLE = "#4a93cf", "#bb6a9d", "#e0691f"
_NULLCLINES, _INK, _FRAME = ("#e69f00", "#12a87c"), "#26303c", "#8a94a2"
_SURFACE = "#7a70c8"
_WIDTHS = {"crossing": 1.0, "tangent": 1.2, "escaping": 1.4, "sliding": 3.0}


def thumbnail_svg(portrait: Portrait) -> bytes:
    """Draw a portrait in 160 x 120 pixels.

    Parameters
    ----------
    portrait : Portrait
        A planar portrait.

    Returns
    -------
    bytes
        An SVG document of less than 8 kB: paths and circles on a transparent ground, no
        text, no script, no reference to anything.
    """
    for detail, curves in ((0.6, 60), (1.0, 40), (2.0, 30), (4.0, 20), (8.0, 8), (8.0, 2)):
        picture = _draw(portrait, detail, curves)
        if len(picture) < MOST_BYTES:
            return picture
    return _draw(portrait, 8.0, 0)


def _draw(portrait: Portrait, detail: float, curves: int) -> bytes:
    frame = portrait_frame(portrait)
    scale = np.array([WIDTH, -HEIGHT]) / frame.span
    if frame.equal:
        scale = min(abs(scale)) * np.array([1.0, -1.0])
    middle = frame.low + frame.span / 2

    def place(values: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(all="ignore"):
            placed: NDArray[np.float64] = (values[:, :2] - middle) * scale + (WIDTH / 2, HEIGHT / 2)
        return placed

    parts = []
    for number, variable in enumerate(portrait.system.variables):
        branches = spread(
            [
                branch for item in portrait.nullclines if item.variable == variable
                for branch in item.branches
            ],
            curves,
        )  # fmt: skip
        parts.append(
            _path(
                map(place, branches), detail, _NULLCLINES[number % 2], 1, 'stroke-dasharray="3 2"'
            )
        )
    roles = by_role(portrait.trajectories)
    taken = np.zeros((_cells(HEIGHT), _cells(WIDTH)), dtype=bool)
    corners = np.sort(place(np.stack([frame.low, frame.low + frame.span])), axis=0)
    separatrices = []
    for role, colour in (("stable", _STABLE), ("unstable", _UNSTABLE)):
        items = roles[role] + [item for k in CONNECTING if role == "unstable" for item in roles[k]]
        lines = [place(item.points) for item in spread(items, curves)]
        separatrices.append(_path(_untaken(lines, taken, corners), detail, colour, 1.4))
    orbits = spread([*roles["given"], *roles["seeded"]], curves)
    seeded = [place(item.points) for item in orbits]
    parts += [_path(_untaken(seeded, taken, corners), detail, _ORBIT, 1), *separatrices]
    for kind, width in _WIDTHS.items():
        surfaces = [item for item in portrait.switching if item.kind == kind]
        lines = [place(item.points) for item in spread(surfaces, curves)]
        parts.append(_path(lines, detail, _SURFACE, width))
    for cycle in spread(portrait.limit_cycles, curves):
        dash = "" if cycle.stability == "stable" else 'stroke-dasharray="5 3"'
        parts.append(_path([place(cycle.points)], detail, "#fff", 3.8))
        parts.append(_path([place(cycle.points)], detail, _INK, 2, dash))
    marks = [
        (x, y, equilibrium_mark(item).fill == "full")
        for item in portrait.equilibria
        for x, y in place(item.point[None, :]).round().astype(int).tolist()
        if -4 <= x <= WIDTH + 4 and -4 <= y <= HEIGHT + 4
    ]
    parts += [_circle(*mark) for mark in marks] if len(marks) <= _CIRCLES else _dots(marks)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}"><rect x=".5" y=".5" width="{WIDTH - 1}" '
        f'height="{HEIGHT - 1}" rx="4" fill="none" stroke="{_FRAME}" stroke-opacity=".35"/>'
        + "".join(parts)
        + "</svg>"
    ).encode()


def spread(items: Sequence[T], most: int) -> Sequence[T]:
    """Give so many of the items at most, from all of the list and not from its beginning.

    Lists of a portrait go by place: their beginning is one side of the window.

    Examples
    --------
    >>> spread("abcdefghij", 3), spread("ab", 3), spread("ab", 0)
    (['a', 'd', 'g'], 'ab', [])
    """
    if len(items) <= most:
        return items
    return [items[number * len(items) // most] for number in range(most)]


def _circle(x: int, y: int, full: bool) -> str:
    fill, stroke = (_INK, "#fff") if full else ("#fff", _INK)
    return f'<circle cx="{x}" cy="{y}" r="3.2" fill="{fill}" stroke="{stroke}" stroke-width="1.3"/>'


def _dots(marks: Sequence[tuple[int, int, bool]]) -> Iterator[str]:
    """Draw many equilibria, small, where there is room for each."""
    room, shown = _ROOM, _apart(marks, _ROOM)
    while len(shown) > _DOTS:
        room += 1
        shown = _apart(marks, room)
    for full in (True, False):
        way = "".join(f"M{x},{y}h0" for x, y, filled in shown if filled is full)
        outer, inner = (("#fff", 4.4), (_INK, 2.8)) if full else ((_INK, 4.4), ("#fff", 2.2))
        for colour, width in (outer, inner) if way else ():
            yield (
                f'<path d="{way}" fill="none" stroke="{colour}" stroke-width="{width}" '
                'stroke-linecap="round"/>'
            )


def _apart(marks: Sequence[tuple[int, int, bool]], room: int) -> list[tuple[int, int, bool]]:
    """Leave out the marks that lie within so many pixels of an earlier one."""
    taken = np.zeros((HEIGHT + 2 * room + 9, WIDTH + 2 * room + 9), dtype=bool)
    shown = []
    for x, y, full in marks:
        row, column = y + room + 4, x + room + 4
        if not taken[row - room : row + room + 1, column - room : column + room + 1].any():
            taken[row, column] = True
            shown.append((x, y, full))
    return shown


def _cells(size: int) -> int:
    return int((size + 2 * MARGIN) / CELL) + 1


def _untaken(
    lines: Iterable[NDArray[np.float64]], taken: NDArray[np.bool_], corners: NDArray[np.float64]
) -> Iterator[NDArray[np.float64]]:
    """Give the parts of lines in the window that do not run where an earlier one runs.

    They are marked as taken: orbits that wind onto one cycle would else be drawn, and weigh,
    many times. Beyond the window an orbit has too few points to be drawn.
    """
    for line in lines:
        for piece in _inside(line):
            dense = _resample(piece)
            rows, columns = ((dense + MARGIN) / CELL).astype(int).T[::-1]
            fresh = np.empty(len(dense), dtype=bool)
            for begin in range(0, len(dense), _LAP):  # what it drew a lap ago counts as taken
                now, before = slice(begin, begin + _LAP), slice(max(0, begin - _LAP), begin)
                fresh[now] = ~taken[rows[now], columns[now]]
                taken[rows[before], columns[before]] = True
            taken[rows, columns] = True
            wanted = _without_gaps(fresh)
            wanted &= np.all((dense > corners[0] - 0.5) & (dense < corners[1] + 0.5), axis=-1)
            yield from (run for run in _runs(dense, wanted) if len(run) > _GAP)


def _resample(piece: NDArray[np.float64]) -> NDArray[np.float64]:
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(piece, axis=0).T))])
    at = np.linspace(0.0, length[-1], int(min(length[-1] / (CELL / 2), 20_000)) + 2)
    return np.stack([np.interp(at, length, column) for column in piece.T], axis=-1)


def _without_gaps(fresh: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Let a line go on over the few places where it crosses another."""
    filled = fresh.copy()
    for begin, end in pairwise(np.flatnonzero(np.diff(fresh.astype(int)))):
        if not fresh[begin + 1] and end - begin <= _GAP:
            filled[begin + 1 : end + 1] = True
    return filled


def _inside(line: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """Cut a line to the picture and a margin."""
    corner = np.array([WIDTH, HEIGHT])
    with np.errstate(invalid="ignore"):
        inside = np.all((line > -MARGIN) & (line < corner + MARGIN), axis=-1)
    yield from _runs(line, inside)


def _runs(line: NDArray[np.float64], wanted: NDArray[np.bool_]) -> Iterator[NDArray[np.float64]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], wanted, [False]]).astype(int)))
    for begin, end in edges.reshape(-1, 2):
        if end - begin > 1:
            yield line[begin:end]


def _path(
    lines: Iterable[NDArray[np.float64]], detail: float, colour: str, width: float, extra: str = ""
) -> str:
    data = ""
    for line in lines:
        data += "".join(_steps(p[bends(p, 0.25 * detail)]) for p in _inside(line))
        if len(data) > MOST_BYTES:
            break  # too much already: the caller tries again with less detail
    if not data:
        return ""
    extra = f" {extra}" if extra else ""
    return (
        f'<path d="{data}" fill="none" stroke="{colour}" stroke-width="{width}" '
        f'stroke-linejoin="round"{extra}/>'
    )


def _steps(piece: NDArray[np.float64]) -> str:
    """Write relative moves in half pixels' precision, whole numbers without a point."""
    grid = np.round(piece * 2).astype(int)
    moves: Sequence[Sequence[int]] = np.diff(grid, axis=0).tolist()
    text = "M" + _pair(grid[0].tolist())
    steps = [_pair(move) for move in moves if any(move)]
    return text + ("l" + " ".join(steps) if steps else "")


def _pair(move: Sequence[int]) -> str:
    return f"{move[0] / 2:g},{move[1] / 2:g}"
