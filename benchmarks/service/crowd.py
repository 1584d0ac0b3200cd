"""A database with as many experiments as one likes, made by the database itself from one that was posted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from service.access.caller import LOCAL_OWNER
from service.experiments import service as experiments
from service.http.pagination import Position
from service.storage.database import Database, migrate

__all__ = ["Crowd", "crowd"]

PIECE = 50_000
"""Rows that are added in one transaction, so that its journal stays small."""

DOCUMENT = {
    "dataset": "digits",
    "architecture": [32],
    "penalty": "l2",
    "lambda": 0.1,
    "metadata": {"team": "t0"},
}

# What both databases call differently: number i as text of 26 places, and i seconds after a moment.
_PLACES = {"sqlite": "printf('%026d', i)", "postgresql": "lpad(CAST(i AS TEXT), 26, '0')"}
_MOMENT = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', '2020-01-01', '+' || i || ' seconds')",
    "postgresql": "TIMESTAMPTZ '2020-01-01 00:00Z' + i * INTERVAL '1 second'",
}
_FINISHED = {
    "status": "CASE i % 4 WHEN 0 THEN 'failed' WHEN 1 THEN 'cancelled' ELSE 'succeeded' END",
    "stop_reason": "'max_epochs'",
    "dataset": "CASE i % 3 WHEN 0 THEN 'iris' WHEN 1 THEN 'wine' ELSE 'digits' END",
    "penalty": "CASE i % 5 WHEN 0 THEN 'none' WHEN 1 THEN 'l1' ELSE 'l2' END",
    "last_epoch": "1",
    "best_epoch": "1",
}
_LABELS = {"team": "'t' || (i % 7)", "note": "'n' || i"}


class Crowd:
    """Experiments that are copies of one; number i was made in second i and has i in its id."""

    def __init__(self, database: Database) -> None:
        self.database = database
        dialect = database.engine.dialect.name
        self._id, self._moment = f"'exp_' || {_PLACES[dialect]}", _MOMENT[dialect]
        with database.transaction() as session:
            self.pattern: str = experiments.submit(session, LOCAL_OWNER, DOCUMENT).row.id
            session.execute(sa.text("UPDATE experiments SET status = 'cancelled'"))
        self.count = 0

    def position(self, place: float) -> Position:
        """Where an experiment stands in the order of creation, 0 the oldest and 1 the newest."""
        number = int(place * self.count)
        return Position(datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=number), f"exp_{number:026d}")

    def finished(self, count: int) -> None:
        """Experiments 1 to ``count`` have ended, each with an epoch and two labels: one of a few, and its own."""
        self.count = count
        for first in range(1, count + 1, PIECE):
            numbers = range(first, min(first + PIECE, count + 1))
            moments = dict.fromkeys(("started_at", "finished_at"), self._moment)
            self.add(numbers, {**_FINISHED, **moments})
            self._insert("epochs", numbers, {"experiment_id": self._id, "epoch": "1", "seconds": "0.5"})
            for key, value in _LABELS.items():
                label = {"key": f"'{key}'", "value": value, "created_at": self._moment}
                self._insert(
                    "experiment_metadata", numbers, {"experiment_id": self._id, "owner": "'local'", **label}
                )
        if not self.database.is_sqlite:  # whose own daemon does it within a minute
            with self.database.transaction() as session:
                session.execute(sa.text("ANALYZE"))

    def add(self, numbers: range, own: Mapping[str, str]) -> None:
        """Copies that differ from the pattern in the columns whose expressions of ``i`` are given."""
        table = sa.inspect(self.database.engine).get_columns("experiments")
        columns = {f'"{column["name"]}"': f'experiments."{column["name"]}"' for column in table}
        columns |= {'"id"': self._id, '"created_at"': self._moment}
        columns |= {f'"{name}"': value for name, value in own.items()}
        self._insert(
            "experiments", numbers, columns, f"JOIN experiments ON experiments.id = '{self.pattern}'"
        )

    def _insert(self, table: str, numbers: range, columns: Mapping[str, str], joined: str = "") -> None:
        series = "SELECT CAST(:first AS INTEGER) UNION ALL SELECT i + 1 FROM series WHERE i < :last"
        selected = f"{', '.join(columns.values())} FROM series {joined}"
        statement = (
            f"INSERT INTO {table} ({', '.join(columns)}) WITH RECURSIVE series(i) AS ({series}) SELECT "
        )
        with self.database.transaction() as session:
            session.execute(sa.text(statement + selected), {"first": numbers[0], "last": numbers[-1]})


@contextmanager
def crowd(url: str, count: int) -> Iterator[Crowd]:
    """So many experiments that have ended, in a database that has nothing in it yet."""
    migrate(url)
    with closing(Database(url)) as database:
        made = Crowd(database)
        made.finished(count)
        yield made
