"""Batch normalization: its gradient, its running statistics, and that evaluation and export use those."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.kernels import run
from engine.network.batch_norm import Running
from engine.textbook.activations import activate
from engine.textbook.data import from_splits
from engine.textbook.evaluation import evaluate
from engine.textbook.network import from_tensors, untrained
from engine.training import training
from engine.training.export import UNFOLDED, export
from engine.training.measurement import Measurement
from engine.training.stack import start
from tests.engine.harness import Replay, resolved
from tests.engine.problems import dataset, prepared

Array = NDArray[Any]

LAYERS: list[dict[str, Any]] = [
    {"units": 5, "activation": "tanh", "batch_norm": True},
    {"units": 4, "activation": "sigmoid"},
    {"units": 3, "activation": "softplus", "batch_norm": True},
]


def replay(batches: list[Any], **fields: Any) -> Replay:
    random = np.random.default_rng(4)
    x, y = random.normal(size=(12, 4)), np.eye(3)[random.integers(0, 3, 12)]
    spec = resolved(architecture=LAYERS, loss="cross_entropy", output="softmax", init="scaled", **fields)
    return Replay(spec, x, y, batches)


def loss(of: Replay, row: Array) -> float:
    """The mean loss of a batch of all rows, normalized by the batch's own statistics."""
    layout, a = of.stack.layout, of.x
    for layer, spec in enumerate(LAYERS):
        z = a @ layout.weight(row, layer) + layout.bias(row, layer)
        if "batch_norm" in spec:
            z = (z - z.mean(axis=0)) / np.sqrt(z.var(axis=0) + 1e-5)
            z = z * layout.gamma(row, layer) + layout.beta(row, layer)
        a = activate(spec["activation"], z)
    z = a @ layout.weight(row, 3) + layout.bias(row, 3)
    return float((np.log(np.exp(z).sum(axis=1)) - (z * of.y).sum(axis=1)).mean())


def test_the_gradient_is_the_slope_of_the_loss() -> None:
    of = replay([range(12)], optimizer="adam")
    row = of.stack.parameters[0]
    random = np.random.default_rng(1)
    for layer in (0, 2):
        of.stack.layout.gamma(row, layer)[...] = random.uniform(0.5, 2, LAYERS[layer]["units"])
        of.stack.layout.beta(row, layer)[...] = random.normal(size=LAYERS[layer]["units"])
    run(of.gather(0).gradient)
    for index in range(of.stack.layout.parameters):
        shifts = [loss(of, np.where(np.arange(row.size) == index, row + step, row)) for step in (1e-5, -1e-5)]
        assert of.stack.gradient[0, index] == pytest.approx(
            (shifts[0] - shifts[1]) / 2e-5, rel=1e-5, abs=1e-9
        )


def test_running_statistics_follow_the_batches_by_a_tenth_and_skip_a_single_row() -> None:
    batches = [[0, 1, 2, 3, 4], [5, 6, 7], [8]]
    of = replay(batches)
    mean, variance = np.zeros(5), np.ones(5)
    for number, rows in enumerate(batches):
        z = of.x[rows] @ of.weight(0) + of.bias(0)
        if len(rows) > 1:
            mean = 0.9 * mean + 0.1 * z.mean(axis=0)
            variance = 0.9 * variance + 0.1 * z.var(axis=0, ddof=1)
        of.step(number)
        running = Running.of(of.stack.layout, of.stack.running[0], 0)
        np.testing.assert_allclose(running.mean, mean)
        np.testing.assert_allclose(running.variance, variance)


def test_gamma_and_beta_are_neither_penalized_nor_counted() -> None:
    experiment, splits = prepared(
        dataset("multiclass"),
        architecture=[{"units": 4, "batch_norm": True}],
        penalty="l1",
        optimizer={"name": "sgd", "learning_rate": 1e-3},
        max_epochs=3,
        **{"lambda": 1e6},
    )
    reports = list(training([experiment], splits))
    state = reports[-1].lanes[0].state()
    assert state.arrays["parameters"].shape == (6 * 4 + 5 * 3 + 8,)
    gamma = state.arrays["parameters"][-8:-4]
    np.testing.assert_allclose(gamma, 1, atol=0.1)


def test_export_is_folded_and_computes_what_was_measured() -> None:
    experiment, splits = prepared(
        dataset("multiclass"),
        architecture=[{"units": 6, "batch_norm": True}],
        precision="float64",
        max_epochs=20,
    )
    last = [report.lanes[0] for report in training([experiment], splits)][-1]
    assert last.result is not None
    model = last.last()
    assert model.document["modules"][:2] == ["Linear(5, 6)", "ReLU()"]
    arrays = model.arrays
    hidden = np.maximum(splits.validation.x @ arrays["0.weight"].T + arrays["0.bias"], 0)
    z = hidden @ arrays["2.weight"].T + arrays["2.bias"]
    losses = np.log(np.exp(z).sum(axis=1)) - (z * splits.validation.targets).sum(axis=1)
    assert last.metrics.val_loss == pytest.approx(losses.mean(), rel=1e-9)
    assert last.metrics.val_accuracy == np.mean(z.argmax(axis=1) == splits.validation.labels)


@pytest.mark.parametrize("variance", [0.0, 1e-12, 1e-5, 1e10])
def test_what_is_exported_is_the_network_itself_whatever_its_running_statistics(variance: float) -> None:
    layers = [{"units": 5, "batch_norm": True}, {"units": 4, "activation": "tanh", "batch_norm": True}]
    experiment, splits = prepared(dataset("multiclass"), architecture=layers, precision="float64")
    stack, random = start([experiment], 5, 3, len(splits.train)), np.random.default_rng(2)
    plain, parts = untrained(experiment, 5, 3), from_splits(splits)
    for layer, norm in enumerate(layer.norm for layer in plain.layers[:-1]):
        assert norm is not None
        units = len(norm.running_mean)
        norm.running_mean, norm.running_variance = (
            random.normal(size=units),
            variance * random.uniform(1, 2, units),
        )
        norm.gamma.value, norm.beta.value = random.normal(size=(2, units))
        running = Running.of(stack.layout, stack.running[0], layer)
        running.mean[...], running.variance[...] = norm.running_mean, norm.running_variance
        stack.layout.gamma(stack.parameters[0], layer)[...] = norm.gamma.value
        stack.layout.beta(stack.parameters[0], layer)[...] = norm.beta.value
    model = export(stack.network, stack.layout, splits, stack.vectors(0), 1)
    tensors = {name: array for name, array in model.arrays.items() if not name.startswith(UNFOLDED)}
    logits = from_tensors(experiment, tensors).forward(splits.test.x)
    np.testing.assert_allclose(logits, plain.forward(splits.test.x), rtol=1e-9)
    measured = Measurement(stack, splits).test(stack.plain(0))
    scores = evaluate(experiment, plain, parts.test, parts)
    assert measured == pytest.approx({name: value for name, value in scores.items() if value is not None})
