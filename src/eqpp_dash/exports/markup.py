"""The blocks of a report in HTML."""

from __future__ import annotations

from html import escape

from eqpp_dash.exports.mathml import mathml_formula, mathml_name
from eqpp_dash.exports.report.blocks import (
    Block,
    Bullets,
    Cell,
    Code,
    Equations,
    Listing,
    Math,
    Matrix,
    Name,
    Part,
    Ref,
    Row,
    Section,
    Table,
    Telling,
    Words,
)
from eqpp_dash.figures.labels import printable

WIDE_MATRIX = 160
"""Characters of a Jacobian's entries from which on each stands on a line of its own."""


def html_section(section: Section) -> str:
    """Write a section.

    Examples
    --------
    >>> print(html_section(Section("A", "a", (Words(("x < ", Math("y"))),))))
    <section id="a">
    <h2>A</h2>
    <p>x &lt; <math><mi>y</mi></math></p>
    </section>
    """
    blocks = "\n".join(map(_block, section.blocks))
    return (
        f'<section id="{section.anchor}">\n<h2>{html_text(section.heading)}</h2>\n{blocks}\n'
        "</section>"
    )


def html_text(text: str) -> str:
    """Escape text.

    Examples
    --------
    >>> html_text("<b> & 'c'")
    '&lt;b&gt; &amp; &#x27;c&#x27;'
    """
    return escape(printable(text))


def html_cell(cell: Cell) -> str:
    """Write the parts of a cell."""
    return "".join(map(_part, cell))


def _part(part: Part) -> str:
    if isinstance(part, Math):
        return mathml_formula(part.text)
    if isinstance(part, Name):
        return f"<math>{mathml_name(part.text)}</math>"
    if isinstance(part, Ref):
        return f'<a href="#{part.anchor}">{html_text(part.label)}</a>'
    if isinstance(part, Code):
        return f"<code>{html_text(part.text)}</code>"
    return html_text(part)


def _block(block: Block) -> str:
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Telling):
        return _telling(block)
    if isinstance(block, Words):
        inside = html_cell(block.parts)
        place = f' id="{block.anchor}"' if block.anchor else ""
        if block.warning:
            return f'<p class="warning"{place}><strong>{inside}</strong></p>'
        return f"<p{place}>{inside}</p>"
    if isinstance(block, Bullets):
        return f"<ul>{''.join(_item(*item) for item in block.items)}</ul>"
    if isinstance(block, Equations):
        return _equations(block)
    if isinstance(block, Matrix):
        return _matrix(block)
    return _listing(block)


def _telling(block: Telling) -> str:
    told = []
    for sentence in block.sentences:
        links = ", ".join(map(_part, sentence.links))
        see = f' <span class="see">[{links}]</span>' if links else ""
        told.append(html_cell(sentence.parts) + see)
    return f"<p><b>{html_text(block.heading)}.</b> {' '.join(told)}</p>"


def _item(anchor: str, cell: Cell) -> str:
    place = f' id="{anchor}"' if anchor else ""
    return f"<li{place}>{html_cell(cell)}</li>"


def _listing(block: Listing) -> str:
    lines = "\n".join(html_text(line) for line in block.text.split("\n"))
    return f"<pre>{lines}</pre>"


def _table(table: Table) -> str:
    heads = [html_cell(head) for head in table.heads]
    row = "".join(f'<th scope="col">{head}</th>' for head in heads)
    labels = [_label(head) for head in table.heads]
    body = "".join(_row(item, labels) for item in table.rows)
    kind = ' class="pairs"' if table.pairs else ""
    return (
        f'<div class="wide"><table{kind}><thead><tr>{row}</tr></thead>\n<tbody>\n{body}</tbody>'
        "</table></div>"
    )


def _label(head: Cell) -> str:
    return "".join(part if isinstance(part, str) else part.text
                   for part in head if isinstance(part, (str, Name)))  # fmt: skip


def _row(row: Row, labels: list[str]) -> str:
    place = f' id="{row.anchor}"' if row.anchor else ""
    noted = ' class="noted"' if row.notes else ""
    cells = "".join(
        f'<td data-label="{html_text(label)}"><div>{html_cell(cell)}</div></td>'
        for label, cell in zip(labels, row.cells, strict=True)
    )
    notes = "".join(f"<div>{html_cell(note)}</div>" for note in row.notes)
    beneath = ""
    if notes:
        across = len(row.cells) - 1
        beneath = f'<tr class="note"><td></td><td colspan="{across}">{notes}</td></tr>\n'
    return f"<tr{place}{noted}>{cells}</tr>\n{beneath}"


def _equations(block: Equations) -> str:
    rows = "".join(
        f'<div class="equation"><math><mrow><mover accent="true">{mathml_name(name)}<mo>˙</mo>'
        f"</mover><mo>=</mo></mrow></math>{mathml_formula(right, display=True)}</div>\n"
        for name, right in zip(block.variables, block.right, strict=True)
    )
    plain = "\n".join(
        html_text(f"{name}' = {right}")
        for name, right in zip(block.variables, block.right, strict=True)
    )
    return f'<div class="formulas">{rows}</div>\n<pre class="plain">{plain}</pre>'


def _matrix(block: Matrix) -> str:
    if sum(len(entry) for row in block.rows for entry in row) > WIDE_MATRIX:
        return _entries(block)
    rows = "".join(
        "<mtr>" + "".join(f"<mtd>{_entry(entry)}</mtd>" for entry in row) + "</mtr>"
        for row in block.rows
    )
    return (
        '<div class="formulas"><math displaystyle="true"><mrow><mi>J</mi><mo>=</mo>'
        '<mo stretchy="true" form="prefix">(</mo>'
        f'<mtable displaystyle="true">{rows}</mtable>'
        '<mo stretchy="true" form="postfix">)</mo></mrow></math></div>'
    )


def _entry(text: str) -> str:
    """Typeset a formula to stand within another."""
    made = mathml_formula(text, display=True)
    if made.startswith("<code>"):
        return f"<mtext>{html_text(text)}</mtext>"
    inside = made.replace('<math displaystyle="true">', "").replace("</math>", "")
    return f"<mrow>{inside}</mrow>"


def _entries(block: Matrix) -> str:
    found = []
    for name, row in zip(block.variables, block.rows, strict=True):
        for other, entry in zip(block.variables, row, strict=True):
            slope = (
                f'<math displaystyle="true"><mfrac><mrow><mo>∂</mo><mover accent="true">'
                f"{mathml_name(name)}<mo>˙</mo></mover></mrow><mrow><mo>∂</mo>"
                f"{mathml_name(other)}</mrow></mfrac><mo>=</mo></math>"
            )
            right = mathml_formula(entry, display=True)
            found.append(f'<div class="equation">{slope}{right}</div>')
    return f'<div class="formulas">{"".join(found)}</div>'
