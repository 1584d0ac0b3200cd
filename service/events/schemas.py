"""Schemas of events."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, create_model

from service.experiments.schemas import EpochMetrics, Failure, Status, StopReason, TestMetrics, Warned

__all__ = ["EventList", "EventRead", "stream_content"]


class StatusData(BaseModel):
    """A change of the experiment's status."""

    status: Status
    stop_reason: StopReason | None


class EpochData(EpochMetrics):
    """A completed epoch with its metrics, as in the learning curve."""

    seconds: float | None = Field(default=None, description="Training time so far, in seconds.")


_METRICS: Any = {name: (field.annotation, field) for name, field in EpochData.model_fields.items()}
_METRICS.pop("epoch")
KeptMetrics = create_model("KeptMetrics", __doc__="Metrics of the checkpoint's epoch.", **_METRICS)


class CheckpointData(BaseModel):
    """New best weights."""

    kind: Literal["best", "last"]
    epoch: int
    sha256: str = Field(description="SHA-256 of the safetensors content.")
    metrics: KeptMetrics


class FinishedData(BaseModel):
    """The end of the experiment: always its last event."""

    status: Status
    stop_reason: StopReason | None
    epoch: int = Field(description="Epochs done.")
    best_epoch: int | None
    argmin_epoch: int | None
    test: TestMetrics | None
    error: Failure | None


class _Event(BaseModel):
    id: str = Field(
        description="Pass it as `after`, or send it as `Last-Event-ID`, to continue after this event."
    )
    object: Literal["event"]
    experiment_id: str
    created_at: datetime


class StatusEvent(_Event):
    """The status has changed."""

    type: Literal["experiment.status"]
    data: StatusData


class EpochEvent(_Event):
    """An epoch has been trained and stored."""

    type: Literal["experiment.epoch"]
    data: EpochData


class CheckpointEvent(_Event):
    """Weights have been stored."""

    type: Literal["experiment.checkpoint"]
    data: CheckpointData


class WarningEvent(_Event):
    """A warning has been raised."""

    type: Literal["experiment.warning"]
    data: Warned


class FinishedEvent(_Event):
    """The experiment has ended."""

    type: Literal["experiment.finished"]
    data: FinishedData


EventRead = Annotated[
    StatusEvent | EpochEvent | CheckpointEvent | WarningEvent | FinishedEvent, Field(discriminator="type")
]


class EventList(BaseModel):
    """Events, oldest first."""

    object: Literal["list"]
    data: list[EventRead]
    has_more: bool = Field(description="Whether more events exist already.")
    next: str = Field(description="Pass it as `after` to get later events, including future ones.")


_EXAMPLE = """\
id: 1
event: experiment.status
data: {"experiment_id":"exp_01KAPZ4M7S3F6N6Q3W8E5T2R1Y","created_at":"2026-11-22T16:05:03Z","status":"queued","stop_reason":null}

id: 3
event: experiment.epoch
data: {"experiment_id":"exp_01KAPZ4M7S3F6N6Q3W8E5T2R1Y","created_at":"2026-11-22T16:05:04Z","epoch":1,"train_loss":0.76,"val_loss":0.89}

"""  # noqa: E501 - a line of the stream is a line


def stream_content() -> dict[str, Any]:
    """The OpenAPI content of a response that is a stream of events."""
    words = (
        "Server-sent events. `event` is the event's type, `id` its id, and `data` its `data` as JSON with "
        "`experiment_id` and `created_at` added."
    )
    return {"schema": {"type": "string", "description": words}, "example": _EXAMPLE}
