"""What an experiment reserves when it is posted, beside what its run then stores."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine import Column, Dataset, train
from engine.safetensors import to_safetensors
from engine.training.loop import Result
from service.access.caller import LOCAL_OWNER
from service.datasets import loading
from service.execution.dispatching import repository
from service.execution.dispatching.executor import MemoryUse
from service.execution.ledger import writes
from service.execution.ledger.blobs import Weights
from service.execution.worker.work import Ending, Lease
from service.experiments import actions
from service.experiments.size_limits import stored_bytes
from service.experiments.states import TERMINAL
from service.experiments.submission import read_submission
from service.limits.service import usage
from service.storage.database import Database, utc_now
from tests.service.execution.conftest import Submit
from tests.service.execution.steps import begin, begin_all, claim, flush, lose_all, row, store


def size_of(result: Result) -> int:
    """The bytes of a run's checkpoints."""
    assert result.best is not None
    return len(to_safetensors(result.best)) + len(to_safetensors(result.last))


DEEP = [{"units": 3, "batch_norm": True, "dropout": 0.1, "activation": "leaky_relu"}] * 32


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("architecture", [[], [64], DEEP], ids=["linear", "one layer", "deep"])
@pytest.mark.parametrize("name", ["iris", "digits", "diabetes"])
def test_it_is_enough(name: str, architecture: list[Any], precision: str) -> None:
    asked = {"dataset": name, "architecture": architecture, "precision": precision, "max_epochs": 1}
    submission = read_submission({**asked, "seed": 1})
    reserved = stored_bytes(submission, begins_with_checkpoint=False)
    result = train(submission.resolved.experiment, loading.load(name, submission.dataset.version))
    stored = size_of(result)
    assert stored <= reserved <= 3 * stored + 2**16


def test_it_is_enough_for_encoded_columns() -> None:
    rows = np.random.default_rng(1)
    columns = [Column(levels=2000), *[Column(missing=True)] * 100]
    numbers = rows.normal(size=(2000, 100)) * 1e-200
    x = np.concatenate([np.arange(2000.0)[:, None], numbers], axis=1)
    dataset = Dataset(x, rows.normal(size=(2000, 3)), task="regression", columns=columns)

    class Encoded:
        name, version, warnings, classes = "encoded", "", (), None
        facts = dataset.facts

    submission = read_submission(
        {"dataset": "encoded", "architecture": [], "max_epochs": 1}, lambda _: Encoded()
    )
    result = train(submission.resolved.experiment, dataset)
    stored = size_of(result)
    assert stored <= stored_bytes(submission, begins_with_checkpoint=False)


def test_what_has_ended_is_charged_for_what_it_stored(database: Database, submit_experiment: Submit) -> None:
    other = submit_experiment()
    work = begin(database)
    id_ = work.lease.experiment_id
    reserved = row(database, other).reserved_bytes
    best = Weights("best", 2, {}, b"x" * 1000)
    ending = Ending("succeeded", "max_epochs")
    assert store(database, replace(flush(work.lease), weights=[best], ending=ending))
    waiting = submit_experiment()
    assert (id_, row(database, id_).reserved_bytes) == (other, 1000)
    assert row(database, waiting).reserved_bytes == reserved
    with database.reading() as session:
        assert usage(session, row(database, id_).owner).stored_bytes == 1000 + reserved


def lose_for_memory(database: Database) -> None:
    with database.transaction() as session:
        use = MemoryUse(2, 1)
        repository.release(session, repository.held(session), utc_now(), lost=True, memory=use)


def cancel(database: Database, id_: str) -> None:
    with database.transaction() as session:
        actions.cancel(session, LOCAL_OWNER, id_)


def end_by_losses(database: Database) -> None:
    for losses in range(repository.MAX_LOSSES):
        if losses:
            begin_all(database, *claim(database))
        lose_all(database)


def end_by_memory(database: Database) -> None:
    lose_for_memory(database)
    begin_all(database, *claim(database))
    lose_for_memory(database)


def end_by_a_loss_while_cancelling(database: Database) -> None:
    cancel(database, held(database))
    lose_all(database)


def end_by_handing_back_while_cancelling(database: Database) -> None:
    id_ = held(database)
    cancel(database, id_)
    found = row(database, id_)
    assert found.dispatch_id is not None
    with database.transaction() as session:
        writes.hand_back(session, found.dispatch_id, [Lease(id_, found.attempt)])


def held(database: Database) -> str:
    with database.reading() as session:
        (one,) = repository.held(session)
    return one.id


@pytest.mark.parametrize(
    "end",
    [
        end_by_losses,
        end_by_memory,
        end_by_a_loss_while_cancelling,
        end_by_handing_back_while_cancelling,
    ],
)
def test_so_is_what_its_worker_could_not_end(
    database: Database, submit_experiment: Submit, end: Callable[[Database], None]
) -> None:
    id_ = submit_experiment()
    work = begin(database)
    best = Weights("best", 1, {}, b"x" * 1000)
    store(database, replace(flush(work.lease), weights=[best]))
    assert row(database, id_).reserved_bytes > 1000
    end(database)
    ended = row(database, id_)
    assert (ended.status in TERMINAL, ended.reserved_bytes) == (True, 1000)
    with database.reading() as session:
        assert usage(session, ended.owner).stored_bytes == 1000
