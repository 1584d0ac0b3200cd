"""The tables of keys, and of groups of owners."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.database import Base

__all__ = ["GroupMemberRow", "KeyRow", "OwnerGroupRow"]


class KeyRow(Base):
    """An API key. The secret is not stored: ``digest`` can only confirm it.

    ``limits`` are the key's own and replace those of the settings. A revoked key stays, as a record of its
    owner.

    A key created over HTTP while authentication was off is not ``confirmed``, and therefore invalid.
    """

    __tablename__ = "api_keys"
    __table_args__ = (Index(None, "created_at", "id"), Index(None, "experiment_id"))

    id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    name: Mapped[str | None]
    scopes: Mapped[list[Any]]
    limits: Mapped[dict[str, Any]] = mapped_column(default=dict)
    digest: Mapped[str]
    experiment_id: Mapped[str | None] = mapped_column(sa.ForeignKey("experiments.id", ondelete="CASCADE"))
    """The only experiment that a link's key can read."""

    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    confirmed: Mapped[bool] = mapped_column(default=True, server_default=sa.true())


class OwnerGroupRow(Base):
    """A group of owners. ``limits`` apply to each of them, in place of those of the settings."""

    __tablename__ = "owner_groups"

    name: Mapped[str] = mapped_column(primary_key=True)
    limits: Mapped[dict[str, Any]]


class GroupMemberRow(Base):
    """The group that an owner belongs to."""

    __tablename__ = "group_members"

    owner: Mapped[str] = mapped_column(primary_key=True)
    group_name: Mapped[str] = mapped_column(sa.ForeignKey("owner_groups.name"), index=True)
