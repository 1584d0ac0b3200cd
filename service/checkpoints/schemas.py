"""Schemas of checkpoints."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from service.experiments.schemas import EpochMetrics

__all__ = ["CheckpointContent", "CheckpointList", "CheckpointRead"]


class CheckpointLinks(BaseModel):
    """Related resources."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    self_: str = Field(alias="self")
    content: str
    experiment: str


class CheckpointRead(BaseModel):
    """The weights of one epoch."""

    id: str = Field(
        description='Value for `{"init": {"name": "given", "checkpoint": id}}` of a new experiment.',
        examples=["exp_01KAPZ4M7S3F6N6Q3W8E5T2R1Y/best"],
    )
    object: Literal["checkpoint"]
    kind: Literal["best", "last", "initial"] = Field(
        description="`initial` is a copy of the checkpoint that `spec.init` names."
    )
    epoch: int
    metrics: EpochMetrics
    sha256: str = Field(description="SHA-256 of the safetensors content.")
    bytes: int = Field(description="Size of the safetensors content in bytes.")
    created_at: datetime
    links: CheckpointLinks


class CheckpointList(BaseModel):
    """All checkpoints of an experiment; empty until the first is stored."""

    object: Literal["list"]
    data: list[CheckpointRead]
    has_more: bool
    next: str | None = Field(description="Always null: all checkpoints fit one page.")


class Tensor(BaseModel):
    """One tensor of a checkpoint."""

    dtype: str = Field(description="Data type of the tensor.", examples=["float32"])
    shape: list[int] = Field(description="Shape of the tensor.", examples=[[30, 64]])
    data: Any = Field(description="Values as nested lists; null for values that are not finite.")


class CheckpointContent(BaseModel):
    """A checkpoint as JSON."""

    metadata: dict[str, Any] = Field(description="Description of the network and of the feature scaling.")
    tensors: dict[str, Tensor] = Field(
        description="Tensors by name, as in the `state_dict` of a PyTorch `Sequential`."
    )
    non_finite: list[str] = Field(
        description="Tensors with values that are null because they are not finite."
    )
