"""Stream events as text/event-stream (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from sqlalchemy.orm import Session
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from service.events import service
from service.events.presentation import event_document
from service.events.service import Batch, Event, Place
from service.events.tail import DATABASE_AWAY, Tail
from service.keys import service as access

__all__ = ["EventStream"]

PING_SECONDS = 15.0
"""Interval of comments on a silent stream, which keep proxies from closing it."""

BATCH = 250
"""Events read at a time, which bounds the memory of a reader at any speed."""

_RETRY_MILLISECONDS = 1000


class EventStream(EventSourceResponse):
    """Events of experiments after a position, until all of the experiments have ended.

    It ends early when the service stops; a client that comes back with ``Last-Event-ID`` misses nothing. It also ends,
    at the next event or comment, when the key of its client is no longer valid.
    """

    def __init__(self, tail: Tail, place: Place, key_id: str | None) -> None:
        # A proxy must pass each event on as it comes.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Vary": "Accept"}
        super().__init__(_pieces(tail, place, key_id), headers=headers)
        self._tail = tail

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._tail.reader():
            await super().__call__(scope, receive, send)


async def _pieces(tail: Tail, place: Place, key_id: str | None) -> AsyncIterator[bytes]:
    yield format_sse_event(retry=_RETRY_MILLISECONDS)
    while place.following and not tail.closed:
        try:
            content, batch = await tail.read(partial(_read, place=place, key_id=key_id))
        except DATABASE_AWAY:
            # It comes back, and so do its events: to a client an end would look like the experiment's.
            content, batch = b"", Batch((), place, has_more=False)
        place = batch.place
        if content:
            yield content
        elif place.following and not batch.has_more:
            waiting = {each: place.positions[each] for each in place.following}
            if not await tail.wait(waiting, PING_SECONDS):
                yield KEEPALIVE_COMMENT


def _read(session: Session, place: Place, key_id: str | None) -> tuple[bytes, Batch]:
    """The next events, put as they are sent in the thread that reads them."""
    if key_id is not None and not access.holds(session, key_id):
        return b"", Batch((), replace(place, following=frozenset()), has_more=False)
    batch = service.read(session, place, BATCH)
    return b"".join(map(_sent, batch.events)), batch


def _sent(event: Event) -> bytes:
    document = event_document(event)
    data: Mapping[str, Any] = {
        "experiment_id": document["experiment_id"],
        "created_at": document["created_at"],
        **document["data"],
    }
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return format_sse_event(id=event.id, event=event.type, data_str=text)
