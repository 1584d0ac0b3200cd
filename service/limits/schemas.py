"""Schema of limits."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from service.access.caller import Scope

__all__ = ["Amount", "LimitsRead", "RequestAmount"]


class Amount(BaseModel):
    """A limit and its current use."""

    limit: int | None = Field(description="Maximum; null means unlimited.")
    used: int = Field(description="Current use.")


class RequestAmount(BaseModel):
    """The rate limit of requests."""

    limit: int | None = Field(description="Requests allowed per minute; null means unlimited.")
    left: int | None = Field(description="Requests that can be sent right now; null means unlimited.")


class LimitsRead(BaseModel):
    """Your identity, limits and usage."""

    object: Literal["limits"]
    owner: str = Field(description="Owner of everything you can create and see.")
    scopes: list[Scope] = Field(description="Scopes of your API key.")
    queued: Amount = Field(
        description="Experiments that are queued or paused. At the limit, another one is refused with 429."
    )
    running: Amount = Field(description="Experiments in training; further ones wait.")
    stored_bytes: Amount = Field(
        description="Bytes of checkpoints and data sets, including what unfinished experiments and uploads will "
        "store. A request that would exceed the limit is refused with 429."
    )
    parameter_epochs: int | None = Field(
        description="Maximum of an experiment's `parameters` times its `max_epochs`; null means unlimited."
    )
    time_limit_seconds: int | None = Field(
        description=(
            "Maximum `time_limit_seconds` of an experiment, and the value used if it sets none; null means "
            "unlimited."
        )
    )
    estimated_seconds: int | None = Field(
        description="Maximum estimated training time of an experiment; null means unlimited."
    )
    memory_bytes: int | None = Field(
        description="Maximum estimated memory of an experiment; null means unlimited."
    )
    requests_per_minute: RequestAmount = Field(
        description="Rate limit; requests above it are refused with 429."
    )
