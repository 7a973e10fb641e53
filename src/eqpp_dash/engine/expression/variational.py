"""Variational equations of a system, as expressions of one graph with the system itself."""

from __future__ import annotations

from collections.abc import Sequence

from eqpp_dash.engine.expression.derivative import differentiate
from eqpp_dash.engine.expression.graph import Graph, Node, rebuild


class VariationalEquations:
    """A system extended by the equations of its derivatives along a solution.

    Beside x' = f(t, x, p) stand ``Phi' = J Phi`` with the Jacobian J, for the derivatives of the
    solution by the initial condition, and ``S' = J S + df/dp`` for those by parameters
    (E. Hairer, S. P. Nørsett, G. Wanner, Solving Ordinary Differential Equations I, 2nd ed.,
    Springer 1993, section I.14). Subexpressions are shared between the field and its
    derivatives.

    Parameters
    ----------
    components : sequence of Node
        Right-hand sides.
    variables : sequence of str
        State variables, in order.
    by_state : bool
        Whether to add Phi, n*n equations.
    by_parameters : sequence of str
        Parameters for each of which n equations are added.
    log_determinant : bool
        Whether to add the integral of the divergence, which is log det Phi.

    Attributes
    ----------
    components : tuple of Node
        Right-hand sides of all equations.
    variables : tuple of str
        All variables: those of the system, then Phi row by row, S row by row, log det Phi. The new
        names contain a colon, so that they clash with none that can be typed.
    dimension, columns : int
        Number of state variables, and of columns of (Phi, S).

    Examples
    --------
    >>> graph = Graph()
    >>> x = graph.symbol("variable", "x")
    >>> equations = VariationalEquations([graph.call("sin", x)], ["x"])
    >>> equations.variables
    ('x', 'x:x')
    """

    def __init__(
        self,
        components: Sequence[Node],
        variables: Sequence[str],
        *,
        by_state: bool = True,
        by_parameters: Sequence[str] = (),
        log_determinant: bool = False,
    ) -> None:
        graph = Graph()
        field = rebuild(graph, components, lambda node: None)
        n = self.dimension = len(variables)
        self.by_parameters = tuple(by_parameters)
        self.log_determinant = log_determinant
        jacobian = [
            differentiate(graph, field, graph.symbol("variable", name)) for name in variables
        ]
        forcing: list[list[Node]] = [[graph.zero] * n for _ in variables] if by_state else []
        for name in self.by_parameters:
            forcing.append(differentiate(graph, field, graph.symbol("parameter", name)))
        self.columns = len(forcing)
        heads = [*(variables if by_state else ()), *self.by_parameters]
        names = [f"{row}:{head}" for row in variables for head in heads]
        entries = [graph.symbol("variable", name) for name in names]
        slopes = [
            graph.add(
                column[i],
                *(graph.multiply(jacobian[k][i], entries[k * self.columns + j]) for k in range(n)),
            )
            for i in range(n)
            for j, column in enumerate(forcing)
        ]
        if log_determinant:
            names.append(":log det")
            slopes.append(graph.add(*(jacobian[i][i] for i in range(n))))
        self.variables = (*variables, *names)
        self.components = (*field, *slopes)
