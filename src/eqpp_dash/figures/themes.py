"""Colours and line styles of a portrait, for screen and print.

The palette is that of Okabe and Ito (Color Universal Design, 2008), which people with any
of the common colour-vision deficiencies can tell apart; on the dark theme its darker
colours are lightened. Dashes and marker shapes carry the same distinctions, so that a
portrait can be read without any colour at all.
"""

from __future__ import annotations

from dataclasses import dataclass

FONT = "Inter, 'Segoe UI', system-ui, -apple-system, 'Helvetica Neue', Arial, sans-serif"


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of one theme, each as ``#rrggbb``.

    Attributes
    ----------
    name : str
        ``light`` or ``dark``.
    paper, plot : str
        Background around and behind the portrait.
    text, muted, grid, axis : str
        Text, secondary text, grid lines, and the axes through zero.
    field : str
        Arrows of the vector field.
    nullclines : tuple of str
        One colour a state variable.
    orbit, given : str
        Seeded trajectories, and those through points that the user gave.
    stable, unstable : str
        Separatrices that run into, and out of, a saddle.
    cycle : str
        Limit cycles.
    equilibrium, undecided : str
        Outline of an equilibrium, and of one that is not decided.
    switching : str
        Surfaces at which the field jumps.
    basins : tuple of str
        Tints of basins of attraction, in turn.
    nowhere : str
        Tint of what belongs to no attractor that is known.
    tinting : float
        Opacity of tints.
    """

    name: str
    paper: str
    plot: str
    text: str
    muted: str
    grid: str
    axis: str
    field: str
    nullclines: tuple[str, ...]
    orbit: str
    given: str
    stable: str
    unstable: str
    cycle: str
    equilibrium: str
    undecided: str
    switching: str
    basins: tuple[str, ...]
    nowhere: str
    tinting: float


LIGHT = Theme(
    name="light",
    paper="#ffffff",
    plot="#ffffff",
    text="#1a2027",
    muted="#5b6672",
    grid="#eef1f5",
    axis="#d3dae2",
    field="#aab4c0",
    nullclines=("#e69f00", "#009e73"),
    orbit="#0072b2",
    given="#0b3c5d",
    stable="#a34b82",
    unstable="#d55e00",
    cycle="#111820",
    equilibrium="#111820",
    undecided="#6b7684",
    switching="#8f86d6",
    basins=("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#0072b2"),
    nowhere="#5b6672",
    tinting=0.24,
)

DARK = Theme(
    name="dark",
    paper="#10141b",
    plot="#10141b",
    text="#e8edf3",
    muted="#97a3b1",
    grid="#1b212b",
    axis="#333d4b",
    field="#4d5a6b",
    nullclines=("#f0b323", "#2fc79a"),
    orbit="#56b4e9",
    given="#f7f1a0",
    stable="#e493c2",
    unstable="#ff7f3f",
    cycle="#f4f7fb",
    equilibrium="#f4f7fb",
    undecided="#a5b0bd",
    switching="#7a70c8",
    basins=("#56b4e9", "#f0b323", "#2fc79a", "#e493c2", "#f0e442", "#4f7fff"),
    nowhere="#97a3b1",
    tinting=0.24,
)

THEMES = {theme.name: theme for theme in (LIGHT, DARK)}

NULLCLINE_DASHES = ("9px,5px", "2px,4px", "12px,4px,2px,4px")


def theme_named(name: str) -> Theme:
    """Give the theme of a name; any name but ``dark`` is light.

    Examples
    --------
    >>> theme_named("dark").paper
    '#10141b'
    """
    return THEMES.get(name, LIGHT)
