"""What an error says on the page: words for the fields, no place that is none."""

from __future__ import annotations

from eqpp_dash.components.message import sentence_start
from eqpp_dash.errors import EqppError, EquationError, SpecError
from eqpp_dash.figures.labels import plain_name

BESIDE = "What is wrong with the equations is told beside them"
UNREADABLE = f"{BESIDE}; this is the last portrait that could be drawn"
FIELDS = {
    "initial_conditions": "Point of a trajectory",
    "options.rtol": "Relative tolerance",
    "options.atol": "Absolute tolerance",
    "options.method": "Method",
    "time.span": "Longest time",
    "time.start": "Start",
    "title": "Title",
    "equations": "Equations",
    "window": "Window",
}
ENDS = {"low": "lower limit", "high": "upper limit", "": "limits"}


def field_words(field: str) -> str:
    """Name an entry of the form as the form does.

    Examples
    --------
    >>> field_words("parameters.mu"), field_words("window.x"), field_words("time.span")
    ('Parameter μ', 'Window, limits of x', 'Longest time')
    >>> field_words("window.theta.low")
    'Window, lower limit of θ'
    >>> field_words("initial_conditions.0")
    'Point of a trajectory'
    """
    first, _, rest = field.partition(".")
    if first == "parameters" and rest:
        return f"Parameter {plain_name(rest)}"
    if first == "window" and rest:
        name, _, end = rest.partition(".")
        return f"Window, {ENDS[end]} of {plain_name(name)}"
    return FIELDS.get(field) or FIELDS.get(first, field)


def error_words(error: EqppError, *, placed: bool = False) -> str:
    """Say what is wrong under the picture; a place in the equations is told beside them.

    Parameters
    ----------
    error : EqppError
        What is wrong. An `EquationError` at the very beginning speaks of the whole system.
    placed : bool
        Whether to tell the place all the same.
    """
    if isinstance(error, EquationError) and (error.line, error.column) != (1, 1):
        return str(error) if placed else UNREADABLE
    words = sentence_start(error)
    if isinstance(error, SpecError) and error.field:
        words = f"{field_words(error.field)}: {error.message}"
    return f"{words}. {error.hint}" if error.hint else words


def without_picture(words: str) -> str:
    """Give what an error says where nothing was drawn yet.

    Examples
    --------
    >>> without_picture(UNREADABLE), without_picture("Title: too long")
    ('What is wrong with the equations is told beside them', 'Title: too long')
    """
    return BESIDE if words == UNREADABLE else words
