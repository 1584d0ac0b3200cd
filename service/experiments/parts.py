"""Partial documents: only the fields that a client requested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from pydantic import BaseModel

from engine.errors import did_you_mean
from service.errors import InvalidParameter
from service.experiments.schemas import ExperimentList, ExperimentRead

__all__ = ["PART", "Fields", "Selection", "part_content", "part_schemas"]

PART = "application/vnd.trainyard.part+json"
"""Media type of a partial document: clients of ``application/json`` can rely on every field."""

_REFERENCE = "#/components/schemas/"

_Wanted = Annotated[
    list[str],
    Query(
        description="Top-level fields to return, separated by commas or repeated; all by default.",
        openapi_examples={"all": {"value": []}, "progress": {"value": ["status,progress"]}},
    ),
]


async def _fields(response: Response, fields: _Wanted = []) -> Selection:  # noqa: B006 - the framework copies it
    return Selection(_select(fields) if fields else None, response)


class Selection:
    """The fields of experiments that a client wants; None is all."""

    def __init__(self, fields: set[str] | None, response: Response) -> None:
        self._fields = fields
        self._headers = response.headers

    def of(self, document: Mapping[str, Any]) -> Any:
        """An experiment's document, or the part of it that is wanted."""
        return document if self._fields is None else self._part(ExperimentRead, document, self._fields)

    def of_each(self, document: Mapping[str, Any]) -> Any:
        """A page of experiments, or of their parts."""
        if self._fields is None:
            return document
        include = {**dict.fromkeys(ExperimentList.model_fields, True), "data": {"__all__": self._fields}}
        return self._part(ExperimentList, document, include)

    def _part(self, model: type[BaseModel], document: Mapping[str, Any], include: Any) -> Response:
        content = model.model_validate(document).model_dump_json(include=include, exclude_unset=True)
        return Response(content, headers=dict(self._headers), media_type=PART)


def _select(fields: Sequence[str]) -> set[str]:
    """The fields that comma-separated lists name; raises InvalidParameter."""
    available = list(ExperimentRead.model_fields)
    wanted = {name.strip() for name in ",".join(fields).split(",")}
    for name in sorted(wanted):
        if name not in available:
            hint = did_you_mean(name[:80], available)
            message = f'"{name[:40]}" is not a field of an experiment; allowed: {", ".join(available)}.{hint}'
            raise InvalidParameter("fields", "choice", message)
    return wanted


Fields = Annotated[Selection, Depends(_fields)]
"""The fields a client requested of each experiment."""


def part_content(schema: str) -> dict[str, Any]:
    """OpenAPI content of a response with partial documents, by the name of the whole schema."""
    return {PART: {"schema": {"$ref": f"{_REFERENCE}{_PARTS[schema]}"}}}


_PARTS = {"ExperimentRead": "ExperimentPart", "ExperimentList": "ExperimentPartList"}


def part_schemas(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The schemas of parts, made of those of the whole: the same fields, none of which has to be there."""
    one = {name: each for name, each in schemas["ExperimentRead"].items() if name != "required"}
    several = schemas["ExperimentList"]
    data = {**several["properties"]["data"], "items": {"$ref": f"{_REFERENCE}ExperimentPart"}}
    return {
        "ExperimentPart": {**one, "title": "ExperimentPart", "description": "Some fields of an experiment."},
        "ExperimentPartList": {
            **several,
            "title": "ExperimentPartList",
            "description": "A page of experiments, with some fields of each.",
            "properties": {**several["properties"], "data": data},
        },
    }
