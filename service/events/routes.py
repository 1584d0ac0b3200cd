"""Endpoints of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from service.access.authentication import Reader
from service.events import service
from service.events.presentation import list_document
from service.events.schemas import EventList, stream_content
from service.events.service import Place
from service.events.stream import EventStream
from service.events.tail import Tail
from service.http.negotiation import preferred
from service.http.problems import Refusal
from service.http.responses import problems
from service.http.route import StrictRoute
from service.http.sessions import ExperimentId, Reading

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["Events"], route_class=StrictRoute)

_STREAM, _LIST = _FORMS = ("text/event-stream", "application/json")
_AFTER = "Start after the event with this id."
_LAST_EVENT_ID = "Id of the last event received; browsers send it when they reconnect. Overrides `after`."
_LONGEST_CURSOR = 4000
_ANSWER: dict[str, Any] = {
    "response_model": EventList,
    "response_model_exclude_unset": True,
    "response_description": "A list of the events so far, or a stream that ends when no more can happen.",
    "responses": {
        200: {"content": {_STREAM: stream_content()}},
        204: {"description": "The stream has ended: no more events can happen."},
        **problems(404, 406, 422),
    },
}


@dataclass(frozen=True, slots=True)
class Wish:
    """A client's request for events: the form, the position, and the source of the position."""

    form: str
    after: str | None
    parameter: str
    limit: int


async def _tail(request: Request) -> Tail:
    return cast("Tail", request.app.state.tail)


EventTail = Annotated[Tail, Depends(_tail)]
"""Wakes the readers of events."""


async def _wish(
    response: Response,
    *,
    after: Annotated[str | None, Query(max_length=_LONGEST_CURSOR, description=_AFTER)] = None,
    limit: Annotated[
        int, Query(ge=1, le=1000, description="Maximum number of events in a list; a stream has no limit.")
    ] = 100,
    last_event_id: Annotated[
        str | None, Header(max_length=_LONGEST_CURSOR, description=_LAST_EVENT_ID)
    ] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Wish:
    form = preferred(accept, _FORMS)
    if form is None:
        raise Refusal(406, f"Events are available as {' or '.join(_FORMS)}.")
    response.headers["Vary"] = "Accept"
    if last_event_id:
        return Wish(form, last_event_id, "Last-Event-ID", limit)
    return Wish(form, after, "after", limit)


Wished = Annotated[Wish, Depends(_wish)]


@router.get(
    "/experiments/{experiment_id}/events",
    operation_id="getExperimentEvents",
    summary="Follow an experiment",
    **_ANSWER,
)
def get_experiment_events(
    experiment_id: ExperimentId, caller: Reader, session: Reading, tail: EventTail, wish: Wished
) -> Any:
    """All events of the experiment from the first on; `Accept: application/json` returns a list instead.

    A client that reconnects with `Last-Event-ID`, as browsers do automatically, gets the events it missed.
    """
    place = service.begin(session, caller.owner, [experiment_id], after=wish.after, parameter=wish.parameter)
    return _answer(session, tail, place, wish, caller.key_id)


@router.get("/events", operation_id="getEvents", summary="Follow several experiments", **_ANSWER)
def get_events(
    caller: Reader,
    session: Reading,
    tail: EventTail,
    wish: Wished,
    experiment: Annotated[list[str], Query(min_length=1, description="Ids of up to 100 experiments.")],
) -> Any:
    """Several experiments in one stream, since a browser opens at most six at a time."""
    place = service.begin(session, caller.owner, experiment, after=wish.after, parameter=wish.parameter)
    return _answer(session, tail, place, wish, caller.key_id)


def _answer(session: Reading, tail: Tail, place: Place, wish: Wish, key_id: str | None) -> Any:
    if wish.form == _LIST:
        return list_document(service.read(session, place, wish.limit))
    return EventStream(tail, place, key_id) if place.following else Response(status_code=204)
