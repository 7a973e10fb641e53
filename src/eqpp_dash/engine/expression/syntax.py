"""The syntax tree: what the grammar makes of the tokens, before names are looked up."""

from __future__ import annotations

from dataclasses import dataclass

from eqpp_dash.engine.expression.source import Token


@dataclass(frozen=True, slots=True)
class Syntax:
    """One construct of the text.

    Attributes
    ----------
    kind : str
        ``number``, ``name``, ``derivative``, ``sum``, ``term``, ``negate``, ``power``, ``call``,
        ``bars``, ``floor``, ``tuple``, ``compare``, ``and``, ``or``, ``not``, ``piece``,
        ``choice``, ``true``, ``false``.
    parts : tuple of Syntax
        Its parts; absent ones are left out.
    start, end : int
        Its place in the text as typed.
    depth : int
        Levels below and with it.
    token : Token or None
        The token that names it.
    marks : tuple of str
        Signs of a sum's parts, operators of a term's or a comparison's.
    """

    kind: str
    parts: tuple[Syntax, ...]
    start: int
    end: int
    depth: int
    token: Token | None = None
    marks: tuple[str, ...] = ()


def make(
    kind: str,
    parts: tuple[Syntax, ...],
    *ends: Token | Syntax,
    token: Token | None = None,
    marks: tuple[str, ...] = (),
) -> Syntax:
    """Make a construct that reaches from the first to the last of `ends` and `parts`."""
    spans = [*ends, *parts]
    return Syntax(
        kind,
        parts,
        min(item.start for item in spans),
        max(item.end for item in spans),
        1 + max((part.depth for part in parts), default=0),
        token,
        marks,
    )
