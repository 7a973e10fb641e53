"""Proofs that there is no limit cycle, from what is known about a field."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.structure.facts import Kind, Structure, StructureFact
from eqpp_dash.model.portrait import Array, Equilibrium, Singularity

_NUMBER = r"[-+0-9.eE]+"
_SPAN = re.compile(rf"^(\S+) from ({_NUMBER}) to ({_NUMBER})$")
_POSITIVE = re.compile(r"^(\S+) > 0$")


@dataclass(frozen=True, slots=True)
class Proof:
    """Why there is no limit cycle.

    Attributes
    ----------
    reason : str
        The argument.
    everywhere : bool
        Whether it holds in the whole plane; else in the window.
    bands : bool
        Whether closed orbits that fill annuli are not excluded.
    """

    reason: str
    everywhere: bool
    bands: bool = False

    @property
    def status(self) -> str:
        """What is said of completeness."""
        return f"none {'' if self.everywhere else 'within the window '}(proved: {self.reason})"


def exclude_cycles(
    field: CompiledField,
    structure: Structure | None,
    equilibria: Sequence[Equilibrium],
    singularities: Sequence[Singularity],
    complete: bool,
    lo: Array,
    hi: Array,
) -> Proof | None:
    """Find a proof that a planar field has no limit cycle.

    Parameters
    ----------
    field : CompiledField
        The field.
    structure : Structure or None
        What is proved about it.
    equilibria, singularities : sequence
        Those that are known.
    complete : bool
        Whether these are proved to be all of those in the window.
    lo, hi : ndarray, shape (2,)
        Corners of the window.

    Returns
    -------
    Proof or None
        The one that reaches farthest.

    Notes
    -----
    Perko, *Differential Equations and Dynamical Systems* (3rd ed.): a potential falls along every
    orbit; sections 3.9 (Dulac) and 3.12 (the index of a closed orbit is 1). If a first integral of
    one value exists, an orbit that winds onto a closed one would have the value of all its
    neighbours.
    """
    facts = () if structure is None else structure.facts
    jumps = bool(field.switching) and not (structure is not None and structure.continuous)
    tried = (_by_fact(field, fact, lo, hi, jumps) for fact in facts)
    proofs = [proof for proof in tried if proof is not None]
    proofs.sort(key=lambda proof: (not proof.everywhere, proof.bands))
    if proofs and proofs[0].everywhere:
        return proofs[0]
    if complete:
        reason = _by_index(field, equilibria, singularities, lo, hi)
        if reason:
            proofs.append(Proof(reason, everywhere=False))
    return proofs[0] if proofs else None


def _by_fact(
    field: CompiledField, fact: StructureFact, lo: Array, hi: Array, jumps: bool
) -> Proof | None:
    if not fact.single_valued:
        return None
    if fact.kind == Kind.GRADIENT:
        return Proof("a gradient field", everywhere=True)
    if jumps:
        return None
    if fact.kind in (Kind.HAMILTONIAN, Kind.TIME_CHANGED, Kind.CONSERVED):
        return Proof(f"a first integral, {fact.expression}", everywhere=True, bands=True)
    if fact.kind == Kind.DULAC and fact.simply_connected:
        name = "Bendixson" if fact.expression == "1" else f"Dulac, by {fact.expression}"
        reach = _reach(fact.region, field.variables, lo, hi)
        if reach:
            return Proof(name, everywhere=reach == "plane")
    return None


def _reach(region: str, variables: Sequence[str], lo: Array, hi: Array) -> str:
    """Tell whether a region is all of the plane but invariant curves, or covers the window.

    Examples
    --------
    >>> lo, hi = np.zeros(2), np.ones(2)
    >>> _reach("off x = 0; off y = 0", "xy", lo, hi), _reach("x > 0", "xy", lo, hi)
    ('plane', 'window')
    >>> _reach("x from 0 to 1, y from 0 to 0.5", "xy", lo, hi)
    ''
    """
    parts = [part for part in re.split(r"; |, | and ", region) if part]
    limits = {name: (float(a), float(b)) for name, a, b in zip(variables, lo, hi, strict=True)}
    reach = "plane"
    for part in parts:
        span, positive = _SPAN.match(part), _POSITIVE.match(part)
        if part.startswith("off "):
            continue  # the curve is invariant
        name = span[1] if span else positive[1] if positive else ""
        if name not in limits:
            return ""
        low, high = limits[name]
        if span and not (float(span[2]) <= low and high <= float(span[3])):
            return ""
        if positive and low < 0.0:
            return ""
        reach = "window"
    return reach


def _by_index(
    field: CompiledField,
    equilibria: Sequence[Equilibrium],
    singularities: Sequence[Singularity],
    lo: Array,
    hi: Array,
) -> str:
    """Give the reason why no set of equilibria in the window can be within a closed orbit.

    Their indices must sum up to 1, so one of them at least has a positive index.
    """
    if singularities or field.common or field.switching:
        return ""
    with np.errstate(all="ignore"):
        if not field.boxes(lo[:, None], hi[:, None]).continuous.all():
            return ""
    axes = [
        any(factor.text == name for factor in factors)
        for name, factors in zip(field.variables, field.factors, strict=True)
    ]
    slack = 1e-6 * (hi - lo)
    low, high = lo - slack, hi + slack
    within = [item for item in equilibria if ((item.point > low) & (item.point < high)).all()]
    if not within:
        return "index: no equilibrium"
    for item in within:
        on_axis = any(a and abs(v) <= item.error for a, v in zip(axes, item.point, strict=True))
        if not on_axis and (item.index is None or item.index > 0):
            return ""
    return "index: no equilibrium inside has a positive one"
