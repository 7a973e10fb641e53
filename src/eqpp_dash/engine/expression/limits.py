"""How much text is read: each limit is a visible setting."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a system's text.

    Attributes
    ----------
    text_length : int
        Characters of the whole text.
    depth : int
        Levels of brackets, powers and functions within each other.
    nodes : int
        Operations of the whole system, helper definitions put in.
    degree : int
        Largest integer exponent.
    digits : int
        Digits of a number.
    name_length : int
        Characters of a name.
    equations : int
        First-order equations of the system.
    definitions : int
        Helper definitions, functions and parameter lines.
    """

    text_length: int = 20_000
    depth: int = 100
    nodes: int = 20_000
    degree: int = 1_000
    digits: int = 40
    name_length: int = 40
    equations: int = 12
    definitions: int = 50
