"""Learning-rate schedules against PyTorch's and Keras' own."""

from typing import Any

import numpy as np
import pytest

from engine.schedules import PlateauState, rates, reduced
from engine.spec import SCHEDULES, Plateau
from tests.truth import oracle
from tests.truth.test_train_steps import schedule


@pytest.mark.parametrize("case", oracle.cases("lr_schedules.json", "schedules"))
def test_the_rate_of_every_step(case: dict[str, Any]) -> None:
    spec = SCHEDULES.check(schedule(case["schedule"]))
    steps = np.arange(len(case["lr_at_step"]), dtype=np.float64)
    found = rates(spec, case["lr0"], steps, len(steps))
    np.testing.assert_allclose(found, case["lr_at_step"], rtol=1e-9, atol=1e-15)


PLATEAUS = oracle.cases(
    "early_stopping_traces.json",
    "reduce_lr_on_plateau",
    skipped=oracle.float32_sensitive,
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
            state = reduced(spec, state, sign * float(metric))
        assert state.rate == pytest.approx(expected, rel=1e-6)


def torch_rule(case: dict[str, Any]) -> str:
    return (
        "torch reduces an epoch later and by a relative threshold; our plateau is Keras's (docs/numerics.md)"
    )


@pytest.mark.parametrize(
    "case", oracle.cases("lr_schedules.json", "torch_reduce_on_plateau", skipped=torch_rule)
)
def test_torchs_plateau(case: dict[str, Any]) -> None:
    """Not our rule: its cases are skipped, so that the count shows them."""
