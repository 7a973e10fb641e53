"""Outlines of the marks of equilibria, in cm about their centres."""

from __future__ import annotations

import math

Outline = tuple[tuple[float, float], ...]


def _star(count: int, radius: float, inner: float = 1.0, turn: float = 90.0) -> Outline:
    """Give the corners of a regular polygon, of a star if `inner` is less than 1."""
    steps = count if inner == 1.0 else 2 * count
    return tuple(
        (
            round(radius * (inner if k % 2 and steps != count else 1.0) * math.cos(angle), 3),
            round(radius * (inner if k % 2 and steps != count else 1.0) * math.sin(angle), 3),
        )
        for k in range(steps)
        for angle in [math.radians(turn + 360.0 * k / steps)]
    )


def _cross(arm: float, half: float, turned: bool) -> Outline:
    corners = [
        (half, arm), (half, half), (arm, half), (arm, -half), (half, -half), (half, -arm),
        (-half, -arm), (-half, -half), (-arm, -half), (-arm, half), (-half, half), (-half, arm),
    ]  # fmt: skip
    if not turned:
        return tuple(corners)
    root = math.sqrt(0.5)
    return tuple((round(root * (x - y), 3), round(root * (x + y), 3)) for x, y in corners)


RADIUS = 0.11
"""Of the marks that are circles."""

OUTLINES: dict[str, Outline] = {
    "diamond": _star(4, 0.16),
    "diamond-tall": ((0.0, 0.18), (-0.1, 0.0), (0.0, -0.18), (0.1, 0.0)),
    "square": _star(4, 0.145, turn=45.0),
    "octagon": _star(8, 0.135, turn=22.5),
    "cross": _cross(0.15, 0.055, turned=False),
    "star": _star(5, 0.18, 0.45),
    "pentagon": _star(5, 0.145),
    "hexagon": _star(6, 0.14),
    "triangle": _star(3, 0.17),
    "triangle-left": _star(3, 0.17, turn=180.0),
    "x": _cross(0.15, 0.05, turned=True),
}
"""For each shape its corners; the others are circles."""
