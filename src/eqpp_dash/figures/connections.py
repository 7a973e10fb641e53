"""What is said about connections of saddles, polycycles and the audit of indices."""

from __future__ import annotations

from eqpp_dash.figures.labels import format_number, format_point
from eqpp_dash.model.manifolds import Audit, Connection, Polycycle
from eqpp_dash.model.marks import mark, marked
from eqpp_dash.model.portrait import Portrait


def audit_words(audit: Audit) -> str:
    """Tell the outcome of the audit in a few words.

    Examples
    --------
    >>> audit_words(Audit(1, 1, True))
    'consistent: boundary 1 = sum 1'
    >>> audit_words(Audit(None, -1, None))
    'undecided: boundary undecided, sum −1'
    """
    turns, total = (
        "undecided" if value is None else str(value).replace("-", "−")
        for value in (audit.boundary, audit.sum)
    )
    name = {True: "consistent", False: "inconsistent", None: "undecided"}[audit.consistent]
    equal = audit.boundary is not None and audit.boundary == audit.sum
    return f"{name}: boundary {turns}{' = ' if equal else ', '}sum {total}"


def audit_notes(audit: Audit) -> tuple[str, ...]:
    """Give what the audit remarks, with equilibria called as in the lists.

    Examples
    --------
    >>> audit_notes(Audit(None, None, None, ("no index is known of equilibrium 3",)))
    ('no index is known of E3',)
    """
    return tuple(map(marked, audit.notes))


def connection_ends(item: Connection, portrait: Portrait) -> str:
    """Name the equilibria that a connection joins.

    Returns
    -------
    str
        Such as ``from saddle E1 at (−3.142, 0) to saddle E3 at (3.142, 0)``.
    """
    if item.source == item.target:
        return f"of {_named(item.source, portrait)}"
    return f"from {_named(item.source, portrait)} to {_named(item.target, portrait)}"


def _named(number: int, portrait: Portrait) -> str:
    spans = [high - low for low, high in portrait.window.values()]
    point = format_point(portrait.equilibria[number].point.tolist(), spans)
    return f"{portrait.equilibria[number].kind} {mark('equilibrium', number)} at {point}"


def connection_status(item: Connection) -> str:
    """Tell how sure a connection is, or how large its gap.

    Examples
    --------
    >>> connection_status(Connection("homoclinic", 0, 0, (0, 1), "near", 1, "", "", 2.5e-4))
    'near, gap 0.00025 of the window'
    """
    if item.gap is None:
        return item.status
    return f"{item.status}, gap {format_number(item.gap, 3)} of the window"


def codimension_words(item: Connection) -> str:
    """Give the codimension and the class of systems that it refers to.

    Examples
    --------
    >>> codimension_words(
    ...     Connection("homoclinic", 0, 0, (0, 1), "proved", 0, "Hamiltonian systems", "")
    ... )
    '0 within Hamiltonian systems'
    """
    return f"{item.codimension} within {item.within}" if item.within else str(item.codimension)


def polycycle_words(item: Polycycle) -> str:
    """Name the connections of a polycycle.

    Examples
    --------
    >>> polycycle_words(Polycycle((1, 3), (0, 2), "proved"))
    'through E1 and E3 by connections H0 and H2 (proved)'
    """
    points = " and ".join(mark("equilibrium", k) for k in item.equilibria)
    ways = " and ".join(mark("connection", k) for k in item.connections)
    several = len(item.connections) > 1
    return f"through {points} by connection{'s' if several else ''} {ways} ({item.status})"
