"""Responses that operations share, as the OpenAPI document describes them."""

from __future__ import annotations

from typing import Any

from service.http.problems import MEDIA_TYPE, Problem

__all__ = ["NOT_MODIFIED", "problem_of", "problems"]

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "Not modified since the given `ETag`."}}
"""``responses`` of an operation that takes ``If-None-Match``."""

_PROBLEM_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}}
_WHEN = {
    400: "The body is not valid JSON.",
    401: "Missing or invalid API key.",
    403: "The API key lacks the scope that this operation needs.",
    404: "Not found.",
    406: "None of the accepted media types is available.",
    409: "The resource's state does not allow this.",
    412: "The resource has changed since the given `ETag`.",
    413: "The body is too large.",
    415: "The body's media type is not supported; `detail` names the right one.",
    421: "Authentication is off, so only requests addressed to this machine's own host names are accepted.",
    422: "Validation failed; `errors` lists every invalid field, parameter or header.",
    429: "Rate limit or quota exceeded; `detail` says what to do.",
    431: "The request line and headers are too long, or there are too many headers.",
    500: "Internal error. The service's log has the details under the `request_id`.",
    503: "The service is not ready or its database is unavailable; `detail` says what is missing.",
    507: "The database's disk is full. Stored data is intact.",
}
_RETRY_AFTER = {
    "Retry-After": {"description": "Seconds to wait before the next attempt.", "schema": {"type": "integer"}}
}
# Every operation refuses parameters that it does not know, and the server in front a head that is too long.
_ALWAYS = (421, 422, 431, 500)
_WITH_RETRY_AFTER = (429, 503, 507)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The failures of an operation, for ``responses``: these, and those that every operation has."""
    return {status: problem_of(status) for status in sorted({*statuses, *_ALWAYS})}


def problem_of(status: int) -> dict[str, Any]:
    """The failure of this status code, for ``responses``."""
    headers = {"headers": _RETRY_AFTER} if status in _WITH_RETRY_AFTER else {}
    return {"description": _WHEN[status], **headers, "content": _PROBLEM_CONTENT}
