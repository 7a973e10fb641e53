"""Attributes whose names are no Python names."""

from __future__ import annotations

from typing import Any


def aria(**values: str) -> dict[str, Any]:
    """Give ``aria-…`` attributes: what a control is called by who cannot see it.

    Examples
    --------
    >>> aria(label="Search", hidden="true")
    {'aria-label': 'Search', 'aria-hidden': 'true'}
    """
    return {f"aria-{name}": value for name, value in values.items()}


def data(**values: str) -> dict[str, Any]:
    """Give ``data-…`` attributes.

    Examples
    --------
    >>> data(row="r1")
    {'data-row': 'r1'}
    """
    return {f"data-{name}": value for name, value in values.items()}
