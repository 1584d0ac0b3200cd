"""Present a link's row to clients as ``LinkRead``, without its token."""

from __future__ import annotations

from typing import Any

from service.keys.service import Row

__all__ = ["link_document"]

_SHOWN = ("id", "experiment_id", "name", "created_at", "expires_at")


def link_document(row: Row) -> dict[str, Any]:
    """One link."""
    return {"object": "link", **{name: getattr(row, name) for name in _SHOWN}}
