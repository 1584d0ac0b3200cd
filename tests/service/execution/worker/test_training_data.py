"""What a worker prepared last is there for the next experiment, and never for one that needs other data."""

from collections.abc import Callable
from typing import Any

import pytest

from engine.data import Dataset
from engine.spec import Experiment, Split, resolve
from service.datasets.loading import load
from service.datasets.service import describe
from service.execution.worker import training_data
from service.execution.worker.training_data import TrainingData

IRIS, WINE = describe("iris"), describe("wine")


@pytest.fixture
def splits() -> Callable[..., Any]:
    """Return a function that prepares a data set for an experiment."""
    data = TrainingData(load)

    def prepared(dataset: Any = IRIS, **fields: Any) -> Any:
        resolved = resolve(Experiment(**fields), data.facts(dataset.name, dataset.version, Split()))
        return data.splits(dataset.name, dataset.version, resolved)

    return prepared


def test_experiments_of_a_sweep_share_their_arrays(splits: Callable[..., Any]) -> None:
    assert splits(seed=1, penalty="l2", lambda_=0.1) is splits(seed=2, penalty="l1", lambda_=0.2)


def test_another_data_set_or_split_has_its_own(splits: Callable[..., Any]) -> None:
    first = splits()
    assert splits(WINE).classes == 3
    assert splits(WINE).train.inputs.shape != first.train.inputs.shape
    assert splits(split={"seed": 1}) is not splits()


def test_what_is_large_is_not_held_on_to(splits: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_data, "KEPT_BYTES", 1000)
    assert splits() is not splits()


def test_a_data_set_that_cannot_be_loaded_leaves_nothing_behind() -> None:
    calls = []

    def failing(name: str, version: str) -> Dataset:
        calls.append(name)
        if len(calls) == 3:
            raise OSError
        return load(name, version)

    data = TrainingData(failing)
    resolved = resolve(Experiment(), data.facts(IRIS.name, IRIS.version, Split()))
    first = data.splits(IRIS.name, IRIS.version, resolved)
    with pytest.raises(OSError):  # noqa: PT011 - any will do
        data.splits(WINE.name, WINE.version, resolved)
    again = data.splits(IRIS.name, IRIS.version, resolved)
    assert again is not first
    assert again.train.inputs.tobytes() == first.train.inputs.tobytes()
