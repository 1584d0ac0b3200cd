"""Train to the end and keep all of it, and compare two results."""

import dataclasses

from engine.data import Splits
from engine.safetensors import Checkpoint, to_safetensors
from engine.spec import Experiment
from engine.training import Result, training


def run(
    experiments: list[Experiment],
    splits: Splits,
    states: list[Checkpoint | None] | None = None,
    initial: list[Checkpoint | None] | None = None,
) -> tuple[list[dict[int, str]], list[list[bytes]], tuple[Result, ...]]:
    """(metrics by epoch, states by epoch, results) of every lane."""
    metrics: list[dict[int, str]] = [{} for _ in experiments]
    kept: list[list[bytes]] = [[] for _ in experiments]
    driver = training(experiments, splits, states=states, initial=initial)
    while True:
        try:
            report = next(driver)
        except StopIteration as end:
            return metrics, kept, end.value
        for lane in report.lanes:
            metrics[lane.lane][lane.epoch] = str(lane.metrics)
            kept[lane.lane].append(to_safetensors(lane.state()))


def same(one: Result, other: Result) -> bool:
    return all(
        str(getattr(one, field.name)) == str(getattr(other, field.name))
        for field in dataclasses.fields(Result)
    )
