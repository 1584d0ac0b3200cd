"""Headers of responses, derived from their operations."""

from __future__ import annotations

from typing import Any

from service.idempotency.service import HEADER

__all__ = ["add_headers"]

_TEXT = {"type": "string"}
_ETAG = {
    "description": "Changes whenever the response's content does. Send it back as `If-None-Match` or `If-Match`.",
    "schema": _TEXT,
}
_LOCATION = {"description": "Path of the created resource.", "schema": _TEXT}
_REPLAYED = {
    "description": "`true` if this is the stored response to an earlier request with the same key.",
    "schema": {"type": "string", "enum": ["true"]},
}
_TAGGED = ("createExperiment", "updateExperiment")
_LOCATED = ("createExperiment", "createDataset", "announceDataset", "createKey")


def add_headers(document: dict[str, Any]) -> None:
    """Describe the headers of responses; the document is changed in place."""
    for path in document["paths"].values():
        for operation in path.values():
            _add(operation)


def _add(operation: dict[str, Any]) -> None:
    name, responses = operation["operationId"], operation["responses"]
    parameters = {each["name"].lower() for each in operation.get("parameters", ())}
    takes_key = HEADER.lower() in parameters
    is_tagged = "304" in responses or name in _TAGGED
    for status, response in responses.items():
        headers = {
            **({"ETag": _ETAG} if is_tagged and status in {"200", "201", "304"} else {}),
            **({"Location": _LOCATION} if name in _LOCATED and status in {"200", "201"} else {}),
            **({"Idempotency-Replayed": _REPLAYED} if takes_key and status.startswith("2") else {}),
        }
        if headers:
            response["headers"] = {**response.get("headers", {}), **headers}
