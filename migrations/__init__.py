"""The tables' history, applied by Alembic, which is imported only where there is something to apply."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.engine import Connection

__all__ = ["HEAD", "configuration", "revision", "upgrade"]

HEAD = "0001"
"""The newest revision in ``versions``."""


def revision(connection: Connection) -> str | None:
    """The revision of a database's tables; None where it has none of them."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return found


def upgrade(connection: Connection, target: str = "head") -> None:
    """Apply every revision up to the target in one transaction."""
    from alembic import command  # noqa: PLC0415 - a service whose tables are current does without

    command.upgrade(configuration(connection), target)


def configuration(connection: Connection) -> Config:
    """What Alembic needs to know to work on this connection, wherever the package is installed."""
    from alembic.config import Config  # noqa: PLC0415 - see upgrade

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config
