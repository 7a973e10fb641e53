"""Colours and type of the page."""

from __future__ import annotations

from typing import Any

FONT = (
    "Inter, ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', "
    "'Noto Sans', Arial, sans-serif"
)
MONOSPACE = (
    "'JetBrains Mono', ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
)
OCEAN = [
    "#eef6f9",
    "#dbeaf0",
    "#b5d5e1",
    "#8abed1",
    "#66abc3",
    "#4f9fbb",
    "#3a8fae",
    "#1f6f8f",
    "#185c78",
    "#0d4760",
]
NIGHT = [
    "#d5dae2",
    "#b3bac6",
    "#8b94a3",
    "#636c7c",
    "#3d4553",
    "#2e3542",
    "#20262f",
    "#181d25",
    "#12161c",
    "#0c0f14",
]


def mantine_theme() -> dict[str, Any]:
    """Give the theme for Mantine's provider."""
    return {
        "fontFamily": FONT,
        "fontFamilyMonospace": MONOSPACE,
        "headings": {"fontFamily": FONT, "fontWeight": "600"},
        "colors": {"ocean": OCEAN, "dark": NIGHT},
        "primaryColor": "ocean",
        "primaryShade": {"light": 7, "dark": 5},
        "defaultRadius": "md",
        "autoContrast": True,
        "cursorType": "pointer",
        "respectReducedMotion": True,
        "components": {
            "Tooltip": {"defaultProps": {"openDelay": 400, "withArrow": True, "fz": "xs"}},
        },
    }
