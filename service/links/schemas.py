"""Schemas of links."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from service.http.described_by import DescribedBy
from service.keys.submission import MAX_KEY_SECONDS
from service.names import MAX_NAME

__all__ = ["LinkCreate", "LinkDocument", "LinkList", "LinkRead", "LinkWithToken"]


class LinkCreate(BaseModel):
    """A new link."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(
        default=None,
        max_length=MAX_NAME,
        description="The recipient, for people.",
        examples=["my teacher"],
    )
    expires_in_seconds: int | None = Field(
        default=None,
        ge=1,
        le=MAX_KEY_SECONDS,
        description="Seconds until the link expires; null means never.",
    )


LinkDocument = Annotated[dict[str, Any], DescribedBy(LinkCreate)]
"""The body of a new link as it came; it is checked apart."""


class LinkRead(BaseModel):
    """A link, without its token."""

    id: str = Field(description="The part of the token before the dot.")
    object: Literal["link"]
    experiment_id: str = Field(description="The experiment it gives access to.")
    name: str | None = Field(description="The recipient, for people.")
    created_at: datetime
    expires_at: datetime | None = Field(description="When the link expires; null means never.")


class LinkWithToken(LinkRead):
    """A new link with its token."""

    token: str = Field(
        description="Send it as `Authorization: Bearer …`. It is shown only once and cannot be read again."
    )


class LinkList(BaseModel):
    """All links of an experiment, oldest first."""

    object: Literal["list"]
    data: list[LinkRead]
