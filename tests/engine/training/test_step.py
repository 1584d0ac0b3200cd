"""The step allocates nothing, and subnormal numbers do not stay in the moments."""

import tracemalloc
from typing import Any

import numpy as np
import pytest

from engine.data.dataset import with_ones
from engine.spec import Experiment
from engine.training.epoch import FLUSH_EVERY, Epoch
from engine.training.stack import start
from tests.engine.problems import OPTIMIZERS, dataset, label, prepared

BATCH, UNITS = 64, 256
HIDDEN_BYTES = BATCH * UNITS * 4
"""More than the 8,192 elements that NumPy's own iterator may buffer when it broadcasts."""


def experiment(**fields: Any) -> Experiment:
    layers = [{"units": UNITS, "activation": name, "dropout": 0.5} for name in ("sigmoid", "relu", "tanh")]
    return prepared(dataset("multiclass"), architecture=layers, batch_size=BATCH, **fields)[0]


@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("update", ["proximal", "subgradient"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=label)
def test_a_step_allocates_no_array(optimizer: dict[str, Any], update: str, lanes: int) -> None:
    spec = experiment(optimizer=optimizer, penalty="elastic_net", l1_update=update, **{"lambda": 0.1})
    random = np.random.default_rng(0)
    x = with_ones(random.normal(size=(640, 32)).astype(np.float32))
    y = np.eye(3, dtype=np.float32)[np.arange(640) % 3]
    epoch = Epoch(start([spec] * lanes, 32, 3, 640), x, y)
    epoch()
    bound, order = epoch.stages[0]
    table = epoch.step_sizes.table(np.full(10, float(BATCH)))
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        epoch.train(bound, order, table)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < HIDDEN_BYTES


def test_moments_without_gradients_are_flushed_before_they_are_subnormal() -> None:
    optimizer = {"name": "sgd", "momentum": 0.9, "learning_rate": 0.01}
    spec, _ = prepared(dataset("multiclass"), architecture=[6], optimizer=optimizer, batch_size=16)
    x = np.random.default_rng(0).normal(size=(64, 5)).astype(np.float32)
    x[:, 3] = 0
    stack = start([spec], 5, 3, 64)
    epoch = Epoch(stack, with_ones(x), np.eye(3, dtype=np.float32)[np.arange(64) % 3])
    of_dead_input = stack.layout.weight(stack.moments["velocity"][0], 0)[3]
    of_dead_input[...] = 1e-3
    smallest = np.finfo(np.float32).smallest_normal
    for _ in range(3 * FLUSH_EVERY // epoch.steps):
        epoch()
        assert not ((of_dead_input != 0) & (np.abs(of_dead_input) < smallest)).any()
    assert not of_dead_input.any()
