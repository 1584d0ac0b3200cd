"""The statements that a service runs, and what a database says about how it would run them."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from service.storage.database import Base

__all__ = ["BOUNDED", "Statements", "recorded", "scans"]

BOUNDED = {"alembic_version", "engines", "leftovers", "roles", "worker_hosts"}
"""Tables with a few rows, however long the service runs: leftovers go as soon as they are looked at."""

SHORT_INDEXES = {
    "ix_experiments_dispatch_id",
    "ix_datasets_unfinished",
    "ix_blobs_being_written",
    "ix_datasets_shared",
}
"""Indexes of what is being worked on now, or was shared by hand: never much, so that reading all of one is no scan."""

Statements = dict[str, Any]
"""Parameters of one execution by the statement's text."""

_PLANNED = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")
_RENAMED = re.compile(r"\b(\w+) AS (\w+)\b")
_SCANNED = re.compile(r"SCAN (\S+)(?: USING (?:COVERING )?INDEX (\S+))?")


@contextmanager
def recorded() -> Iterator[Statements]:
    """Everything that any engine of this process executes within the block."""
    found: Statements = {}

    def note(_connection: Any, _cursor: Any, text: str, parameters: Any, *_: Any) -> None:
        if _PLANNED.match(text):
            found.setdefault(text, parameters[0] if isinstance(parameters, list) else parameters)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def scans(session: Session, statements: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each step of a plan that reads all of a table that grows, and the statement it is for."""
    look = _scans_of_sqlite if session.get_bind().dialect.name == "sqlite" else _scans_of_postgresql
    connection = session.connection()
    return [(step, text) for text, values in statements.items() for step in look(connection, text, values)]


def _scans_of_sqlite(connection: sa.Connection, text: str, values: Any) -> Iterator[str]:
    names = {name: name for name in Base.metadata.tables.keys() - BOUNDED}
    names |= {alias: table for table, alias in _RENAMED.findall(text) if table in names}
    for *_, step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values):
        found = _SCANNED.match(step)
        if found and found[1] in names and found[2] not in SHORT_INDEXES:
            yield step


def _scans_of_postgresql(connection: sa.Connection, text: str, values: Any) -> Iterator[str]:
    (document,) = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {text}", values).scalar_one()
    yield from _whole_tables(document["Plan"], limited=False)


def _whole_tables(plan: Mapping[str, Any], *, limited: bool) -> Iterator[str]:
    kind, index = plan["Node Type"], plan.get("Index Name")
    if kind == "Seq Scan" and plan["Relation Name"] in Base.metadata.tables.keys() - BOUNDED:
        yield f"Seq Scan on {plan['Relation Name']}"
    whole_index = index is not None and "Index Cond" not in plan and index not in SHORT_INDEXES
    if whole_index and (not limited or "Filter" in plan):
        yield f"{kind} of all of {index}"
    for each in plan.get("Plans", ()):
        yield from _whole_tables(each, limited=kind == "Limit")
