"""What a report is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from eqpp_dash.model.factored import canonical
from eqpp_dash.model.formula import prose_pieces
from eqpp_dash.model.marks import mark
from eqpp_dash.model.typeset import words


@dataclass(frozen=True, slots=True)
class Math:
    """A formula, as canonical text."""

    text: str


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a variable or a parameter."""

    text: str


@dataclass(frozen=True, slots=True)
class Ref:
    """A link to a part of the report: its anchor, and what is shown."""

    anchor: str
    label: str


@dataclass(frozen=True, slots=True)
class Code:
    """Text of a program or a file."""

    text: str


Part = str | Math | Name | Ref | Code
Cell = tuple[Part, ...]


def told(text: str) -> Cell:
    """Give a sentence of the engine with its formulas to be typeset.

    Examples
    --------
    >>> told("its divergence, -2*y, is nowhere positive")
    ('its divergence, ', Math(text='-2*y'), ', is nowhere positive')
    """
    pieces = prose_pieces(text)
    return tuple(words(p) if isinstance(p, str) else Math(canonical(p)) for p in pieces)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: its cells, its anchor, and remarks that stand beneath it."""

    cells: tuple[Cell, ...]
    anchor: str = ""
    notes: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table: heads, relative widths of the columns, rows.

    One of `pairs`, of a name and a value each, stays a table however narrow the screen is.
    """

    heads: tuple[Cell, ...]
    widths: tuple[float, ...]
    rows: tuple[Row, ...]
    pairs: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph; a warning stands out."""

    parts: Cell
    warning: bool = False
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list: pairs of an anchor and the text."""

    items: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True, slots=True)
class Equations:
    """A system: state variables and the right-hand sides, as canonical text."""

    variables: tuple[str, ...]
    right: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """The Jacobian, as canonical text."""

    variables: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines of a file."""

    text: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, its formulas apart, and links to what it tells."""

    parts: Cell
    links: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class Telling:
    """A paragraph of sentences under a word or two."""

    heading: str
    sentences: tuple[Sentence, ...]


Block = Telling | Table | Words | Bullets | Equations | Matrix | Listing


@dataclass(frozen=True, slots=True)
class Section:
    """A section: its heading, its anchor, its blocks."""

    heading: str
    anchor: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A report: the title, and sections; the figure follows the title."""

    title: str
    sections: tuple[Section, ...]

    def anchors(self) -> Iterator[str]:
        """Give every anchor that links may lead to."""
        for section in self.sections:
            yield section.anchor
            for block in section.blocks:
                if isinstance(block, Table):
                    yield from (row.anchor for row in block.rows if row.anchor)
                elif isinstance(block, Bullets):
                    yield from (anchor for anchor, _ in block.items if anchor)
                elif isinstance(block, Words) and block.anchor:
                    yield block.anchor


def anchor(sort: str, number: int) -> str:
    """Give the anchor of a fact.

    Examples
    --------
    >>> anchor("equilibrium", 0)
    'equilibrium-0'
    """
    return f"{sort}-{number}"


def ref(sort: str, number: int) -> Ref:
    """Give the link to a fact."""
    return Ref(anchor(sort, number), mark(sort, number))
