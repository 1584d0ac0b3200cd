"""ETags of experiments."""

from __future__ import annotations

from collections.abc import Collection
from operator import attrgetter

from service.experiments.repository import Row
from service.experiments.service import Placed
from service.http.digests import digest
from service.http.pagination import Page

__all__ = ["CHANGING", "is_expected", "list_tag", "tag_of"]

_REVISED = ("name", "metadata", "priority")
CHANGING = (
    *_REVISED,
    "status",
    "stop_reason",
    "started_at",
    "finished_at",
    "warnings",
    "last_epoch",
    "best_epoch",
    "argmin_epoch",
    "best",
    "final",
    "test",
    "error",
    "attempt",
    "engine_revision",
    "seconds",
)
"""Columns that appear in the document and change after creation."""

_revised = attrgetter(*_REVISED)
_changing = attrgetter(*CHANGING)


def tag_of(placed: Placed) -> str:
    """The tag of an experiment's document: the revision, which its users make, and the state, which training does."""
    return f"{_revision(placed.row)}-{digest(_changing(placed.row), placed.queue_position, placed.why)}"


def is_expected(row: Row, tags: Collection[str]) -> bool:
    """Whether one of the tags has the experiment's revision: its training going on is no reason not to change it."""
    return _revision(row) in {tag.partition("-")[0] for tag in tags}


def list_tag(page: Page[Placed]) -> str:
    """The tag of a page of experiments."""
    return digest(page.next, page.total, [(placed.row.id, tag_of(placed)) for placed in page.items])


def _revision(row: Row) -> str:
    return digest(_revised(row))
