"""Table of leftovers."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from service.storage.database import Base

__all__ = ["LeftoverRow"]


class LeftoverRow(Base):
    """Possibly unreferenced bytes, recorded to avoid a search of everything stored.

    The row is written in the transaction that drops a reference; the sweeper checks for other references.
    """

    __tablename__ = "leftovers"

    kind: Mapped[str] = mapped_column(primary_key=True)
    """Type of the content.

    ``blob``, ``upload`` (of a data set's id), ``version`` (of arrays), or rows whose content was moved to a blob:
    ``chunks`` (of a checkpoint, experiment/kind) and ``state`` (of an experiment).
    """

    id: Mapped[str] = mapped_column(primary_key=True)
