"""Run by Alembic for every command: which tables there should be, and on which connection to work."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from sqlalchemy.engine import Connection

import service.checkpoints.models
import service.datasets.models
import service.execution.models
import service.experiments.history.models
import service.experiments.models
import service.health.models
import service.idempotency.models
import service.keys.models
import service.limits.models  # noqa: F401 - each import adds its tables to Base.metadata
from service.settings import Settings
from service.storage.database import Base, Database, UtcDateTime

ADVISORY_LOCK = 7_236_147_001
"""Taken on PostgreSQL while migrating; an arbitrary number of our own."""


def run() -> None:
    """Work on the caller's connection; a developer at the ``alembic`` command line gets the settings' own."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        migrate(connection)
        return
    with Database(Settings().resolved_database_url).engine.connect() as connection:
        migrate(connection)


def migrate(connection: Connection) -> None:
    """Run the command in one transaction that no other process shares."""
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        # Batch mode makes a table anew and drops the old one, which must not cascade; and the switch does
        # nothing inside a transaction, so that it goes past SQLAlchemy.
        dbapi_connection: Any = connection.connection.dbapi_connection
        dbapi_connection.execute("PRAGMA foreign_keys = OFF")
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=sqlite,
        transactional_ddl=True,
        compare_type=True,
        render_item=render_item,
    )
    with context.begin_transaction():
        if not sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ADVISORY_LOCK)))
        context.run_migrations()


def render_item(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write what our own column types store, so that a migration outlives the code they are made of."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


run()
