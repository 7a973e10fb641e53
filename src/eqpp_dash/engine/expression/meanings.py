"""What names mean in one text."""

from __future__ import annotations

from dataclasses import dataclass, field

from eqpp_dash.engine.expression import names as known
from eqpp_dash.engine.expression.source import Token
from eqpp_dash.model.portrait import Notice


@dataclass(slots=True)
class Names:
    """What names mean in one text.

    Attributes
    ----------
    states, constants, functions : set of str
        State variables, names with a value or a definition, helper functions.
    locals : set of str
        Arguments of the helper function being read.
    parameters : dict of str to Token
        Undeclared names met so far, with the first token of each.
    notes : dict of str to Notice
        What was read in one of several possible ways.
    time_marked : bool
        Whether derivatives were written with ``(t)``, as in ``x'(t)``.
    """

    states: set[str] = field(default_factory=set)
    constants: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    locals: set[str] = field(default_factory=set)
    parameters: dict[str, Token] = field(default_factory=dict)
    notes: dict[str, Notice] = field(default_factory=dict)
    time_marked: bool = False

    def declared(self, name: str) -> bool:
        """Tell whether a name was given a meaning by the text or with the parameters."""
        return name in self.states or name in self.constants or name in self.locals

    def value(self, name: str) -> bool:
        """Tell whether a name is known to have a value."""
        return self.declared(name) or name in known.CONSTANTS or name == "t"

    def note(self, code: str, message: str) -> None:
        """Remember how something was read."""
        self.notes.setdefault(message, Notice(code, message))
