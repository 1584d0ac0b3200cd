"""The tables' history on SQLite and on a real PostgreSQL: up, in step with the models, down, up again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

import migrations
import service.checkpoints.models
import service.execution.models
import service.experiments.history.models
import service.experiments.models
import service.health.models
import service.idempotency.models
import service.keys.models
import service.limits.models  # noqa: F401 - each import adds its tables to Base.metadata
from migrations import UnknownRevisionError
from service.access.caller import LOCAL_OWNER
from service.experiments.service import submit
from service.storage.database import Base, Database, is_current, migrate
from tests.service import rows

BROKEN = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade():
    op.create_table("half", sa.Column("id", sa.Integer()))
    raise RuntimeError("broken")
"""


def tables(database: Database) -> set[str]:
    return set(sa.inspect(database.engine).get_table_names())


def schema(database: Database) -> dict[str, object]:
    """Everything the database says about its tables."""
    inspector = sa.inspect(database.engine)
    return {
        name: (
            [
                (column["name"], str(column["type"]), column["nullable"])
                for column in inspector.get_columns(name)
            ],
            sorted((index["name"], index["column_names"]) for index in inspector.get_indexes(name)),
            inspector.get_pk_constraint(name),
            sorted(str(key) for key in inspector.get_foreign_keys(name)),
        )
        for name in inspector.get_table_names()
    }


def run(database: Database, action: str, *arguments: str) -> None:
    with database.engine.connect() as connection:
        getattr(command, action)(migrations.configuration(connection), *arguments)


def test_up_check_down_up(database_url: str) -> None:
    database = Database(database_url)
    migrate(database_url)
    run(database, "check")
    made = schema(database)
    assert set(Base.metadata.tables) <= tables(database)

    run(database, "downgrade", "base")
    assert tables(database) == {"alembic_version"}

    migrate(database_url)
    assert schema(database) == made
    database.close()


def test_what_was_stored_before_revisions_were_counted_is_of_the_first(database_url: str) -> None:
    database = Database(database_url)
    migrate(database_url)
    with database.transaction() as session:
        submit(session, LOCAL_OWNER, {"dataset": "iris"})
        session.execute(sa.text("UPDATE experiments SET engine_revision = 7"))
    run(database, "downgrade", "0007")
    migrate(database_url)
    with database.reading() as session:
        assert session.execute(sa.text("SELECT engine_revision FROM experiments")).scalars().all() == [1]
    database.close()


def test_experiments_of_before_tasks_were_stored_have_the_task_of_their_loss(database_url: str) -> None:
    database = Database(database_url)
    migrate(database_url)
    losses = {"iris": "cross_entropy", "diabetes": "squared_error"}
    with database.transaction() as session:
        for name in losses:
            submit(session, LOCAL_OWNER, {"dataset": name})
        several = submit(session, LOCAL_OWNER, {"dataset": "breast_cancer"})
        identifier = {"id": several.row.id}
        session.execute(sa.text("UPDATE experiments SET classes = NULL WHERE id = :id"), identifier)
    run(database, "downgrade", "0008")
    migrate(database_url)
    with database.reading() as session:
        found = session.execute(sa.text("SELECT dataset, task FROM experiments")).all()
    assert dict(map(tuple, found)) == {
        "iris": "multiclass",
        "diabetes": "regression",
        "breast_cancer": "multilabel",
    }
    database.close()


def test_what_was_stored_before_bytes_were_reserved_is_charged(database_url: str) -> None:
    database = Database(database_url)
    migrate(database_url)
    with database.transaction() as session:
        ended, waiting = (submit(session, LOCAL_OWNER, {"dataset": "iris"}).row for _ in range(2))
    rows.change(database, ended.id, status="succeeded", finished_at=rows.FINISHED)
    rows.add_checkpoint(database, ended.id, b"x" * 1234)
    run(database, "downgrade", "0010")
    migrate(database_url)
    with database.reading() as session:
        found = session.execute(sa.text("SELECT id, reserved_bytes FROM experiments")).all()
        charged = session.execute(sa.text("SELECT owner, experiment_bytes FROM owner_usage")).all()
    reserved = dict(map(tuple, found))
    assert reserved[ended.id] == 1234
    assert reserved[waiting.id] >= waiting.reserved_bytes
    assert list(map(tuple, charged)) == [(LOCAL_OWNER, sum(reserved.values()))]
    database.close()


def test_a_table_that_the_models_lack_fails_the_check(database_url: str) -> None:
    database = Database(database_url)
    migrate(database_url)
    with database.transaction() as session:
        session.execute(sa.text("CREATE TABLE forgotten (id INTEGER PRIMARY KEY)"))
    with pytest.raises(Exception, match="forgotten"):
        run(database, "check")
    database.close()


def test_tables_are_current_once_migrated(database_url: str) -> None:
    database = Database(database_url)
    with database.reading() as session:
        assert not is_current(session)
    migrate(database_url)
    with database.reading() as session:
        assert is_current(session)
    database.close()


def test_processes_that_migrate_at_the_same_time_wait_for_each_other(
    database_url: str, tmp_path: Path
) -> None:
    command_line = [sys.executable, "-m", "service.cli", "migrate"]
    environment = {
        **os.environ,
        "TRAINYARD_DATABASE_URL": database_url,
        "TRAINYARD_DATA_DIR": str(tmp_path / "data"),
    }
    processes = [
        subprocess.Popen(command_line, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    assert [(process.communicate()[1], process.returncode) for process in processes] == [("", 0)] * 3


def test_the_newest_revision_is_the_head() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert scripts.get_heads() == [migrations.HEAD]


def test_tables_of_a_newer_version_are_left_alone(database_url: str) -> None:
    migrate(database_url)
    database = Database(database_url)
    with database.transaction() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UnknownRevisionError, match="9999"):
        migrate(database_url)
    database.close()


def test_a_migration_that_fails_leaves_nothing_behind(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    versions = tmp_path / "versions"
    versions.mkdir()
    folder = Path(migrations.__file__).parent
    for file in (folder / "env.py", folder / "script.py.mako", *folder.glob("versions/*.py")):
        (tmp_path / file.relative_to(folder)).write_text(file.read_text())
    (versions / "9999_broken.py").write_text(BROKEN.format(head=migrations.HEAD))
    monkeypatch.setattr(migrations, "__file__", str(tmp_path / "__init__.py"))

    with pytest.raises(RuntimeError, match="broken"):
        migrate(database_url)
    database = Database(database_url)
    assert tables(database) == set()
    database.close()
