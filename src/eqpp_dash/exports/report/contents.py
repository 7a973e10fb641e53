"""The whole report, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from eqpp_dash.exports.report.blocks import Report, Section, Words
from eqpp_dash.exports.report.doubts import doubt_section
from eqpp_dash.exports.report.making import making_section, remark_sections
from eqpp_dash.exports.report.orbits import orbit_sections
from eqpp_dash.exports.report.points import audit_sections, point_sections
from eqpp_dash.exports.report.system import system_sections
from eqpp_dash.exports.report.telling import telling_section
from eqpp_dash.model.portrait import Portrait

UNTITLED = "Phase portrait"


def portrait_report(portrait: Portrait, facts: Mapping[str, Any]) -> Report:
    """Write the report of a portrait.

    Parameters
    ----------
    portrait : Portrait
        A planar portrait.
    facts : mapping
        Its facts; their ``id`` is told.

    Returns
    -------
    Report
        Sections of text, tables and formulas, to be written as HTML or LaTeX.
    """
    report = Report(portrait.spec.title or UNTITLED, tuple(_sections(portrait, facts)))
    told = telling_section(facts, frozenset(report.anchors()))
    return Report(report.title, (told, *report.sections))


def _sections(portrait: Portrait, facts: Mapping[str, Any]) -> Iterator[Section]:
    if portrait.partial:
        why = f" ({portrait.stopped})" if portrait.stopped else ""
        words = f"The computation was stopped early{why}: parts may be missing."
        yield Section("Stopped early", "partial", (Words((words,), warning=True),))
    yield from system_sections(portrait)
    yield from point_sections(portrait)
    yield from orbit_sections(portrait)
    yield from audit_sections(portrait)
    yield doubt_section(portrait)
    yield from remark_sections(portrait)
    yield making_section(portrait, facts)
