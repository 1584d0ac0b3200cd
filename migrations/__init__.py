"""The tables' history, applied by Alembic, which is imported only where there is something to apply."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.engine import Connection

__all__ = ["HEAD", "UnknownRevisionError", "configuration", "revision", "upgrade"]

HEAD = "0024"
"""The newest revision in ``versions``."""


class UnknownRevisionError(Exception):
    """The tables are of a version that this program does not know; the message says so, for people."""

    def __init__(self, found: str | None) -> None:
        super().__init__(
            f"The database's tables are of revision {found}, which this version of Trainyard (up to {HEAD}) "
            "does not know: a newer version has used it."
        )


def revision(connection: Connection) -> str | None:
    """The revision of a database's tables; None where it has none of them."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return found


def upgrade(connection: Connection, target: str = "head") -> None:
    """Apply every revision up to the target in one transaction; raises UnknownRevisionError."""
    from alembic import command, util  # noqa: PLC0415 - a service whose tables are current does without

    found = revision(connection)
    # Reading began a transaction, which Alembic would take for the caller's and leave open.
    connection.rollback()
    try:
        command.upgrade(configuration(connection), target)
    except util.CommandError as error:
        raise UnknownRevisionError(found) from error


def configuration(connection: Connection) -> Config:
    """What Alembic needs to know to work on this connection, wherever the package is installed."""
    from alembic.config import Config  # noqa: PLC0415 - see upgrade

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config
