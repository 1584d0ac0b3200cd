import dataclasses
import math
from typing import Any

import pytest

from engine.errors import InvalidData
from engine.safetensors import Checkpoint
from engine.spec import SpecWarning
from engine.training.loop import Result
from service.datasets.loading import DatasetMismatchError
from service.execution.worker.outcome import finite, from_error, from_result
from service.experiments.states import STOP_REASONS, TERMINAL

WEIGHTS = Checkpoint({}, {})


def result(stop_reason: str, **changes: Any) -> Result:
    ended = Result(
        lane=0,
        stop_reason=stop_reason,
        epochs=7,
        best_epoch=3,
        argmin_epoch=4,
        best=WEIGHTS,
        last=WEIGHTS,
        test={"loss": 0.5, "accuracy": 0.9},
        warnings=(),
    )
    return dataclasses.replace(ended, **changes)


def test_numbers_that_are_not_finite_are_null_and_named() -> None:
    values = {"train_loss": math.nan, "penalty": math.inf, "val_loss": None, "objective": 1.5}
    assert finite(values) == {
        "train_loss": None,
        "penalty": None,
        "val_loss": None,
        "objective": 1.5,
        "non_finite": ["train_loss", "penalty"],
    }


def test_finite_numbers_need_no_list() -> None:
    assert finite({"train_loss": 1.0, "val_loss": None}) == {"train_loss": 1.0, "val_loss": None}


@pytest.mark.parametrize(
    ("stop_reason", "status"),
    [
        ("max_epochs", "succeeded"),
        ("early_stopping", "succeeded"),
        ("time_limit", "succeeded"),
        ("non_finite", "failed"),
        ("user", "cancelled"),
    ],
)
def test_why_it_stopped_decides_how_it_ended(stop_reason: str, status: str) -> None:
    ending = from_result(result(stop_reason), [])
    assert (ending.status, ending.stop_reason, ending.argmin_epoch) == (status, stop_reason, 4)
    assert status in TERMINAL
    assert stop_reason in STOP_REASONS


def test_a_diverged_run_says_so_and_keeps_its_best_weights() -> None:
    error = from_result(result("non_finite"), []).error
    assert error is not None
    assert error["code"] == "non_finite"
    assert "diverged in epoch 7" in error["message"]
    assert "weights of epoch 3 were kept" in error["message"]


def test_a_run_that_diverged_at_once_promises_no_weights() -> None:
    error = from_result(result("non_finite", best_epoch=None, best=None, test=None), []).error
    assert error is not None
    assert "kept" not in error["message"]


def test_a_test_loss_that_is_not_finite_is_null() -> None:
    ending = from_result(result("max_epochs", test={"loss": math.inf, "accuracy": 0.1}), [])
    assert ending.test == {"loss": None, "accuracy": 0.1, "non_finite": ["loss"]}


def test_warnings_are_added_to_those_there_were() -> None:
    before = [{"pointer": "#/lambda", "code": "a", "message": "A."}]
    found = (SpecWarning("b", ("min_delta",), "B."), SpecWarning("a", ("lambda",), "A."))
    ending = from_result(result("max_epochs", warnings=found), before)
    assert ending.warnings == [*before, {"pointer": "#/min_delta", "code": "b", "message": "B."}]


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (InvalidData("x", "Must be finite."), "invalid_data", "x: Must be finite."),
        (DatasetMismatchError("It is another one."), "dataset_mismatch", "It is another one."),
        (MemoryError(), "out_of_memory", "more memory"),
        (ZeroDivisionError("division by zero"), "internal_error", "ZeroDivisionError: division by zero"),
    ],
)
def test_an_error_becomes_a_failure_in_words(error: Exception, code: str, words: str) -> None:
    ending = from_error(error)
    assert (ending.status, ending.stop_reason) == ("failed", "error")
    assert ending.error is not None
    assert ending.error["code"] == code
    assert words in ending.error["message"]
