"""Call an endpoint: in a thread or the event loop, with its sessions, and once per idempotency key."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import Any

from fastapi import Response
from fastapi.exceptions import ResponseValidationError
from fastapi.routing import APIRoute
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from service.http.opening import Once, Open, Opening, StoredAnswer
from service.storage.sqlite import Busy, TooLarge

__all__ = ["in_a_thread"]

_REPLAYED = {"Idempotency-Replayed": "true"}
_PAUSES = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032)
"""Seconds between attempts to open at once. Most writers finish within this time; later attempts wait in a
thread.

Moving to a thread at the first refusal would let requests queue behind each other in threads under any steady
load.
"""


def in_a_thread(endpoint: Callable[..., Any], route: APIRoute) -> Callable[..., Awaitable[Any]]:
    """An endpoint that is a plain function, called with its sessions opened.

    It runs in a thread, and so does everything its sessions do. The framework would go to a thread and back for each of
    opening, calling, checking the answer and closing, which takes longer than most endpoints do. One whose sessions
    open at once needs no thread at all.
    """

    @functools.wraps(endpoint)
    async def call(**arguments: Any) -> Any:
        openings = {name: value for name, value in arguments.items() if isinstance(value, Opening)}
        at_once = {name: opening.at_once for name, opening in openings.items() if opening.at_once is not None}
        if openings and len(at_once) == len(openings):
            turns = [opening.turn for opening in openings.values() if opening.turn is not None]
            async with turns[0] if turns else contextlib.nullcontext():
                for pause in _PAUSES:
                    try:
                        answer = _call(endpoint, route, arguments, at_once)
                    except TooLarge:
                        break
                    except Busy:
                        await asyncio.sleep(pause)
                    else:
                        if turns:
                            # The next writer waits until the event loop has served all others.
                            await asyncio.sleep(0)
                        return answer
        waiting = {name: opening.open for name, opening in openings.items()}
        return await run_in_threadpool(_call, endpoint, route, arguments, waiting)

    return call


def _call(
    endpoint: Callable[..., Any], route: APIRoute, arguments: dict[str, Any], openings: dict[str, Open]
) -> Any:
    """Call an endpoint with its sessions opened; each ends before the answer leaves, committed unless it raised."""
    with ExitStack() as sessions:
        opened = {name: sessions.enter_context(open_()) for name, open_ in openings.items()}
        for name, session in opened.items():
            if (once := arguments[name].once) is not None:
                return _call_once(once, session, route, functools.partial(endpoint, **arguments | opened))
        return endpoint(**arguments | opened)


def _call_once(once: Once, session: Session, route: APIRoute, endpoint: functools.partial[Any]) -> Response:
    """The answer that was given to this request before, or the endpoint's, stored in the same transaction."""
    before: StoredAnswer | None = once.claim(session)
    if before is not None:
        return _response(before.status, {**before.headers, **_REPLAYED}, before.content)
    status, headers, content = _answer(route, endpoint(), endpoint.keywords.values())
    once.keep(session, status, headers, content)
    return _response(status, headers, content)


def _answer(route: APIRoute, result: Any, arguments: Iterable[Any]) -> tuple[int, dict[str, str], bytes]:
    """Return the status, headers and bytes that the framework would make of an endpoint's result."""
    field = route.response_field
    if field is None or route.status_code is None:
        raise TypeError(f"{route.path} has no answer that could be stored")
    value, errors = field.validate(result, {}, loc=("response",))
    if errors:
        raise ResponseValidationError(errors, body=result)
    content = field.serialize_json(value, exclude_unset=route.response_model_exclude_unset)
    headers = {
        name: text for each in arguments if isinstance(each, Response) for name, text in each.headers.items()
    }
    return route.status_code, headers, content


def _response(status: int, headers: Mapping[str, str], content: bytes) -> Response:
    return Response(content, status, headers, "application/json")
