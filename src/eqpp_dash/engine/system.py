"""A system of differential equations as it was understood from its text."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cached_property, lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.expression.build import Draft, SystemReader
from eqpp_dash.engine.expression.derivative import differentiate
from eqpp_dash.engine.expression.graph import (
    ConstantError,
    Graph,
    Node,
    SizeError,
    rebuild,
    topological,
)
from eqpp_dash.engine.expression.latex import name_latex, to_latex
from eqpp_dash.engine.expression.limits import Limits
from eqpp_dash.engine.expression.lower import Lowering
from eqpp_dash.engine.expression.meanings import Names
from eqpp_dash.engine.expression.resolve import Resolver
from eqpp_dash.engine.expression.scan import Scanner
from eqpp_dash.engine.expression.source import Source, Token
from eqpp_dash.engine.expression.text import to_text
from eqpp_dash.errors import EquationError, SpecError
from eqpp_dash.model.numbers import read_fraction
from eqpp_dash.model.portrait import Notice

__all__ = ["Limits", "System", "parse_constant", "parse_system"]

Value = float | int | str
REMEMBERED = 64
"""Systems that are kept as they were understood: a page asks for the same one again and again."""

_DECIMAL = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)
SMALL_BY_NAME = frozenset({"eps", "epsilon"})


class System:
    """A system of first-order equations; made by `parse_system`.

    Attributes
    ----------
    variables : tuple of str
        State variables, in the order of the left-hand sides.
    parameters : tuple of str
        Parameters, in order of first appearance.
    declared : mapping of str to str
        Values given in the text, as exact text.
    defaults : mapping of str to float or str
        A value for every parameter: the declared one, else 1 (0.1 for eps and epsilon).
    dimension : int
        Number of state variables.
    autonomous : bool
        Whether the time does not appear.
    notes : tuple of Notice
        How ambiguous text was read and what was assumed.

    Examples
    --------
    >>> system = parse_system("x' = y; y' = mu*(1 - x^2)*y - x")
    >>> system.variables, system.parameters
    (('x', 'y'), ('mu',))
    >>> system.derivative({"x": 1.0, "y": 0.0}, parameters={"mu": 1.0})
    {'x': 0.0, 'y': -1.0}
    """

    def __init__(self, draft: Draft) -> None:
        self._graph = draft.graph
        self._components = list(draft.components)
        self._lock = threading.Lock()
        self.variables = tuple(draft.variables)
        self.parameters = tuple(draft.parameters)
        self.declared: Mapping[str, str] = MappingProxyType(dict(draft.declared))
        self.defaults: Mapping[str, float | str] = MappingProxyType(
            {
                name: draft.declared.get(name, 0.1 if name in SMALL_BY_NAME else 1.0)
                for name in draft.parameters
            }
        )
        self.dimension = len(self.variables)
        self.autonomous = all(node.op != "time" for node in topological(self._components))
        self.notes: tuple[Notice, ...] = tuple(draft.notes)
        self._source, self._places = draft.source, tuple(draft.places)
        self._time_place = draft.time_place

    def __repr__(self) -> str:
        lines = (f"{v}' = {e}" for v, e in zip(self.variables, self.equations, strict=True))
        return f"<System {'; '.join(lines)}>"

    def error(self, message: str, hint: str, variable: int | None = None) -> EquationError:
        """Make an error that points at the equation of a variable, else at the time.

        Parameters
        ----------
        message, hint : str
            What is wrong, and how to mend it.
        variable : int, optional
            Number of the variable; the place is the left-hand side that brought it.

        Examples
        --------
        >>> parse_system("x' = y; y' = z; z' = -x").error("too many", "Take it out", 2).token
        "z'"
        """
        place = self._time_place if variable is None else self._places[variable]
        return self._source.error(message, *(place or (0, 0)), hint)

    @property
    def components(self) -> tuple[Node, ...]:
        """Right-hand sides as expressions, with parameters as symbols."""
        return tuple(self._components)

    @cached_property
    def equations(self) -> tuple[str, ...]:
        """Right-hand sides as canonical text."""
        return tuple(to_text(node) for node in self._components)

    @cached_property
    def latex(self) -> tuple[str, ...]:
        """Right-hand sides as LaTeX."""
        return tuple(to_latex(node) for node in self._components)

    @cached_property
    def latex_variables(self) -> tuple[str, ...]:
        """State variables as LaTeX."""
        return tuple(name_latex(name) for name in self.variables)

    @cached_property
    def echo_latex(self) -> str:
        r"""The whole system as LaTeX, ``\dot{x} = ...`` line by line."""
        rows = (
            rf"\dot{{{variable}}} &= {right}"
            for variable, right in zip(self.latex_variables, self.latex, strict=True)
        )
        return r"\begin{aligned} " + r" \\ ".join(rows) + r" \end{aligned}"

    @cached_property
    def _slopes(self) -> list[list[Node]]:
        with self._lock:
            symbols = [self._graph.symbol("variable", name) for name in self.variables]
            columns = [differentiate(self._graph, self._components, s) for s in symbols]
        return [list(row) for row in zip(*columns, strict=True)]

    @cached_property
    def jacobian_text(self) -> tuple[tuple[str, ...], ...]:
        """Entries of the Jacobian as canonical text, one row per equation."""
        return tuple(tuple(to_text(node) for node in row) for row in self._slopes)

    def compile(self, parameters: Mapping[str, Value] | None = None) -> CompiledField:
        """Put parameters in, exactly where they are rational.

        Parameters
        ----------
        parameters : mapping of str to float or str, optional
            Values; those left out take their defaults. Text such as ``"8/3"`` is exact.

        Returns
        -------
        CompiledField
            The vector field.

        Raises
        ------
        SpecError
            If a value is no number, or a name is not a parameter of this system.
        """
        values = self._fractions(parameters or {})
        graph = Graph()

        def replace(node: Node) -> Node | None:
            return graph.constant(values[node.data]) if node.op == "parameter" else None

        try:
            components = rebuild(graph, self._components, replace)
        except (ConstantError, SizeError) as error:
            raise SpecError(
                f"with these parameters the equations make no sense: {error}",
                field="parameters",
                hint="Change a parameter",
            ) from None
        return CompiledField(graph, components, self.variables)

    def values(self, parameters: Mapping[str, Value] | None = None) -> dict[str, Fraction]:
        """Give the value of every parameter: that given, or its default."""
        return self._fractions(parameters or {})

    def _fractions(self, parameters: Mapping[str, Value]) -> dict[str, Fraction]:
        for name in parameters:
            if name not in self.parameters:
                what = "a state variable" if name in self.variables else "not in the equations"
                raise SpecError(
                    f"{name:.40} is {what}, so it takes no value",
                    field=f"parameters.{name:.40}",
                    hint="Remove it",
                )
        return {
            name: read_fraction(parameters.get(name, default), f"parameters.{name}")
            for name, default in self.defaults.items()
        }

    def check_window(self, window: Mapping[str, object]) -> None:
        """Check that limits are given for state variables only.

        Raises
        ------
        SpecError
            If a name is no state variable.
        """
        for name in window:
            if name not in self.variables:
                raise SpecError(
                    f"{name:.40} is not a state variable",
                    field=f"window.{name:.40}",
                    hint=f"State variables: {', '.join(self.variables)}",
                )

    def derivative(
        self,
        state: Mapping[str, float],
        t: float = 0.0,
        parameters: Mapping[str, Value] | None = None,
    ) -> dict[str, float]:
        """Give the rate of change of each variable at one state.

        Parameters
        ----------
        state : mapping of str to float
            A value for every variable.
        t : float
            Time.
        parameters : mapping of str to float or str, optional
            Values; those left out take their defaults.

        Returns
        -------
        dict of str to float
            NaN or infinite where the field is undefined.

        Raises
        ------
        SpecError
            If a variable has no value, or a parameter is invalid.
        """
        values = self.compile(parameters).scalar(t, self._point(state))
        return dict(zip(self.variables, values, strict=True))

    def jacobian(
        self,
        state: Mapping[str, float],
        t: float = 0.0,
        parameters: Mapping[str, Value] | None = None,
    ) -> NDArray[np.float64]:
        """Give the exact Jacobian at one state: shape (n, n), one row per equation."""
        return self.compile(parameters).jacobian(t, self._point(state))

    def _point(self, state: Mapping[str, float]) -> list[float]:
        for name in self.variables:
            if name not in state:
                raise SpecError(f"{name} has no value", field=f"state.{name}", hint="Give one")
        return [float(state[name]) for name in self.variables]


def parse_system(text: str, limits: Limits | None = None, declared: Iterable[str] = ()) -> System:
    """Read a system of differential equations.

    Parameters
    ----------
    text : str
        Equations, one a line or separated by ``;``; see the reference of the syntax.
    limits : Limits, optional
        Limits of the text.
    declared : iterable of str
        Names whose values are given apart from the text: they are parameters, whatever else
        they could mean (``e``, ``I``), and runs of known letters are products of them.

    Returns
    -------
    System
        The system.

    Raises
    ------
    EquationError
        If the text cannot be read; it tells where, what and how to mend it.

    Examples
    --------
    >>> parse_system("dx/dt = 2x y; dy/dt = -sin x").equations
    ('2*x*y', '-sin(x)')
    """
    return _read_system(text, limits or Limits(), frozenset(declared))


@lru_cache(maxsize=REMEMBERED)
def _read_system(text: str, limits: Limits, declared: frozenset[str]) -> System:
    return System(SystemReader(text, limits, declared).run())


def parse_constant(text: str, field: str = "") -> float:
    """Read a constant expression, such as a window's limit.

    Parameters
    ----------
    text : str
        ``2*pi``, ``8/3``, ``-1e-3``, ``sqrt(2)``.
    field : str
        What the number belongs to, for the error.

    Returns
    -------
    float
        Its value.

    Raises
    ------
    SpecError
        If it is no finite constant.

    Examples
    --------
    >>> parse_constant("2*pi")
    6.283185307179586
    """
    if _DECIMAL.fullmatch(text):
        return float(text)
    from eqpp_dash.engine.expression.grammar import parse  # lark loads when it is needed

    source, limits, names = Source(text), Limits(text_length=200), Names()

    def no_name(token: Token) -> Node:
        if token.text in ("pi", "e"):
            return graph.symbol(token.text)
        raise source.at(token, f"“{token.text:.40}” has no value here")

    graph = Graph(max_nodes=1000)
    try:
        if len(text) > limits.text_length:
            raise source.error("this text is too long for a number", 0, 1)
        tokens = [t for t in Scanner(source, limits).run() if t.kind != "NEWLINE"]
        if not tokens:
            raise source.error("a number is missing", 0, 0)
        tree = parse(source, Resolver(source, names, limits).run(tokens))
        node = Lowering(source, graph, limits, no_name, lambda tree, args: graph.zero).run(tree)
    except EquationError as error:
        raise SpecError(error.message, field=field, hint=error.hint or "Give a number") from None
    assert node.value is not None
    return node.value
