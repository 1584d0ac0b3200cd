"""The documents of keys, as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from service.access.caller import Scope
from service.access.submission import DEFAULT_SCOPES, MAX_KEY_NAME, MAX_KEY_SECONDS, MAX_OWNER, OWNER
from service.experiments.spec_schema import DescribedBy

__all__ = ["KeyCreate", "KeyDocument", "KeyLimits", "KeyList", "KeyRead", "KeyWithToken"]

_OWNER_WORDS = "Owner of what this key creates; it sees nothing of other owners."
_SCOPES_WORDS = (
    "`read` to look, `write` to make and change things, `admin` to make and revoke keys, "
    "`metrics` to read `/metrics`."
)
_LIMITS_WORDS = "The key's own limits, in place of those that the service's settings give everybody."

_LARGEST = 2**53


class KeyLimits(BaseModel):
    """Limits of a key; those that are left out are the service's own."""

    model_config = ConfigDict(extra="forbid")

    queued: int | None = Field(
        default=None, ge=1, le=_LARGEST, description="Experiments of the owner that may wait or be paused."
    )
    stored_bytes: int | None = Field(
        default=None, ge=1, le=_LARGEST, description="Bytes of the owner's checkpoints and data sets."
    )
    parameter_epochs: int | None = Field(
        default=None, ge=1, le=_LARGEST, description="An experiment's parameters times its `max_epochs`."
    )
    time_limit_seconds: int | None = Field(
        default=None, ge=1, le=_LARGEST, description="The longest `time_limit_seconds` of an experiment."
    )
    estimated_seconds: int | None = Field(
        default=None, ge=1, le=_LARGEST, description="An experiment's estimated training time."
    )
    memory_bytes: int | None = Field(
        default=None, ge=1, le=_LARGEST, description="An experiment's estimated memory."
    )
    requests_per_minute: int | None = Field(
        default=None, ge=1, le=_LARGEST, description="Requests with this key."
    )


class KeyCreate(BaseModel):
    """A new key."""

    model_config = ConfigDict(extra="forbid")

    owner: str = Field(description=_OWNER_WORDS, pattern=f"^{OWNER}$", max_length=MAX_OWNER, examples=["ann"])
    name: str | None = Field(
        default=None, max_length=MAX_KEY_NAME, description="What it is for.", examples=["laptop"]
    )
    scopes: list[Scope] | None = Field(
        default=[*DEFAULT_SCOPES], min_length=1, max_length=4, description=_SCOPES_WORDS
    )
    expires_in_seconds: int | None = Field(
        default=None, ge=1, le=MAX_KEY_SECONDS, description="Seconds until it expires; null is never."
    )
    limits: KeyLimits | None = Field(default=KeyLimits(), description=_LIMITS_WORDS)


KeyDocument = Annotated[dict[str, Any], DescribedBy(KeyCreate)]
"""The body of a new key as it came; the service checks it."""


class KeyRead(BaseModel):
    """A key, without its secret."""

    id: str = Field(description="What stands before the dot of the token.")
    object: Literal["key"]
    owner: str = Field(description=_OWNER_WORDS)
    name: str | None
    scopes: list[Scope] = Field(description=_SCOPES_WORDS)
    limits: KeyLimits = Field(description=_LIMITS_WORDS)
    created_at: datetime
    expires_at: datetime | None = Field(description="When it expires; null is never.")
    revoked_at: datetime | None = Field(description="When it was revoked; null if it was not.")
    confirmed: bool = Field(
        description="False for a key made while keys were not required. It is not valid until the operator runs "
        "`trainyard keys confirm`."
    )


class KeyWithToken(KeyRead):
    """A key that has just been made, and its token."""

    token: str = Field(
        description="Send it as `Authorization: Bearer …`. It is shown this once and cannot be read again."
    )


class KeyList(BaseModel):
    """A page of keys."""

    object: Literal["list"]
    data: list[KeyRead]
    has_more: bool
    next: str | None = Field(description="Give it as `after` to get the next page.")
    total: int | None = Field(description="Keys on all pages; null for more than 10,000.")
