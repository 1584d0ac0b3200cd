"""Schemas of liveness, readiness and version."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

__all__ = ["Alive", "Ready", "Version"]


class Alive(BaseModel):
    """The API process is alive."""

    status: Literal["alive"]


class Ready(BaseModel):
    """Experiments can be queued and will be trained."""

    status: Literal["ready"]


class Version(BaseModel):
    """Name and version of the service."""

    name: str
    version: str = Field(description="Version of the service.")
    python: str = Field(description="Version of Python that the service runs on.")
