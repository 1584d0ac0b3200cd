"""Pages of a list that changes while it is read: whatever was there all the time is shown once."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from service.experiments import repository, service
from service.experiments.identifiers import new_identifier
from service.experiments.models import ExperimentRow
from service.experiments.service import Filters
from service.http.pagination import NEWEST_FIRST, OLDEST_FIRST
from service.storage.database import Database

TABLE: Any = ExperimentRow.__table__
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

MORE_THAN_THERE_CAN_BE = 100

moments = st.integers(0, 5)
changes = st.lists(st.tuples(st.sampled_from(["insert", "delete"]), moments), max_size=3)


@contextmanager
def copied(migrated_file: Path) -> Iterator[Session]:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{shutil.copy(migrated_file, folder)}")
        with database.transaction() as session:
            yield session
        database.close()


class Rows:
    """The experiments there are; many of one moment."""

    def __init__(self, session: Session) -> None:
        self._session = session
        row = service.submit(session, "local", {"dataset": "iris", "seed": 1}).row
        self._template = {name: value for name, value in row._asdict().items() if name in TABLE.c}
        repository.delete(session, row.id)
        self.there: list[str] = []

    def change(self, how: str, number: int) -> str | None:
        if how == "delete":
            if not self.there:
                return None
            gone = self.there.pop(number % len(self.there))
            repository.delete(self._session, gone)
            return gone
        moment = NOON + timedelta(seconds=number)
        self.there.append(new_identifier(moment))
        own = {"id": self.there[-1], "created_at": moment}
        self._session.execute(sa.insert(TABLE), {**self._template, **own})
        return None


@pytest.mark.parametrize("sort", [NEWEST_FIRST, OLDEST_FIRST])
@settings(max_examples=30)
@given(first=st.lists(moments, max_size=8), limit=st.integers(1, 3), between=st.lists(changes, max_size=6))
def test_what_was_there_all_the_time_is_shown_once(
    migrated_file: Path, sort: str, first: list[int], limit: int, between: list[list[tuple[str, int]]]
) -> None:
    with copied(migrated_file) as session:
        rows = Rows(session)
        for moment in first:
            rows.change("insert", moment)
        seen: list[tuple[datetime, str]] = []
        stayed, after = set(rows.there), None
        while len(seen) < MORE_THAN_THERE_CAN_BE:
            page = service.list_page(session, "local", Filters(), sort=sort, limit=limit, after=after)
            seen += [(placed.row.created_at, placed.row.id) for placed in page.items]
            if page.next is None:
                break
            after = page.next
            for how, number in between.pop() if between else ():
                stayed.discard(rows.change(how, number) or "")
    assert seen == sorted(set(seen), reverse=sort == NEWEST_FIRST)
    assert stayed <= {identifier for _, identifier in seen}
