"""Revision of the reader: how the bytes of a file are interpreted."""

from __future__ import annotations

__all__ = ["FIRST_REVISION", "OUTDATED", "READER_REVISION", "outdated"]

FIRST_REVISION = 1
"""Revision of data sets stored before revisions were counted."""

READER_REVISION = 11
"""Raised by one with every change of how a file is interpreted.

Each revision has a line in the table of docs/api.md. A file uploaded again after a change is read again.
"""

OUTDATED = "read_by_older_revision"
"""Warning code of a data set read by another revision."""


def outdated(revision: int) -> str | None:
    """The warning of a data set read by this revision; None if today's reader has read it."""
    if revision == READER_REVISION:
        return None
    return (
        f"This file was read by revision {revision} of the reader; revision {READER_REVISION} may "
        "interpret it differently. Upload it again to have it read by the current revision."
    )
