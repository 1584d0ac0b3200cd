"""OpenAPI links from one operation's response to the next operation."""

from __future__ import annotations

from typing import Any

__all__ = ["add_links"]

_MAKERS = {
    "createExperiment": ("201", "$response.body#/id"),
    "createKey": ("201", "$response.body#/id"),
    "createLink": ("201", "$response.body#/id"),
    "listDatasets": ("200", "$response.body#/data/0/name"),
}
"""Source of an identifier: an operation, the status of its response, and the place in the response."""

_TAKEN_FROM = {
    "experiment_id": ("createExperiment",),
    "experiment": ("createExperiment",),
    "name": ("listDatasets",),
    "key_id": ("createKey",),
    "link_id": ("createLink",),
}
"""Parameters that take an identifier, with the operations that return it."""


def add_links(document: dict[str, Any]) -> None:
    """Link responses that contain an identifier to the operations that take it; the document is changed in place."""
    operations = {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for operation in path.values()
    }
    for name, operation in operations.items():
        for parameter in operation.get("parameters", ()):
            for maker in _TAKEN_FROM.get(parameter["name"], ()):
                status, place = _MAKERS[maker]
                links = operations[maker]["responses"][status].setdefault("links", {})
                links[name] = {"operationId": name, "parameters": {_full_name(parameter): place}}


def _full_name(parameter: dict[str, Any]) -> str:
    return f"{parameter['in']}.{parameter['name']}"
