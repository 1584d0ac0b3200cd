"""The documents of checkpoints, as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from service.experiments.schemas import EpochMetrics

__all__ = ["CheckpointContent", "CheckpointList", "CheckpointRead"]


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
    next: str | None = Field(description="Null: there is one page only.")


class Tensor(BaseModel):
    """One tensor of a checkpoint."""

    dtype: str = Field(description="Type of its numbers.", examples=["float32"])
    shape: list[int] = Field(description="Length along each axis.", examples=[[30, 64]])
    data: Any = Field(description="Its numbers as nested lists; what is not finite is null.")


class CheckpointContent(BaseModel):
    """A checkpoint as JSON."""

    metadata: dict[str, Any] = Field(description="What the network is, and how the features are scaled.")
    tensors: dict[str, Tensor] = Field(description="By name, as in the state of a torch `Sequential`.")
    non_finite: list[str] = Field(
        description="Tensors with numbers that are null because they are not finite."
    )
