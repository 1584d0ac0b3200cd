"""A PostgreSQL that is there and does not answer: how long to wait for it."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from sqlalchemy import event
from sqlalchemy.engine import Dialect, Engine
from typing_extensions import override

__all__ = ["lose_patience"]


def lose_patience(engine: Engine, seconds: float) -> None:
    """Have every statement of this engine raise OperationalError that has had no answer for so long.

    The server's own time limits do nothing where it is the server that hangs, and TCP notices only a host that is gone.
    """

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
