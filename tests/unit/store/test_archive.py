import os
from dataclasses import replace

import pytest
from portraits import limit_cycle, pendulum_portrait
from sqlalchemy import select

from eqpp_dash.database import Database
from eqpp_dash.database.schema import portraits
from eqpp_dash.errors import ForbiddenError, JobError, NotFoundError
from eqpp_dash.jobs.queue import Queue
from eqpp_dash.jobs.records import Outcome, Request
from eqpp_dash.model.cycles import CycleCoverage
from eqpp_dash.model.layout import one_line
from eqpp_dash.model.spec import PortraitSpec
from eqpp_dash.services.archive import ArchiveService
from eqpp_dash.store.archive import Archive, prepare_computed, summarize

SVG = b"<svg/>"


@pytest.fixture
def archive(tmp_path):
    database = Database(tmp_path / "archive.db")
    database.prepare()
    made = Archive(database)
    made.queue = Queue(database)
    return made


def ask(archive, title="Pendulum", equations="x' = y; y' = -sin(x)", key="key"):
    spec = PortraitSpec(equations, title=title)
    job, _ = archive.queue.submit(
        Request(key, "m:f"), lambda connection, row: archive.enter(connection, row, key, spec)
    )
    return job.id


def fill(archive, row_id, portrait=None):
    portrait = portrait or pendulum_portrait()
    computed = prepare_computed(portrait, portrait.facts(id="key"), SVG)
    job = archive.queue.claim(9, os.getpid())
    assert job.id == row_id
    assert archive.queue.finish(
        job, Outcome(1, lambda connection, row: archive.fill(connection, row, computed))
    )


def test_a_row_is_listed_as_soon_as_it_is_asked(archive):
    row_id = ask(archive)
    (entry,) = archive.search()
    assert (entry.row_id, entry.portrait_id, entry.status) == (row_id, "key", "queued")
    assert (entry.title, entry.thumbnail, entry.finished) == ("Pendulum", None, None)
    with pytest.raises(NotFoundError):
        archive.portrait(row_id)


def test_a_computed_portrait_is_read_again(archive):
    row_id = ask(archive)
    fill(archive, row_id)
    portrait = pendulum_portrait()
    read = archive.portrait(row_id)
    assert [e.kind for e in read.equilibria] == [e.kind for e in portrait.equilibria]
    assert archive.facts(row_id) == portrait.facts(id="key")
    assert archive.thumbnail(row_id) == SVG
    (entry,) = archive.search(status="finished")
    assert entry.thumbnail == SVG
    assert entry.finished is not None
    for kind in {e.kind for e in portrait.equilibria}:
        assert kind in entry.summary
    assert not archive.search()[0].stopped


def test_the_summary_counts_the_equilibria_of_the_window_alone(archive):
    whole = pendulum_portrait()
    beyond = tuple(replace(item, location="outside") for item in whole.equilibria[1:])
    row_id = ask(archive)
    fill(archive, row_id, replace(whole, equilibria=(*whole.equilibria[:1], *beyond)))
    assert archive.search()[0].summary == whole.equilibria[0].kind
    assert summarize(replace(whole, equilibria=beyond)) == "no equilibria"


def test_words_are_found_in_title_equations_ids_and_summary_in_any_case(archive):
    first = ask(archive, "Van der Pol", "x' = y; y' = mu*(1 - x^2)*y - x", "one")
    fill(archive, first)
    second = ask(archive, "Prey 100%_sure", "x' = x - x*y; y' = x*y - y", "two")

    def found(text, **more):
        return {entry.row_id for entry in archive.search(text, **more)}

    assert found("") == {first, second}
    assert found("VAN pol") == {first}
    assert found("mu*(1 - x^2)") == {first}
    assert found("x*y") == {second}
    assert found("saddle") == {first}
    assert found(second[:12].upper()) == {second}
    assert found("100%_sure") == {second}
    for system in (first, second):
        (entry,) = archive.search(system)
        for width in (0, 20, 17):
            assert found(one_line(entry.equations, width)) == {system}
    assert found("100%%sure") == found("1__%_sure") == set()
    assert found("pol", status="queued") == set()
    assert archive.count("pol") == 1
    assert archive.count() == 2


def test_portraits_are_found_by_their_cycles(archive):
    made = {
        "stable": pendulum_portrait(limit_cycles=(limit_cycle(),)),
        "unstable": pendulum_portrait(limit_cycles=(limit_cycle(stability="unstable"),)),
        "none": pendulum_portrait(cycle_coverage=CycleCoverage("searched", 2)),
        "not searched": pendulum_portrait(),
    }
    rows = {}
    for name, portrait in made.items():
        rows[name] = ask(archive, name, key=name)
        fill(archive, rows[name], portrait)

    def found(cycles):
        return {entry.row_id for entry in archive.search(cycles=cycles)}

    assert found(None) == set(rows.values())
    assert found("any") == {rows["stable"], rows["unstable"]}
    assert found("stable") == {rows["stable"]}
    assert (archive.count(cycles="any"), archive.count("none", cycles="any")) == (2, 0)
    with archive.database.read() as connection:
        counts = connection.execute(select(portraits.c.cycles, portraits.c.stable_cycles)).all()
    assert [tuple(row) for row in counts] == [(1, 1), (1, 0), (0, 0), (None, None)]
    assert next(e for e in archive.search(cycles="stable")).summary.endswith("1 stable cycle")


def test_the_list_is_newest_first_and_paged(archive):
    rows = [ask(archive, f"t{n}", key=f"k{n}") for n in range(5)]
    assert [e.row_id for e in archive.search(limit=2)] == rows[:2:-1]
    assert [e.row_id for e in archive.search(limit=2, offset=4)] == rows[:1]


def test_deleting_takes_the_portrait_with_it_where_it_is_allowed(archive):
    row_id = ask(archive)
    service = ArchiveService(archive.queue, archive, lambda: None, can_delete=True)
    with pytest.raises(JobError, match="queued"):
        service.delete(row_id)
    fill(archive, row_id)
    with pytest.raises(ForbiddenError):
        ArchiveService(archive.queue, archive, lambda: None, can_delete=False).delete(row_id)
    service.delete(row_id)
    assert archive.count() == 0
    with pytest.raises(NotFoundError):
        archive.portrait(row_id)
    with pytest.raises(NotFoundError):
        service.delete(row_id)


def test_a_result_for_a_row_that_is_not_in_the_archive_is_an_error(archive):
    portrait = pendulum_portrait()
    computed = prepare_computed(portrait, {}, None)
    with pytest.raises(NotFoundError), archive.database.write() as connection:
        archive.fill(connection, "none", computed)


def test_links_are_kept_once(archive):
    archive.keep_link("a", "state")
    archive.keep_link("a", "another")
    assert archive.link("a") == "state"
    with pytest.raises(NotFoundError):
        archive.link("b")
