"""No statement reads all of a table that grows: the databases are asked about each that the service runs."""

import contextlib
import threading
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from typing_extensions import override

from service.datasets import service as datasets
from service.datasets.cache import DatasetCache
from service.datasets.models import DatasetUploadRow
from service.execution.dispatching import repository
from service.execution.dispatching.dispatcher import take_over
from service.execution.ledger import writes
from service.execution.upkeep.intake import Intake
from service.execution.upkeep.sweeper import Sweeper
from service.execution.upkeep.sweeping import sweep
from service.execution.worker import run
from service.execution.worker.dispatches import WorkerProcess
from service.execution.worker.work import Work
from service.experiments.history.repository import last_events
from service.experiments.models import ResumeStateRow
from service.experiments.removal import repository as remains
from service.idempotency import repository as idempotency
from service.retention.service import prune
from service.storage.database import Base, Database, migrate, utc_now
from tests.service import rows
from tests.service.conftest import OpenClient
from tests.service.datasets.uploading import CSV, read_all, upload
from tests.service.execution.engines import Engine
from tests.service.storage.plans import BOUNDED, recorded, scans

ROWS = 20_000
SMALL: dict[str, Any] = {"dataset": "iris", "architecture": [4], "max_epochs": 3, "seed": 1}


class Once(threading.Event):
    """Stops a loop after its first round."""

    @override
    def wait(self, timeout: float | None = None) -> bool:
        waited = self.is_set()
        self.set()
        return waited


class Story:
    """What users, the engine and the operator do, in this process."""

    def __init__(self, client: TestClient, database: Database, folder: Path) -> None:
        self.client, self.database, self.folder = client, database, folder
        self.engine = Engine(database)
        self.engine.dispatcher.step(0.0)

    def post(self, path: str = "", **document: Any) -> Any:
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        answer = self.client.post(f"/v1/experiments{path}", json=document, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def get(self, path: str, **headers: str) -> Any:
        answer = self.client.get(f"/v1/{path}", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer

    def dispatch(self, now: float) -> str:
        self.engine.dispatcher.step(now)
        return self.engine.workers.submitted[-1]

    def train(self, now: float) -> None:
        url = self.database.url.render_as_string(hide_password=False)
        with contextlib.closing(WorkerProcess(url, self.folder / "cache", 2**30)) as worker:
            worker.train(self.dispatch(now))

    def begin(self, now: float) -> tuple[str, list[Work]]:
        dispatch_id = self.dispatch(now)
        with self.database.transaction() as session:
            works = writes.begin(session, dispatch_id)
            writes.beat(session, [work.lease for work in works])
            writes.wishes(session, dispatch_id, [work.lease for work in works])
        return dispatch_id, works

    def of_data_sets(self) -> str:
        made = upload(self.client, target="label").json()
        self.client.post("/v1/datasets/announcements", json={})
        Intake(self.database, self.folder / "intake", lambda: True).give_up_uploads(0.0)
        with self.database.reading() as session:
            assert datasets.first_in_line(session, ["ds_another"]) is not None
        self.folder.joinpath("reading").mkdir()
        read_all(self.database, self.folder / "reading")
        other = upload(self.client, CSV + b"\n1,2,red,no", target="label").json()
        upload(self.client, target="label")
        for path in ("", "?owner=me", f"/{made['id']}", f"/{made['id']}/preview"):
            self.client.get(f"/v1/datasets{path}")
        assert self.client.delete(other["links"]["delete"]).status_code == 204
        sweep(self.database)
        found = self.get(f"datasets/{made['id']}").json()
        DatasetCache(self.database, self.folder / "other", 2**30).load(made["id"], found["version"])
        return str(made["id"])

    def of_experiments(self, dataset: str) -> str:
        self.post(**SMALL | {"dataset": dataset, "metadata": {"course": "ml", "week": "3"}})
        id_ = str(self.post(**SMALL, metadata={"course": "ml"})["id"])
        self.post("/validate", **SMALL)
        self.train(1.0)
        self.train(2.0)
        warm = self.post(**SMALL, init={"name": "given", "checkpoint": id_})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(run, "SMALL_BYTES", 0)
            self.train(3.0)
        Sweeper(self.database, lambda: True).run(Once())
        assert self.get(f"experiments/{warm['id']}").json()["status"] == "succeeded"
        for path in ("", "/metrics", "/metrics?max_points=2", "/checkpoints", "/checkpoints/best/content"):
            self.get(f"experiments/{id_}{path}")
        self.get(f"experiments/{id_}/events", Accept="application/json")
        self.get(f"events?experiment={id_}", Accept="application/json")
        with self.database.reading() as session:
            last_events(session, [id_])
        for query in (
            "",
            "status=queued",
            "status=succeeded&status=failed&dataset=iris&penalty=none",
            "status=queued&metadata[course]=ml",
            "metadata[course]=ml&metadata[week]=3&dataset=iris",
            "sort=created_at",
        ):
            self.get(f"experiments?limit=1&{query}")
        following = self.get("experiments?limit=1").json()["next"]
        self.get(f"experiments?limit=1&after={following}")
        self.client.patch(f"/v1/experiments/{id_}", json={"metadata": {"week": "4"}, "priority": 1})
        self.get("limits")
        self.client.get("/readyz")
        self.client.app.state.measures.text()  # type: ignore[attr-defined]  # the client only knows an ASGI app
        return id_

    def of_ends(self, ended: str) -> None:
        waiting = self.post(**SMALL, name="waiting")["id"]
        for action in ("pause", "resume", "cancel"):
            self.post(f"/{waiting}/{action}")
        assert self.client.delete(f"/v1/experiments/{waiting}").status_code == 204
        self.post(**SMALL, name="running")
        with self.database.transaction() as session:
            # Bytes that are gone when all is over, so that there would be none to see how they are found.
            session.add(DatasetUploadRow(dataset_id="coming", position=0, content=b"bytes"))
            session.add(ResumeStateRow(experiment_id=ended, position=0, epoch=1, content=b"state"))
        dispatch_id, works = self.begin(4.0)
        with self.database.transaction() as session:
            assert writes.is_held(session, dispatch_id)
            assert not writes.is_foreign(session, dispatch_id)
            writes.hand_back(session, dispatch_id, [work.lease for work in works])
        dispatch_id, _ = self.begin(5.0)
        self.engine.workers.lose(dispatch_id)
        self.begin(6.0)
        with self.database.transaction() as session:
            repository.release(session, repository.held(session), utc_now(), lost=False)
        take_over(self.database, "engine_a")

    def of_housekeeping(self) -> None:
        long = self.post(**SMALL, name="long")["id"]
        rows.change(self.database, long, last_epoch=remains.MOST_ROWS + 1)
        assert self.client.delete(f"/v1/experiments/{long}").status_code == 204
        sweep(self.database)
        self.post(f"/{self.post(**SMALL, name='cancelled')['id']}/cancel")
        for dry_run in (True, False):
            assert prune(self.database, timedelta(0), ["cancelled"], dry_run=dry_run).experiments == 1
        sweep(self.database)
        with self.database.transaction() as session:
            idempotency.reap(session, utc_now() - timedelta(1), 10)


def fill(database: Database) -> None:
    """Give every table of PostgreSQL that grows many rows, all of them done with, and have it count them.

    SQLite, which is not told how many rows there are, plans without looking.
    """
    done = {"owner": "'other'", "status": "'succeeded'", "dispatch_id": "NULL", "finished_at": "now()"}
    # Rows refer to those of the same number in other tables.
    own = {"id", "key", "experiment_id", "dataset_id", "version", "fingerprint", "blob_id"}
    number = "lpad(number::text, 8, '0')"
    values = done | dict.fromkeys(own, number)
    with database.transaction() as session:
        for table in Base.metadata.sorted_tables:
            if table.name in BOUNDED:
                continue
            # The status of a repeated request is a number.
            kept = {"status"} if table.name == "idempotency_keys" else set()
            changed = {name: text for name, text in values.items() if name not in kept}
            if len(table.primary_key.columns) == 1:
                changed[next(iter(table.primary_key.columns)).name] = number
            found = [sa.text(changed.get(column.name, f'"{column.name}"')) for column in table.c]
            template: Any = sa.select(table).limit(1).subquery()
            numbers: Any = (
                sa.func.generate_series(1, ROWS).table_valued("number").alias("numbers").render_derived()
            )
            rows: Any = sa.select(*found).select_from(template.join(numbers, sa.true()))
            session.execute(sa.insert(table).from_select([*table.c.keys()], rows))
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")


def test_no_statement_scans_a_table_that_grows(
    database_url: str, open_client: OpenClient, tmp_path: Path
) -> None:
    migrate(database_url)
    client = open_client(database_url, max_queued_per_owner=1000)
    database: Database = client.app.state.database  # type: ignore[attr-defined]  # the client only knows an ASGI app
    story = Story(client, database, tmp_path)
    with recorded() as statements:
        dataset = story.of_data_sets()
        story.of_ends(story.of_experiments(dataset))
        story.of_housekeeping()
    if not database.is_sqlite:
        fill(database)
    with database.reading() as session:
        found = scans(session, statements)
    assert found == [], "\n\n".join(map("\n".join, found))
    texts = "".join(statements)
    touched = {name for name in Base.metadata.tables if name in texts}
    of_keys = {"api_keys", "owner_groups", "group_members"}
    assert touched >= Base.metadata.tables.keys() - of_keys - {"alembic_version"}


def test_what_refers_to_a_row_is_found_by_an_index() -> None:
    for table in Base.metadata.tables.values():
        indexes: list[Any] = [table.primary_key, *table.indexes]
        indexed = [[column.name for column in index.columns] for index in indexes]
        for key in table.foreign_key_constraints:
            names = [column.name for column in key.columns]
            assert any(index[: len(names)] == names for index in indexed), f"{table.name}: {names}"
