"""Learning-rate schedules against PyTorch's and Keras' own."""

from typing import Any

import numpy as np
import pytest

from engine.optimization.schedules import PlateauState, rates, reduced
from engine.spec import SCHEDULES, Plateau
from tests.truth import oracle
from tests.truth.precision import precision
from tests.truth.translation import schedule


@pytest.mark.parametrize("case", oracle.cases("lr_schedules.json", "schedules"))
def test_the_rate_of_every_step(case: dict[str, Any]) -> None:
    spec = SCHEDULES.check(schedule(case["schedule"]))
    steps = np.arange(len(case["lr_at_step"]), dtype=np.float64)
    found = rates(spec, case["lr0"], steps, len(steps))
    np.testing.assert_allclose(found, case["lr_at_step"], rtol=1e-9, atol=1e-15)


PLATEAUS = oracle.cases(
    "early_stopping_traces.json",
    "reduce_lr_on_plateau",
    left_out=oracle.after_non_finite,
)


@pytest.mark.parametrize("case", PLATEAUS)
def test_the_rate_after_every_epoch_on_a_plateau(case: dict[str, Any]) -> None:
    options = dict(case["options"])
    sign = -1.0 if options.pop("mode") == "max" else 1.0
    spec = Plateau(min_learning_rate=options.pop("min_lr"), **options)
    state = PlateauState(case["initial_lr"])
    for metric, expected in zip(case["metric"], case["expect"]["lr_after_epoch"], strict=True):
        if metric is not None and not np.isfinite(float(metric)):
            break
        if metric is not None:
            state = reduced(spec, state, precision(case)(sign * float(metric)))
        assert state.rate == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("case", oracle.cases("lr_schedules.json", "torch_reduce_on_plateau"))
def test_torchs_plateau_in_our_words(case: dict[str, Any]) -> None:
    """Torch waits, and rests, an epoch longer than Keras. Its relative threshold is an absolute one of logarithms."""
    options, metrics = case["options"], np.array(case["metric"], float)
    sign, threshold = -1.0 if options["mode"] == "max" else 1.0, options["threshold"]
    if options["threshold_mode"] == "rel":
        metrics, threshold = np.log(metrics), abs(np.log1p(-sign * threshold))
    spec = Plateau(
        factor=options["factor"],
        patience=options["patience"] + 1,
        min_delta=threshold,
        cooldown=options["cooldown"] + (options["cooldown"] > 0),
        min_learning_rate=options["min_lr"],
    )
    state = PlateauState(case["initial_lr"])
    for metric, expected in zip(metrics, case["lr_after_epoch"], strict=True):
        state = reduced(spec, state, sign * float(metric))
        assert state.rate == pytest.approx(expected)
