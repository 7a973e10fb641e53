"""Where a field is defined and continuous, as far as its form tells."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial

from eqpp_dash.engine.algebra.packed import Quotient, number_of, powers
from eqpp_dash.engine.expression.graph import Node, topological
from eqpp_dash.engine.expression.polynomial import Polynomial
from eqpp_dash.engine.structure.darboux import conic_matrix
from eqpp_dash.engine.structure.plane import Plane

#: Operations that are defined and smooth everywhere.
ENTIRE = frozenset(
    {"const", "variable", "pi", "e", "sum", "product", "sin", "cos", "exp", "sinh", "cosh"}
    | {"tanh", "atan", "asinh", "erf", "sinc", "sinc slope", "abs", "sign", "heaviside"}
    | {"min", "max", "select", "lt", "le", "gt", "ge"}
)
JUMPS = frozenset({"floor", "ceil", "mod"})
POSITIVE = frozenset({"exp", "cosh"})


def is_continuous(plane: Plane) -> bool:
    """Tell whether a field is proved to be continuous where it switches."""
    return not plane.switching or all(map(partial(continuous, plane), plane.components))


def continuous(plane: Plane, node: Node) -> bool:
    """Tell whether an expression is proved to be continuous across the jumps of its signs.

    The part that is multiplied by sign(u) has to vanish with u, and the same holds inside of
    every function that occurs.
    """
    if any(inner.op in JUMPS for inner in topological([node])):
        return False
    return _continuous(plane, plane.read(node))


def _continuous(plane: Plane, part: Quotient) -> bool:
    kernels = plane.kernels
    used = {
        place for p in (part.above, *map(dict, part.below)) for m in p for place, _ in powers(m)
    }
    signs = {place for place in used if kernels.nodes[place].op == "sign"}
    if any(place in signs for key in part.below for m, _ in key for place, _ in powers(m)):
        return False
    for place in used - signs:
        if not all(_continuous(plane, kernels.read(arg)) for arg in kernels.nodes[place].args):
            return False
    return all(_vanishes_at_jump(plane, part, place) for place in signs)


def _vanishes_at_jump(plane: Plane, part: Quotient, place: int) -> bool:
    # relations keep the power of a sign at 0 or 1
    kernels = plane.kernels
    jumping = {m: c for m, c in part.above.items() if dict(powers(m)).get(place)}
    inside = kernels.read(kernels.nodes[place].args[0])
    # at a pole of u there has to be one of the whole
    if any(number_of(key) is None and key not in part.below for key in inside.below):
        return False
    inverse = kernels.inverse(Quotient(inside.above, {}))
    quotient = kernels.multiply(Quotient(jumping, {}), inverse)
    return all(number_of(key) is not None for key in quotient.below)


def has_no_holes(plane: Plane, removed: Sequence[Node]) -> bool:
    """Tell whether every part of the field's domain, less some curves, is simply connected.

    So it is if everything removed is unbounded, piece by piece: lines, hyperbolas, parabolas.

    Parameters
    ----------
    plane : Plane
        The plane.
    removed : sequence of Node
        What is removed besides, each the size of an expression, where it vanishes.
    """
    keys = []
    for node in topological(plane.components):
        if node.op == "product":  # poles, those inside of functions too
            below = [arg for arg, k in zip(node.args, node.data, strict=True) if k < 0]
            keys += [dict(plane.read(arg).above) for arg in below if arg.value is None]
        if node.op == "pow" and not _never_zero(plane, plane.read(node.args[0])):
            return False
        if node.op not in ENTIRE and node.op != "pow":
            return False
    keys += [dict(key) for part in map(plane.read, plane.components) for key in part.below]
    for node in removed:
        inside = node.args[0] if node.op == "abs" else node
        keys.append(dict(plane.read(inside).above))
    return all(_unbounded(plane, key) for key in keys)


def _never_zero(plane: Plane, part: Quotient) -> bool:
    return not part.below and _positive(plane, part.above)


def _positive(plane: Plane, p: dict[int, int]) -> bool:
    """Tell whether a sum is positive by its form."""
    if not all(c > 0 for c in p.values()):
        return False
    even = all(
        k % 2 == 0 or plane.kernels.nodes[place].op in POSITIVE for m in p for place, k in powers(m)
    )
    return even and any(
        all(plane.kernels.nodes[place].op in POSITIVE for place, _ in powers(m)) for m in p
    )


def _unbounded(plane: Plane, key: dict[int, int]) -> bool:
    """Tell whether each piece of a zero set is proved to be unbounded, or there is none."""
    if _positive(plane, key):
        return True
    p = plane.polynomial(key)
    if p is None:
        return False
    p = {k: Fraction(c) for k, c in p.items()}
    degree = max(map(sum, p))
    if degree <= 1 or any(all(k[axis] == 0 for k in p) for axis in (0, 1)):
        return True
    return degree == 2 and _open_conic(p)


def _open_conic(p: Polynomial) -> bool:
    """Tell whether a conic is no ellipse and no point."""
    m = conic_matrix(p)
    return m[0][0] * m[1][1] <= m[0][1] * m[1][0]
