"""The stopping rule against Keras 3's EarlyStopping, epoch by epoch.

Keras counts epochs from 0, we from 1. It compares in float32, we in float64 (docs/numerics.md): where that matters our
rule is given float32 numbers. A non-finite metric ends our runs (docs/numerics.md), so that a trace with one is
compared up to the epoch before it.
"""

from dataclasses import replace
from math import inf, isfinite, isnan, nan
from typing import Any

import numpy as np
import pytest

from engine.spec import Experiment
from engine.training.stopping import Patience, Progress
from tests.truth import oracle
from tests.truth.precision import precision

FILE = "early_stopping_traces.json"
RULES = {"left_out": oracle.after_non_finite}


def rule(options: dict[str, Any], dtype: type[Any] = np.float64) -> Patience:
    monitor = "val_accuracy" if options["mode"] == "max" else "val_loss"
    known = {
        name: options[name]
        for name in ("patience", "min_delta", "baseline", "start_from_epoch")
        if name in options
    }
    found = Patience.of([Experiment(monitor=monitor, **known)])
    return replace(
        found, **{name: getattr(found, name).astype(dtype) for name in ("sign", "min_delta", "baseline")}
    )


def trace(case: dict[str, Any]) -> tuple[list[float], int]:
    """The metric of every epoch, nan where it is absent, and the number of epochs before the first non-finite one."""
    metrics = [nan if metric is None else float(metric) for metric in case["metric"]]
    usable = [metric is None or isfinite(float(metric)) for metric in case["metric"]]
    return metrics, usable.index(False) if False in usable else len(usable)


@pytest.mark.parametrize("case", oracle.cases(FILE, "early_stopping", **RULES))
def test_a_trace(case: dict[str, Any]) -> None:
    dtype = precision(case)
    patience, progress, expected = rule(case["options"], dtype), Progress.start(1), case["expect"]
    metrics, finite = trace(case)
    waits, stopped = [], None
    for epoch, metric in enumerate(metrics[:finite], start=1):
        progress, verdict = patience(progress, np.array([epoch]), np.array([metric], dtype))
        waits.append(int(progress.wait[0]))
        if verdict.stop[0]:
            stopped = epoch - 1
            break
    assert waits == expected["wait_after_each_epoch"][: len(waits)]
    assert progress.least_epoch[0] == plain_best(case["options"], metrics[: len(waits)])
    if finite >= expected["epochs_run"]:
        assert len(waits) == expected["epochs_run"]
        assert stopped == expected["stopped_epoch"]
        check_best(case, progress)
    else:
        assert stopped is None


def plain_best(options: dict[str, Any], metrics: list[float]) -> int:
    """The first epoch with the best metric of all that are tracked, from 1, whatever min_delta says; else 0."""
    sign, start = -1 if options["mode"] == "max" else 1, options.get("start_from_epoch", 0)
    tracked = [(sign * metric, epoch) for epoch, metric in enumerate(metrics, 1) if epoch > start]
    return min(((value, epoch) for value, epoch in tracked if not isnan(value)), default=(0.0, 0))[1]


def check_best(case: dict[str, Any], progress: Progress) -> None:
    expected = case["expect"]
    tracked = int(progress.best_epoch[0])
    assert (expected["best_epoch"] is None) == (not tracked)
    if not tracked:
        return
    sign = -1 if case["options"]["mode"] == "max" else 1
    assert sign * progress.best[0] == precision(case)(float(expected["best"]))
    assert tracked - 1 == expected["best_epoch"]
    if case["options"]["restore_best_weights"]:
        assert tracked - 1 == expected["final_weights_from_epoch"]


@pytest.mark.parametrize("case", oracle.cases(FILE, "model_checkpoint", **RULES))
def test_the_epochs_that_are_best_so_far(case: dict[str, Any]) -> None:
    """Keras saves what is better than all before and than its threshold, and also whenever the metric is absent.

    Ours keeps the best whether it meets the baseline or not; one that meets it begins the waiting anew.
    """
    threshold = case["options"].get("initial_value_threshold")
    patience = rule({**case["options"], "patience": None, "baseline": threshold})
    progress = Progress.start(1)
    metrics, finite = trace(case)
    saved = []
    for epoch, metric in enumerate(metrics[:finite], start=1):
        progress, verdict = patience(progress, np.array([epoch]), np.array([metric]))
        if verdict.improved[0] and not progress.wait[0]:
            saved.append(epoch - 1)
    expected = [epoch for epoch in case["expect"]["saved_epochs"] if epoch < finite]
    assert saved == [epoch for epoch in expected if case["metric"][epoch] is not None]
    if saved and finite == len(metrics):
        assert abs(progress.best[0]) == abs(float(case["expect"]["best"]))


def test_larger_is_better_mirrors_smaller_is_better() -> None:
    metrics = np.random.default_rng(5).normal(size=30)
    small, large = (rule({"mode": mode, "patience": 3, "min_delta": 0.1}) for mode in ("min", "max"))
    one, other = Progress.start(1), Progress.start(1)
    for epoch, metric in enumerate(metrics, start=1):
        one, verdict = small(one, np.array([epoch]), np.array([metric]))
        other, mirrored = large(other, np.array([epoch]), np.array([-metric]))
        assert (verdict.stop, verdict.improved) == (mirrored.stop, mirrored.improved)


def test_the_first_epoch_never_stops_a_run() -> None:
    """Not even with a metric that is no improvement on nothing."""
    patience, progress = rule({"mode": "min", "patience": 0}), Progress.start(1)
    progress, verdict = patience(progress, np.array([1]), np.array([inf]))
    assert not verdict.stop[0]
    assert patience(progress, np.array([2]), np.array([inf]))[1].stop[0]
