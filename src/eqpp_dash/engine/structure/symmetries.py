"""Linear symmetries and reversors, proved exactly."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import atan2, cos, gcd, pi, sin

from eqpp_dash.engine.expression.graph import ConstantError, Node, topological
from eqpp_dash.engine.expression.polynomial import Polynomial, TooLargeError
from eqpp_dash.engine.expression.text import to_text
from eqpp_dash.engine.structure.facts import Kind, StructureFact
from eqpp_dash.engine.structure.gaussian import Gaussian, complex_form
from eqpp_dash.engine.structure.plane import PARTIAL, Plane

ZERO = (Fraction(0), Fraction(0))
#: (matrix rows, mirror line's normal) of the reflections that keep rational points rational.
REFLECTIONS = (
    ((1, 0, 0, -1), (0.0, 1.0)),
    ((-1, 0, 0, 1), (1.0, 0.0)),
    ((0, 1, 1, 0), (0.5**0.5, -(0.5**0.5))),
    ((0, -1, -1, 0), (0.5**0.5, 0.5**0.5)),
)
ROTATIONS = ((2, (-1, 0, 0, -1)), (4, (0, -1, 1, 0)))
MAX_MIRRORS = 12


def symmetries(plane: Plane) -> list[StructureFact]:
    """Find rotations and reflections that keep the field, and reflections that reverse it.

    Polynomial fields: all rotations and reflections about the origin and about the point that
    the coefficients single out. Other fields: half and quarter turns, reflections in the axes
    and the diagonals.
    """
    found: list[StructureFact] = []
    polynomials = plane.field_polynomials()
    if any(node.op in PARTIAL and node.value is None for node in topological(plane.components)):
        polynomials = None  # on a part of the plane only
    for center in centers(polynomials):
        if polynomials is not None:
            found += _complex_symmetries(plane, polynomials, center)
        else:
            found += _tried_symmetries(plane, center)
    return _distinct(found)


def _distinct(facts: list[StructureFact]) -> list[StructureFact]:
    seen: dict[tuple[str, str], StructureFact] = {}
    for fact in facts:
        seen.setdefault((fact.kind, fact.expression), fact)
    return list(seen.values())


def centers(polynomials: Sequence[Polynomial] | None) -> list[tuple[Fraction, Fraction]]:
    """Give the origin and the points about which the coefficients could be symmetric.

    If p(x) is even or odd about c, its two highest coefficients give c.
    """
    if polynomials is None:
        return [ZERO]
    values = [
        {Fraction(0)} | {c for p in polynomials if (c := _middle(p, axis)) is not None}
        for axis in (0, 1)
    ]
    points = [(x, y) for x in sorted(values[0]) for y in sorted(values[1])]
    return [ZERO, *(point for point in points if point != ZERO)]


def _middle(p: Polynomial, axis: int) -> Fraction | None:
    """Give -a_(n-1)/(n a_n) for the powers of one variable, where it is a number."""
    degree = max((key[axis] for key in p), default=0)
    if degree == 0:
        return None
    lead = {key[1 - axis]: c for key, c in p.items() if key[axis] == degree}
    next_ = {key[1 - axis]: c for key, c in p.items() if key[axis] == degree - 1}
    k = max(lead)
    ratio = next_.get(k, Fraction(0)) / lead[k]
    if any(c * ratio != next_.get(i, Fraction(0)) for i, c in lead.items()):
        return None
    return -ratio / degree


# polynomial fields, by their complex form ----------------------------------------------------


def _complex_symmetries(
    plane: Plane, polynomials: Sequence[Polynomial], center: tuple[Fraction, Fraction]
) -> list[StructureFact]:
    """Use z' = sum a_kl z^k conj(z)^l.

    A turn by w keeps the field if w^(k - l - 1) = 1 for every term; the reflection
    z -> w conj(z) keeps it if w^(1 - k + l) = a/conj(a) for every term, and reverses it if that
    is -a/conj(a).
    """
    terms = complex_form(polynomials[0], polynomials[1], center, plane.work)
    found = _turns(plane, terms, center)
    for sign, kind in ((1, Kind.SYMMETRY), (-1, Kind.REVERSIBLE)):
        found += _mirrors(plane, terms, center, sign, kind)
    return found


def _turns(
    plane: Plane, terms: dict[tuple[int, int], Gaussian], center: tuple[Fraction, Fraction]
) -> list[StructureFact]:
    order = 0
    for k, m in terms:
        order = gcd(order, k - m - 1)
    if order == 1 or not terms:
        return []
    angle = pi if order == 0 else 2 * pi / order
    how = "each term z^k conj(z)^l of the field keeps its form under the rotation"
    name = "every rotation" if order == 0 else f"rotation by {_angle(order)}"
    if order == 2:
        text = _affine_text(plane, (-1, 0, 0, -1), center)
    else:
        text = name + _about(plane, center)
    c, s = {2: (-1.0, 0.0), 4: (0.0, 1.0), 0: (-1.0, 0.0)}.get(order, (cos(angle), sin(angle)))
    return [
        StructureFact(
            Kind.SYMMETRY,
            text,
            how,
            map=_float_map((c, -s, s, c), center),
            every_angle=order == 0,
        )
    ]


def _about(plane: Plane, center: tuple[Fraction, Fraction]) -> str:
    if center == ZERO:
        return ""
    return f" about ({_number(plane, center[0])}, {_number(plane, center[1])})"


def _number(plane: Plane, value: Fraction) -> str:
    return to_text(plane.graph.constant(value))


def _float_map(
    matrix: tuple[float, float, float, float], center: tuple[Fraction, Fraction]
) -> tuple[float, ...]:
    a, b, c, d = (_clean(float(value)) for value in matrix)
    x, y = float(center[0]), float(center[1])
    return (a, b, c, d, x - a * x - b * y, y - c * x - d * y)


def _mirrors(
    plane: Plane,
    terms: dict[tuple[int, int], Gaussian],
    center: tuple[Fraction, Fraction],
    sign: int,
    kind: Kind,
) -> list[StructureFact]:
    """Find w with w^m = sign a/conj(a), m = 1 - k + l, for every term."""
    order, value = 0, Gaussian(Fraction(1), Fraction(0))
    for (k, conjugates), a in terms.items():
        m = 1 - k + conjugates
        target = a.unit_square().times(sign)
        if m < 0:
            m, target = -m, target.conjugate()
        if m == 0:
            if target != Gaussian(Fraction(1), Fraction(0)):
                return []
            continue
        order, value, agrees = _joined(order, value, m, target)
        if not agrees:
            return []
    if not terms:
        return []
    verb = "keeps" if sign == 1 else "turns"
    how = f"the reflection maps the field to itself and {verb} the direction of time"
    if order == 0:
        text = "reflection in every line through " + (
            "the origin" if center == ZERO else _about(plane, center)[len(" about ") :]
        )
        return [
            StructureFact(
                kind,
                text,
                how,
                map=_float_map((1, 0, 0, -1), center),
                axis=(0.0, 1.0, float(center[1])),
                every_angle=True,
            )
        ]
    base = atan2(float(value.imag), float(value.real)) / order
    found = []
    for i in range(min(order, MAX_MIRRORS)):
        exact = _exact_root(value, order, i) if order <= 4 else None
        angle = base + 2 * pi * i / order
        found.append(_mirror_fact(plane, kind, how, exact, angle, center))
    return found


def _joined(m: int, a: Gaussian, n: int, b: Gaussian) -> tuple[int, Gaussian, bool]:
    """Join w^m = a and w^n = b to w^g = c, g = gcd(m, n); False where they contradict."""
    if m == 0:
        return n, b, True
    g, s, t = _bezout(m, n)
    c = a.power(s).multiply(b.power(t))
    agrees = c.power(m // g) == a and c.power(n // g) == b
    return g, c, agrees


def _bezout(m: int, n: int) -> tuple[int, int, int]:
    if n == 0:
        return m, 1, 0
    g, s, t = _bezout(n, m % n)
    return g, t, s - (m // n) * t


def _exact_root(value: Gaussian, order: int, i: int) -> Gaussian | None:
    """Give the i-th root of a number of size 1 where it is rational and simple."""
    angle = (atan2(float(value.imag), float(value.real)) + 2 * pi * i) / order
    for bottom in (1, 5, 13, 17, 25):
        candidate = Gaussian(
            Fraction(round(cos(angle) * bottom), bottom),
            Fraction(round(sin(angle) * bottom), bottom),
        )
        if candidate.power(order) == value:
            return candidate
    return None


def _mirror_fact(
    plane: Plane,
    kind: Kind,
    how: str,
    exact: Gaussian | None,
    angle: float,
    center: tuple[Fraction, Fraction],
) -> StructureFact:
    c, s = cos(angle), sin(angle)
    if exact is not None:
        c, s = float(exact.real), float(exact.imag)
        matrix = (exact.real, exact.imag, exact.imag, -exact.real)
        text = _affine_text(plane, matrix, center)
    else:
        half = angle / 2 % pi
        text = f"reflection in the line at {half * 180 / pi:.10g} degrees" + _about(plane, center)
    half = angle / 2 % pi  # the direction of the line
    normal = (-_clean(sin(half)), _clean(cos(half)))
    return StructureFact(
        kind,
        text,
        how,
        map=_float_map((c, s, s, -c), center),
        axis=_axis(normal, center),
    )


def _clean(value: float) -> float:
    """Round what differs from a whole number by the rounding of pi alone."""
    return round(value) + 0.0 if abs(value - round(value)) < 1e-15 else value


def _axis(
    normal: tuple[float, float], center: tuple[Fraction, Fraction]
) -> tuple[float, float, float]:
    height = normal[0] * float(center[0]) + normal[1] * float(center[1])
    return (normal[0] + 0.0, normal[1] + 0.0, height + 0.0)


def _affine_text(
    plane: Plane,
    matrix: tuple[Fraction | int, ...],
    center: tuple[Fraction, Fraction],
) -> str:
    return plane.show([to_text(node) for node in _image(plane, matrix, center)])


def _image(
    plane: Plane, matrix: tuple[Fraction | int, ...], center: tuple[Fraction, Fraction]
) -> list[Node]:
    """Give the image of (x, y) under a linear map about a center."""
    graph = plane.graph
    x, y = plane.variables
    a, b, c, d = matrix
    return [
        graph.combine([(p, x), (q, y), (z - p * center[0] - q * center[1], graph.one)])
        for p, q, z in ((a, b, center[0]), (c, d, center[1]))
    ]


# other fields, by substitution ---------------------------------------------------------------


def _angle(order: int) -> str:
    """Write a turn's part.

    Examples
    --------
    >>> _angle(3), _angle(4)
    ('2*pi/3', 'pi/2')
    """
    return f"2*pi/{order}" if order % 2 else f"pi/{order // 2}"


def _tried_symmetries(plane: Plane, center: tuple[Fraction, Fraction]) -> list[StructureFact]:
    found = []
    for order, matrix in reversed(ROTATIONS):
        if _maps(plane, matrix, center, 1):
            text = (
                _affine_text(plane, matrix, center)
                if order == 2
                else f"rotation by {_angle(order)}" + _about(plane, center)
            )
            found.append(
                StructureFact(
                    Kind.SYMMETRY,
                    text,
                    "the map, put into the equations, gives them back",
                    map=_float_map(matrix, center),
                )
            )
            break
    for matrix, normal in REFLECTIONS:
        for sign, kind in ((1, Kind.SYMMETRY), (-1, Kind.REVERSIBLE)):
            if _maps(plane, matrix, center, sign):
                time = "" if sign == 1 else " with the time reversed"
                found.append(
                    StructureFact(
                        kind,
                        _affine_text(plane, matrix, center),
                        f"the map, put into the equations, gives them back{time}",
                        map=_float_map(matrix, center),
                        axis=_axis(normal, center),
                    )
                )
    return found


def _maps(
    plane: Plane,
    matrix: tuple[int, int, int, int],
    center: tuple[Fraction, Fraction],
    sign: int,
) -> bool:
    """Tell whether S F(x) = sign F(S x) is proved."""
    graph = plane.graph
    image = dict(zip(plane.variables, _image(plane, matrix, center), strict=True))
    f, g = plane.components
    a, b, c, d = matrix
    try:
        moved = [plane.replace(component, image) for component in plane.components]
        return plane.keeps_domain(image) and all(
            plane.is_zero(graph.combine([(p, f), (q, g), (-sign, m)]))
            for (p, q), m in zip(((a, b), (c, d)), moved, strict=True)
        )
    except (TooLargeError, ConstantError):
        return False
