"""The second format: how many limit cycles a portrait has, to filter by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the counts; portraits of before, whose cycles were not searched, have none."""
    op.add_column("portraits", sa.Column("cycles", sa.Integer))
    op.add_column("portraits", sa.Column("stable_cycles", sa.Integer))
