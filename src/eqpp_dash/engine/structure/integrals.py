"""First integrals by integration: Hamiltonians, potentials, integrating factors, separation."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from eqpp_dash.engine.algebra.linear import combination
from eqpp_dash.engine.algebra.nonzero import nonzero_somewhere
from eqpp_dash.engine.algebra.packed import FactorKey, Quotient, number_of
from eqpp_dash.engine.expression.factors import zero_factors
from eqpp_dash.engine.expression.graph import ConstantError, Node, topological
from eqpp_dash.engine.expression.polynomial import (
    Polynomial,
    TooLargeError,
    common_divisor,
    divide,
    divide_to_constant,
    to_polynomial,
)
from eqpp_dash.engine.expression.text import to_text
from eqpp_dash.engine.structure.domain import continuous
from eqpp_dash.engine.structure.facts import Kind, StructureFact
from eqpp_dash.engine.structure.integration import antiderivative, log_size, potential
from eqpp_dash.engine.structure.plane import SAMPLES, Plane

MAX_FACTORS = 8
MAX_EXPONENT = 12


PLANE_ONLY = "on the plane, not on the cylinder: another value after each turn"
#: A first integral of more nodes is of no use to a reader.
MAX_SIZE = 150


def readable(node: Node) -> bool:
    """Tell whether an expression is short enough to be shown."""
    return node.size <= MAX_SIZE


def is_integral(plane: Plane, node: Node) -> bool:
    """Tell whether an expression is proved to be conserved and continuous, and not constant."""
    return plane.is_zero(plane.flow(node)) and plane.proper(node) and continuous(plane, node)


def hamiltonian(plane: Plane) -> StructureFact | None:
    """Find H with f = H_y and g = -H_x, where the divergence vanishes."""
    if not plane.is_zero(plane.divergence()):
        return None
    f, g = plane.components
    found = potential(plane, plane.graph.negate(g), f)
    if found is None or not is_integral(plane, found):
        return None
    return integral_fact(
        plane, Kind.HAMILTONIAN, found, "the divergence is zero; H_y and -H_x are the field"
    )


def gradient(plane: Plane) -> StructureFact | None:
    """Find V with f = -V_x and g = -V_y, where the curl vanishes."""
    if not plane.is_zero(plane.curl()):
        return None
    f, g = plane.components
    found = potential(plane, plane.graph.negate(f), plane.graph.negate(g))
    if found is None or not plane.proper(found) or not continuous(plane, found):
        return None
    node = tidy_integral(plane, found)
    return StructureFact(
        Kind.GRADIENT,
        to_text(node),
        "the curl is zero; -V_x and -V_y are the field, so V falls along every orbit",
        region="" if _on_cylinder(plane, node) else PLANE_ONLY,
        single_valued=single_valued(node),
        function=plane.factor(node),
        node=node,
    )


def integral_fact(plane: Plane, kind: Kind, node: Node, how: str) -> StructureFact:
    """State a first integral that was checked, with the M for which M F = (H_y, -H_x)."""
    regions = [] if _on_cylinder(plane, node) else [PLANE_ONLY]
    if plane.switching and kind is not Kind.HAMILTONIAN:
        regions.append("between the curves on which the field switches")
    multiplier = ""
    node = tidy_integral(plane, node) if kind is Kind.HAMILTONIAN else _normalised(plane, node)
    if kind is Kind.TIME_CHANGED:
        factor = _multiplier_of(plane, node)
        if nonzero_somewhere([factor]):
            multiplier = to_text(factor)
        else:  # of a field that is zero everywhere there is none
            kind = Kind.CONSERVED
    return StructureFact(
        kind,
        to_text(node),
        how,
        region="; ".join(regions),
        multiplier=multiplier,
        single_valued=single_valued(node),
        function=plane.factor(node),
        node=node,
    )


def _on_cylinder(plane: Plane, node: Node) -> bool:
    """Tell whether a function is proved to be the same after a turn of each periodic variable."""
    graph = plane.graph
    return all(
        plane.is_zero(graph.subtract(plane.replace(node, {v: graph.add(v, shift)}), node))
        for v, shift in plane.shifts
    )


def _normalised(plane: Plane, node: Node) -> Node:
    """Make the first coefficient of a sum 1, and drop the numbers in a product."""
    if node.op == "product":
        return plane.graph.power_product(
            (arg, k) for arg, k in zip(node.args, node.data, strict=True) if arg.value is None
        )
    if node.op != "sum":
        return node
    scale = 1 / node.data[0]
    return plane.graph.combine(
        (c * scale, arg) for c, arg in zip(node.data, node.args, strict=True)
    )


def _multiplier_of(plane: Plane, node: Node) -> Node:
    graph = plane.graph
    f, g = plane.components
    if plane.is_zero(f):
        return plane.tidy(graph.negate(graph.divide(plane.derivative(node, 0), g)))
    return plane.tidy(graph.divide(plane.derivative(node, 1), f))


def single_valued(node: Node) -> bool:
    """Tell whether no branch of an angle occurs in an expression."""
    return all(n.op != "atan2" for n in topological([node]))


def tidy_integral(plane: Plane, node: Node) -> Node:
    """Drop constants and write a first integral in its short form."""
    graph = plane.graph
    short = plane.tidy(node)
    if short.op == "sum":
        terms = [
            (c, arg) for c, arg in zip(short.data, short.args, strict=True) if arg.value is None
        ]
        short = graph.combine(terms)
    return _by_common_factor(plane, short)


def _by_common_factor(plane: Plane, node: Node) -> Node:
    """Write a polynomial as a multiple of a power of the components' factor, if that is shorter.

    Where the field vanishes on a curve, so do the slopes of its Hamiltonian: but for a constant it
    is a multiple of a power of what vanishes there.
    """
    whole = None if plane.common is None else to_polynomial(node, plane.variables)
    if whole is None or plane.common is None:
        return node
    slopes = [_slope(plane.common, axis) for axis in (0, 1)]
    again = common_divisor([plane.common, *(slope for slope in slopes if slope)])
    base = again[1][0] if again is not None else plane.common
    found = divide_to_constant(whole, base)
    if found is None:
        return node
    quotient: Polynomial | None = found[0]
    power = 0
    while quotient is not None:
        power, rest = power + 1, quotient
        quotient = divide(rest, base)
    curve, one = plane.node_of(base), plane.node_of(rest)
    short = plane.graph.power_product(((curve, power), (one, 1)))
    return short if short.size < node.size else node


def _slope(a: Polynomial, axis: int) -> Polynomial:
    """Give a partial derivative."""
    total: Polynomial = {}
    for key, c in a.items():
        if key[axis]:
            lower = (*key[:axis], key[axis] - 1, *key[axis + 1 :])
            total[lower] = c * key[axis]
    return total


def time_changed(plane: Plane, functions: Sequence[Node]) -> StructureFact | None:
    """Find M = exp(sum c_j phi_j) with div(M F) = 0, and integrate M F.

    Parameters
    ----------
    plane : Plane
        The plane.
    functions : sequence of Node
        The phi_j: logarithms of factors, powers of the variables.

    Returns
    -------
    StructureFact or None
        The Hamiltonian of M F, which is a first integral of F.
    """
    found = multiplier(plane, functions)
    if found is None:
        return None
    f, g = plane.components
    graph = plane.graph
    whole = potential(plane, graph.negate(graph.multiply(found, g)), graph.multiply(found, f))
    if whole is None or not is_integral(plane, whole):
        return None
    return integral_fact(
        plane,
        Kind.TIME_CHANGED,
        tidy_integral(plane, whole),
        "the field times M has no divergence; the derivative along the field is zero",
    )


def multiplier(plane: Plane, functions: Sequence[Node]) -> Node | None:
    """Find M = exp(sum c_j phi_j) for which M F has no divergence."""
    target = plane.read(plane.divergence())
    if target.is_zero:
        return plane.graph.one
    parts = [plane.read(plane.flow(phi)) for phi in functions]
    weights = combine(plane, target, parts)
    if weights is None:
        return None
    return exponential(plane, functions, [-c for c in weights])


def combine(plane: Plane, target: Quotient, parts: Sequence[Quotient]) -> list[Fraction] | None:
    """Write a quotient as a rational combination of others."""
    vectors = numerators(plane, [*parts, target])
    return combination(vectors[-1], vectors[:-1], plane.work)


def numerators(plane: Plane, quotients: Sequence[Quotient]) -> list[dict[int, Fraction]]:
    """Put quotients over one denominator and give the numerators."""
    kernels = plane.kernels
    shared: dict[FactorKey, int] = {}
    for q in quotients:
        for key, k in q.below.items():
            if number_of(key) is not None:
                continue
            shared[key] = max(shared.get(key, 0), k)
    vectors: list[dict[int, Fraction]] = []
    for q in quotients:
        above, number = q.above, Fraction(1)
        for key, k in q.below.items():
            value = number_of(key)
            if value is not None:
                number /= value**k
        for key, k in shared.items():
            for _ in range(k - q.below.get(key, 0)):
                above = kernels.product(above, dict(key))
        vectors.append({m: c * number for m, c in above.items()})
    return vectors


def exponential(plane: Plane, functions: Sequence[Node], weights: Sequence[Fraction]) -> Node:
    """Write exp(sum c_j phi_j), logarithms as powers."""
    graph = plane.graph
    factors: list[tuple[Node, int]] = []
    rest: list[tuple[Fraction, Node]] = []
    for phi, c in zip(functions, weights, strict=True):
        if not c:
            continue
        if phi.op != "log":
            rest.append((c, phi))
            continue
        inside = phi.args[0]
        if c.denominator == 1 and abs(c) <= MAX_EXPONENT:
            plain = inside.args[0] if inside.op == "abs" else inside
            factors.append((plain, int(c)))
        else:
            factors.append((graph.power(inside, graph.constant(c)), 1))
    if rest:
        factors.append((graph.call("exp", graph.combine(rest)), 1))
    return graph.power_product(factors)


def candidate_functions(plane: Plane) -> list[Node]:
    """List functions whose exponentials may be multipliers.

    Logarithms of the variables, of the factors of the components and of their denominators;
    the variables, their squares and their product; integrals of
    div/f and div/g where these depend on one variable alone.
    """
    x, y = plane.variables
    inside: dict[Node, None] = dict.fromkeys((x, y))
    for node in plane.components:
        inside.update(dict.fromkeys(_factors(plane, node)))
    logs = [log_size(plane, node) for node in list(inside)[:MAX_FACTORS]]
    return [*_single_variable(plane), *logs, x, y, *_products(plane)]


def _products(plane: Plane) -> list[Node]:
    x, y = plane.variables
    power = plane.graph.power_product
    return [power([(x, 2)]), power([(x, 1), (y, 1)]), power([(y, 2)])]


def _factors(plane: Plane, node: Node) -> list[Node]:
    """List the factors of numerator and denominator."""
    quotient = plane.read(node)
    if quotient.is_zero:
        return []
    kernels = plane.kernels
    parts = [kernels.write_packed(quotient.above)]
    parts += [kernels.write_packed(dict(key)) for key in quotient.below if number_of(key) is None]
    return [f for part in parts for f in zero_factors(plane.graph, part, plane.variables)]


def _single_variable(plane: Plane) -> list[Node]:
    """Integrate div/f by x where it is free of y, and div/g by y where it is free of x."""
    found = []
    divergence = plane.divergence()
    for axis, component in enumerate(plane.components):
        if plane.is_zero(component):
            continue
        ratio = plane.graph.divide(divergence, component)
        if plane.is_zero(ratio) or not plane.free_of(ratio, 1 - axis):
            continue
        alone = plane.without(ratio, 1 - axis)
        integral = None if alone is None else antiderivative(plane, alone, axis)
        if integral is not None:
            found.append(integral)
    return found


def separated(plane: Plane) -> StructureFact | None:
    """Integrate f = a(x) b(y), g = c(x) d(y): int b/d dy - int c/a dx is conserved."""
    parts = []
    for component in plane.components:
        if plane.is_zero(component):
            return None
        split = _split_product(plane, component)
        if split is None:
            return None
        parts.append(split)
    (a, b), (c, d) = parts
    graph = plane.graph
    left = antiderivative(plane, graph.divide(c, a), 0)
    right = None if left is None else antiderivative(plane, graph.divide(b, d), 1)
    if left is None or right is None:
        return None
    whole = tidy_integral(plane, graph.subtract(right, left))
    if not is_integral(plane, whole):
        return None
    return integral_fact(
        plane,
        Kind.TIME_CHANGED,
        whole,
        "the variables separate; the derivative along the field is zero",
    )


def _split_product(plane: Plane, node: Node) -> tuple[Node, Node] | None:
    """Write u(x, y) as a(x) b(y), proved; None where it is none."""
    graph = plane.graph
    x, y = plane.variables
    tidy = plane.tidy(node)
    for value in SAMPLES[1:]:
        constant = graph.constant(value)
        try:
            corner = plane.replace(tidy, {x: constant, y: constant})
            if plane.is_zero(corner):
                continue
            a = plane.replace(tidy, {y: constant})
            b = graph.divide(plane.replace(tidy, {x: constant}), corner)
            difference = graph.subtract(node, graph.multiply(a, b))
            if not plane.is_zero(difference):
                return None
        except (ConstantError, TooLargeError):
            continue
        return a, b
    return None
