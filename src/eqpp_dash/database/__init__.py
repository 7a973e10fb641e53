"""The archive's file: its schema, its versions, and short transactions on it."""

from __future__ import annotations

from eqpp_dash.database.connection import APPLICATION_ID, Database
from eqpp_dash.database.schema import SCHEMA_VERSION

__all__ = ["APPLICATION_ID", "SCHEMA_VERSION", "Database"]
