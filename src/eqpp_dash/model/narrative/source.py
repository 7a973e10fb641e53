"""What a narrative reads: the facts, and how their objects are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from eqpp_dash.model.ends import END_WORDS
from eqpp_dash.model.narrative.wording import formula, kind_name, number

_DIGITS = (4, 6, 8, 10, 12)
IN_WINDOW = ("inside", "border")


@dataclass(frozen=True)
class Source:
    """The facts JSON of a portrait, of this version or an older one.

    Attributes
    ----------
    facts : mapping
        The facts.
    """

    facts: Mapping[str, Any]

    def items(self, name: str) -> list[Mapping[str, Any]]:
        """Give a list of the facts; an empty one where an older version had none."""
        return list(self.facts.get(name) or ())

    @property
    def structure(self) -> list[Mapping[str, Any]]:
        """What is proved about the system."""
        return list(self.facts["system"].get("structure") or ())

    @property
    def space(self) -> str:
        """What the phase space is if a variable is periodic."""
        shifts = sum(item["type"] == "periodic" for item in self.structure)
        return "torus" if shifts > 1 else "cylinder"

    @property
    def completeness(self) -> Mapping[str, Any]:
        """How sure it is of each search that nothing was missed."""
        found: Mapping[str, Any] = self.facts.get("completeness") or {}
        return found

    @property
    def cycle_search(self) -> Mapping[str, Any]:
        """What the search for limit cycles covered."""
        found = self.completeness.get("limit_cycles")
        return found if isinstance(found, Mapping) else {"status": found or "not searched"}

    @cached_property
    def variables(self) -> list[str]:
        """Names of the variables, for reading."""
        return [formula(name) for name in self.facts["system"]["variables"]]

    @cached_property
    def spans(self) -> list[float]:
        """Widths of the window."""
        return [float(high - low) for low, high in self.facts["window"].values()]

    @cached_property
    def _digits(self) -> int:
        """Digits that tell all equilibria apart, if their errors allow it."""
        items = self.items("equilibria")
        for digits in _DIGITS:
            told = {self._point(item["point"], digits, item.get("error")) for item in items}
            if len(told) == len(items):
                return digits
        return _DIGITS[0]

    def _point(self, values: Sequence[Any], digits: int, error: float | None) -> str:
        spans = [*self.spans, *[0.0] * len(values)]
        told = (number(v, digits, error, s) for v, s in zip(values, spans, strict=False))
        return f"({', '.join(told)})"

    def point(self, values: Sequence[Any], error: float | None = None, digits: int = 4) -> str:
        """Write a point, with no more digits than its error allows."""
        return self._point(values, digits, error)

    def place(self, k: int) -> str:
        """Write where equilibrium k is."""
        item = self.items("equilibria")[k]
        return self._point(item["point"], self._digits, item.get("error"))

    def equilibrium(self, k: int) -> str:
        """Name equilibrium k, such as ``the saddle at (0, 0)``."""
        return f"the {kind_name(self.items('equilibria')[k]['kind'])} at {self.place(k)}"

    def cycle(self, k: int) -> str:
        """Name limit cycle k; by its period too where there are several."""
        cycles = self.items("limit_cycles")
        item = cycles[k]
        name = f"the {item['stability']} limit cycle"
        if sum(other["stability"] == item["stability"] for other in cycles) == 1:
            return name
        start = self.point(item["point"], item.get("error"))
        return f"{name} through {start}"

    def briefly(self, id: str) -> str:
        """Name an end that was named before: an equilibrium by its place alone."""
        if id.startswith("equilibrium ") and self.known(id):
            return self.place(int(id.split(" ")[1]))
        return self.named(id)

    def named(self, id: str) -> str:
        """Name the object of an end or an id: an equilibrium, a cycle, a set or a fate."""
        sort, _, last = id.rpartition(" ")
        if last.isdigit():
            k = int(last)
            if sort == "equilibrium" and k < len(self.items("equilibria")):
                return self.equilibrium(k)
            if sort == "cycle" and k < len(self.items("limit_cycles")):
                return self.cycle(k)
            return {"set": "a curve of equilibria", "equilibrium": "an equilibrium"}.get(
                sort, f"a {sort}"
            )
        return END_WORDS.get(id, id)

    def known(self, id: str) -> tuple[str, ...]:
        """Give an end as the id of a fact, if it is one's."""
        sort, _, last = id.rpartition(" ")
        lists = {
            "equilibrium": "equilibria",
            "cycle": "limit_cycles",
            "set": "equilibrium_sets",
            "singularity": "singularities",
            "polycycle": "polycycles",
        }
        if sort in lists and last.isdigit() and int(last) < len(self.items(lists[sort])):
            return (id,)
        return ()

    def attracts(self, id: str) -> bool:
        """Tell whether an end is an equilibrium or a cycle that is asymptotically stable."""
        if not self.known(id):
            return False
        sort, last = id.split(" ")
        name = {"equilibrium": "equilibria", "cycle": "limit_cycles"}.get(sort)
        return name is not None and self.items(name)[int(last)]["stability"] == "stable"
