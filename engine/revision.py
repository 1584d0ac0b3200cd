"""Revision of the trained bits."""

from __future__ import annotations

__all__ = ["ENGINE_REVISION", "FIRST_REVISION"]

FIRST_REVISION = 1
"""Revision of everything stored before revisions were counted."""

ENGINE_REVISION = 5
"""Raised by one with every change of what a training computes, down to the last bit.

Each revision has a line in the table of docs/numerics.md. A run resumes only under the revision that started
it.
"""
