"""The OpenAPI document's own words, and the problem responses that every operation shares."""

from __future__ import annotations

from typing import Any

from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.routing import BaseRoute

from service.experiments.schemas import ExperimentCreate, ExperimentPatch, ExperimentSpec
from service.problems import MEDIA_TYPE, Problem

__all__ = ["openapi_document", "problems"]

_REFERENCE = "#/components/schemas/{model}"
_PROBLEM_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(model=Problem.__name__)}}}
_WHEN = {
    400: "The body is not JSON.",
    404: "There is no such thing.",
    406: "None of the accepted media types is on offer.",
    409: "The state it is in does not allow that.",
    413: "The body is too large.",
    415: "The body is not declared as JSON.",
    422: "Something in the request is not allowed; `errors` names every wrong place.",
    429: "You have as many of them as you may have; `detail` says what to do.",
    503: "Not ready; `errors` names what is missing.",
}
_DESCRIPTION = """\
Trains regularized neural networks and tells which penalty, λ, initialization and patience generalize best.

**Begin here:** open `POST /v1/experiments`, choose an example and press *Execute*. Give the `id` of the answer to
`GET /v1/experiments/{experiment_id}` to see how far it is and what came out; `/metrics` is its learning curve.

Losses never contain the penalty, the test rows are used once, and every default is resolved and shown. Every failure
is a problem document (RFC 9457) whose `errors` name each wrong place.
"""
_TAGS = [
    {"name": "Experiments", "description": "One experiment is one network, trained once."},
    {"name": "Events", "description": "What happens to experiments, as it happens."},
    {"name": "Checkpoints", "description": "Weights that were kept."},
    {"name": "Datasets", "description": "What there is to train on."},
    {"name": "Service", "description": "Is it there, is it ready, and which version is it."},
]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The failures of an operation, for ``responses``; ``default`` covers those that every operation has."""
    named: dict[int | str, dict[str, Any]] = {
        status: {"description": _WHEN[status], "content": _PROBLEM_CONTENT} for status in statuses
    }
    return {**named, "default": {"description": "Any other failure.", "content": _PROBLEM_CONTENT}}


def openapi_document(routes: list[BaseRoute], version: str) -> dict[str, Any]:
    """The whole document."""
    document = get_openapi(
        title="Trainyard", version=version, description=_DESCRIPTION, routes=routes, tags=_TAGS
    )
    # The framework leaves out null defaults and turns bounds into floats, which are too coarse for a seed's.
    exact = (Problem, ExperimentCreate, ExperimentPatch, ExperimentSpec)
    _, definitions = models_json_schema([(each, "serialization") for each in exact], ref_template=_REFERENCE)
    document["components"]["schemas"].update(definitions["$defs"])
    return document
