"""Epochs as rows."""

import math
from typing import Any

import pytest
import sqlalchemy as sa

from engine.spec import METRICS
from engine.training.loop import Metrics
from service.execution.ledger.curves import document, epoch_row, insert_epochs
from service.experiments.models import EpochRow
from service.storage.database import Database
from tests.service.execution.conftest import Submit

NUMBERS: dict[str, Any] = {
    "train_loss": 0.1,
    "val_loss": 1 / 3,
    "penalty": 0.0,
    "objective": 1e308,
    "weight_norm": 1e308,
    "zero_fraction": 5e-324,
    "gradient_norm": 2.0,
    "learning_rate": 0.1,
}


def test_every_metric_has_a_column() -> None:
    others = {"experiment_id", "epoch", "seconds", "non_finite"}
    assert {column.name for column in sa.inspect(EpochRow).columns} == {*METRICS, *others}


@pytest.mark.parametrize("bad", [{}, {"val_loss": math.nan, "objective": -math.inf}])
def test_what_is_stored_is_what_was_measured(
    database: Database, submit_experiment: Submit, bad: dict[str, float]
) -> None:
    id_ = submit_experiment()
    row = epoch_row(1, 0.5, Metrics(**NUMBERS | bad))
    with database.transaction() as session:
        insert_epochs(session, [(id_, row)])
    with database.reading() as session:
        stored = session.get_one(EpochRow, (id_, 1))
    expected = dict.fromkeys(METRICS) | NUMBERS | dict.fromkeys(bad)
    assert {name: getattr(stored, name) for name in METRICS} == expected
    assert (stored.seconds, stored.non_finite) == (0.5, list(bad) or None)
    assert document(row) == expected | ({"non_finite": list(bad)} if bad else {})


def test_no_epochs_are_no_statement(database: Database) -> None:
    with database.reading() as session:
        insert_epochs(session, [])
