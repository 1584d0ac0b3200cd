"""Trainyard's engine: trains regularized neural networks in NumPy, usable on its own.

    from engine import Dataset, Experiment, train

    dataset = Dataset(x, y, task="multiclass", classes=10)
    result = train(Experiment(architecture=[30], penalty="l2", lambda_=0.1), dataset)
    result.test["accuracy"]

Names are resolved on first use (PEP 562), so that ``engine.spec`` and ``engine.errors`` come without NumPy.
Import the engine before NumPy: it then tells NumPy's BLAS which kernels to use (``engine.blas``).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from engine import blas

if TYPE_CHECKING:
    from engine.checkpoint import Checkpoint
    from engine.data import Dataset, prepare
    from engine.errors import EngineError, InvalidCheckpoint, InvalidData, InvalidSpec
    from engine.spec import Experiment, Layer, Split, resolve
    from engine.training import EpochReport, Result, train

__all__ = [
    "Checkpoint",
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
    "Checkpoint": "engine.checkpoint",
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
    "prepare": "engine.data",
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
