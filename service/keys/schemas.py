"""Schemas of API keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from service.access.caller import Scope
from service.http.described_by import DescribedBy
from service.keys.submission import DEFAULT_SCOPES, LARGEST_LIMIT, MAX_KEY_SECONDS, MAX_OWNER, OWNER
from service.names import MAX_NAME

__all__ = ["KeyCreate", "KeyDocument", "KeyLimits", "KeyList", "KeyRead", "KeyWithToken"]

_OWNER_WORDS = "Owner of everything this key creates. The key cannot see other owners' data."
_SCOPES_WORDS = (
    "`read` to read, `write` to create and change resources, `admin` to create and revoke keys, `metrics` "
    "to read `/metrics`."
)
_LIMITS_WORDS = "The key's own limits, which replace the service's defaults."


class KeyLimits(BaseModel):
    """Limits of a key; omitted ones are the service's own."""

    model_config = ConfigDict(extra="forbid")

    queued: int | None = Field(
        default=None, ge=1, le=LARGEST_LIMIT, description="Queued and paused experiments of the owner."
    )
    stored_bytes: int | None = Field(
        default=None, ge=1, le=LARGEST_LIMIT, description="Bytes of the owner's checkpoints and data sets."
    )
    parameter_epochs: int | None = Field(
        default=None, ge=1, le=LARGEST_LIMIT, description="`parameters` times `max_epochs` of an experiment."
    )
    time_limit_seconds: int | None = Field(
        default=None, ge=1, le=LARGEST_LIMIT, description="Longest `time_limit_seconds` of an experiment."
    )
    estimated_seconds: int | None = Field(
        default=None, ge=1, le=LARGEST_LIMIT, description="Estimated training time of an experiment."
    )
    memory_bytes: int | None = Field(
        default=None, ge=1, le=LARGEST_LIMIT, description="Estimated memory of an experiment."
    )
    requests_per_minute: int | None = Field(
        default=None, ge=1, le=LARGEST_LIMIT, description="Requests with this key."
    )


class KeyCreate(BaseModel):
    """A new key."""

    model_config = ConfigDict(extra="forbid")

    owner: str = Field(description=_OWNER_WORDS, pattern=f"^{OWNER}$", max_length=MAX_OWNER, examples=["ann"])
    name: str | None = Field(
        default=None, max_length=MAX_NAME, description="What the key is for.", examples=["laptop"]
    )
    scopes: list[Scope] | None = Field(
        default=[*DEFAULT_SCOPES], min_length=1, max_length=4, description=_SCOPES_WORDS
    )
    expires_in_seconds: int | None = Field(
        default=None, ge=1, le=MAX_KEY_SECONDS, description="Seconds until the key expires; null means never."
    )
    limits: KeyLimits | None = Field(default=KeyLimits(), description=_LIMITS_WORDS)


KeyDocument = Annotated[dict[str, Any], DescribedBy(KeyCreate)]
"""The body of a new key as it came; the service checks it."""


class KeyRead(BaseModel):
    """A key, without its secret."""

    id: str = Field(description="The part of the token before the dot.")
    object: Literal["key"]
    owner: str = Field(description=_OWNER_WORDS)
    name: str | None
    scopes: list[Scope] = Field(description=_SCOPES_WORDS)
    limits: KeyLimits = Field(description=_LIMITS_WORDS)
    created_at: datetime
    expires_at: datetime | None = Field(description="When the key expires; null means never.")
    revoked_at: datetime | None = Field(description="When the key was revoked; null if it is not.")
    confirmed: bool = Field(
        description="False if the key was created while authentication was off. Such a key is invalid until the "
        "operator runs `trainyard keys confirm`."
    )


class KeyWithToken(KeyRead):
    """A new key with its token."""

    token: str = Field(
        description="Send it as `Authorization: Bearer …`. It is shown only once and cannot be read again."
    )


class KeyList(BaseModel):
    """A page of keys."""

    object: Literal["list"]
    data: list[KeyRead]
    has_more: bool
    next: str | None = Field(description="Pass it as `after` to get the next page; null on the last page.")
    total: int | None = Field(description="Number of keys in all pages; null if more than 10,000.")
