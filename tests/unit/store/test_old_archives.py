"""Archives of every earlier format, kept as they were written, are opened and read."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from eqpp_dash.compose import compose
from eqpp_dash.database import SCHEMA_VERSION
from eqpp_dash.jobs.launch import Launcher
from eqpp_dash.model.narrative import find_fact
from eqpp_dash.model.spec import PortraitSpec
from eqpp_dash.settings import Settings

FIXTURES = Path(__file__).parents[2] / "fixtures"
ARCHIVES = sorted(FIXTURES.glob("archive-v*.db"))


def test_there_is_an_archive_of_every_format():
    assert [path.stem for path in ARCHIVES] == [f"archive-v{n + 1}" for n in range(SCHEMA_VERSION)]


@pytest.mark.parametrize("path", ARCHIVES, ids=lambda path: path.stem)
def test_an_old_archive_gives_its_rows_portraits_and_links(path, tmp_path, monkeypatch):
    shutil.copy(path, tmp_path / "archive.db")
    expected = json.loads(path.with_suffix(".json").read_text())
    monkeypatch.setattr(Launcher, "_spawn", lambda self: None)
    monkeypatch.setattr(Launcher, "_follow", lambda self: None)
    services = compose(Settings(data_dir=tmp_path))
    assert [job.row_id for job in services.portraits.jobs()] == [r["row"] for r in expected["rows"]]
    for row in expected["rows"]:
        job = services.portraits.resolve(row["portrait"])
        assert (job.row_id, job.status, job.error) == (row["row"], row["status"], row["error"])
        assert job.stopped == row.get("stopped", "")
        assert job.spec == PortraitSpec.from_json(row["spec"])
        (entry,) = services.archive.search(row["row"])
        assert entry.title == job.spec.title
        cycles = (row["facts"] or {}).get("limit_cycles", [])
        assert bool(services.archive.search(row["row"], cycles="any")) == bool(cycles)
        if row["facts"] is None:
            continue
        facts = services.portraits.facts(row["row"])
        told = facts.pop("narrative")
        assert facts == row["facts"]
        ids = [id for part in told for sentence in part["sentences"] for id in sentence["facts"]]
        assert all(find_fact(facts, id) is not None for id in ids)
        assert len(ids) >= 3
        portrait = services.portraits.portrait(row["row"])
        known = row["facts"].get("limit_cycles", [])
        assert [item.period for item in portrait.limit_cycles] == [c["period"] for c in known]
        points = [item["point"] for item in row["facts"]["equilibria"]]
        assert [item.point.tolist() for item in portrait.equilibria] == points
        for nullcline in portrait.nullclines:
            assert all(np.isfinite(branch).all() for branch in nullcline.branches)
        assert entry.thumbnail.startswith(b"<svg")
    state = services.links.expand(expected["link"])
    assert services.links.decode(state).title == "Saddle and focus"
    new = services.portraits.submit(PortraitSpec("x' = -x; y' = -y"), launcher="test")
    assert new.status == "queued"
    for job in services.portraits.jobs():
        if job.stopped:  # a part is no answer: the question may be asked again
            assert services.portraits.rerun(job.row_id).row_id != job.row_id
