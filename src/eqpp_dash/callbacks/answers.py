"""Answering a form: a finished portrait where there is one, else a preview."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from eqpp_dash.callbacks.form import Draft, form_spec
from eqpp_dash.errors import SpecError
from eqpp_dash.model.cycles import NOT_SEARCHED
from eqpp_dash.model.portrait import Notice, Portrait
from eqpp_dash.model.spec import Options, PortraitSpec

if TYPE_CHECKING:
    from eqpp_dash.services import Services

PREVIEW_STARTS = 40
PREVIEW_RTOL, PREVIEW_ATOL = 1e-6, 1e-8


@dataclass(frozen=True, slots=True)
class Answer:
    """What to draw: a finished portrait if there is one, else a preview.

    Attributes
    ----------
    portrait : Portrait
        What to draw.
    row_id : str or None
        Row of a finished portrait.
    state : str
        The question, for the link.
    wanted : int
        How many trajectories the question asks to follow through points of its own.
    notes : tuple of Notice
        How the equations were read; told beside them.
    less : str
        Why the part that was kept, which shows less than this preview, was stopped; else empty.
    """

    portrait: Portrait
    row_id: str | None
    state: str
    wanted: int
    notes: tuple[Notice, ...]
    less: str = ""


def asked(services: Services, draft: Draft) -> PortraitSpec:
    """Give the specification that a draft asks for."""
    return _understood(services, draft)[0]


def _understood(services: Services, draft: Draft) -> tuple[PortraitSpec, tuple[Notice, ...]]:
    form = draft.form
    base = services.links.decode(form.origin) if form.origin else PortraitSpec(form.equations)
    declared = {*base.parameters, *form.parameters}
    found = services.previews.understand(form.equations, declared=declared)
    return form_spec(form, base, found, services.previews.constant), tuple(found.notes)


def good_starts(services: Services, draft: Draft) -> tuple[str, ...]:
    """Give the points of a draft that are points; each is read alone."""

    def is_good(text: str) -> bool:
        try:
            asked(services, replace(draft, form=replace(draft.form, starts=(text,))))
        except SpecError as error:
            if error.field.startswith("initial_conditions"):
                return False
            raise
        return True

    return tuple(text for text in draft.form.starts if is_good(text))


def answer(services: Services, draft: Draft) -> Answer:
    """Answer a draft from the archive, or else by a preview.

    A part that was kept before its equilibria were found gives way to a preview that has them.
    """
    spec, notes = _understood(services, draft)
    job, kept = services.portraits.finished(spec), None
    state, wanted = services.links.encode(spec), len(spec.initial_conditions)
    if job is not None:
        portrait = services.portraits.portrait(job.row_id)
        kept = Answer(portrait, job.row_id, state, wanted, notes)
        if not portrait.stopped or searched(portrait):
            return kept
    preview = services.previews.preview(quick_spec(spec))
    if kept is None:
        return Answer(preview, None, state, wanted, notes)
    less = kept.portrait.stopped
    return Answer(preview, None, state, wanted, notes, less) if searched(preview) else kept


def searched(portrait: Portrait) -> bool:
    """Whether the search for equilibria came to its end."""
    return not portrait.completeness.get("equilibria", NOT_SEARCHED).startswith(NOT_SEARCHED)


def quick_spec(spec: PortraitSpec) -> PortraitSpec:
    """Give the question with options for looking rather than for keeping.

    A preview answers at every move of a slider, so it asks for no more digits than a screen
    has, and follows the latest of the given points; for how long and by which method is as asked.
    """
    rtol, atol = max(spec.options.rtol, PREVIEW_RTOL), max(spec.options.atol, PREVIEW_ATOL)
    return spec.replace(
        options=Options(rtol, atol, spec.options.method),
        initial_conditions=spec.initial_conditions[-PREVIEW_STARTS:],
    )
