"""Shifts of a variable that keep a field, proved exactly."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

from eqpp_dash.engine.expression.graph import ConstantError, Node, topological
from eqpp_dash.engine.expression.polynomial import TooLargeError
from eqpp_dash.engine.expression.text import to_text
from eqpp_dash.engine.structure.facts import Kind, StructureFact
from eqpp_dash.engine.structure.plane import Plane

PERIODIC = frozenset({"sin", "cos", "tan", "sinc", "sinc slope"})


def periods(plane: Plane) -> list[StructureFact]:
    """Find the shifts of a variable that keep the field, and note them on the plane."""
    found = []
    for axis in (0, 1):
        shift = _period(plane, axis)
        if shift is not None:
            assert shift.value is not None
            plane.shifts.append((plane.variables[axis], shift))
            pieces = [to_text(v) for v in plane.variables]
            pieces[axis] = to_text(plane.graph.add(plane.variables[axis], shift))
            offset = [shift.value if axis == k else 0.0 for k in (0, 1)]
            found.append(
                StructureFact(
                    Kind.PERIODIC,
                    plane.show(pieces),
                    "the shift, put into the equations, gives them back",
                    map=(1.0, 0.0, 0.0, 1.0, *offset),
                )
            )
    return found


def _period(plane: Plane, axis: int) -> Node | None:
    graph, v = plane.graph, plane.variables[axis]
    rates: set[Node] = set()
    for node in topological(plane.components):
        if node.op in PERIODIC or node.op == "mod":
            inside = node.args[0]
            slope = plane.derivative(inside, axis)
            if slope is graph.zero:
                continue
            if node.op == "mod":
                slope = graph.divide(graph.multiply(slope, graph.symbol("pi")), node.args[1])
                slope = graph.scale(2, slope)
            if slope.value is None:
                return None
            rates.add(plane.tidy(slope))
    if not rates:
        return None
    first = min(rates, key=lambda node: node.index)
    ratios = []
    for rate in rates:
        ratio = plane.tidy(graph.divide(rate, first))
        if ratio.op != "const":
            return None
        ratios.append(abs(ratio.data))
    top = gcd(*(r.numerator for r in ratios))
    bottom = 1
    for r in ratios:
        bottom = bottom * r.denominator // gcd(bottom, r.denominator)
    common = Fraction(top, bottom)
    base = graph.divide(graph.scale(Fraction(2) / common, graph.symbol("pi")), first)
    if base.value is not None and base.value < 0:
        base = graph.negate(base)
    for part in (2, 1):
        shift = plane.tidy(graph.scale(Fraction(1, part), base))
        try:
            image = {v: graph.add(v, shift)}
            moved = [plane.replace(c, image) for c in plane.components]
            if plane.keeps_domain(image) and all(
                plane.is_zero(graph.subtract(a, b))
                for a, b in zip(moved, plane.components, strict=True)
            ):
                return shift
        except (TooLargeError, ConstantError):
            continue
    return None
