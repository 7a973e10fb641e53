"""Bringing an older archive up to date, by Alembic; loaded only when it is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from eqpp_dash.database import migrations, schema


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the migrations within the caller's transaction.

    Parameters
    ----------
    connection : Connection
        In a write transaction; either all migrations are kept or none.
    revision : str
        Where to stop.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)

    def steps(current: Any, _: Any) -> Any:
        return script._upgrade_revs(revision, current)

    with EnvironmentContext(config, script, fn=steps, destination_rev=revision) as environment:
        environment.configure(connection=connection, target_metadata=schema.metadata)
        with environment.begin_transaction():
            environment.run_migrations()
    connection.exec_driver_sql(f"PRAGMA user_version = {schema.SCHEMA_VERSION}")
