"""The table of leftovers."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from service.storage.database import Base

__all__ = ["LeftoverRow"]


class LeftoverRow(Base):
    """Bytes that something has let go of: nobody has to search all that is stored for them.

    Whatever lets go of bytes writes the row in the same transaction; the sweeper finds out whether anything still uses
    them.
    """

    __tablename__ = "leftovers"

    kind: Mapped[str] = mapped_column(primary_key=True)
    """What the bytes are.

    ``blob``, ``upload`` (of a data set's id), ``version`` (of arrays), or rows whose content was moved to a blob:
    ``chunks`` (of a checkpoint, experiment/kind) and ``state`` (of an experiment).
    """

    id: Mapped[str] = mapped_column(primary_key=True)
