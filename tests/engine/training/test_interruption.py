"""A training that is stopped within an epoch leaves what the last whole epoch has left, bit for bit."""

from collections.abc import Sequence
from typing import Any

import pytest

from engine.data import Splits
from engine.errors import Interrupted
from engine.safetensors import Checkpoint, to_safetensors
from engine.spec import Experiment
from engine.training import Result, training
from engine.training.loop import KeptLane, ShouldStop
from tests.engine.problems import EVERYTHING, dataset, layers, prepared
from tests.engine.training.runs import run, same

EPOCHS, INTERRUPTED = 3, 2


def long_epochs(seed: int = 1, rows: int = 600, **changes: Any) -> tuple[Experiment, Splits]:
    """Steps on one row each, so many that the engine looks within an epoch."""
    fields: dict[str, Any] = {
        "architecture": layers(4, dropout=0.3),
        "optimizer": "adam",
        "schedule": {"name": "plateau", "patience": 0, "factor": 0.5},
        "batch_size": 1,
        "max_epochs": EPOCHS,
        "seed": seed,
    }
    return prepared(dataset("multiclass", rows=rows), **{**fields, **changes})


def drive(
    experiments: list[Experiment],
    splits: Splits,
    should_stop: ShouldStop,
    states: list[Checkpoint | None] | None = None,
) -> tuple[Result, ...]:
    """Train to the end, and let lanes leave at the boundary after ``should_stop`` has ended them."""
    driver, stops = training(experiments, splits, states=states, should_stop=should_stop), None
    while True:
        try:
            driver.send(stops)
        except StopIteration as end:
            results: tuple[Result, ...] = end.value
            return results
        ended = getattr(should_stop, "ended", {})
        stops = ended or None


@pytest.mark.parametrize(
    "changes", [{}, {"architecture": [{"units": 4, "batch_norm": True}], "batch_size": 2, "rows": 4000}]
)
def test_every_look_of_an_epoch_sees_the_last_whole_one(changes: dict[str, Any]) -> None:
    experiment, splits = long_epochs(**changes)
    _, (states,), (undisturbed,) = run([experiment], splits)
    driver = training([experiment], splits)
    next(driver)
    next(driver)
    with pytest.raises(StopIteration) as end:
        driver.send({0: "user"})
    (stopped_between,) = end.value.value

    seen: list[int] = []

    def look(kept: Sequence[KeptLane]) -> bool:
        seen.append(kept[0].epoch)
        if kept[0].epoch:
            assert to_safetensors(kept[0].state()) == states[kept[0].epoch - 1]
        return False

    (looked_at,) = drive([experiment], splits, look)
    assert same(looked_at, undisturbed)
    for epoch in range(EPOCHS):
        assert seen.count(epoch) > 3, "within training, and before two evaluations"

    ends: list[tuple[Checkpoint, Result | None]] = []
    for number in (seen.index(INTERRUPTED), len(seen) - 1 - seen[::-1].index(INTERRUPTED)):
        looks = iter(range(len(seen)))

        def stop(kept: Sequence[KeptLane], looks: Any = looks, number: int = number) -> bool:
            if next(looks) < number:
                return False
            ends.append((kept[0].state(), kept[0].result("user")))
            return True

        with pytest.raises(Interrupted):
            drive([experiment], splits, stop)
    for state, result in ends:
        assert result is not None
        assert same(result, stopped_between)
        _, _, (resumed,) = run([experiment], splits, [state])
        assert same(resumed, undisturbed)


def test_within_the_first_epoch_there_is_no_result() -> None:
    experiment, splits = long_epochs()
    seen: list[tuple[int, Result | None]] = []

    def stop(kept: Sequence[KeptLane]) -> bool:
        seen.append((kept[0].epoch, kept[0].result("time_limit")))
        return True

    with pytest.raises(Interrupted):
        drive([experiment], splits, stop)
    assert seen == [(0, None)]


class Ending:
    """Ends lanes within an epoch: each after so many looks."""

    def __init__(self, after: dict[int, int]) -> None:
        self.looks, self.after = 0, after
        self.ended: dict[int, str] = {}
        self.results: dict[int, Result | None] = {}

    def __call__(self, kept: Sequence[KeptLane]) -> bool:
        self.looks += kept[0].epoch == INTERRUPTED
        for each in kept:
            if each.epoch == INTERRUPTED and self.looks == self.after.get(each.lane):
                self.ended[each.lane], self.results[each.lane] = "user", each.result("user")
        return False


def test_lanes_that_end_within_an_epoch_leave_the_others_their_bits() -> None:
    pairs = [long_epochs(seed) for seed in (1, 2, 3)]
    experiments, splits = [each for each, _ in pairs], pairs[0][1]
    _, _, undisturbed = run(experiments, splits)
    counting = Ending({})
    drive(experiments, splits, counting)
    # In the middle of training, and of evaluating the last lane on the validation rows.
    ending = Ending({0: counting.looks // 2, 1: counting.looks})
    results = drive(experiments, splits, ending)
    for lane in (0, 1):
        result = ending.results[lane]
        assert result is results[lane] is not None
        assert (result.epochs, result.stop_reason) == (INTERRUPTED, "user")
    assert same(results[2], undisturbed[2])


def test_short_epochs_are_not_looked_into() -> None:
    experiment, splits = prepared(dataset("multiclass"), **EVERYTHING, max_epochs=2)

    def look(_kept: Sequence[KeptLane]) -> bool:
        raise AssertionError

    drive([experiment], splits, look)
