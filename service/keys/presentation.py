"""Present a key's row to clients as ``KeyRead``, without its secret."""

from __future__ import annotations

from typing import Any

from service.http.pagination import Page
from service.keys.repository import Row

__all__ = ["key_document", "list_document"]

_SHOWN = ("id", "owner", "name", "scopes", "limits", "created_at", "expires_at", "revoked_at", "confirmed")


def key_document(row: Row) -> dict[str, Any]:
    """One key."""
    return {"object": "key", **{name: getattr(row, name) for name in _SHOWN}}


def list_document(page: Page[Row]) -> dict[str, Any]:
    """A page of keys."""
    data = [key_document(row) for row in page.items]
    more = {"has_more": page.next is not None, "next": page.next}
    return {"object": "list", "data": data, **more, "total": page.total}
