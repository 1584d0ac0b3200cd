"""Problem documents (RFC 9457) for every failure, including the framework's own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount
from typing_extensions import override

from engine.errors import InvalidSpec, SpecProblem, did_you_mean
from service.errors import Conflict, Damaged, InvalidParameter, NotFound, Outdated, TooMany
from service.http.redaction import redacted

__all__ = [
    "MEDIA_TYPE",
    "Problem",
    "ProblemResponse",
    "Refusal",
    "WayOut",
    "WrongPlace",
    "problem_response",
    "register",
]

MEDIA_TYPE = "application/problem+json"

WayOut = Callable[[str, str], str]
"""Takes the method and the path of a request that no route takes; returns a sentence, or nothing."""

log = structlog.get_logger(__name__)
_logger = logging.getLogger(__name__)

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_MOST_ERRORS = 50
_MOST_COUNTED = 20
_TITLES = {
    400: "Malformed request",
    401: "Key required",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    408: "Request timeout",
    409: "Conflict",
    411: "Length required",
    412: "Precondition failed",
    413: "Content too large",
    415: "Unsupported media type",
    421: "Misdirected request",
    422: "Invalid request",
    429: "Too many requests",
    431: "Headers too large",
    500: "Internal error",
    503: "Service unavailable",
}
# Pydantic's names for what our own rules call otherwise.
_CODES = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "literal_error": "choice",
    "enum": "choice",
    "greater_than": "range",
    "greater_than_equal": "range",
    "less_than": "range",
    "less_than_equal": "range",
}


class WrongPlace(BaseModel):
    """One invalid place in the request: ``pointer`` locates it in the body, ``parameter`` in the URL or headers."""

    pointer: str | None = Field(default=None, description="JSON Pointer into the body, such as `#/lambda`.")
    parameter: str | None = Field(default=None, description="Query parameter or header, such as `limit`.")
    code: str = Field(description="Stable code, for programs: `missing`, `range`, `unknown_field` …")
    message: str = Field(description="What is allowed here, for people.")


class Problem(BaseModel):
    """A problem document (RFC 9457). Every failure of every operation has this form."""

    type: str = Field(
        description="URI that identifies the type of problem; stable.",
        examples=["urn:trainyard:problem:invalid-request"],
    )
    title: str = Field(description="Title of the problem type.", examples=["Invalid request"])
    status: int = Field(description="The HTTP status code.", examples=[422])
    detail: str = Field(
        description="What went wrong in this case.",
        examples=["#/patience: Must be an integer from 0 to 100000."],
    )
    instance: str = Field(description="Path of the request.", examples=["/v1/experiments"])
    request_id: str = Field(
        description="Same as the header `X-Request-ID`; the service's log has it too.",
        examples=["req_42028fd2af82af86"],
    )
    errors: list[WrongPlace] = Field(
        description="One entry per invalid place; empty if none applies.",
        examples=[
            [{"pointer": "#/patience", "code": "type", "message": "Must be an integer from 0 to 100000."}]
        ],
    )


class Refusal(HTTPException):
    """A request refused at the edge of HTTP, before any domain sees it."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Iterable[WrongPlace] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.errors = tuple(errors)
        super().__init__(status, detail, headers)


class ProblemResponse(JSONResponse):
    """A problem document as a response. Part of a request may be quoted in it, but never the secret of a key."""

    media_type = MEDIA_TYPE

    @override
    def render(self, content: Any) -> bytes:
        return redacted(super().render(content).decode()).encode()


def problem_response(
    request: Request,
    status: int,
    detail: str,
    errors: Sequence[WrongPlace] = (),
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    """The answer to a request that failed. A refusal by a quota leaves a line in the log."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        caller = getattr(request.state, "caller", None)
        log.info("quota refused", detail=detail, owner=None if caller is None else caller.owner)
    title = _TITLES.get(status) or HTTPStatus(status).phrase.capitalize()
    problem = Problem(
        type=f"urn:trainyard:problem:{title.lower().replace(' ', '-')}",
        title=title,
        status=status,
        detail=detail,
        instance=quote(request.url.path),
        request_id=request.state.request_id,
        errors=list(errors[:_MOST_ERRORS]),
    )
    return ProblemResponse(problem.model_dump(exclude_none=True), status, dict(headers) if headers else None)


def register(app: FastAPI, way_out: WayOut) -> None:
    """Answer every exception that the application may raise with a problem document.

    ``way_out`` returns a sentence for requests that no route takes, such as how to do otherwise what was tried.
    """
    app.state.way_out = way_out
    handlers: dict[type[Exception], Any] = {
        HTTPException: _http_exception,
        RequestValidationError: _invalid_request,
        InvalidSpec: _invalid_spec,
        InvalidParameter: _invalid_parameter,
        NotFound: partial(_refused, 404),
        Conflict: partial(_refused, 409),
        Outdated: partial(_refused, 412),
        TooMany: _too_many,
        Damaged: _damaged,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


async def _http_exception(request: Request, error: HTTPException) -> ProblemResponse:
    path = request.url.path[:200]
    if isinstance(error, Refusal):
        return problem_response(request, error.status_code, error.detail, error.errors, error.headers)
    if error.status_code == HTTPStatus.NOT_FOUND:
        hint = request.app.state.way_out(request.method, path) or did_you_mean(path, request.app.state.paths)
        return problem_response(request, 404, f"Nothing exists at {path}.{hint} See /docs.")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(_allowed_methods(request))
        detail = (
            f"{request.method} is not allowed at {path}; allowed: "
            f"{allowed}.{request.app.state.way_out(request.method, path)}"
        )
        return problem_response(request, 405, detail, headers={"Allow": allowed})
    return problem_response(request, error.status_code, str(error.detail), headers=error.headers)


def _allowed_methods(request: Request) -> list[str]:
    """Every method of this path; the framework names those of the first route that has the path."""
    if request.url.path in (paths := request.app.state.paths):
        # Excludes routes that would take its last part for an identifier.
        return [method for method in _METHODS if method in paths[request.url.path]]
    scope = {"type": "http", "path": request.url.path, "root_path": "", "headers": []}
    # Mounted applications serve files.
    routes = [route for route in request.app.router.routes if not isinstance(route, Mount)]
    return [
        method
        for method in _METHODS
        if any(route.matches({**scope, "method": method})[0] == Match.FULL for route in routes)
    ] or ["GET"]


async def _invalid_spec(request: Request, error: InvalidSpec) -> ProblemResponse:
    return _unprocessable(request, [_from_spec_problem(problem) for problem in error.problems])


def _from_spec_problem(problem: SpecProblem) -> WrongPlace:
    return WrongPlace(pointer=problem.pointer, code=problem.code, message=problem.message)


async def _invalid_parameter(request: Request, error: InvalidParameter) -> ProblemResponse:
    return _unprocessable(
        request, [WrongPlace(parameter=error.parameter, code=error.code, message=str(error))]
    )


async def _invalid_request(request: Request, error: RequestValidationError) -> ProblemResponse:
    return _unprocessable(request, [_from_framework(found) for found in error.errors()])


def _from_framework(found: Mapping[str, Any]) -> WrongPlace:
    """One of Pydantic's errors, without the input it would repeat and the documentation it would link to."""
    source, *path = found["loc"]
    code = _CODES.get(found["type"], "type")
    if source == "body":
        return WrongPlace(pointer=SpecProblem(tuple(path), "", "").pointer, code=code, message=_BODY_MESSAGE)
    message = found["msg"].replace("Input should be", "Must be") + "."
    if code == "choice":
        message += did_you_mean(str(found["input"])[:80], found["ctx"]["expected"].split("'")[1::2])
    return WrongPlace(parameter=str(path[0]), code=code, message=message)


_BODY_MESSAGE = "Must be a JSON object; /docs has working examples."


def _unprocessable(request: Request, errors: Sequence[WrongPlace]) -> ProblemResponse:
    if len(errors) == 1:
        where = errors[0].pointer or errors[0].parameter
        detail = f"{where}: {errors[0].message}"
    else:
        # Validation of a body stops counting errors at some point.
        at_least = "At least " if len(errors) >= _MOST_COUNTED else ""
        detail = f"{at_least}{min(len(errors), _MOST_ERRORS)} places in the request are invalid; see errors."
    return problem_response(request, 422, detail, errors)


async def _too_many(request: Request, error: TooMany) -> ProblemResponse:
    return problem_response(request, 429, str(error), headers={"Retry-After": str(error.retry_after_seconds)})


async def _damaged(request: Request, error: Damaged) -> ProblemResponse:
    _logger.error("%s", error)
    return problem_response(request, 500, str(error), [WrongPlace(code="damaged", message=str(error))])


async def _refused(status: int, request: Request, error: Exception) -> ProblemResponse:
    """Answer an exception whose words say everything."""
    return problem_response(request, status, str(error))
