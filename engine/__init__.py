"""Trainyard's engine: trains regularized neural networks in NumPy, usable on its own.

Train one network on features x (N, I) and, for classes, their numbers from 0 in y (N,):

    from engine import Dataset, Experiment, train

    dataset = Dataset(x, y, task="multiclass", classes=10)
    curve = []
    result = train(
        Experiment(architecture=[30], penalty="l2", lambda_=0.1, patience=10, max_epochs=50, seed=1),
        dataset,
        on_epoch=lambda report: curve.append(report.metrics.val_loss),
    )
    print(result.best_epoch, result.test["accuracy"], curve[-1])
    print(result.best.arrays["0.weight"].shape)

An Experiment takes the fields of the REST API's specification, nested values as names or as dictionaries; only
``lambda`` is spelled ``lambda_``. A wrong value is answered with what is allowed.

Go on from weights that another network of the same shape ended with:

    warm = train(Experiment(architecture=[30], optimizer={"name": "adam"}, max_epochs=5), dataset, initial=result.best)

Drive the epochs yourself, of several experiments as one stack (``send({lane: "user"})`` instead of ``next`` stops one):

    from engine import prepare, resolve
    from engine.training import training

    found = [resolve(Experiment(architecture=[30], max_epochs=5, seed=seed), dataset.facts) for seed in (1, 2, 3)]
    for report in training([each.experiment for each in found], prepare(dataset, found[0])):
        print([lane.metrics.val_accuracy for lane in report.lanes])

Read how each number is computed, in plain NumPy and without a trick, in ``engine.textbook``.

Names are resolved on first use (PEP 562), so that ``engine.spec`` and ``engine.errors`` come without NumPy.
Import the engine before NumPy: it then tells NumPy's BLAS which kernels to use (``engine.blas``).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from engine import blas

if TYPE_CHECKING:
    from engine.data import Column, Dataset, prepare
    from engine.errors import EngineError, InvalidCheckpoint, InvalidData, InvalidSpec
    from engine.safetensors import Checkpoint
    from engine.spec import Experiment, Layer, Split, resolve
    from engine.training import train
    from engine.training.loop import EpochReport, Result

__all__ = [
    "Checkpoint",
    "Column",
    "Dataset",
    "EngineError",
    "EpochReport",
    "Experiment",
    "InvalidCheckpoint",
    "InvalidData",
    "InvalidSpec",
    "Layer",
    "Result",
    "Split",
    "prepare",
    "resolve",
    "train",
]

_MODULES = {
    "Checkpoint": "engine.safetensors",
    "Column": "engine.data.columns",
    "Dataset": "engine.data",
    "EngineError": "engine.errors",
    "EpochReport": "engine.training",
    "Experiment": "engine.spec",
    "InvalidCheckpoint": "engine.errors",
    "InvalidData": "engine.errors",
    "InvalidSpec": "engine.errors",
    "Layer": "engine.spec",
    "Result": "engine.training",
    "Split": "engine.spec",
    "prepare": "engine.data.preparation",
    "resolve": "engine.spec",
    "train": "engine.training",
}


blas.prepare()


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
