"""A route that refuses what it does not understand, before its endpoint is called."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable
from contextlib import ExitStack
from email.message import Message
from inspect import iscoroutinefunction
from typing import Any, get_origin

from fastapi import Request, Response, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from typing_extensions import override

from engine.errors import did_you_mean
from service.dependencies import Open, Opening
from service.errors import InvalidParameter
from service.json_bodies import read_json
from service.problems import Refusal
from service.sqlite import Busy

__all__ = ["StrictRoute"]


_IDEMPOTENCY_KEY = "Idempotency-Key"
_MOST_VALUES = 100
_PAUSES = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032)
"""Seconds between attempts to open at once. Most writers are done by then; whoever gives up waits in a thread.

To do so at the first refusal would have one wait behind the other in threads, for as long as there are requests.
"""


class StrictRequest(Request):
    """A request whose JSON is read strictly."""

    @override
    async def json(self) -> Any:
        """The body's content; raises Refusal."""
        return read_json(await self.body())


class StrictRoute(APIRoute):
    """Refuses unknown and repeated query parameters, and a body that is not JSON.

    A parameter that is a list may be repeated. One that is a map (``metadata[key]=value``) may, too; it is one that
    the route's ``openapi_extra`` describes.

    An endpoint that is a plain function runs in a thread, and so does everything its sessions do. The framework would
    go to a thread and back for each of opening, calling, checking the answer and closing, which takes longer than most
    endpoints do. One whose sessions open at once needs no thread at all.
    """

    @override
    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(
            path, endpoint if iscoroutinefunction(endpoint) else _in_a_thread(endpoint), **options
        )

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler behind these checks."""
        handle = super().get_route_handler()
        takes_body = self.body_field is not None
        fields = get_flat_params(self.dependant)
        queries = [field for field in fields if isinstance(field.field_info, params.Query)]
        known = tuple(field.alias for field in queries)
        single = {field.alias for field in queries if get_origin(field.field_info.annotation) is not list}
        maps = tuple(entry["name"] for entry in (self.openapi_extra or {}).get("parameters", ()))

        async def handle_strictly(request: Request) -> Response:
            _refuse_unknown(request.query_params.keys(), known, maps)
            _refuse_repeated(request.query_params, single)
            _refuse_nul(request.query_params)
            _refuse_idempotency_key(request)
            if takes_body:
                _require_json(request.headers.get("content-type", ""))
            return await handle(StrictRequest(request.scope, request.receive))

        return handle_strictly


def _in_a_thread(endpoint: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(endpoint)
    async def call(**arguments: Any) -> Any:
        openings = {name: value for name, value in arguments.items() if isinstance(value, Opening)}
        at_once = {name: opening.at_once for name, opening in openings.items() if opening.at_once is not None}
        if openings and len(at_once) == len(openings):
            for pause in _PAUSES:
                with contextlib.suppress(Busy):
                    return _call(endpoint, arguments, at_once)
                await asyncio.sleep(pause)
        waiting = {name: opening.open for name, opening in openings.items()}
        return await run_in_threadpool(_call, endpoint, arguments, waiting)

    return call


def _call(endpoint: Callable[..., Any], arguments: dict[str, Any], openings: dict[str, Open]) -> Any:
    """Call an endpoint with its sessions opened; each ends before the answer leaves, committed unless it raised."""
    with ExitStack() as sessions:
        opened = {name: sessions.enter_context(open_()) for name, open_ in openings.items()}
        return endpoint(**arguments | opened)


def _refuse_unknown(given: Iterable[str], known: tuple[str, ...], maps: tuple[str, ...]) -> None:
    for name in given:
        if name in known or (name.partition("[")[0] in maps and name.endswith("]")):
            continue
        spelled = (*known, *(f"{each}[key]" for each in maps))
        hint = did_you_mean(name[:80], spelled)
        message = f"Unknown query parameter. Known here: {', '.join(spelled) or 'none'}.{hint}"
        raise InvalidParameter(name[:80], "unknown_parameter", message)


def _refuse_repeated(given: QueryParams, single: Collection[str]) -> None:
    for name in given:
        count = len(given.getlist(name))
        if count > 1 and name in single:
            raise InvalidParameter(name, "repeated", "May be given only once.")
        if count > _MOST_VALUES:
            message = f"May be given at most {_MOST_VALUES} times; it came {count} times."
            raise InvalidParameter(name[:80], "too_many", message)


def _refuse_idempotency_key(request: Request) -> None:
    """A client that sends one relies on it, so that to ignore it would be worse than to refuse it."""
    if request.method == "POST" and _IDEMPOTENCY_KEY in request.headers:
        message = "Repeated requests are not recognized in this version yet; leave the header out."
        raise InvalidParameter(_IDEMPOTENCY_KEY, "not_available", message)


def _refuse_nul(given: QueryParams) -> None:
    """PostgreSQL stores no NUL and refuses to look for one."""
    for name, value in given.multi_items():
        if "\0" in value or "\0" in name:
            raise InvalidParameter(
                name.replace("\0", "")[:80], "text", "May not contain the character U+0000."
            )


def _require_json(content_type: str) -> None:
    header = Message()
    header["content-type"] = content_type
    subtype = header.get_content_subtype()
    if header.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json")):
        return
    got = f"it came as {content_type[:100]}" if content_type else "it came without one"
    raise Refusal(415, f"The body must be sent with Content-Type: application/json; {got}.")
