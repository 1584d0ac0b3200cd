"""Whether an answer is one that the OpenAPI document announces; asked of every answer that the tests get."""

import functools
import re
from typing import Any

from service.app import create_app
from service.settings import Settings


@functools.cache
def document() -> dict[str, Any]:
    return create_app(Settings()).openapi()


@functools.cache
def _operations() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """Paths with fewer parameters first: they are the ones that the application takes."""
    paths = sorted(document()["paths"].items(), key=lambda item: item[0].count("{"))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), operations) for path, operations in paths]


def operation_at(method: str, path: str) -> dict[str, Any] | None:
    """The operation that a request leads to; none for a page, an unknown path or another method."""
    method = "get" if method == "HEAD" else method.lower()
    found = next((operations for pattern, operations in _operations() if pattern.fullmatch(path)), {})
    operation: dict[str, Any] | None = found.get(method)
    return operation


def assert_documented(response: Any) -> None:
    """Fail where an operation answers with a status or a media type that its description lacks."""
    request = response.request
    operation = operation_at(request.method, request.url.path)
    if operation is None:
        return
    what = f"{operation['operationId']}: {response.status_code} is not in the OpenAPI document"
    described = operation["responses"].get(str(response.status_code))
    assert described is not None, what
    media_type = response.headers.get("content-type", "").partition(";")[0]
    assert not media_type or media_type in described.get("content", {}), f"{what} as {media_type}"
