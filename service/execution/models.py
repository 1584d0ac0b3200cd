"""The table of roles that one engine process holds at a time."""

from __future__ import annotations

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.database import Base

__all__ = ["RoleRow"]


class RoleRow(Base):
    """A role that one engine holds at a time (``dispatcher``): the holder counts up for as long as it lives."""

    __tablename__ = "roles"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    counter: Mapped[int] = mapped_column(BigInteger, default=0)
