"""Route that refuses unknown parameters and media types before its endpoint is called."""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Iterable
from email.message import Message
from inspect import iscoroutinefunction
from typing import Any, get_origin

from fastapi import Request, Response, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from starlette.datastructures import QueryParams
from starlette.routing import Match
from starlette.types import Scope
from typing_extensions import override

from engine.errors import did_you_mean
from service.errors import InvalidParameter
from service.http.calling import in_a_thread
from service.http.declarations import SCOPE_FIELD, repeats_take_effect, required_scope
from service.http.json_body import read_json
from service.http.problems import Refusal

__all__ = ["StrictRoute"]


_MOST_VALUES = 100
_IDEMPOTENCY_KEY = "Idempotency-Key"


class StrictRequest(Request):
    """A request whose JSON is read strictly."""

    @override
    async def json(self) -> Any:
        """Return the body's content, which is parsed once; raises Refusal."""
        if not hasattr(self, "_json"):
            self._json = read_json(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """Refuses callers who may not, unknown and repeated query parameters, and a body that is not JSON.

    A parameter that is a list may be repeated. So may a map: ``metadata[key]=value`` or ``metadata=key=value``.
    Maps are what the route's ``openapi_extra`` describes.

    An endpoint that is a plain function runs in a thread, or at once, with its sessions opened.
    """

    @override
    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(
            path, endpoint if iscoroutinefunction(endpoint) else in_a_thread(endpoint, self), **options
        )
        if (needed := required_scope(self.dependant)) is not None:
            self.openapi_extra = {**(self.openapi_extra or {}), SCOPE_FIELD: needed}

    @override
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Leave a path to the route that has just that path, also where it is for another method."""
        match, child = super().matches(scope)
        if match == Match.FULL and self.param_convertors and "app" in scope:
            paths = scope["app"].state.paths
            if scope["path"] in paths and scope["method"] not in paths[scope["path"]]:
                return Match.NONE, {}
        return match, child

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler behind these checks."""
        handle = super().get_route_handler()
        takes_body = self.body_field is not None
        fields = get_flat_params(self.dependant)
        queries = [field for field in fields if isinstance(field.field_info, params.Query)]
        known = tuple(field.alias for field in queries)
        single = {field.alias for field in queries if get_origin(field.field_info.annotation) is not list}
        needed = required_scope(self.dependant)
        acts = repeats_take_effect(self.dependant)
        maps = tuple(entry["name"] for entry in (self.openapi_extra or {}).get("parameters", ()))

        async def handle_strictly(request: Request) -> Response:
            if needed is not None:
                request.state.caller = await request.app.state.gate.admit(request, needed)
            _refuse_unknown(request.query_params.keys(), known, maps)
            _refuse_repeated(request.query_params, single)
            _refuse_nul(request.query_params)
            if acts and request.method == "POST":
                _refuse_idempotency_key(request)
            if takes_body:
                _require_json(request.headers.get("content-type", ""))
            return await handle(StrictRequest(request.scope, request.receive))

        return handle_strictly


def _refuse_unknown(given: Iterable[str], known: tuple[str, ...], maps: tuple[str, ...]) -> None:
    for name in given:
        if name in known or _is_of_map(name, maps):
            continue
        spelled = (*known, *(f"{each}[key]" for each in maps))
        hint = did_you_mean(name[:80], spelled)
        message = f"Unknown query parameter. Allowed: {', '.join(spelled) or 'none'}.{hint}"
        raise InvalidParameter(name[:80], "unknown_parameter", message)


def _is_of_map(name: str, maps: tuple[str, ...]) -> bool:
    """Whether it is spelled ``map``, whose value is ``key=value``, or ``map[key]``, with one key."""
    of, _, key = name.partition("[")
    return name in maps or (of in maps and len(key) > 1 and key.endswith("]") and "][" not in key)


def _refuse_repeated(given: QueryParams, single: Collection[str]) -> None:
    for name in given:
        count = len(given.getlist(name))
        if count > 1 and name in single:
            raise InvalidParameter(name, "repeated", "Must be given only once.")
        if count > _MOST_VALUES:
            message = f"Must be given at most {_MOST_VALUES} times; it was given {count} times."
            raise InvalidParameter(name[:80], "too_many", message)


def _refuse_nul(given: QueryParams) -> None:
    """PostgreSQL stores no NUL and refuses to look for one."""
    for name, value in given.multi_items():
        if "\0" in value or "\0" in name:
            raise InvalidParameter(
                name.replace("\0", "")[:80], "text", "Must not contain the character U+0000."
            )


def _require_json(content_type: str) -> None:
    header = Message()
    header["content-type"] = content_type
    subtype = header.get_content_subtype()
    if header.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json")):
        return
    got = f"got {content_type[:100]}" if content_type else "got none"
    raise Refusal(415, f"The body must have the header Content-Type: application/json; {got}.")


def _refuse_idempotency_key(request: Request) -> None:
    """Refuse a key where repeated requests are not recognized: a client that sends one relies on it."""
    if _IDEMPOTENCY_KEY in request.headers:
        message = "This operation does not support idempotent retries; omit the header."
        raise InvalidParameter(_IDEMPOTENCY_KEY, "not_available", message)
