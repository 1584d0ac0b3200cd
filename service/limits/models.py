"""Table of the storage used by each owner's experiments."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.database import Base

__all__ = ["OwnerUsageRow"]


class OwnerUsageRow(Base):
    """The sum of an owner's ``experiments.reserved_bytes``, so that no quota check adds up all experiments.

    Its row is also the lock under which an owner's quotas are checked: everything that counts updates it first.
    """

    __tablename__ = "owner_usage"
    __table_args__ = (Index(None, "reading_start"),)

    owner: Mapped[str] = mapped_column(primary_key=True)
    experiment_bytes: Mapped[int] = mapped_column(BigInteger)
    reading_tag: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    """Bytes read for the owner, in the units of ``datasets/line``."""

    reading_start: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    """Where the last read started."""
