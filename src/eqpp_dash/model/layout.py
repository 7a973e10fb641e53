"""The layout of equations as typed, which does not change what is asked."""

from __future__ import annotations

import re
from itertools import accumulate

from eqpp_dash.model.labels import printable

_BREAKS = re.compile("\r\n|[\r\x85\u2028\u2029]")
_DOUBTFUL = re.compile("[\\\\|%\u2223\u00f7\u2215\u2044\uff01-\uff5e]|//")
"""What may open a comment or is read as another character: signs of division, fullwidth forms."""


def plain_layout(text: str) -> str:
    r"""Write equations one a line, without comments, blank lines and needless spaces.

    Parameters
    ----------
    text : str
        Equations as typed.

    Returns
    -------
    str
        A text that means the same. Only a layout that cannot change the meaning is left out: text
        with a backslash, bars, ``//``, ``%`` or characters that are read as these keeps its
        semicolons, and the names are as typed.

    Examples
    --------
    >>> plain_layout("x' = y;  y'=-x # free\n") == plain_layout("x'=y\n\ny' = -x")
    True
    >>> plain_layout("x' = y # no comment\u2028y' = -x")
    "x' = y\ny' = -x"
    """
    lines = [line.split("#")[0] for line in _BREAKS.sub("\n", text).split("\n")]
    text = "\n".join(lines)
    if not _DOUBTFUL.search(text):
        depths = accumulate((c in "([{") - (c in ")]}") for c in text)
        text = "".join(
            "\n" if c == ";" and depth == 0 else c for c, depth in zip(text, depths, strict=True)
        )
    plain = (re.sub(r"\s*=\s*", " = ", " ".join(line.split())) for line in text.split("\n"))
    return "\n".join(line.strip() for line in plain if line.strip())


def one_line(text: str, width: int = 0) -> str:
    r"""Write equations in one line, to name a system that has no title.

    Parameters
    ----------
    text : str
        Equations as typed.
    width : int
        Characters at most; what is longer ends with an ellipsis. 0 for all.

    Examples
    --------
    >>> one_line("x'=y  # speed\n\ny' = -sin(x)"), one_line("x' = y\ny' = -sin(x)", 14)
    ("x' = y; y' = -sin(x)", "x' = y; y' = …")
    """
    line = printable("; ".join(plain_layout(text).split("\n")))
    return line if not width or len(line) <= width else line[: width - 1] + "…"
