"""A network that begins with a checkpoint's weights: the same bits as if they had been put there by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from engine import Dataset, train
from engine.errors import InvalidCheckpoint, InvalidSpec
from engine.safetensors import Checkpoint, from_safetensors, to_safetensors
from engine.spec import Experiment, Given, NetworkShape
from engine.training import LaneReport, Result, training
from engine.training.stack import start
from tests.engine.problems import EVERYTHING, dataset, prepared
from tests.engine.training.runs import run, same

GIVEN = {"name": "given", "checkpoint": "one"}
LAYERS: dict[str, list[Any]] = {
    "linear": [],
    "plain": [6, 4],
    "normalized": [{"units": 6, "batch_norm": True}, 5, {"units": 4, "batch_norm": True, "dropout": 0.2}],
    "many inputs": [5],
}


def fields(layers: str, **more: Any) -> dict[str, Any]:
    return {"architecture": LAYERS[layers], "batch_size": 7, "max_epochs": 4, **more}


def data(layers: str) -> Dataset:
    return dataset("multiclass", features=300 if layers == "many inputs" else 5)


def trained(layers: str, **more: Any) -> LaneReport:
    """The last report of a run; its generator is left where it is, so that it can be asked for its state."""
    experiment, splits = prepared(data(layers), **fields(layers, **more))
    return [report.lanes[0] for report in training([experiment], splits)][-1]


def result_of(report: LaneReport) -> Result:
    assert report.result is not None
    return report.result


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("layers", LAYERS)
def test_the_stack_begins_with_the_rows_the_source_ended_with(layers: str, precision: str) -> None:
    report = trained(layers, precision=precision, optimizer="adam")
    stored = from_safetensors(to_safetensors(result_of(report).last))
    experiment, splits = prepared(data(layers), **fields(layers, precision=precision, init=GIVEN))
    stack = start([experiment], splits.train.x.shape[1], 3, len(splits.train), [stored])
    state = report.state()
    np.testing.assert_array_equal(stack.parameters[0, : stack.layout.parameters], state.arrays["parameters"])
    np.testing.assert_array_equal(stack.running[0], state.arrays.get("running", np.zeros(0)))
    assert not any(moment.any() for moment in stack.moments.values())


@pytest.mark.parametrize("layers", ["linear", "plain", "many inputs"])
def test_an_epoch_without_a_step_shows_the_checkpoints_own_metrics(layers: str) -> None:
    source = trained(layers)
    experiment, splits = prepared(
        data(layers),
        **fields(layers, init=GIVEN, max_epochs=1, optimizer={"name": "sgd", "learning_rate": 1e-300}),
    )
    (report,) = training([experiment], splits, initial=[result_of(source).last])
    changing = {"gradient_norm", "learning_rate"}
    before, after = (
        {name: value for name, value in dataclasses.asdict(each).items() if name not in changing}
        for each in (source.metrics, report.lanes[0].metrics)
    )
    assert after == before


@pytest.mark.parametrize("layers", LAYERS)
def test_bits_are_those_of_a_state_with_the_same_weights_and_a_fresh_optimizer(layers: str) -> None:
    source = trained(layers, optimizer="adam")
    fresh, splits = prepared(data(layers), **fields(layers, optimizer="adam", seed=3))
    untrained = training([fresh], splits)
    first = next(untrained).lanes[0].state()
    zeros = {name: np.zeros_like(array) for name, array in first.arrays.items()}
    kept = {name: source.state().arrays[name] for name in ("parameters", "running") if name in first.arrays}
    stack = start([fresh], splits.train.x.shape[1], 3, len(splits.train))
    order, dropout = (random.bit_generator.state for random in stack.streams[0])
    by_hand = Checkpoint(
        zeros | kept,
        {
            **first.document,
            "epoch": 0,
            "best_epoch": 0,
            "order": order,
            "dropout": dropout,
            "progress": stack.progress.document(0),
        },
    )
    warm = dataclasses.replace(
        fresh,
        init=Given(checkpoint="one"),
        architecture=tuple(dataclasses.replace(layer, init=None) for layer in fresh.architecture),
    )
    (expected,), _, (expected_result,) = run([fresh], splits, [by_hand])
    (found,), _, (result,) = run([warm], splits, initial=[result_of(source).last])
    assert found == expected
    assert same(result, expected_result)


def test_in_a_stack_and_resumed_it_has_the_bits_of_its_lone_run() -> None:
    options = {name: value for name, value in EVERYTHING.items() if name not in {"bias_init", "init"}}
    weights = [result_of(trained("normalized", seed=seed)).best for seed in (1, 2)]
    experiment, splits = prepared(data("normalized"), **fields("normalized", init=GIVEN, **options))
    drawn, _ = prepared(data("normalized"), **fields("normalized", **options))
    experiments = [experiment, dataclasses.replace(experiment, seed=8), drawn]
    initial = [*weights, None]
    metrics, states, results = run(experiments, splits, initial=initial)
    for lane, each in enumerate(experiments):
        (alone,), _, (result,) = run([each], splits, initial=[initial[lane]])
        assert metrics[lane] == alone
        assert same(dataclasses.replace(result, lane=lane), results[lane])
    _, _, (resumed,) = run([experiments[0]], splits, [from_safetensors(states[0][1])])
    assert same(resumed, results[0])


def experiment_of(**document: Any) -> Experiment:
    return Experiment.from_document({"architecture": [4], "seed": 1, **document})


def test_train_takes_another_results_weights_and_casts_them() -> None:
    source = train(experiment_of(max_epochs=3), data("plain"))
    slow = {"name": "sgd", "learning_rate": 1e-300}
    wider = experiment_of(max_epochs=1, precision="float64", optimizer=slow)
    exact = train(wider, data("plain"), initial=source.best)
    assert source.best is not None
    for name, array in source.best.arrays.items():
        assert exact.last.arrays[name].dtype == np.float64
        np.testing.assert_array_equal(exact.last.arrays[name], array)


def test_normalization_is_stored_as_torch_would_have_it_beside_the_folded_weights() -> None:
    model = result_of(trained("normalized")).last
    assert model.document["unfolded_modules"][:3] == ["Linear(5, 6)", "BatchNorm1d(6)", "ReLU()"]
    own = {name for name in model.arrays if name.startswith("unfolded.1.")}
    assert own == {f"unfolded.1.{part}" for part in ("weight", "bias", "running_mean", "running_var")}
    assert "unfolded_modules" not in result_of(trained("plain")).last.document


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"architecture": [6]}, "5-6-3"),
        ({"architecture": [6, 5]}, "5-6-5-3"),
        ({"architecture": [6, {"units": 4, "batch_norm": True}]}, r"5-6-4 \(batch_norm\)-3"),
    ],
)
def test_another_shape_is_named(change: dict[str, Any], found: str) -> None:
    weights = result_of(trained("plain")).best
    experiment, splits = prepared(data("plain"), init=GIVEN, **change)
    with pytest.raises(InvalidSpec, match=f"#/init/checkpoint: .*5-6-4-3.*{found}"):
        next(training([experiment], splits, initial=[weights]))


def test_missing_and_needless_weights_are_named() -> None:
    experiment, splits = prepared(data("plain"), init=GIVEN, architecture=[6, 4])
    with pytest.raises(InvalidSpec, match=r"#/init/checkpoint: .*missing"):
        next(training([experiment], splits))
    weights = result_of(trained("plain")).best
    drawn = experiment_of(architecture=[6, 4], init="zeros")
    with pytest.raises(InvalidSpec, match=r"#/init: .*omit init"):
        train(drawn, data("plain"), initial=weights)


@pytest.mark.parametrize(
    ("beside", "pointer"),
    [
        ({"bias_init": "zeros"}, "#/bias_init"),
        ({"architecture": [6, {"units": 4, "init": "zeros"}]}, "#/architecture/1/init"),
    ],
)
def test_nothing_else_can_give_weights_beside_a_checkpoint(beside: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        prepared(data("plain"), init=GIVEN, **beside)
    assert [(problem.pointer, problem.code) for problem in caught.value.problems] == [
        (pointer, "incompatible")
    ]


def test_what_holds_no_weights_is_refused() -> None:
    source = trained("plain")
    experiment, splits = prepared(data("plain"), **fields("plain", init=GIVEN))
    whole = result_of(source).last
    broken = {**whole.arrays, "0.weight": whole.arrays["0.weight"] * np.nan}
    for wrong, words in (
        (source.state(), "trainyard-model"),
        (Checkpoint(broken, whole.document), "finite float32"),
        (Checkpoint({**whole.arrays, "0.bias": np.zeros(2)}, whole.document), "0.bias"),
        (Checkpoint({}, whole.document), "0.weight"),
    ):
        with pytest.raises(InvalidCheckpoint, match=words):
            next(training([experiment], splits, initial=[wrong]))


def test_weights_too_large_for_the_precision_are_refused_without_a_warning() -> None:
    whole = result_of(trained("plain", precision="float64")).last
    huge = Checkpoint({**whole.arrays, "0.bias": np.full(6, 1e300)}, whole.document)
    experiment, splits = prepared(data("plain"), **fields("plain", init=GIVEN))
    with pytest.raises(InvalidCheckpoint, match="finite float32"):
        next(training([experiment], splits, initial=[huge]))


def test_a_shape_is_read_from_modules() -> None:
    names = [
        "Dropout(0.1)",
        "Linear(64, 30)",
        "BatchNorm1d(30)",
        "ReLU()",
        "Linear(30, 7)",
        "Tanh()",
        "Linear(7, 1)",
    ]
    assert NetworkShape.of_modules(names) == NetworkShape((64, 30, 7, 1), (True, False))
    assert NetworkShape.of_modules(names).words() == "64-30 (batch_norm)-7-1"
    assert NetworkShape.of_modules(["Linear(4, 3)"]) == NetworkShape((4, 3), ())
