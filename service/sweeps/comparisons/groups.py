"""Groups of experiments as they are compared: replicates of one setting, with their scores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.errors import InvalidSpec, SpecProblem
from service.experiments.states import TERMINAL
from service.sweeps.comparisons.labels import differing, setting_of
from service.sweeps.comparisons.metrics import MEASURES
from service.sweeps.statistics.families import Candidate

__all__ = ["Group", "Replicate", "check_comparable", "check_replicates", "resample_of"]

_SPLIT_KEYS = ("seed", "train_rows")
_SAME_VALIDATION_ROWS = ("dataset", "order")


@dataclass(slots=True)
class Replicate:
    """One experiment of a group."""

    id: str
    spec: Mapping[str, Any]
    status: str
    task: str
    dataset: str
    dataset_version: str
    rows_train: int
    rows_validation: int
    parameters: int
    zero_fraction: float | None
    """Of the best epoch; None before the first one."""

    epochs: int
    """Epochs trained so far."""

    epoch: int | None = None
    """Epoch at which the score was read."""

    score: float | None = None
    """Value of the metric; None without one."""

    @property
    def seeds(self) -> tuple[int, int | None]:
        """The training seed, and that of the split."""
        return self.spec["seed"], self.spec["split"].get("seed")

    @property
    def pair(self) -> str:
        """What two replicates share that may be paired: seeds and validation rows."""
        rows = {name: value for name, value in self.spec["split"].items() if name not in _SPLIT_KEYS}
        return json.dumps([self.seeds, rows], sort_keys=True)


@dataclass(slots=True)
class Group:
    """Replicates of one setting."""

    replicates: list[Replicate]
    label: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    """Signed score of each replicate that has one, larger being better, by what it may be paired with."""

    @property
    def setting(self) -> dict[str, Any]:
        """The specification that the replicates share."""
        return setting_of(self.replicates[0].spec)

    @property
    def failures(self) -> int:
        """How many replicates ended without a score."""
        return sum(each.score is None and each.status in TERMINAL for each in self.replicates)

    @property
    def unfinished(self) -> int:
        """How many replicates have not ended."""
        return sum(each.status not in TERMINAL for each in self.replicates)

    def overlap(self, resample: str) -> float:
        """Return n₂/n₁, the validation rows by the training rows; 0 where only seeds differ."""
        if resample == "seeds":
            return 0.0
        return max(each.rows_validation / each.rows_train for each in self.replicates)

    def candidate(self) -> Candidate:
        """Return what decides how simple the setting is."""
        spec = self.replicates[0].spec
        weights = [each.parameters * (1 - (each.zero_fraction or 0.0)) for each in self.replicates]
        return Candidate(
            spec["penalty"], spec["lambda"], sum(weights) / len(weights), self.replicates[0].parameters
        )


def check_replicates(groups: Sequence[Group], selector: Sequence[str]) -> None:
    """Raise InvalidSpec unless each group holds different replicates of one setting, and no two groups share any."""
    problems = []
    seen: dict[str, int] = {}
    for index, group in enumerate(groups):
        where = ("groups", index, selector[index])
        if fields := differing([setting_of(each.spec) for each in group.replicates]):
            message = (
                f"These experiments differ in {', '.join(fields[:5])}. A group holds replicates of one setting, which "
                "differ only in seed and split.seed; put other settings into groups of their own."
            )
            problems.append(SpecProblem(where, "not_replicates", message))
        elif (twice := _twice(group)) is not None:
            message = (
                f"{twice[0]} and {twice[1]} have the same seeds, so they are one run twice. Leave one out."
            )
            problems.append(SpecProblem(where, "repeated", message))
        for each in group.replicates:
            if seen.setdefault(each.id, index) != index:
                message = f"{each.id} is also in group {seen[each.id]}."
                problems.append(SpecProblem(where, "repeated", message))
                break
    if problems:
        raise InvalidSpec(problems)


def _twice(group: Group) -> tuple[str, str] | None:
    """Return the ids of two replicates with equal seeds, if there are any."""
    first: dict[str, str] = {}
    for each in group.replicates:
        if (other := first.setdefault(each.pair, each.id)) != each.id:
            return other, each.id
    return None


def check_comparable(groups: Sequence[Group], metric: str) -> None:
    """Raise InvalidSpec unless a metric exists and means the same in all groups; it names the metrics that do."""
    versions = {each.dataset_version for group in groups for each in group.replicates}
    if len(versions) > 1:
        names = sorted({each.dataset for group in groups for each in group.replicates})
        message = (
            f"The experiments were trained on {len(versions)} versions of data ({', '.join(names[:5])}). "
            "Only experiments on the same data can be compared."
        )
        raise InvalidSpec([SpecProblem(("groups",), "not_comparable", message)])
    possible = [name for name in MEASURES if not _reason(groups, name)]
    if metric not in possible:
        reason = _reason(groups, metric)
        message = f"{metric} {reason}. Metrics that can be compared: {', '.join(possible) or 'none'}."
        raise InvalidSpec([SpecProblem(("metric",), "not_comparable", message)])


def _reason(groups: Sequence[Group], metric: str) -> str:
    """Why a metric cannot be compared; nothing if it can."""
    regression = groups[0].replicates[0].task == "regression"
    if (metric == "val_accuracy" and regression) or (
        metric in {"val_r2", "val_mae", "val_rmse"} and not regression
    ):
        return f"does not exist for a {groups[0].replicates[0].task}"
    if any(each.rows_validation == 0 for group in groups for each in group.replicates):
        return "needs validation rows, which some of these experiments lack"
    if metric != "val_loss":
        return ""
    fields = differing([dict(_loss(group.replicates[0])) for group in groups])
    return f"means different things here: {' and '.join(fields)} differ" if fields else ""


def _loss(replicate: Replicate) -> Iterator[tuple[str, Any]]:
    """What decides the meaning and the scale of the loss."""
    yield "loss", replicate.spec["loss"]
    if replicate.task == "regression":
        yield "target_scaling", replicate.spec["target_scaling"]


def resample_of(groups: Sequence[Group]) -> str:
    """Return what changes from replicate to replicate: ``both``, ``splits`` or ``seeds``.

    A split by order, or by the data set's own parts, holds out the same validation rows whatever its seed.
    """
    seeds = any(len({each.seeds[0] for each in group.replicates}) > 1 for group in groups)
    splits = any(
        len({each.seeds[1] for each in group.replicates}) > 1
        for group in groups
        if group.replicates[0].spec["split"]["by"] not in _SAME_VALIDATION_ROWS
    )
    return "both" if seeds and splits else "splits" if splits else "seeds"
