"""The documents of comparisons, as clients see them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from service.http.described_by import DescribedBy
from service.sweeps.comparisons.submission import MOST_EXPERIMENTS, MOST_GROUPS, MOST_LABEL

__all__ = ["ComparisonCreate", "ComparisonDocument", "ComparisonRead"]

Metric = Literal["val_loss", "val_accuracy", "val_r2", "val_mae", "val_rmse"]
ScoreRule = Literal["cross_fitted", "best", "final"]


class ComparedGroup(BaseModel):
    """Replicates of one setting: experiments that differ in `seed` and `split.seed` only."""

    model_config = ConfigDict(extra="forbid")

    experiments: list[str] | None = Field(
        default=None, min_length=1, max_length=MOST_EXPERIMENTS, description="Ids of the experiments."
    )
    metadata: dict[str, str] | None = Field(
        default=None, description="Instead of ids: take all experiments with these metadata pairs."
    )
    label: str | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_LABEL,
        description="Name of the group in the answer; by default the settings in which it differs from the others.",
    )


class ComparisonCreate(BaseModel):
    """Groups of experiments to compare."""

    model_config = ConfigDict(extra="forbid")

    groups: list[ComparedGroup] = Field(
        min_length=2,
        max_length=MOST_GROUPS,
        description="One group for each setting, trained on the same data.",
    )
    metric: Metric | None = Field(
        default="val_loss", description="Validation metric by which the settings are compared."
    )
    score: ScoreRule | None = Field(
        default="cross_fitted",
        description=(
            "Epoch at which a replicate is scored. `cross_fitted`: the best epoch of the other replicates' mean "
            "curve. `best`: its own best epoch, which flatters, and flatters noisy settings more. `final`: its last "
            "epoch."
        ),
    )
    reference: int | None = Field(
        default=None,
        ge=0,
        lt=MOST_GROUPS,
        description="Index of a group, chosen before looking, with which every other one is compared.",
    )


ComparisonDocument = Annotated[dict[str, Any], DescribedBy(ComparisonCreate)]
"""The body of a comparison as it came; it is checked apart."""


class ScoredReplicate(BaseModel):
    """One experiment of a group, and its score."""

    experiment: str = Field(description="Id of the experiment.")
    seed: int = Field(description="Training seed.")
    split_seed: int | None = Field(description="Seed of the split; null where the data set brings its own.")
    epoch: int | None = Field(description="Epoch at which the score was read; null without a score.")
    score: float | None = Field(description="Value of the metric; null if the experiment has not ended well.")


class ScoredGroup(BaseModel):
    """One setting, and the scores of its replicates."""

    label: str = Field(description="Your label, or the settings in which the group differs from the others.")
    replicates: list[ScoredReplicate] = Field(description="Experiments of the group.")
    scored: int = Field(description="Replicates that have a score.")
    failed: int = Field(description="Replicates that ended without a score.")
    unfinished: int = Field(description="Replicates that have not ended.")
    mean: float | None = Field(description="Mean score; null without any.")
    sd: float | None = Field(description="Sample standard deviation; null with fewer than 2 scores.")
    low: float | None = Field(
        description="Lower end of the mean's 95 % interval, corrected for overlapping rows."
    )
    high: float | None = Field(description="Upper end of it.")
    nonzero_weights: float = Field(
        description="Mean number of weights and biases that are not zero at the best epoch."
    )


class DifferenceRead(BaseModel):
    """The difference between two groups; positive is better for the first, also for losses."""

    first: int = Field(description="Index of the first group.")
    second: int = Field(description="Index of the second group.")
    estimate: float = Field(description="Mean difference of the pairs; of the means, if unpaired.")
    low: float | None = Field(
        description="Lower end of the 95 % interval; null if the replicates do not vary."
    )
    high: float | None = Field(description="Upper end of it.")
    p: float | None = Field(description="Two-sided p, by the same t distribution as the interval.")
    p_adjusted: float | None = Field(
        description="p after Holm's adjustment for all differences that are compared."
    )
    pairs: int = Field(description="Pairs of replicates; if unpaired, replicates of the smaller group.")
    paired: bool = Field(description="Whether replicates with equal seeds and splits were paired.")


class SimplestRead(BaseModel):
    """The simplest setting whose mean is within one standard error of the best."""

    group: int = Field(description="Index of the group.")
    rule: Literal["lambda", "nonzero_weights", "parameters"] | None = Field(
        description="What makes it simpler than the best group; null if it is the best group."
    )


class VerdictRead(BaseModel):
    """What the scores show."""

    outcome: Literal["winner", "cannot_tell", "incomplete"] = Field(
        description="`incomplete` as long as an experiment has not ended."
    )
    winner: int | None = Field(description="Index of the winning group; null unless the outcome is `winner`.")
    best: int | None = Field(description="Index of the group with the best mean; it may be no winner.")
    indistinguishable: list[int] = Field(
        description="Groups that cannot be told from the best. The truly best one is missing in at most 5 of 100."
    )
    simplest_within_one_se: SimplestRead | None = Field(
        description="Simplest setting within one standard error of the best; null without scores."
    )
    difference: DifferenceRead | None = Field(
        description="The best group over the one that is hardest to tell from it."
    )
    level: float = Field(description="Level of the interval in the sentence: 0.95, or more for many groups.")
    scope: Literal["both", "splits", "seeds"] = Field(
        description=(
            "What changed from replicate to replicate, and so what the verdict is about: other rows and seeds, other "
            "rows, or new seeds on these validation rows only."
        )
    )
    looks: int = Field(description="How often the same replicates have been judged; 1 for a comparison.")
    attainable_difference: float | None = Field(
        description="Difference that this many pairs would tell in 80 of 100 repetitions."
    )
    replicates_needed: int | None = Field(
        description="Pairs that would tell a difference of this size; null if no number would."
    )
    rows_needed: int | None = Field(
        description="Rows that would, if no number of pairs would; null above 100 times the present rows."
    )
    sentence: str = Field(description="The verdict in words, with its unit, interval and number of pairs.")


class ComparisonRead(BaseModel):
    """Groups of experiments, their scores, and the verdict."""

    object: Literal["comparison"]
    metric: Metric
    score: ScoreRule
    groups: list[ScoredGroup] = Field(description="The groups, in the order of the request.")
    differences: list[DifferenceRead] = Field(
        description="Every group over the reference, or the best group over every other one."
    )
    verdict: VerdictRead
