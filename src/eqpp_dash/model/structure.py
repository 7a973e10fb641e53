"""What is proved about the structure of a system, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eqpp_dash.model.factored import factored
from eqpp_dash.model.typeset import plain_text


@dataclass(frozen=True, slots=True)
class StructureWords:
    """One proved thing as a short sentence in three parts.

    Attributes
    ----------
    name : str
        What it is.
    formula : str
        Its equation or map, as canonical text, factored where that is shorter.
    remark : str
        What follows or limits it, with formulas as canonical text; may be empty.
    """

    name: str
    formula: str
    remark: str = ""

    def __str__(self) -> str:
        """Give the sentence in plain text."""
        remark = f" ({plain_text(self.remark)})" if self.remark else ""
        return f"{self.name}: {plain_text(self.formula)}{remark}"


def structure_words(entry: Mapping[str, Any]) -> StructureWords:
    """Put an entry of the list of structure in words.

    Parameters
    ----------
    entry : mapping
        With its ``type``, ``expression`` and what else applies.

    Examples
    --------
    >>> str(structure_words({"type": "hamiltonian", "expression": "y^2/2 - cos(x)"}))
    'Hamiltonian: H = y²/2 − cos(x)'
    >>> str(structure_words({"type": "invariant curve", "expression": "x", "cofactor": "3 - x"}))
    'Invariant curve: x = 0 (cofactor 3 − x)'
    """
    sort, expression = str(entry["type"]), factored(str(entry["expression"]))
    name, sign = _NAMES.get(sort, (sort, ""))
    remarks = []
    formula = expression
    if sign == "=0":
        formula = f"{expression} = 0"
    elif sign:
        formula = f"{sign} = {expression}"
    if entry.get("multiplier"):
        remarks.append(f"of the field times {factored(str(entry['multiplier']))}")
    if sort == "Dulac function":
        remarks.append(_dulac(entry))
    elif entry.get("cofactor"):
        remarks.append(f"cofactor {factored(str(entry['cofactor']))}")
    if entry.get("single_valued") is False:
        remarks.append("of many values: the angle is followed around")
    if entry.get("region"):
        remarks.append(str(entry["region"]).replace("; off ", " and "))
    return StructureWords(name, formula, "; ".join(remarks))


def _dulac(entry: Mapping[str, Any]) -> str:
    side = ">=" if entry.get("sign", 0) > 0 else "<="
    orbits = "so no orbit closes in the plane"
    if entry.get("simply_connected") is False:
        orbits = "so at most one orbit closes around each hole"
    factor = factored(str(entry.get("cofactor", "")))
    return f"div(B*F)/B = {factor} {side} 0, {orbits}"


_NAMES = {
    "hamiltonian": ("Hamiltonian", "H"),
    "hamiltonian after a change of time": ("Hamiltonian after a change of time", "H"),
    "conserved": ("Conserved", "H"),
    "gradient": ("Gradient", "V"),
    "reversible": ("Reversible under", ""),
    "symmetry": ("Symmetric under", ""),
    "periodic": ("Periodic under", ""),
    "invariant curve": ("Invariant curve", "=0"),
    "Dulac function": ("Dulac function", "B"),
}
