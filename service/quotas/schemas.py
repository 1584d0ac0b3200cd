"""The document of limits."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from service.access.caller import Scope

__all__ = ["Amount", "LimitsRead", "RequestAmount"]


class Amount(BaseModel):
    """A limit, and how much of it is used."""

    limit: int | None = Field(description="null is any amount.")
    used: int = Field(description="How much is used.")


class RequestAmount(BaseModel):
    """How many requests may be sent."""

    limit: int | None = Field(description="A minute; null is any number.")
    left: int | None = Field(description="At once, from now on.")


class LimitsRead(BaseModel):
    """Who you are to the service, and how much of it you may use."""

    object: Literal["limits"]
    owner: str = Field(description="Owner of everything that you create and see.")
    scopes: list[Scope] = Field(description="What you may do.")
    queued: Amount = Field(description="Experiments that wait or are paused; one more is answered with 429.")
    running: Amount = Field(description="Experiments that train; the others wait.")
    stored_bytes: Amount = Field(
        description="Bytes of checkpoints and data sets, and those that unfinished experiments and uploads will "
        "store. What would exceed the limit is answered with 429."
    )
    parameter_epochs: int | None = Field(
        description="An experiment's `parameters` times its `max_epochs` at most; null is any number."
    )
    time_limit_seconds: int | None = Field(
        description="The longest `time_limit_seconds` of an experiment, and that of one that sets none; null is any."
    )
    estimated_seconds: int | None = Field(
        description="An experiment's estimated training time at most; null is any."
    )
    memory_bytes: int | None = Field(description="An experiment's estimated memory at most; null is any.")
    requests_per_minute: RequestAmount = Field(description="Requests; too many are answered with 429.")
