import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from service.execution.models import RoleRow
from service.health.models import EngineRow
from service.storage.database import Database, DatabaseUrlError


def test_a_transaction_commits_at_its_end_and_not_before(database: Database) -> None:
    with database.transaction() as session:
        session.add(RoleRow(name="a", holder="me"))
        session.flush()
        with database.reading() as other:
            assert other.get(RoleRow, "a") is None
    with database.reading() as session:
        assert session.get(RoleRow, "a") is not None


def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    def work() -> None:
        with database.transaction() as session:
            session.add(RoleRow(name="a", holder="me"))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    with database.reading() as session:
        assert session.get(RoleRow, "a") is None


def test_what_is_only_read_cannot_be_changed(database: Database) -> None:
    with database.reading() as session, pytest.raises(sa.exc.DBAPIError):
        session.execute(sa.insert(RoleRow).values(name="a", holder="me", counter=0))
    with database.reading() as session:
        assert session.get(RoleRow, "a") is None


def test_concurrent_read_modify_write_loses_no_update(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.transaction() as session:
        session.execute(sa.text("CREATE TABLE counters (value INTEGER)"))
        session.execute(sa.text("INSERT INTO counters VALUES (0)"))

    def count() -> None:
        for _ in range(50):
            with database.transaction() as session:
                value = session.execute(sa.text("SELECT value FROM counters")).scalar_one()
                session.execute(sa.text("UPDATE counters SET value = :value"), {"value": value + 1})

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert session.execute(sa.text("SELECT value FROM counters")).scalar_one() == 200
    database.close()


def test_a_point_in_time_comes_back_in_utc(database: Database) -> None:
    east = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone(timedelta(hours=5)))
    with database.transaction() as session:
        session.add(EngineRow(id="e", hostname="h", started_at=east, beat_at=east, slots=1))
    with database.reading() as session:
        found = session.get_one(EngineRow, "e").started_at
    assert found == east
    assert found.utcoffset() == timedelta(0)


def test_a_naive_point_in_time_is_refused(database: Database) -> None:
    naive = datetime.now(UTC).replace(tzinfo=None)
    with pytest.raises(sa.exc.StatementError, match="time zone"), database.transaction() as session:
        session.add(EngineRow(id="e", hostname="h", started_at=naive, beat_at=naive, slots=1))


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_by_any_of_its_names_uses_psycopg(scheme: str) -> None:
    assert Database(f"{scheme}://user:secret@host/name").url.drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "mysql://host/name", "postgresql://host:port/name", "sqlite://", "sqlite:///:memory:"],
)
def test_other_urls_are_refused_in_words(url: str) -> None:
    with pytest.raises(DatabaseUrlError, match="is not a database URL"):
        Database(url)


def test_a_refusal_does_not_show_the_password() -> None:
    with pytest.raises(DatabaseUrlError) as refusal:
        Database("mysql://user:secret@host/name")
    assert "secret" not in str(refusal.value)
