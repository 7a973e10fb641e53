"""Every statement of the queue, by name."""

from __future__ import annotations

from sqlalchemy import bindparam, case, delete, func, insert, select, update
from sqlalchemy.sql.expression import ColumnElement

from eqpp_dash.database.schema import executor, jobs

_QUEUED = jobs.c.status == "queued"
_RUNNING = jobs.c.status == "running"
_WHOLE = (jobs.c.status == "finished") & (jobs.c.stopped == "")
_LIVE = jobs.c.status.in_(("queued", "running")) | _WHOLE
_MINE = (jobs.c.package_file == bindparam("of_file")) & (
    jobs.c.package_version == bindparam("of_version")
)
_CLAIMED = (jobs.c.id == bindparam("row_id")) & _RUNNING & (jobs.c.claim == bindparam("token"))

_before = jobs.alias("before")
_place: ColumnElement[int] = (
    select(func.count())
    .select_from(_before)
    .where(_before.c.status == "queued", _before.c.seq < jobs.c.seq)
    .scalar_subquery()
)
_row = select(jobs, case((_QUEUED, _place), else_=None).label("queue_place"))

find = _row.where(jobs.c.id == bindparam("row_id"))
find_live = _row.where(jobs.c.key == bindparam("job_key"), _LIVE)
newest_of_key = (
    _row.where(jobs.c.key == bindparam("job_key"))
    .order_by(_WHOLE.desc(), (jobs.c.status == "finished").desc(), jobs.c.seq.desc())
    .limit(1)
)
newest = _row.order_by(jobs.c.seq.desc()).limit(bindparam("count")).offset(bindparam("start"))
newest_of_status = newest.where(jobs.c.status == bindparam("wanted"), jobs.c.stopped == "")
newest_partial = newest.where(jobs.c.status == "finished", jobs.c.stopped != "")
oldest_queued = _row.where(_QUEUED).order_by(jobs.c.seq).limit(1)
all_running = _row.where(_RUNNING).order_by(jobs.c.seq)
count_by_status = select(jobs.c.status, func.count()).group_by(jobs.c.status)
count_waiting = select(func.count()).select_from(jobs).where(_QUEUED, _MINE)

enter = insert(jobs)

count_running_here = (
    select(func.count()).select_from(jobs).where(_RUNNING, jobs.c.machine == bindparam("machine"))
)
next_for_package = (
    select(jobs.c.id)
    .where(_QUEUED, _MINE, jobs.c.cancel_asked.is_(None))
    .order_by(jobs.c.seq)
    .limit(1)
)
claim = (
    update(jobs)
    .where(jobs.c.id == bindparam("row_id"), _QUEUED)
    .values(
        status="running",
        attempts=jobs.c.attempts + 1,
        claim=bindparam("token"),
        host=bindparam("by_host"),
        machine=bindparam("by_machine"),
        pid=bindparam("by_pid"),
        pid_started=bindparam("by_pid_started"),
        heartbeat=bindparam("now"),
        started=bindparam("now"),
        phase="starting",
        fraction=0.0,
        message="",
    )
)
report = (
    update(jobs)
    .where(_CLAIMED)
    .values(
        heartbeat=bindparam("now"),
        phase=bindparam("new_phase"),
        fraction=bindparam("new_fraction"),
        message=bindparam("new_message"),
    )
)
wishes = select(jobs.c.cancel_asked, jobs.c.stop_asked).where(jobs.c.id == bindparam("row_id"))
beat_here = (
    update(jobs)
    .where(_RUNNING, jobs.c.machine == bindparam("at_machine"))
    .values(heartbeat=bindparam("now"))
)
finish = (
    update(jobs)
    .where(_CLAIMED)
    .values(
        status="finished",
        result=bindparam("value"),
        stopped=bindparam("why_partial"),
        fraction=1.0,
        phase="finished",
        message="",
        error="",
        traceback="",
        heartbeat=bindparam("now"),
        ended=bindparam("now"),
    )
)
end = (
    update(jobs)
    .where(_CLAIMED)
    .values(
        status=bindparam("new_status"),
        error=bindparam("reason"),
        traceback=bindparam("trace"),
        ended=bindparam("now"),
    )
)
requeue = (
    update(jobs)
    .where(_CLAIMED)
    .values(
        status="queued",
        claim=None,
        queued=bindparam("now"),
        error=bindparam("reason"),
        phase="queued",
        fraction=0.0,
        message=bindparam("reason"),
    )
)
ask_cancel = (
    update(jobs)
    .where(jobs.c.id == bindparam("row_id"), _RUNNING, jobs.c.cancel_asked.is_(None))
    .values(cancel_asked=bindparam("now"))
)
ask_stop = (
    update(jobs)
    .where(
        jobs.c.id == bindparam("row_id"),
        _RUNNING,
        jobs.c.cancel_asked.is_(None),
        jobs.c.stop_asked.is_(None),
    )
    .values(stop_asked=bindparam("now"))
)
cancel_queued = (
    update(jobs)
    .where(jobs.c.id == bindparam("row_id"), _QUEUED)
    .values(
        status="cancelled",
        cancel_asked=bindparam("now"),
        error=bindparam("reason"),
        ended=bindparam("now"),
    )
)
fail_queued_of_package = (
    update(jobs)
    .where(_QUEUED, _MINE)
    .values(
        status="failed",
        error=bindparam("reason"),
        traceback=bindparam("trace"),
        ended=bindparam("now"),
    )
)
delete_ended = delete(jobs).where(
    jobs.c.id == bindparam("row_id"), jobs.c.status.in_(("finished", "failed", "cancelled"))
)

executor_state = select(executor).where(executor.c.id == 1)
new_executor_state = insert(executor).values(
    id=1,
    launched=0.0,
    ready=0.0,
    beat=0.0,
    failures=0,
    first_failure=0.0,
    offered_file="",
    offered_version="",
    offered=0.0,
    probed=0.0,
)
note_executor = update(executor).where(executor.c.id == 1)
