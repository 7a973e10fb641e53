"""Taylor polynomials of a vector field: about a point, along directions, of compositions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.expression.graph import Graph, Node, rebuild
from eqpp_dash.engine.expression.interval import both
from eqpp_dash.engine.jets.arithmetic import DOUBLES, Arithmetic
from eqpp_dash.engine.jets.enclosures import Intervals
from eqpp_dash.engine.jets.jet import Jets
from eqpp_dash.engine.jets.monomials import Monomials, monomials
from eqpp_dash.engine.jets.program import SeriesProgram
from eqpp_dash.engine.jets.rules import State
from eqpp_dash.engine.system import System, Value

TIME = "t"


class Composition:
    """A field composed with series that become known degree by degree; made by `FieldJets.begin`.

    For unknown series X with an equation such as ``f(X(s)) = ...``: put the terms of degree k, as
    far as they are known, into `inputs`, ask for `part` k, correct them, and ask again before going
    on.

    Attributes
    ----------
    table : Monomials
        Monomials of the series.
    inputs : dict of str to numbers, shape (N, ...)
        The series of each variable, of each open parameter and of the time ``t``; zeros at first.
    """

    def __init__(
        self, program: SeriesProgram, names: Mapping[str, int | None], state: State
    ) -> None:
        self._program = program
        self._state = state
        self.table = state.table
        shape = state.series[0].shape if state.series else (len(self.table),)
        zeros = state.arithmetic.zeros
        self.inputs = {
            name: zeros(shape) if register is None else state.series[register]
            for name, register in names.items()
        }

    def part(self, k: int) -> list[Any]:
        """Compute the terms of degree k of each component from the inputs' up to degree k.

        Returns
        -------
        list of numbers, shape (N_k, ...)
            One for each component; views that the next call may change.
        """
        with np.errstate(all="ignore"):
            self._program.part(self._state, k)
        part = self.table.parts[k]
        return [self._state.series[out][part] for out in self._program.outputs]

    def whole(self) -> list[Any]:
        """Compute all terms of each component, shape (N, ...)."""
        with np.errstate(all="ignore"):
            self._program.whole(self._state)
        return [self._state.series[out] for out in self._program.outputs]

    def branches(self) -> list[float | None]:
        """Tell which branch each function that has several is on; see `SeriesProgram.branches`."""
        return self._program.branches(self._state)

    @property
    def defined(self) -> list[Any]:
        """Where each component is known to be defined, as far as it is not NaN or infinite."""
        return [self._state.defined[out] for out in self._program.outputs]

    @property
    def smooth(self) -> Any:
        """Where branches and domains let the components be smooth; True or an array."""
        flag: Any = True
        for out in self._program.outputs:
            flag = both(flag, self._state.smooth[out])
        return flag


class FieldJets:
    """Taylor polynomials of any degree of some expressions, usually of a vector field.

    Parameters
    ----------
    components : sequence of Node
        The expressions, usually the right-hand sides.
    variables : sequence of str
        State variables, in order.
    parameters : sequence of str
        Parameters that are left open.

    Examples
    --------
    >>> from eqpp_dash.engine.system import parse_system
    >>> from eqpp_dash.engine.jets import RATIONALS
    >>> field = FieldJets.of(parse_system("x' = y; y' = (1 - x^2)*y - x"))
    >>> jets = field.at(["1/2", 0], 3, arithmetic=RATIONALS)
    >>> jets.coefficient(1, (1, 1)), jets.coefficient(1, (2, 1))
    (Fraction(-1, 1), Fraction(-1, 1))
    """

    def __init__(
        self, components: Sequence[Node], variables: Sequence[str], parameters: Sequence[str] = ()
    ) -> None:
        self.variables = tuple(variables)
        self.parameters = tuple(parameters)
        self.dimension = len(self.variables)
        self._program = SeriesProgram(components)
        known = self._program.inputs
        self._names: dict[str, int | None] = {
            **{name: known.get(("parameter", name)) for name in self.parameters},
            TIME: next((known[key] for key in known if key[0] == "time"), None),
            **{name: known.get(("variable", name)) for name in self.variables},
        }
        for kind, name in known:
            if kind == "parameter" and name not in self.parameters:
                raise KeyError(f"parameter {name} has no value")
        self._components = len(components)

    @classmethod
    def of(
        cls,
        system: System | CompiledField,
        parameters: Mapping[str, Value] | None = None,
        open_parameters: Iterable[str] = (),
    ) -> Self:
        """Make the jets of a system's field.

        Parameters
        ----------
        system : System or CompiledField
            The system; a compiled field has no parameters left.
        parameters : mapping of str to float or str, optional
            Values, exact where they are rational; those left out take their defaults.
        open_parameters : iterable of str
            Parameters that get their values later, and by which may be differentiated.

        Raises
        ------
        SpecError
            If a value is no number, or a name is no parameter.
        """
        if isinstance(system, CompiledField):
            return cls(system.components, system.variables)
        values, kept = system.values(parameters), tuple(open_parameters)
        graph = Graph()

        def replace(node: Node) -> Node | None:
            if node.op != "parameter" or node.data in kept:
                return None
            return graph.constant(values[node.data])

        return cls(rebuild(graph, system.components, replace), system.variables, kept)

    def check_parameters(self, values: Mapping[str, Any]) -> None:
        """Raise `ValueError` unless exactly the open parameters have values."""
        for name in self.parameters:
            if name not in values:
                raise ValueError(f"parameter {name} has no value")
        for name in values:
            if name not in self.parameters:
                raise ValueError(f"{name} is no open parameter")

    def begin(
        self, table: Monomials, shape: tuple[int, ...] = (), arithmetic: Arithmetic = DOUBLES
    ) -> Composition:
        """Begin to compose the field with series, of given monomials at points of a given shape."""
        state = self._program.begin(arithmetic, table, shape)
        return Composition(self._program, self._names, state)

    def compose(
        self,
        series: Sequence[Any],
        table: Monomials,
        *,
        t: Any = 0,
        parameters: Mapping[str, Any] | None = None,
        arithmetic: Arithmetic = DOUBLES,
    ) -> Jets:
        """Compose the field with given series: the Taylor polynomial of f(X(s)).

        Parameters
        ----------
        series : sequence of numbers, each of shape (N, ...)
            Coefficients of each state variable.
        table : Monomials
            Their monomials.
        t : number
            The time.
        parameters : mapping of str to number
            Values of the open parameters.
        arithmetic : Arithmetic
            Kind of the numbers.

        Returns
        -------
        Jets
            Coefficients of each component; the variables are called s1, s2, ...
        """
        given = [arithmetic.convert(values) for values in series]
        shape = np.broadcast_shapes(*(values.shape[1:] for values in given))
        inner = shape if shape or arithmetic is DOUBLES else (1,)
        run = self.begin(table, inner, arithmetic)
        self.check_parameters(parameters or {})
        for name, value in {TIME: t, **(parameters or {})}.items():
            run.inputs[name][0] = arithmetic.convert(value)
        for name, values in zip(self.variables, given, strict=True):
            run.inputs[name][:] = values if values.ndim > len(inner) else values[:, None]
        names = tuple(f"s{i + 1}" for i in range(table.variables))
        return self._gather(run, names, shape, arithmetic)

    def at(
        self,
        point: Any,
        degree: int,
        *,
        by: Sequence[str] | None = None,
        t: Any = 0,
        parameters: Mapping[str, Any] | None = None,
        arithmetic: Arithmetic = DOUBLES,
    ) -> Jets:
        """Give the Taylor polynomials of the components about points.

        Parameters
        ----------
        point : numbers, shape (n, ...)
            Points; with intervals: boxes, and the coefficients enclose those about every point of
            the box.
        degree : int
            Highest total degree.
        by : sequence of str, optional
            What to expand in: state variables, open parameters, the time ``t``. All state variables
            if left out.
        t : number
            The time.
        parameters : mapping of str to number
            Values of the open parameters.
        arithmetic : Arithmetic
            `DOUBLES`, `COMPLEXES`, `INTERVALS`, `RATIONALS` or a `MultiPrecision`.

        Returns
        -------
        Jets
            Coefficients of shape (n, N, ...).

        Raises
        ------
        NotSmoothError, IrrationalError
            With rationals: if the field is not smooth there, or its values are not rational.
        """
        names = self.variables if by is None else tuple(by)
        for name in names:
            if name not in self._names:
                raise ValueError(f"{name} is neither a variable nor an open parameter")
        if len(set(names)) < len(names):
            raise ValueError("a name to expand in is given twice")
        rows = np.zeros((len(names), len(names)), dtype=int)
        np.fill_diagonal(rows, 1)
        directions = dict(zip(names, rows, strict=True))
        return self._expand(point, degree, directions, names, t, parameters, arithmetic)

    def along(
        self,
        point: Any,
        directions: Any,
        degree: int,
        *,
        t: Any = 0,
        parameters: Mapping[str, Any] | None = None,
        arithmetic: Arithmetic = DOUBLES,
    ) -> Jets:
        """Give the Taylor polynomials in s1, ... of f(x + s1 v1 + s2 v2 + ...).

        Parameters
        ----------
        point : numbers, shape (n, ...)
            Points.
        directions : numbers, shape (n,) or (n, d)
            One direction, or several as columns.
        degree, t, parameters, arithmetic
            As in `at`.
        """
        columns = np.asarray(directions, dtype=getattr(directions, "dtype", None))
        columns = columns.reshape(self.dimension, -1)
        names = tuple(f"s{i + 1}" for i in range(columns.shape[1]))
        rows = dict(zip(self.variables, columns, strict=True))
        return self._expand(point, degree, rows, names, t, parameters, arithmetic)

    def _expand(
        self,
        point: Any,
        degree: int,
        directions: Mapping[str, Any],
        names: tuple[str, ...],
        t: Any,
        parameters: Mapping[str, Any] | None,
        arithmetic: Arithmetic,
    ) -> Jets:
        place = arithmetic.convert(point)
        if place.ndim < 1 or place.shape[0] != self.dimension:
            raise ValueError(f"points must have shape ({self.dimension}, ...), not {place.shape}")
        shape = place.shape[1:]
        inner = shape if shape or arithmetic is DOUBLES else (1,)
        run = self.begin(monomials(len(names), degree), inner, arithmetic)
        values: dict[str, Any] = {TIME: arithmetic.convert(t)}
        self.check_parameters(parameters or {})
        values.update((name, arithmetic.convert(v)) for name, v in (parameters or {}).items())
        values.update((name, place[i]) for i, name in enumerate(self.variables))
        for name, series in run.inputs.items():
            series[0] = values[name]
            if degree and name in directions:
                for j, step in enumerate(arithmetic.convert(directions[name])):
                    series[1 + j] = step
        return self._gather(run, names, shape, arithmetic)

    def _gather(
        self, run: Composition, names: tuple[str, ...], shape: tuple[int, ...], kind: Arithmetic
    ) -> Jets:
        series = run.whole()
        inner = series[0].shape[1:]
        found = kind.zeros((self._components, *series[0].shape))
        for i, values in enumerate(series):
            found[i] = values
            if isinstance(kind, Intervals):
                kind.forget(found[i], ~np.broadcast_to(run.defined[i], inner))
        smooth = np.broadcast_to(run.smooth, inner) & kind.finite(found).all(axis=(0, 1))
        if inner != shape:
            found, smooth = found[..., 0], smooth[..., 0]
        return Jets(run.table, names, found, np.asarray(smooth))
