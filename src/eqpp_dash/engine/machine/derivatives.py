"""The derivatives that an implicit method needs, as expressions."""

from __future__ import annotations

from collections.abc import Sequence

from eqpp_dash.engine.expression.derivative import differentiate
from eqpp_dash.engine.expression.graph import Graph, Node, rebuild


def derivatives(
    components: Sequence[Node], variables: Sequence[str]
) -> tuple[list[list[Node]], list[Node]]:
    """Differentiate right-hand sides with respect to the state and to time.

    Parameters
    ----------
    components : sequence of Node
        Right-hand sides; their graph is left as it is.
    variables : sequence of str
        State variables.

    Returns
    -------
    rows : list of list of Node
        The Jacobian.
    drift : list of Node
        The derivatives with respect to time.
    """
    graph = Graph()
    own = rebuild(graph, components, lambda node: None)
    columns = [differentiate(graph, own, graph.symbol("variable", name)) for name in variables]
    rows = [list(row) for row in zip(*columns, strict=True)]
    return rows, differentiate(graph, own, graph.symbol("time"))


def section_derivatives(
    sections: Sequence[Node], variables: Sequence[str]
) -> list[list[Node | None]]:
    """Differentiate sections with respect to the state and to time.

    Parameters
    ----------
    sections : sequence of Node
        Sections, all of one graph, which is left as it is.
    variables : sequence of str
        State variables.

    Returns
    -------
    list of list of Node or None
        For each the section itself, its derivatives with respect to the variables and that with
        respect to time; None where a derivative is zero.
    """
    graph = Graph()
    own = rebuild(graph, sections, lambda node: None)
    symbols = [graph.symbol("variable", name) for name in variables] + [graph.symbol("time")]
    columns = [differentiate(graph, own, symbol) for symbol in symbols]
    return [
        [section, *(None if column[j] is graph.zero else column[j] for column in columns)]
        for j, section in enumerate(own)
    ]
