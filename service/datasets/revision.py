"""The revision of the reader: what the bytes of a file are read as."""

from __future__ import annotations

__all__ = ["FIRST_REVISION", "OUTDATED", "READER_REVISION", "outdated"]

FIRST_REVISION = 1
"""The revision of every data set stored before revisions were counted."""

READER_REVISION = 11
"""Raised by one with every change of what a file is read as.

Each revision has a line in the table of docs/api.md. A file uploaded again after a change is read anew.
"""

OUTDATED = "read_by_older_revision"
"""The code of the warning of a data set that another revision has read."""


def outdated(revision: int) -> str | None:
    """The warning of a data set read by this revision; None if today's reader has read it."""
    if revision == READER_REVISION:
        return None
    return (
        f"Revision {revision} of the reader has read this file, and revision {READER_REVISION} might read it "
        "otherwise; upload it again to have it read anew."
    )
