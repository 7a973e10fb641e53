"""The facts that are proved about a system."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from eqpp_dash.engine.compiled import Factor
from eqpp_dash.engine.expression.graph import Node


class Kind(StrEnum):
    """What is proved."""

    HAMILTONIAN = "hamiltonian"
    TIME_CHANGED = "hamiltonian after a change of time"
    CONSERVED = "conserved"
    GRADIENT = "gradient"
    REVERSIBLE = "reversible"
    SYMMETRY = "symmetry"
    PERIODIC = "periodic"
    CURVE = "invariant curve"
    DULAC = "Dulac function"


@dataclass(frozen=True, slots=True, eq=False)
class StructureFact:
    """One thing that is proved.

    Attributes
    ----------
    kind : Kind
        What it is.
    expression : str
        The first integral, potential, curve (its zero set) or Dulac function; of a symmetry or
        reversor, the map, as ``(x, y) -> (x, -y)``; of a periodic variable, the shift.
    how : str
        How it was proved, in one sentence.
    region : str
        Where it holds, as text; empty where it holds wherever the system is defined.
    cofactor : str
        Of an invariant curve F, the K with X(F) = K F; of a Dulac function B, the quotient
        div(B F)/B whose sign is proved.
    multiplier : str
        Of an integral found after a change of time, the M for which M F is Hamiltonian.
    sign : int
        Of a Dulac function, the sign of the divergence; 0 for all else.
    simply_connected : bool
        Of a Dulac function, whether every connected part of the region is proved to have no
        holes: then it holds no closed orbit, otherwise at most one around each hole.
    single_valued : bool
        Whether the function is one function, not a branch of one with many values.
    function : Factor or None
        The function itself, to evaluate, differentiate and enclose.
    cofactor_function : Factor or None
        The cofactor.
    node : Node or None
        The function as an expression, in a graph of its own.
    map : tuple of float or None
        Of a symmetry or reversor, (a, b, c, d, e, f): (x, y) -> (a x + b y + e, c x + d y + f).
        Of a periodic variable, the identity with the shift.
    axis : (float, float, float) or None
        Of a reflection, its mirror line n1 x + n2 y = c, with n1^2 + n2^2 = 1.
    every_angle : bool
        Of a symmetry or reversor, whether it belongs to a whole circle of them.
    """

    kind: Kind
    expression: str
    how: str
    region: str = ""
    cofactor: str = ""
    multiplier: str = ""
    sign: int = 0
    simply_connected: bool = True
    single_valued: bool = True
    function: Factor | None = None
    cofactor_function: Factor | None = None
    node: Node | None = None
    map: tuple[float, ...] | None = None
    axis: tuple[float, float, float] | None = None
    every_angle: bool = False

    def to_json(self) -> dict[str, object]:
        """Give the fact as JSON values; what does not apply is left out."""
        given: dict[str, object] = {
            "type": str(self.kind),
            "expression": self.expression,
            "how": self.how,
        }
        for name in ("region", "cofactor", "multiplier", "sign"):
            value = getattr(self, name)
            if value:
                given[name] = value
        if not self.single_valued:
            given["single_valued"] = False
        if not self.simply_connected:
            given["simply_connected"] = False
        if self.axis is not None:
            given["axis"] = list(self.axis)
        if self.kind is Kind.PERIODIC and self.map is not None:
            given["shift"] = list(self.map[4:])
        if self.every_angle:
            given["every_angle"] = True
        return given


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """All that was proved about a system.

    Attributes
    ----------
    facts : tuple of StructureFact
        In the order of `Kind`.
    unfinished : tuple of str
        The searches that outgrew their budget: what they would have found is not known.
    continuous : bool
        Whether the field is proved to have no jumps, though it may have kinks.
    """

    facts: tuple[StructureFact, ...] = ()
    unfinished: tuple[str, ...] = field(default=())
    continuous: bool = False

    def of(self, *kinds: Kind) -> tuple[StructureFact, ...]:
        """Give the facts of some kinds."""
        return tuple(fact for fact in self.facts if fact.kind in kinds)

    @property
    def integral(self) -> StructureFact | None:
        """A first integral, the best there is."""
        found = self.of(Kind.HAMILTONIAN, Kind.TIME_CHANGED, Kind.CONSERVED)
        return found[0] if found else None

    @property
    def curves(self) -> tuple[StructureFact, ...]:
        """The invariant curves."""
        return self.of(Kind.CURVE)

    @property
    def reversors(self) -> tuple[StructureFact, ...]:
        """The reflections that turn the direction of time."""
        return self.of(Kind.REVERSIBLE)

    def to_json(self) -> list[dict[str, object]]:
        """Give the list for the facts JSON."""
        return [fact.to_json() for fact in self.facts]
