"""A run resumed from the state of any epoch ends as the undisturbed run, bit for bit."""

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from engine.data import prepare
from engine.errors import InvalidCheckpoint
from engine.revision import ENGINE_REVISION
from engine.safetensors import Checkpoint, from_safetensors
from engine.spec import resolve
from engine.training import training
from tests.engine.problems import EVERYTHING, OPTIMIZERS, SCHEDULES, dataset, label, layers, prepared
from tests.engine.random_specs import random_problem
from tests.engine.training.runs import run, same


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=label)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_every_epoch_of_every_optimizer(optimizer: dict[str, Any], precision: str) -> None:
    experiment, splits = prepared(
        dataset("multiclass"),
        architecture=layers(6, dropout=0.3),
        penalty="elastic_net",
        optimizer=optimizer,
        precision=precision,
        batch_size=7,
        max_epochs=6,
        patience=3,
        **{"lambda": 0.2},
    )
    (metrics,), (states,), (result,) = run([experiment], splits)
    for epoch, state in enumerate(states[:-1], start=1):
        (again,), (later,), (resumed,) = run([experiment], splits, [from_safetensors(state)])
        assert again == {number: text for number, text in metrics.items() if number > epoch}
        assert later == states[epoch:]
        assert same(resumed, result)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=label)
def test_every_epoch_of_every_schedule_with_every_option(schedule: dict[str, Any]) -> None:
    experiment, splits = prepared(
        dataset("multiclass"),
        architecture=[{"units": 6, "dropout": 0.3, "batch_norm": True}],
        schedule=schedule,
        batch_size=7,
        max_epochs=6,
        **EVERYTHING,
    )
    (metrics,), (states,), (result,) = run([experiment], splits)
    for epoch, state in enumerate(states[:-1], start=1):
        (again,), (later,), (resumed,) = run([experiment], splits, [from_safetensors(state)])
        assert again == {number: text for number, text in metrics.items() if number > epoch}
        assert later == states[epoch:]
        assert same(resumed, result)


def test_random_runs_go_on_from_any_epoch() -> None:
    for seed in range(60):
        data, unresolved = random_problem(seed)
        resolved = resolve(unresolved, data.facts)
        experiment, splits = resolved.experiment, prepare(data, resolved)
        (metrics,), (states,), (result,) = run([experiment], splits)
        for epoch, state in list(enumerate(states[:-1], start=1))[seed % 3 :: 3]:
            (again,), (later,), (resumed,) = run([experiment], splits, [from_safetensors(state)])
            assert again == {number: text for number, text in metrics.items() if number > epoch}, seed
            assert later == states[epoch:], seed
            assert same(resumed, result), seed


def test_lanes_resumed_at_different_epochs_train_together() -> None:
    experiment, splits = prepared(
        dataset("regression"), architecture=[5], optimizer="adam", max_epochs=8, batch_size=1
    )
    experiments = [dataclasses.replace(experiment, seed=seed) for seed in (1, 2, 3)]
    metrics, states, results = run(experiments, splits)
    at = [from_safetensors(states[0][4]), None, from_safetensors(states[2][1])]
    again, later, resumed = run(experiments, splits, at)
    assert [min(lane) for lane in again] == [6, 1, 3]
    assert all(lane[epoch] == metrics[number][epoch] for number, lane in enumerate(again) for epoch in lane)
    assert [lane[-1] for lane in later] == [lane[-1] for lane in states]
    assert all(same(one, other) for one, other in zip(resumed, results, strict=True))


def test_the_state_of_an_ended_lane_gives_its_result_at_once() -> None:
    experiment, splits = prepared(dataset("binary"), architecture=[4], max_epochs=3)
    _, (states,), (result,) = run([experiment], splits)
    metrics, _, (again,) = run([experiment], splits, [from_safetensors(states[-1])])
    assert metrics == [{}]
    assert same(again, result)


def test_a_state_is_json_and_arrays_without_padding() -> None:
    experiment, splits = prepared(dataset("multiclass"), architecture=[5], optimizer="adam")
    state = next(training([experiment], splits)).lanes[0].state()
    assert json.loads(json.dumps(state.document, allow_nan=False)) == state.document
    assert {name: array.shape for name, array in state.arrays.items()} == dict.fromkeys(
        ("parameters", "best", "first", "second"), (6 * 5 + 6 * 3,)
    )


@pytest.mark.parametrize("change", [{"architecture": [6]}, {"precision": "float64"}, {"optimizer": "adam"}])
def test_a_state_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    fields: dict[str, Any] = {"architecture": [5], "optimizer": "sgd"}
    experiment, splits = prepared(dataset("multiclass"), **fields)
    state = next(training([experiment], splits)).lanes[0].state()
    other, others_splits = prepared(dataset("multiclass"), **(fields | change))
    with pytest.raises(InvalidCheckpoint, match="another shape"):
        next(training([other], others_splits, states=[state]))


def test_a_state_of_another_version_is_refused() -> None:
    experiment, splits = prepared(dataset("multiclass"), architecture=[5])
    state = next(training([experiment], splits)).lanes[0].state()
    newer = Checkpoint(state.arrays, {**state.document, "version": 2})
    with pytest.raises(InvalidCheckpoint, match="version 1"):
        next(training([experiment], splits, states=[newer]))


def test_a_state_of_another_revision_is_refused() -> None:
    experiment, splits = prepared(dataset("multiclass"), architecture=[5])
    state = next(training([experiment], splits)).lanes[0].state()
    assert state.document["revision"] == ENGINE_REVISION
    older = Checkpoint(state.arrays, {**state.document, "revision": ENGINE_REVISION - 1})
    with pytest.raises(InvalidCheckpoint, match=f"from engine revision {ENGINE_REVISION - 1} and"):
        next(training([experiment], splits, states=[older]))


def test_flushing_is_keyed_on_the_lanes_own_steps() -> None:
    experiment, splits = prepared(
        dataset("multiclass", rows=100), architecture=[5], optimizer="adam", batch_size=1, max_epochs=9
    )
    (_, states, (result,)) = run([experiment], splits)
    for state in (states[0][2], states[0][6]):
        _, _, (resumed,) = run([experiment], splits, [from_safetensors(state)])
        assert same(resumed, result)
    second = from_safetensors(states[0][-1]).arrays["second"]
    assert np.isfinite(second).all()
