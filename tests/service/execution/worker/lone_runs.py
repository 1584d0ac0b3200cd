"""Compare runs that share a dispatch with the same runs alone."""

import hashlib

from engine import train as train_in_notebook
from engine.safetensors import to_safetensors
from engine.spec import Experiment
from service.datasets.loading import load
from service.storage.database import Database
from tests.service.execution.steps import claim
from tests.service.execution.worker.training import (
    epochs,
    fingerprints,
    row,
)


def check_lone(database: Database, id_: str) -> None:
    """Everything that is stored of an experiment is what the engine says when it trains it alone, thus far."""
    stored = row(database, id_)
    dataset = load(stored.dataset, stored.dataset_version)
    alone = train_in_notebook(
        Experiment.from_document(stored.spec),
        dataset,
        on_epoch=lambda report: stored.status == "cancelled" and report.epoch == stored.last_epoch,
    )
    assert stored.last_epoch == alone.epochs
    assert epochs(database, id_) == list(range(1, alone.epochs + 1))
    kept = {"last": alone.last, "best": alone.best}
    expected = {
        kind: hashlib.sha256(to_safetensors(weights)).hexdigest() for kind, weights in kept.items() if weights
    }
    assert fingerprints(database, id_) == expected
    assert (stored.stop_reason, stored.best_epoch, stored.argmin_epoch) == (
        alone.stop_reason,
        alone.best_epoch,
        alone.argmin_epoch,
    )
    assert stored.test == alone.test


def trains(database: Database, id_: str) -> bool:
    stored = row(database, id_)
    return stored.status == "running" and stored.last_epoch > 0


def join(database: Database, *ids: str) -> bool:
    """Let those who wait join what trains, now or, where it is just being stored, at the next try."""
    claim(database, count=0)
    return all(row(database, id_).status != "queued" for id_ in ids)
