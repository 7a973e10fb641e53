"""The first format: jobs, the executor's starts, portraits, short links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_LIVE = "status IN ('queued', 'running', 'finished')"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "jobs",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("task", sa.String(200), nullable=False),
        sa.Column("params", sa.Text, nullable=False),
        sa.Column("status", sa.String(9), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("max_attempts", sa.Integer, nullable=False),
        sa.Column("time_limit_s", sa.Float, nullable=False),
        sa.Column("package_file", sa.Text, nullable=False),
        sa.Column("package_version", sa.String(60), nullable=False),
        sa.Column("launcher", sa.String(60), nullable=False),
        sa.Column("claim", sa.String(32)),
        sa.Column("host", sa.String(255)),
        sa.Column("machine", sa.String(400)),
        sa.Column("pid", sa.Integer),
        sa.Column("pid_started", sa.Float),
        sa.Column("heartbeat", sa.Float),
        sa.Column("phase", sa.String(60), nullable=False),
        sa.Column("fraction", sa.Float, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("cancel_asked", sa.Float),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("traceback", sa.Text, nullable=False),
        sa.Column("result", sa.Text),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("queued", sa.Float, nullable=False),
        sa.Column("started", sa.Float),
        sa.Column("ended", sa.Float),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'finished', 'failed', 'cancelled')",
            name="known_status",
        ),
        sa.CheckConstraint(
            "status != 'finished' OR result IS NOT NULL", name="finished_has_result"
        ),
        sa.CheckConstraint("status != 'failed' OR error != ''", name="failed_has_reason"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "jobs_live_key",
        "jobs",
        ["key"],
        unique=True,
        sqlite_where=sa.text(_LIVE),
    )
    op.create_index("jobs_status", "jobs", ["status", "seq"])
    op.create_index("jobs_key", "jobs", ["key"])
    op.create_table(
        "executor",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("launched", sa.Float, nullable=False),
        sa.Column("ready", sa.Float, nullable=False),
        sa.Column("beat", sa.Float, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("first_failure", sa.Float, nullable=False),
        sa.Column("offered_file", sa.Text, nullable=False),
        sa.Column("offered_version", sa.String(60), nullable=False),
        sa.Column("offered", sa.Float, nullable=False),
        sa.Column("probed", sa.Float, nullable=False),
        sa.CheckConstraint("id = 1", name="one_executor"),
    )
    op.create_table(
        "portraits",
        sa.Column(
            "row_id",
            sa.String(32),
            sa.ForeignKey("jobs.id", name="portrait_of_job", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("portrait_id", sa.String(32), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("equations", sa.Text, nullable=False),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("search", sa.Text, nullable=False),
        sa.Column("partial", sa.Integer, nullable=False),
        sa.Column("thumbnail", sa.LargeBinary),
        sa.Column("facts", sa.Text),
        sa.Column("arrays", sa.LargeBinary),
    )
    op.create_index("portraits_portrait_id", "portraits", ["portrait_id"])
    op.create_table(
        "links",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
    )
