"""Experiments that begin with a checkpoint, and experiments on a data set's own parts, trained by a worker."""

import hashlib
from typing import Any

import pytest
import sqlalchemy as sa

from engine import train as train_in_notebook
from engine.safetensors import from_safetensors, to_safetensors
from engine.spec import Experiment
from service.checkpoints.models import CheckpointChunkRow, CheckpointRow
from service.datasets.loading import load
from service.experiments.models import ExperimentRow
from service.storage.database import Database
from tests.service.execution.conftest import Submit
from tests.service.execution.worker.training import (
    WAIT_SECONDS,
    claim,
    fingerprints,
    row,
    train,
    training,
    wait_for,
)

NORMALIZED: dict[str, Any] = {"architecture": [{"units": 4, "batch_norm": True}, 3], "optimizer": "adam"}


@pytest.fixture
def fresh_database_url(fresh_sqlite_url: str) -> str:
    """URL of an SQLite file; test_worker.py and the tests of the ledger store the same in PostgreSQL, too."""
    return fresh_sqlite_url


def content(database: Database, id_: str, kind: str) -> bytes:
    with database.reading() as session:
        query = sa.select(CheckpointChunkRow.content).filter_by(experiment_id=id_, kind=kind)
        return b"".join(session.scalars(query.order_by(CheckpointChunkRow.position)))


def trained_source(database: Database, submit_experiment: Submit) -> str:
    id_ = submit_experiment(**NORMALIZED)
    train(database, claim(database))
    return id_


def warm(submit_experiment: Submit, source: str, **changes: Any) -> str:
    return submit_experiment(**NORMALIZED, init={"name": "given", "checkpoint": source}, **changes)


def delete(database: Database, id_: str) -> None:
    with database.transaction() as session:
        session.execute(sa.delete(ExperimentRow).where(ExperimentRow.id == id_))


def test_the_bits_are_the_engines_own(database: Database, submit_experiment: Submit) -> None:
    source = trained_source(database, submit_experiment)
    id_ = warm(submit_experiment, f"{source}/last", seed=2)
    initial = from_safetensors(content(database, source, "last"))
    delete(database, source)
    train(database, claim(database))
    stored = row(database, id_)
    assert (stored.status, stored.error) == ("succeeded", None)
    dataset = load(stored.dataset, stored.dataset_version)
    expected = train_in_notebook(Experiment.from_document(stored.spec), dataset, initial=initial)
    found = fingerprints(database, id_)
    assert found["last"] == hashlib.sha256(to_safetensors(expected.last)).hexdigest()
    assert stored.test == expected.test
    assert found["initial"] not in {found["best"], found["last"]}


def test_a_resumed_one_ends_with_the_same_bits(database: Database, submit_experiment: Submit) -> None:
    source = trained_source(database, submit_experiment)
    undisturbed, disturbed = (warm(submit_experiment, source, max_epochs=3000) for _ in range(2))
    train(database, claim(database))
    with training(database, claim(database)) as process:
        wait_for(lambda: row(database, disturbed).last_epoch > 0)
        process.stop(WAIT_SECONDS)
    assert 0 < row(database, disturbed).last_epoch < 3000
    train(database, claim(database))
    assert row(database, disturbed).attempt == 2
    assert fingerprints(database, disturbed) == fingerprints(database, undisturbed)


def test_a_lost_copy_is_a_failure_that_says_so(database: Database, submit_experiment: Submit) -> None:
    id_ = warm(submit_experiment, trained_source(database, submit_experiment))
    with database.transaction() as session:
        session.execute(sa.delete(CheckpointRow).filter_by(experiment_id=id_, kind="initial"))
    train(database, claim(database))
    stored = row(database, id_)
    assert (stored.status, stored.stop_reason) == ("failed", "error")
    assert stored.error is not None
    assert stored.error["code"] == "invalid_spec"
    assert "#/init/checkpoint" in stored.error["message"]


def test_a_data_sets_own_parts_are_trained_and_tested_on(
    database: Database, submit_experiment: Submit
) -> None:
    id_ = submit_experiment(dataset="mnist-mini", split={"by": "dataset"}, max_epochs=1)
    train(database, claim(database))
    stored = row(database, id_)
    assert (stored.rows_train, stored.rows_validation, stored.rows_test) == (1000, 0, 2000)
    assert (stored.status, stored.spec["monitor"], stored.best_epoch) == ("succeeded", "train_loss", 1)
    assert stored.final is not None
    assert stored.final["val_loss"] is None
    assert stored.test is not None
    assert stored.test["accuracy"] > 0.2
