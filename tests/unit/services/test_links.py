import zlib
from base64 import urlsafe_b64encode
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqpp_dash.database import Database
from eqpp_dash.errors import LinkError, NotFoundError
from eqpp_dash.model.spec import PortraitSpec
from eqpp_dash.services.gallery import Gallery
from eqpp_dash.services.links import MAX_TEXT, Links
from eqpp_dash.store.archive import Archive

FULL = PortraitSpec.from_json(
    {
        "title": "Ünïcode ✓",
        "equations": "x' = y\ny' = mu*(1 - x^2)*y - x",
        "parameters": {"mu": "8/3", "b": 0.1},
        "variables": {"x": {"unit": "m"}},
        "window": {"x": [-4, 4], "y": [-0.1, 1e-3]},
        "initial_conditions": [[0.1, 0.0], [1 / 3, 2.0]],
        "time": {"start": 1, "span": 40},
        "options": {"rtol": 1e-9, "atol": 1e-11, "method": "Radau"},
        "analyses": ["field"],
    }
)


@pytest.mark.parametrize("spec", [FULL, PortraitSpec("x' = 1"), PortraitSpec("")])
def test_a_state_is_read_back_equal(spec):
    text = Links.encode(spec)
    assert text.isascii()
    assert all(c.isalnum() or c in "-_" for c in text)
    assert Links.decode(text) == spec


def test_every_gallery_state_fits_in_a_link():
    for entry in Gallery.entries():
        text = Links.encode(entry.spec)
        assert Links.decode(text) == entry.spec
        assert len(text) < 1500


def pack(data, prefix="v1"):
    return prefix + urlsafe_b64encode(zlib.compress(data)).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "text",
    [
        *("", "v1", "v1*", "hello", "v1AAAA", "v1é", "v2AAAA", "v1" + "A" * 50),
        pack(b"not json"),
        pack(b"[1, 2]"),
        pack(b"{}"),
        pack(b'{"equations": "x", "colour": 1}'),
        pack(b'{"equations": "x", "version": 2}'),
        pack(b'{"equations": "x", "window": {"x": [1, 1]}}'),
        Links.encode(FULL)[:-3],
        Links.encode(FULL)[:40],
        Links.encode(FULL) + "AAAA",
    ],
)
def test_a_link_that_was_cut_or_altered_gets_a_friendly_answer(text):
    with pytest.raises(LinkError) as caught:
        Links.decode(text)
    assert "link" in caught.value.message


def test_a_change_of_any_character_is_noticed():
    text = Links.encode(FULL)
    for place in range(2, len(text) - 1):  # the very last one may hold bits that stand for nothing
        other = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        with pytest.raises(LinkError):
            Links.decode(other)


def test_bombs_and_endless_texts_are_refused_quickly():
    with pytest.raises(LinkError, match="too much"):
        Links.decode(pack(b'{"equations": "' + b"x" * 50_000_000 + b'"}'))
    with pytest.raises(LinkError, match="too long"):
        Links.decode("v1" + "A" * (MAX_TEXT + 1))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_decoded_or_refused(text):
    for candidate in (text, "v1" + text):
        with pytest.raises(LinkError):
            Links.decode(candidate)


def test_short_links_are_the_same_for_the_same_state(tmp_path):
    database = Database(tmp_path / "archive.db")
    database.prepare()
    links = Links(Archive(database))
    state = links.encode(FULL)
    short = links.shorten(state)
    assert links.shorten(state) == short
    assert links.expand(short) == state
    assert short != links.shorten(links.encode(PortraitSpec("x' = 1")))
    assert len(short) == 16
    with pytest.raises(LinkError):
        links.shorten("junk")
    with pytest.raises(NotFoundError):
        links.expand("none")


def test_the_gallery_has_its_systems_in_order_subject_by_subject():
    entries = Gallery.entries()
    assert len(entries) == 28
    subjects = [entry.subject for entry in entries]
    assert [name for name, _ in groupby(subjects)] == list(dict.fromkeys(subjects))
    assert len({entry.slug for entry in entries}) == len(entries)
    assert all(entry.title and entry.note and entry.spec.equations for entry in entries)
