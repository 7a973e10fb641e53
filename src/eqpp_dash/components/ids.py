"""Names of the page's components: one enumeration a panel, pattern ids by functions."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from dash import ALL, MATCH


class Shell(StrEnum):
    """What surrounds every page."""

    LOCATION = "location"
    PAGE = "page"
    SCHEME = "scheme"
    VISIT = "visit"
    GO = "go"
    COPY = "copy-link"
    COPIED = "copy-link-done"
    LINK = "copy-link-text"
    EXPORT = "export"
    EXPORT_ITEMS = "export-items"
    NOTICE = "notice"
    TAB = "tab-title"


class Editor(StrEnum):
    """Title, equations, what was understood, what was not."""

    TITLE = "title"
    EQUATIONS = "equations"
    ERROR = "equations-error"
    ECHO = "equations-echo"
    PARAMETERS = "parameters"
    COMPUTE = "compute"


class WindowPanel(StrEnum):
    """Limits of the window."""

    FIT = "window-fit"
    X_LOW = "window-x-low"
    X_HIGH = "window-x-high"
    Y_LOW = "window-y-low"
    Y_HIGH = "window-y-high"
    X_NAME = "window-x-name"
    Y_NAME = "window-y-name"
    Y_ROW = "window-y-row"


class OptionsPanel(StrEnum):
    """Options of the numerics and of the view."""

    RTOL = "option-rtol"
    ATOL = "option-atol"
    METHOD = "option-method"
    SPAN = "option-span"
    ASPECT = "option-aspect"
    BASINS = "option-basins"


class Picture(StrEnum):
    """The figure and what goes with it."""

    FRAME = "picture-frame"
    GRAPH = "picture"
    MESSAGE = "picture-message"
    BADGE = "picture-badge"
    CAPTION = "picture-caption"
    STARTS = "starts"
    CLEAR = "clear-trajectories"


class JobPanel(StrEnum):
    """Progress of the job that the page watches."""

    PANEL = "job"
    TICK = "tick"
    BADGE = "job-badge"
    BAR = "job-bar"
    PHASE = "job-phase"
    MESSAGE = "job-message"
    QUEUE = "job-queue"
    ELAPSED = "job-elapsed"
    KEEP = "job-keep"
    CANCEL = "job-cancel"
    AGAIN = "job-again"
    OPEN = "job-open"
    ERROR = "job-error"
    DETAILS = "job-details"
    TRACEBACK = "job-traceback"


class Facts(StrEnum):
    """What was found."""

    PANEL = "facts"


class Key(StrEnum):
    """Stores of the workbench: each holds a small key or the form, never a portrait."""

    ARRIVAL = "arrival"
    ORIGIN = "origin"
    QUESTION = "question"
    DRAFT = "draft"
    DRAWN = "drawn"
    TRACED = "traced"
    ORDER = "order"


class JobKey(StrEnum):
    """Stores of the job panel: which row is watched, its status, where it was ordered."""

    JOB = "job-key"
    WATCH = "watch"
    RESULT = "result"
    PLACED = "placed"


class Archive(StrEnum):
    """The archive page."""

    SEARCH = "archive-search"
    STATUS = "archive-status"
    CYCLES = "archive-cycles"
    PAGES = "archive-pages"
    TABLE = "archive-table"
    COUNT = "archive-count"
    CONFIRM = "archive-confirm"
    DOOMED = "archive-doomed"
    DELETE = "archive-delete"
    KEEP = "archive-keep"
    CHANGED = "archive-changed"
    SOUGHT = "archive-sought"


class Permanent(StrEnum):
    """The permanent page of one portrait."""

    BODY = "permanent"
    ROW = "permanent-row"
    GRAPH = "permanent-picture"
    LOOK = "permanent-look"


class Part(StrEnum):
    """Parts of one parameter's control."""

    VALUE = "parameter-value"
    SLIDER = "parameter-slider"
    LOW = "parameter-low"
    HIGH = "parameter-high"
    KNOWN = "parameter-known"


def parameter(part: Part, name: Any = MATCH) -> dict[str, Any]:
    """Name one part of a parameter's control; without a name, the pattern for any one.

    Examples
    --------
    >>> parameter(Part.SLIDER, "mu")
    {'type': 'parameter-slider', 'name': 'mu'}
    """
    return {"type": str(part), "name": name}


def every_parameter(part: Part) -> dict[str, Any]:
    """Give the pattern for one part of all parameters' controls."""
    return parameter(part, ALL)


def archive_button(action: str, row: Any = ALL) -> dict[str, Any]:
    """Name the button of a row in the archive: ``delete`` or ``rerun``.

    Examples
    --------
    >>> archive_button("delete", "r1")
    {'type': 'archive-delete', 'row': 'r1'}
    """
    return {"type": f"archive-{action}", "row": row}
