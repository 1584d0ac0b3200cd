"""Schemas of experiments."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from engine.spec import METRICS, PENALTIES, Experiment
from service.experiments.equivalents import Equivalents, GivenLambda
from service.experiments.labels import MAX_METADATA_PAIRS, MAX_PRIORITY, MIN_PRIORITY
from service.experiments.spec_schema import View, model_of
from service.experiments.states import STATUSES, STOP_REASONS, UNFINISHED
from service.http.described_by import DescribedBy
from service.names import MAX_NAME

__all__ = [
    "CurveRead",
    "EpochMetrics",
    "ExperimentCreate",
    "ExperimentDocument",
    "ExperimentList",
    "ExperimentPatch",
    "ExperimentRead",
    "ExperimentSpec",
    "Failure",
    "PatchDocument",
    "Penalty",
    "Status",
    "StatusFilter",
    "StopReason",
    "TestMetrics",
    "Warned",
]

Status = Literal[STATUSES]  # type: ignore[valid-type]  # the table of states is the one list
StatusFilter = Literal[(*STATUSES, UNFINISHED)]  # type: ignore[valid-type]  # likewise
StopReason = Literal[STOP_REASONS]  # type: ignore[valid-type]  # likewise
_PENALTIES = PENALTIES.allowed
Penalty = Literal[_PENALTIES]  # type: ignore[valid-type]  # likewise

_DATASET = (str, Field(description="Identifier of a data set, see `GET /v1/datasets`.", examples=["digits"]))
_METADATA_WORDS = "Your own labels, to find experiments by: `GET /v1/experiments?metadata=key=value`."
_PRIORITY_WORDS = "Order among your queued experiments: highest priority first, then oldest first."
_TIME_LIMIT_WORDS = (
    "Seconds of training after which the run ends with its results so far; null means no limit."
)

ExperimentSpec = create_model(
    "ExperimentSpec",
    __base__=model_of(Experiment, View.SHOWN),
    __doc__='A resolved specification: every "auto" and every default is filled in. It can be posted again.',
    dataset=_DATASET,
)
ExperimentCreate = create_model(
    "ExperimentCreate",
    __base__=model_of(Experiment, View.SENT),
    __doc__="A new experiment. Every field but `dataset` has a default; null stands for the default.",
    dataset=_DATASET,
    name=(str | None, Field(default=None, max_length=MAX_NAME, description="Name, for people.")),
    metadata=(
        dict[str, str] | None,
        Field(default={}, max_length=MAX_METADATA_PAIRS, description=_METADATA_WORDS),
    ),
    priority=(
        int | None,
        Field(default=0, ge=MIN_PRIORITY, le=MAX_PRIORITY, description=_PRIORITY_WORDS),
    ),
    time_limit_seconds=(float | None, Field(default=None, gt=0, description=_TIME_LIMIT_WORDS)),
)

ExperimentDocument = Annotated[dict[str, Any], DescribedBy(ExperimentCreate)]
"""The body of a new experiment as it came; the service checks it."""


class ExperimentPatch(BaseModel):
    """A change, as a JSON merge patch (RFC 7396): omitted members stay, null restores the default."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, max_length=MAX_NAME)
    metadata: dict[str, str | None] | None = Field(
        default=None,
        description="Labels to set. A null value deletes that label; null instead of the object deletes all labels.",
    )
    priority: int | None = Field(default=None, ge=MIN_PRIORITY, le=MAX_PRIORITY, description=_PRIORITY_WORDS)


PatchDocument = Annotated[dict[str, Any], DescribedBy(ExperimentPatch)]
"""The body of a change as it came."""


class SplitRowsRead(BaseModel):
    """Number of rows in each split."""

    train: int = Field(description="n, the divisor of λ.")
    validation: int = Field(description="Rows that determine the best epoch.")
    test: int = Field(description="Rows held out for the one final score.")


class DatasetUsed(BaseModel):
    """The data set that an experiment is trained on."""

    name: str
    version: str = Field(description="Hash of the contents: equal versions have equal data.")
    rows: SplitRowsRead
    classes: list[str] | None = Field(description="Names of the classes; null for regression.")


class Progress(BaseModel):
    """Progress of training."""

    epoch: int = Field(description="Completed epochs; 0 before the first.")
    max_epochs: int = Field(description="Maximum number of epochs.")
    eta_seconds: float | None = Field(
        description="Estimated seconds to `max_epochs` or the time limit; null unless it is running."
    )
    queue_position: int | None = Field(
        description="Position in your queue, from 1; null beyond 1,000 and unless it is queued."
    )


_DESCRIPTIONS = {
    "penalty": "Never part of a loss.",
    "objective": "`train_loss` + `penalty`, the objective that training minimizes.",
    "zero_fraction": "Share of weights that are exactly 0.",
    "dead_units": "Share of hidden units whose ReLU is 0 on every validation row.",
}
_OF_EPOCH: dict[str, Any] = {
    name: (float | None, Field(default=None, description=_DESCRIPTIONS.get(name))) for name in METRICS
}
_Measured = create_model("_Measured", epoch=(int, ...), **_OF_EPOCH)


class EpochMetrics(_Measured):
    """Metrics of one epoch; metrics of other tasks are omitted."""

    model_config = ConfigDict(extra="forbid")

    non_finite: list[str] | None = Field(
        default=None, description="Metrics that are null because they were NaN or infinite."
    )


class TestMetrics(BaseModel):
    """Scores on the test rows, computed once, with the best epoch's weights."""

    loss: float | None = None
    accuracy: float | None = None
    r2: float | None = None
    mae: float | None = None
    rmse: float | None = None
    non_finite: list[str] | None = Field(
        default=None, description="Scores that are null because they were NaN or infinite."
    )


class Units(BaseModel):
    """Units of a regression's metrics: `standardized` (deviations of the training targets) or `target`.

    A squared error has the square of its unit.
    """

    loss: Literal["standardized", "target"] = Field(
        description="Unit of every loss, `objective` and `test.loss`; `target_scaling` decides it."
    )
    mae: Literal["target"] = Field(description="Unit of every `mae`: the target's unit.")
    rmse: Literal["target"] = Field(description="Unit of every `rmse`: the target's unit.")


class Warned(BaseModel):
    """A setting that is valid but probably not intended."""

    pointer: str | None = None
    code: str
    message: str


class Failure(BaseModel):
    """The cause of an experiment's failure."""

    code: str
    message: str


class ExperimentLinks(BaseModel):
    """Related resources and possible actions."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    self_: str = Field(alias="self")
    metrics: str
    events: str
    checkpoints: str
    cancel: str | None = Field(
        default=None, description="POST here to cancel it; present while that is possible."
    )
    pause: str | None = Field(
        default=None, description="POST here to pause it; present while that is possible."
    )
    resume: str | None = Field(
        default=None, description="POST here to resume it; present while it is paused."
    )
    delete: str | None = Field(
        default=None, description="DELETE here to delete it; absent while it is being trained."
    )


class ExperimentRead(BaseModel):
    """An experiment: its specification, status and results."""

    id: str = Field(description="Identifier, used in URLs.", examples=["exp_01KAPZ4M7S3F6N6Q3W8E5T2R1Y"])
    object: Literal["experiment"]
    status: Status = Field(description="Current status.")
    why: str | None = Field(
        description="Reason for waiting, for people, as of a moment ago; null unless it is `queued`.",
        examples=["waiting for a worker (2 busy)"],
    )
    stop_reason: StopReason | None = Field(description="Reason for ending; null until it has ended.")
    name: str | None = Field(examples=["overfit"])
    metadata: dict[str, str] = Field(description=_METADATA_WORDS, examples=[{"course": "week 3"}])
    priority: int = Field(description=_PRIORITY_WORDS)
    time_limit_seconds: float | None = Field(description=_TIME_LIMIT_WORDS)
    spec: Annotated[dict[str, Any], DescribedBy(ExperimentSpec)]
    given_lambda: GivenLambda | None = Field(
        description=(
            "λ in another tool's convention, if it was given so; null if it was given in the textbook's, as "
            "in `spec`."
        )
    )
    dataset: DatasetUsed
    parameters: int = Field(description="Number of weights and biases.")
    progress: Progress
    best: EpochMetrics | None = Field(description="The best epoch by `monitor`; its weights are kept.")
    final: EpochMetrics | None = Field(description="The last epoch.")
    test: TestMetrics | None = Field(description="Null until the run ends.")
    units: Units | None = Field(description="Units of losses and errors; null for classes and labels.")
    argmin_epoch: int | None = Field(description="The epoch with the best `monitor`, ignoring `min_delta`.")
    equivalents: Equivalents
    warnings: list[Warned]
    attempt: int = Field(
        description="Number of attempts at training; more than 1 if a worker was lost or training was interrupted."
    )
    engine_revision: int | None = Field(
        description="Revision of the engine that trains it; null until it starts. Equal revisions give bit-identical "
        "results."
    )
    error: Failure | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    links: ExperimentLinks


class ExperimentList(BaseModel):
    """A page of experiments."""

    object: Literal["list"]
    data: list[ExperimentRead]
    has_more: bool
    next: str | None = Field(description="Pass it as `after` to get the next page; null on the last page.")
    total: int | None = Field(description="Number of experiments in all pages; null if more than 10,000.")


_COLUMNS: dict[str, Any] = {name: (list[float | None], []) for name in (*METRICS, "seconds")}
_Columns = create_model("_Columns", epoch=(list[int], ...), **_COLUMNS)


class CurveRead(_Columns):
    """Metrics by epoch, as columns of equal length; metrics of other tasks are omitted."""

    non_finite: list[list[str]] = Field(
        default=[], description="Metrics that were NaN or infinite, by epoch; only epochs that have any."
    )
