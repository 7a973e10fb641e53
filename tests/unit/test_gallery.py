"""The gallery's systems are data: each is a valid question, and has a thumbnail."""

import json
from importlib.resources import files
from xml.etree import ElementTree

import pytest

from eqpp_dash.engine import compute_portrait, prepare_spec
from eqpp_dash.model.spec import PortraitSpec

FOLDER = files("eqpp_dash") / "gallery"
SYSTEMS = {
    file.name.removesuffix(".json"): json.loads(file.read_text())
    for file in FOLDER.iterdir()
    if file.name.endswith(".json")
}


def test_there_are_twelve():
    assert len(SYSTEMS) == 12
    assert sorted(entry["order"] for entry in SYSTEMS.values()) == list(range(1, 13))


@pytest.mark.parametrize("slug", SYSTEMS)
def test_an_entry_is_whole(slug):
    entry = SYSTEMS[slug]
    assert entry["slug"] == slug
    assert entry["title"] == entry["spec"]["title"]
    assert entry["note"].endswith(".")
    assert entry["source"]
    system, spec = prepare_spec(PortraitSpec.from_json(entry["spec"]))
    assert set(spec.parameters) == set(entry["spec"]["parameters"]), "every parameter is given"
    assert system.dimension == 2


@pytest.mark.parametrize("slug", SYSTEMS)
def test_its_portrait_is_complete(slug):
    portrait = compute_portrait(PortraitSpec.from_json(SYSTEMS[slug]["spec"]))
    assert portrait.completeness["equilibria"] == "proved"
    assert len(portrait.trajectories) >= 5
    assert not portrait.partial


@pytest.mark.parametrize("slug", SYSTEMS)
def test_its_thumbnail_is_a_small_picture_without_scripts(slug):
    thumbnail = (FOLDER / f"{slug}.svg").read_bytes()
    assert 1000 < len(thumbnail) < 8192
    root = ElementTree.fromstring(thumbnail)
    assert root.tag.endswith("svg")
    assert not [node.tag for node in root.iter() if node.tag.endswith("script")]
