"""Numerical checks of facts of structure, by means that know nothing of how they were found."""

from __future__ import annotations

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.structure.facts import Kind, StructureFact
from eqpp_dash.engine.structure.find import find_structure
from eqpp_dash.engine.system import parse_system

INTEGRALS = (Kind.HAMILTONIAN, Kind.TIME_CHANGED, Kind.CONSERVED)


def compiled(equations: str, parameters=None) -> CompiledField:
    parameters = parameters or {}
    return parse_system(equations, declared=list(parameters)).compile(parameters)


def structure(equations: str, parameters=None, **options):
    return find_structure(compiled(equations, parameters), **options)


def kinds(equations: str, parameters=None, **options) -> set[str]:
    return {str(fact.kind) for fact in structure(equations, parameters, **options).facts}


def points(seed: int = 0, count: int = 60, size: float = 2.3) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-size, size, (2, count))


def check(field: CompiledField, fact: StructureFact, seed: int = 0) -> None:
    """Check a fact at random points; no fewer than ten of them have to be in the domain."""
    x = points(seed)
    with np.errstate(all="ignore"):
        value = field(0.0, x)
        if fact.kind in INTEGRALS or fact.kind is Kind.GRADIENT:
            check_function(value, fact, x)
        elif fact.kind is Kind.CURVE:
            check_curve(value, fact, x)
        elif fact.kind is Kind.DULAC:
            check_dulac(field, value, fact, x)
        else:
            check_map(field, value, fact, x)


def close(a, b, *scales) -> None:
    size = sum((np.abs(s) for s in scales), np.abs(a) + np.abs(b)) + 1e-3
    good = np.isfinite(a) & np.isfinite(b) & (size < 1e30)  # of any size: errors are relative
    good &= ~(np.abs(a) + np.abs(b) == 0) | (size > 0)
    assert good.sum() >= 10
    wrong = np.abs(a - b)[good] > 1e-8 * size[good]
    assert not wrong.any(), (a[good][wrong], b[good][wrong])


def check_function(value, fact, x) -> None:
    slope = fact.function.gradient(0.0, x)
    if fact.kind is Kind.GRADIENT:
        close(value[0], -slope[0])
        close(value[1], -slope[1])
        return
    terms = slope * value
    size = np.abs(terms).sum(axis=0)
    close(terms[0], -terms[1], size)
    finite = np.isfinite(slope).all(axis=0)
    assert (np.abs(slope[:, finite]).max(axis=0) > 1e-12).mean() > 0.5
    if fact.kind is Kind.HAMILTONIAN:
        close(value[0], slope[1], size)
        close(value[1], -slope[0], size)


def check_curve(value, fact, x) -> None:
    slope = fact.function.gradient(0.0, x)
    terms = slope * value
    image = fact.function(0.0, x) * fact.cofactor_function(0.0, x)
    close(terms.sum(axis=0), image, np.abs(terms).sum(axis=0))


def check_dulac(field, value, fact, x) -> None:
    rest = fact.cofactor_function(0.0, x)
    b, slope = fact.function(0.0, x), fact.function.gradient(0.0, x)
    jacobian = field.jacobian(0.0, x)
    divergence = jacobian[0, 0] + jacobian[1, 1]
    terms = slope * value / b
    size = np.abs(terms).sum(axis=0) + np.abs(divergence)
    close(rest, divergence + terms.sum(axis=0), size)
    inside = np.isfinite(rest) & inside_region(field, fact, x)
    assert inside.sum() >= 5
    assert (fact.sign * rest[inside] >= -1e-9).all()
    assert (np.abs(rest[inside]) > 0).any()


def inside_region(field, fact, x) -> np.ndarray:
    """Read the half planes of a region; what is only left out has no points."""
    good = np.ones(x.shape[1], bool)
    for part in fact.region.replace(" and ", "; ").split("; "):
        if part.endswith("> 0"):
            good &= x[field.variables.index(part[:-4])] > 0
        elif " from " in part:
            for piece in part.split(", "):
                name, _, lo, _, hi = piece.split(" ")
                place = x[field.variables.index(name)]
                good &= (place >= float(lo)) & (place <= float(hi))
        else:
            assert not part or part.startswith("off "), part
    return good


def check_map(field, value, fact, x) -> None:
    a, b, c, d, e, f = fact.map
    matrix = np.array([[a, b], [c, d]])
    moved = matrix @ x + np.array([[e], [f]])
    sign = -1.0 if fact.kind is Kind.REVERSIBLE else 1.0
    image = matrix @ value
    other = field(0.0, moved)
    for axis in (0, 1):
        close(image[axis], sign * other[axis], np.abs(image).sum(axis=0))
    if fact.axis is not None:  # points of the mirror line stay, others cross it
        n = np.array(fact.axis[:2])
        assert np.hypot(*n) == np.float64(1.0) or abs(np.hypot(*n) - 1) < 1e-14
        before, after = n @ x - fact.axis[2], n @ moved - fact.axis[2]
        np.testing.assert_allclose(after, -before, atol=1e-9)


def check_all(equations: str, parameters=None, **options):
    """Find the structure and check every fact; give what was found."""
    field = compiled(equations, parameters)
    found = find_structure(field, **options)
    for seed, fact in enumerate(found.facts):
        check(field, fact, seed)
    return found
