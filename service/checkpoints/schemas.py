"""The documents of checkpoints, as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from service.experiments.schemas import EpochMetrics

__all__ = ["CheckpointList", "CheckpointRead"]


class CheckpointLinks(BaseModel):
    """Where to go from here."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    self_: str = Field(alias="self")
    content: str
    experiment: str


class CheckpointRead(BaseModel):
    """The weights of one epoch."""

    id: str = Field(
        description='What `{"init": {"name": "given", "checkpoint": id}}` begins a new experiment with.',
        examples=["exp_01KAPZ4M7S3F6N6Q3W8E5T2R1Y/best"],
    )
    object: Literal["checkpoint"]
    kind: Literal["best", "last", "initial"] = Field(
        description="`initial` is what the experiment began with, copied from the other one that `spec.init` names."
    )
    epoch: int
    metrics: EpochMetrics
    sha256: str = Field(description="Hash of the safetensors bytes.")
    bytes: int = Field(description="Size of the safetensors bytes.")
    created_at: datetime
    links: CheckpointLinks


class CheckpointList(BaseModel):
    """All checkpoints of an experiment; none before the first has been stored."""

    object: Literal["list"]
    data: list[CheckpointRead]
    has_more: bool
    next: None
