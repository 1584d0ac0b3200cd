"""The table of leftovers."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from service.database import Base

__all__ = ["LeftoverRow"]


class LeftoverRow(Base):
    """Bytes that something has let go of: nobody has to search all that is stored for them.

    Whatever lets go of bytes writes the row in the same transaction; the sweeper finds out whether anything still uses
    them.
    """

    __tablename__ = "leftovers"

    kind: Mapped[str] = mapped_column(primary_key=True)
    """``blob``, ``upload`` (of a data set's id) or ``version`` (of arrays)."""

    id: Mapped[str] = mapped_column(primary_key=True)
