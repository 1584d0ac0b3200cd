"""Present events to clients."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from service.events import cursor
from service.events.service import Batch, Event

__all__ = ["event_document", "list_document"]


def event_document(event: Event) -> dict[str, Any]:
    """One event."""
    return {
        "id": event.id,
        "object": "event",
        "type": event.type,
        "experiment_id": event.experiment_id,
        "created_at": event.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": event.data,
    }


def list_document(batch: Batch) -> dict[str, Any]:
    """Some events; ``next`` leads on from there, also to those that are still to happen."""
    return {
        "object": "list",
        "data": [event_document(event) for event in batch.events],
        "has_more": batch.has_more,
        "next": cursor.encode(batch.place.positions),
    }
