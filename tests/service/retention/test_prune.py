"""What ended long ago goes, with everything of it, and nothing else does."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from service.checkpoints.models import CheckpointChunkRow, CheckpointRow
from service.execution.upkeep.sweeping import sweep
from service.experiments.history.models import EventRow
from service.experiments.models import EpochRow, ExperimentMetadataRow, ExperimentRow
from service.experiments.removal import repository as remains
from service.experiments.states import STATUSES, TERMINAL
from service.retention import service
from service.retention.service import Pruned, prune, read_duration
from service.storage.database import Database, utc_now
from tests.service import rows
from tests.service.events import happenings

DAY = timedelta(days=1)
ALL = sorted(TERMINAL)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty, migrated database; its tests run on SQLite and on PostgreSQL."""
    database = Database(request.getfixturevalue(f"fresh_{request.param}_url"))
    yield database
    database.close()


def ended(database: Database, days_ago: float, **values: Any) -> str:
    """A run of seven epochs, with a checkpoint of 1,000 bytes, that ended so many days ago."""
    identifier = happenings.whole_run(database, metadata={"a": "b"})
    rows.add_checkpoint(database, identifier, b"x" * 1000, piece=400)
    then = utc_now() - days_ago * DAY
    rows.change(database, identifier, created_at=then - DAY / 24, finished_at=then, **values)
    return identifier


def left(database: Database) -> set[str]:
    with database.reading() as session:
        return set(session.scalars(sa.select(ExperimentRow.id)))


def test_what_ended_long_ago_goes_with_everything_of_it(store: Database) -> None:
    old, new = ended(store, 31), ended(store, 29)
    assert prune(store, 30 * DAY, ALL, dry_run=True) == Pruned(1, 7, 1000)
    assert left(store) == {old, new}
    assert prune(store, 30 * DAY, ALL) == Pruned(1, 7, 1000)
    assert prune(store, 30 * DAY, ALL) == Pruned()
    only(store, new)


def only(database: Database, identifier: str) -> None:
    """See that nothing is stored but this experiment."""
    assert left(database) == {identifier}
    with database.reading() as session:
        for table in (EpochRow, EventRow, ExperimentMetadataRow, CheckpointRow, CheckpointChunkRow):
            assert set(session.scalars(sa.select(table.experiment_id))) == {identifier}, table


def test_many_epochs_are_removed_in_steps(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remains, "MOST_ROWS", 3)
    old, new = ended(store, 31), ended(store, 29)
    assert prune(store, 30 * DAY, ALL) == Pruned(1, 7, 1000)
    assert prune(store, 30 * DAY, ALL) == Pruned()
    with store.reading() as session:
        hidden = session.get_one(ExperimentRow, old)
        assert (hidden.owner, hidden.dataset, hidden.reserved_bytes) == (remains.NOBODY, "", 0)
        assert len(session.scalars(sa.select(EpochRow).filter_by(experiment_id=old)).all()) == 7
    sweep(store)
    only(store, new)


def test_it_is_the_end_that_counts_and_not_the_beginning(store: Database) -> None:
    identifier = ended(store, 1)
    rows.change(store, identifier, created_at=utc_now() - 100 * DAY)
    assert prune(store, 30 * DAY, ALL) == Pruned()
    assert left(store) == {identifier}


def test_only_these_statuses_and_never_what_has_not_ended(store: Database) -> None:
    made = {status: ended(store, 40, status=status) for status in STATUSES}
    for status in STATUSES:
        if status not in TERMINAL:
            rows.change(store, made[status], finished_at=None)
    assert prune(store, 30 * DAY, ["failed"]).experiments == 1
    assert left(store) == set(made.values()) - {made["failed"]}
    assert prune(store, 30 * DAY, ALL).experiments == 2
    assert left(store) == {made[status] for status in STATUSES if status not in TERMINAL}


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_more_than_a_page_in_batches_of_any_length(
    store: Database, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr(service, "_PAGE", 3)
    monkeypatch.setattr(service, "BATCH_SECONDS", seconds)
    made = [ended(store, 40, status=ALL[number % 3]) for number in range(20)]
    kept = ended(store, 1)
    for identifier in made[:7]:
        rows.change(store, identifier, created_at=rows.STARTED - 100 * DAY)
    for number, identifier in enumerate(made[4:]):
        rows.change(store, identifier, owner=f"owner {number % 5}")
    assert prune(store, 30 * DAY, ALL, dry_run=True) == Pruned(20, 140, 20_000)
    assert prune(store, 30 * DAY, ALL) == Pruned(20, 140, 20_000)
    assert left(store) == {kept}


def test_an_sqlite_file_gets_smaller(fresh_sqlite_url: str) -> None:
    database = Database(fresh_sqlite_url)
    file = Path(str(database.url.database))
    kept = ended(database, 1)
    empty = size_of(file)
    old = ended(database, 40)
    rows.add_checkpoint(database, old, bytes(8 * 2**20), piece=2**20)
    assert size_of(file) > empty + 8 * 2**20
    prune(database, 30 * DAY, ALL)
    assert size_of(file) <= empty
    assert left(database) == {kept}
    database.close()


def size_of(file: Path) -> int:
    """The size of a database's file and of what is still to be written into it."""
    return sum(
        part.stat().st_size for part in file.parent.glob(f"{file.name}*") if not part.name.endswith("shm")
    )


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("45s", timedelta(seconds=45)),
        ("90m", timedelta(minutes=90)),
        ("12h", timedelta(hours=12)),
        ("30d", 30 * DAY),
        ("8w", 56 * DAY),
        ("0d", timedelta()),
        ("99999w", timedelta(weeks=99_999)),
    ],
)
def test_durations(text: str, duration: timedelta) -> None:
    assert read_duration(text) == duration


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1.5d", "30 d", "30D", "100000w", "1d2h", "٣d"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration such as"):
        read_duration(text)
