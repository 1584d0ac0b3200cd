"""Connections to PostgreSQL, with timeouts on both sides."""

from __future__ import annotations

from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.abc import RV, PQGen
from sqlalchemy import event
from sqlalchemy.engine import URL, Dialect, Engine
from typing_extensions import override

__all__ = ["postgresql_engine"]

FORGOTTEN_SECONDS = 15
"""Seconds a transaction keeps its locks while its process is frozen or its host is gone.

Less than a lease: a worker that takes over must find no row locked.
"""

# A host that vanished says nothing; left alone, TCP takes a quarter of an hour or more to believe it.
_CONNECTING = {
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}


def postgresql_engine(url: URL, patience_seconds: float | None, **options: Any) -> Engine:
    """Connections that raise OperationalError over a statement without an answer for so long; None waits."""
    engine = sa.create_engine(url, pool_pre_ping=True, connect_args=_CONNECTING, **options)
    event.listen(engine, "connect", _forget)
    if patience_seconds is not None:
        _lose_patience(engine, patience_seconds)
    return engine


def _forget(connection: psycopg.Connection[Any], _record: object) -> None:
    # A setting of the session, whatever becomes of the transactions to come.
    connection.autocommit = True
    connection.execute(f"SET idle_in_transaction_session_timeout = '{FORGOTTEN_SECONDS}s'".encode())
    connection.autocommit = False


def _lose_patience(engine: Engine, seconds: float) -> None:
    """The server's own time limits do nothing if it is the server that hangs."""

    class Connection(psycopg.Connection[Any]):
        @override
        def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
            try:
                return super().wait(gen, interval, seconds if timeout is None else timeout)
            except psycopg.OperationalError as error:
                if self.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
                    # Whatever comes after all would be taken for the answer to the next statement.
                    self.pgconn.finish()
                    message = f"no answer within {seconds:g} s"
                    raise psycopg.OperationalError(message) from error
                raise

    def connect(_dialect: Dialect, _record: object, arguments: list[Any], options: dict[str, Any]) -> object:
        return Connection.connect(*arguments, **options)

    event.listen(engine, "do_connect", connect)
