"""Statements of a program in languages whose expressions look like those of C."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from eqpp_dash.engine.expression.program import INPUTS, Program, Step

_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/"}


@dataclass(frozen=True, slots=True)
class Language:
    """What sets one language apart.

    Attributes
    ----------
    declare : str
        What stands before the name of a new number.
    functions : mapping of str to str
        How operations are called that the language has; helpers stand for all others.
    number : callable
        Writes a constant, a sign of minus and all.
    symbol : callable
        Names an input from its kind, ``x`` or ``p``, and its number.
    cube_root : str or None
        How the root of degree 3 is called, if the language has it.
    root : callable
        What the helper for roots needs beside the argument, from the degree.
    """

    declare: str
    functions: Mapping[str, str]
    number: Callable[[float], str]
    symbol: Callable[[str, int], str]
    cube_root: str | None
    root: Callable[[int], list[str]]

    def statements(self, program: Program) -> list[str]:
        """Write what computes the registers of a program, one statement each."""
        return [
            f"  {self.declare} r{place} = {self._expression(program, step)};"
            for place, step in enumerate(program.steps)
            if step.name not in INPUTS
        ]

    def operand(self, program: Program, place: int) -> str:
        """Write what stands for a register in an expression."""
        step = program.steps[place]
        if step.name == "const":
            assert step.data is not None
            text = self.number(float(step.data))
            return f"({text})" if text.startswith("-") else text
        if step.name in ("x", "p"):
            return self.symbol(step.name, int(step.data or 0))
        return "t" if step.name == "t" else f"r{place}"

    def _expression(self, program: Program, step: Step) -> str:
        args = [self.operand(program, arg) for arg in step.args]
        if step.name in _INFIX:
            return f"{args[0]} {_INFIX[step.name]} {args[1]}"
        if step.name == "neg":
            return f"-{args[0]}"
        name = self.functions.get(step.name, f"f_{step.name.replace(' ', '_')}")
        if step.name == "root":
            degree = int(step.data or 1)
            if degree == 3 and self.cube_root:
                name = self.cube_root
            else:
                args += self.root(degree)
        return f"{name}({', '.join(args)})"
