"""Whether an answer is one that the OpenAPI document announces; asked of every answer that the tests get."""

import functools
import re
from typing import Any

import jsonschema_rs

from service.app import create_app
from service.settings import Settings

NOT_MODIFIED = 304


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


@functools.cache
def _validator(name: str) -> Any:
    """What checks a document against one of the schemas."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": document()["components"]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def violations(value: Any, schema: dict[str, Any]) -> list[str]:
    """Every place of a document that its schema does not allow."""
    found = _validator(schema["$ref"].rpartition("/")[2]).iter_errors(value)
    return [f"{'/'.join(map(str, each.instance_path))}: {each.message[:300]}" for each in found]


HEADERS = ("etag", "location", "retry-after", "idempotency-replayed")
"""What clients act on, and therefore have to know of."""


def assert_documented(response: Any) -> None:
    """Fail where an operation answers with a status, a media type, a header or a document that it does not describe."""
    request = response.request
    operation = operation_at(request.method, request.url.path)
    if operation is None:
        return
    what = f"{operation['operationId']}: {response.status_code} is not in the OpenAPI document"
    described = operation["responses"].get(str(response.status_code))
    assert described is not None, what
    media_type = response.headers.get("content-type", "").partition(";")[0]
    content = described.get("content", {})
    assert not media_type or media_type in content, f"{what} as {media_type}"
    declared = {name.lower() for name in described.get("headers", {})}
    assert {name for name in HEADERS if name in response.headers} <= declared, f"{what}: {declared}"
    if media_type.endswith("json") and response.status_code != NOT_MODIFIED and request.method != "HEAD":
        response.read()
        schema = content[media_type]["schema"]
        assert violations(response.json(), schema) == [], f"{what} as its schema {schema['$ref']} says"
