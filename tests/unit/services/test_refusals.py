"""Texts that make no sense are refused before the archive is asked, whichever way they come.

The identity of a question leaves the layout out, and so comments: a text that cannot be read may
have the identity of one that was computed. It must never be shown that one's portrait.
"""

import contextlib
import json
import os
import zlib
from base64 import urlsafe_b64encode
from dataclasses import fields
from types import SimpleNamespace

import pytest
import structlog
from click.testing import CliRunner
from portraits import pendulum_portrait

from eqpp_dash.callbacks.answers import answer
from eqpp_dash.callbacks.arrival import Visit, open_visit, opening_values
from eqpp_dash.callbacks.click import trace
from eqpp_dash.callbacks.editor import reading
from eqpp_dash.callbacks.form import form_values, read_draft
from eqpp_dash.callbacks.job import order
from eqpp_dash.cli import group
from eqpp_dash.compose import compose, open_database
from eqpp_dash.errors import EqppError
from eqpp_dash.jobs.launch import Launcher
from eqpp_dash.jobs.queue import Queue
from eqpp_dash.jobs.records import Outcome
from eqpp_dash.model.spec import PortraitSpec
from eqpp_dash.services.portraits import Portraits
from eqpp_dash.settings import Settings

GOOD = "x' = y\ny' = -x"
BAD = [
    "x' = y # '''\ny' = -x",
    "x' = y\ny' = -x # " + "c" * 20_000,
    "x' = y\ny' = -x" + "\n" * 9_000 + " ; " * 9_000,
    "x' = y\ny' = -x # \ud800",
]


def draft_of(services, text):
    """Give the draft of a page on which the text was typed over the one that was opened."""
    opened = PortraitSpec(GOOD)
    found = services.previews.understand(GOOD)
    values = form_values(opened, found, services.links.encode(opened))
    form = values | {"equations": text, "limits": None, "aspect": "auto"}
    return {"seq": 1, "form": form, "at": [1, 0], "window": [[-2, 2], [-2, 2]]}


def ask_by_page(services, text):
    return answer(services, read_draft(draft_of(services, text))).row_id


def ask_by_compute(services, text):
    """Order it; what is refused is said under the picture, and watches no job."""
    told = order(services, draft_of(services, text))
    return told["job"] if not told["message"] else None


def ask_by_click(services, text):
    data = draft_of(services, text) | {"row": services.row_id}
    return trace(services, read_draft(data), data)


def state_of(text):
    """Write a link's state as anybody may."""
    packed = zlib.compress(json.dumps({"version": 1, "equations": text}).encode())
    return "v1" + urlsafe_b64encode(packed).rstrip(b"=").decode()


def ask_by_link(services, text):
    services.links.decode(state_of(text))
    opened = open_visit(services, Visit(state=state_of(text)))
    values = opening_values(services, opened)
    assert values["job"] is None
    return ask_by_page(services, values["equations"])


def ask_by_short_link(services, text):
    link = services.links.shorten(state_of(text))
    return ask_by_page(services, services.links.decode(services.links.expand(link)).equations)


def ask_by_command(services, text):
    result = CliRunner().invoke(group, ["compute", "-e", text], obj=lambda settings: services)
    return None if result.exit_code == 2 and not result.stdout else result.output


WAYS = {
    "page": ask_by_page,
    "compute": ask_by_compute,
    "click": ask_by_click,
    "link": ask_by_link,
    "short link": ask_by_short_link,
    "command": ask_by_command,
    "submit": lambda services, text: services.portraits.submit(PortraitSpec(text), launcher="t"),
    "finished": lambda services, text: services.portraits.finished(PortraitSpec(text)),
    "cycles": lambda services, text: services.portraits.cycles(services.row_id, PortraitSpec(text)),
    "preview": lambda services, text: services.previews.preview(PortraitSpec(text)),
}


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    """Give services whose archive has the good text's portrait, and which note what it is asked."""
    patch = pytest.MonkeyPatch()
    patch.setattr(Launcher, "_spawn", lambda self: None)
    patch.setattr(Launcher, "_follow", lambda self: None)
    settings = Settings(data_dir=tmp_path_factory.mktemp("refusals"))
    made = compose(settings)
    patch.setattr(Portraits, "portrait", lambda self, id: pendulum_portrait())
    job = made.portraits.submit(PortraitSpec(GOOD), launcher="test")
    queue = Queue(open_database(settings))
    queue.finish(queue.claim(1, os.getpid()), Outcome(1))
    asked = []
    for name in ("newest_of_key", "submit"):
        kept = getattr(Queue, name)
        patch.setattr(
            Queue, name, lambda *rest, kept=kept, **more: asked.append(1) or kept(*rest, **more)
        )
    parts = {part.name: getattr(made, part.name) for part in fields(made)}
    yield SimpleNamespace(**parts, asked=asked, row_id=job.row_id)
    patch.undo()
    structlog.reset_defaults()


@pytest.mark.parametrize("text", BAD, ids=("quotes", "long", "blanks", "surrogate"))
def test_a_text_that_makes_no_sense_may_have_the_identity_of_one_that_does(text):
    assert PortraitSpec(text).canonical_json() == PortraitSpec(GOOD).canonical_json()


@pytest.mark.parametrize("text", BAD, ids=("quotes", "long", "blanks", "surrogate"))
@pytest.mark.parametrize("way", WAYS)
def test_it_is_refused_before_the_archive_is_asked(services, way, text):
    services.asked.clear()
    found = None
    with contextlib.suppress(EqppError):
        found = WAYS[way](services, text)
    assert found is None
    assert services.asked == []


@pytest.mark.parametrize("way", ["page", "compute", "link", "short link", "submit", "finished"])
def test_the_archive_is_asked_for_the_text_that_makes_sense(services, way):
    services.asked.clear()
    found = WAYS[way](services, GOOD + " # as before")
    assert services.row_id in (found, getattr(found, "row_id", None))
    assert services.asked


def test_the_page_tells_it_beside_the_text(services):
    for text in BAD[:3]:
        assert reading(services, text, {})["wrong"] is True
