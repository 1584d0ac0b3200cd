"""Tables of uploaded data sets: metadata, uploaded bytes, and arrays."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary, false, text
from sqlalchemy.orm import Mapped, mapped_column

from service.datasets.revision import FIRST_REVISION, READER_REVISION
from service.storage.database import Base

__all__ = ["DatasetArrayRow", "DatasetRow", "DatasetUploadRow"]

_NOT_FINISHED = text("finished_at IS NULL")


class DatasetRow(Base):
    """One data set of one owner.

    ``options`` are as they were given. ``fingerprint`` is a hash of its bytes and options, once all bytes
    have arrived. ``version`` is a hash of everything that networks are trained on, ``facts`` the properties
    found by reading, and ``rejection`` the reasons why it cannot be used. ``reader_revision`` is that of the
    reader that has read it, or will. ``counter`` increases while a process works on it. ``attempt`` increases
    with each attempt at sending or reading it, after which earlier attempts cannot continue.
    """

    __tablename__ = "datasets"
    __table_args__ = (
        Index(None, "owner", "created_at", "id"),
        Index(None, "owner", "fingerprint"),
        Index(None, "version"),
        Index(None, "shared", "created_at", "id"),
        # Few are on their way at a time, however many there are.
        Index(
            "ix_datasets_unfinished",
            "status",
            "created_at",
            "id",
            sqlite_where=_NOT_FINISHED,
            postgresql_where=_NOT_FINISHED,
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    status: Mapped[str]
    options: Mapped[dict[str, Any]]
    bytes: Mapped[int] = mapped_column(BigInteger)
    reserved_bytes: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    """Size of the upload, known before its ``bytes`` are copied; the owner is charged for the larger."""

    fingerprint: Mapped[str | None]
    version: Mapped[str | None]
    reader_revision: Mapped[int] = mapped_column(
        default=READER_REVISION, server_default=text(str(FIRST_REVISION))
    )
    facts: Mapped[dict[str, Any] | None]
    rejection: Mapped[dict[str, Any] | None]
    reading_since: Mapped[datetime | None]
    """Start of the last attempt at reading; None while it waits for one."""

    shared: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether every owner can see it and train on it."""

    attempt: Mapped[int]
    losses: Mapped[int]
    counter: Mapped[int] = mapped_column(BigInteger)


class DatasetUploadRow(Base):
    """A piece of the uploaded bytes, kept until they have been read and swept."""

    __tablename__ = "dataset_uploads"

    dataset_id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class DatasetArrayRow(Base):
    """A piece of an array of a version, as an npy file; all who uploaded the same share it."""

    __tablename__ = "dataset_arrays"

    version: Mapped[str] = mapped_column(primary_key=True)
    array: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str | None]
    """SHA-256 of this piece; None if an older version wrote it."""

    content: Mapped[bytes] = mapped_column(LargeBinary)
