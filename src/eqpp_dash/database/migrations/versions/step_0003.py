"""The third format: jobs that were stopped early and kept what they had found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LIVE = "status IN ('queued', 'running') OR (status = 'finished' AND stopped = '')"


def upgrade() -> None:
    """Add the wish to stop, and why a result is partial; such a row no longer bars its question."""
    op.add_column("jobs", sa.Column("stop_asked", sa.Float))
    op.add_column("jobs", sa.Column("stopped", sa.Text, nullable=False, server_default=""))
    op.drop_index("jobs_live_key", "jobs")
    op.create_index("jobs_live_key", "jobs", ["key"], unique=True, sqlite_where=sa.text(LIVE))
