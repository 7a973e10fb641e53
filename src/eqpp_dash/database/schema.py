"""The tables of the archive.

A change here needs a migration in `eqpp_dash.database.migrations`, and a higher
`SCHEMA_VERSION` and `HEAD`; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

SCHEMA_VERSION = 3
HEAD = "0003"

metadata = MetaData()

LIVE = "status IN ('queued', 'running') OR (status = 'finished' AND stopped = '')"
"""Rows that answer their question, or will: one that was stopped early answers only in part."""

jobs = Table(
    "jobs",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("key", String(64), nullable=False),
    Column("task", String(200), nullable=False),
    Column("params", Text, nullable=False),
    Column("status", String(9), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("time_limit_s", Float, nullable=False),
    Column("package_file", Text, nullable=False),
    Column("package_version", String(60), nullable=False),
    Column("launcher", String(60), nullable=False),
    Column("claim", String(32)),
    Column("host", String(255)),
    Column("machine", String(400)),
    Column("pid", Integer),
    Column("pid_started", Float),
    Column("heartbeat", Float),
    Column("phase", String(60), nullable=False),
    Column("fraction", Float, nullable=False),
    Column("message", Text, nullable=False),
    Column("cancel_asked", Float),
    Column("error", Text, nullable=False),
    Column("traceback", Text, nullable=False),
    Column("result", Text),
    Column("created", Float, nullable=False),
    Column("queued", Float, nullable=False),
    Column("started", Float),
    Column("ended", Float),
    Column("stop_asked", Float),
    Column("stopped", Text, nullable=False, server_default=""),
    CheckConstraint(
        "status IN ('queued', 'running', 'finished', 'failed', 'cancelled')", name="known_status"
    ),
    CheckConstraint("status != 'finished' OR result IS NOT NULL", name="finished_has_result"),
    CheckConstraint("status != 'failed' OR error != ''", name="failed_has_reason"),
    Index("jobs_live_key", "key", unique=True, sqlite_where=text(LIVE)),
    Index("jobs_status", "status", "seq"),
    Index("jobs_key", "key"),
    sqlite_autoincrement=True,
)
"""One row a job: what is asked, how far it is, who runs it, how it ended.

``stopped`` says why a finished row has only a part of what was asked; else it is empty.
"""

executor = Table(
    "executor",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("launched", Float, nullable=False),
    Column("ready", Float, nullable=False),
    Column("beat", Float, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("first_failure", Float, nullable=False),
    Column("offered_file", Text, nullable=False),
    Column("offered_version", String(60), nullable=False),
    Column("offered", Float, nullable=False),
    Column("probed", Float, nullable=False),
    CheckConstraint("id = 1", name="one_executor"),
)
"""One row: how the starts of the executor went."""

portraits = Table(
    "portraits",
    metadata,
    Column(
        "row_id",
        String(32),
        ForeignKey("jobs.id", name="portrait_of_job", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("portrait_id", String(32), nullable=False),
    Column("title", Text, nullable=False),
    Column("equations", Text, nullable=False),
    Column("spec", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("search", Text, nullable=False),
    Column("partial", Integer, nullable=False),
    Column("thumbnail", LargeBinary),
    Column("facts", Text),
    Column("arrays", LargeBinary),
    Column("cycles", Integer),
    Column("stable_cycles", Integer),
    Index("portraits_portrait_id", "portrait_id"),
)
"""One row a portrait, asked or computed: for reading, listing and searching.

The counts of limit cycles are null where these were not searched.
"""

links = Table(
    "links",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("state", Text, nullable=False),
    Column("created", Float, nullable=False),
)
"""States too long for a link, by their short id."""

alembic_version = Table(
    "alembic_version",
    metadata,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""The migration this file is at."""
