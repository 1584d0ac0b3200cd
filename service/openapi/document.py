"""The OpenAPI document: the framework's, with our own schemas, and corrected for the generators of clients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.routing import BaseRoute

from service.checkpoints.schemas import CheckpointContent
from service.datasets import identifiers as dataset_identifiers
from service.datasets import service as datasets
from service.datasets.schemas import DatasetForm
from service.experiments.parts import part_schemas
from service.experiments.schemas import ExperimentCreate, ExperimentPatch, ExperimentSpec
from service.http.declarations import SCOPE_FIELD
from service.http.problems import Problem
from service.http.responses import problem_of
from service.keys.schemas import KeyCreate
from service.openapi.client_quirks import make_plain
from service.openapi.common_fields import describe_common_fields
from service.openapi.examples import add_examples
from service.openapi.headers import add_headers
from service.openapi.links import add_links
from service.openapi.types import type_precisely
from service.sweeps.comparisons.schemas import ComparisonCreate

__all__ = ["openapi_document"]

_REFERENCE = "#/components/schemas/{model}"
_OF_CALLERS = (401, 403, 429)
_KEY_SCHEME = "key"
_SECURITY = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key, `key_…` with its secret after the dot. `trainyard keys create` creates one.",
}
_WITHOUT_DATABASE = ("getLiveness",)
_WRITING = ("post", "put", "patch", "delete")
_DESCRIPTION = """\
Trains regularized neural networks and shows what each penalty, λ, initialization and patience changes.

**Start here:** open `POST /v1/experiments`, choose an example and press *Execute*. Pass the `id` of the response to
`GET /v1/experiments/{experiment_id}` to see its progress and results; `/metrics` is its learning curve.

Losses never contain the penalty, the test rows are used once, and every default is resolved and shown. Every failure
is a problem document (RFC 9457) whose `errors` list each invalid place.
"""
# The framework leaves out null defaults and turns bounds into floats, which are too coarse for a seed's; and it knows
# nothing of what an answer holds that it does not write itself.
_OWN: tuple[type[BaseModel], ...] = (
    Problem,
    ExperimentCreate,
    ExperimentPatch,
    ExperimentSpec,
    KeyCreate,
    CheckpointContent,
    DatasetForm,
    ComparisonCreate,
)
_TAGS = [
    {"name": "Experiments", "description": "An experiment trains one network once."},
    {
        "name": "Events",
        "description": "Status changes, epochs and checkpoints of experiments, as a list or a live stream.",
    },
    {
        "name": "Comparisons",
        "description": "Which of several settings generalizes best, and whether the data can tell.",
    },
    {"name": "Checkpoints", "description": "Saved weights of experiments."},
    {"name": "Datasets", "description": "Built-in and uploaded data sets."},
    {"name": "Keys", "description": "API keys, scopes and limits."},
    {"name": "Service", "description": "Liveness, readiness and version."},
]


def openapi_document(routes: list[BaseRoute], version: str, *, wants_keys: bool) -> dict[str, Any]:
    """The whole document, for a service with or without API keys."""
    document = get_openapi(
        title="Trainyard",
        version=version,
        description=_DESCRIPTION,
        routes=routes,
        tags=_TAGS,
        servers=[{"url": "/", "description": "The service that serves this document."}],
        contact={"name": "The contributors to Trainyard"},
        license_info={"name": "MIT License", "identifier": "MIT"},
    )
    _, definitions = models_json_schema([(each, "serialization") for each in _OWN], ref_template=_REFERENCE)
    document["components"]["schemas"].update(definitions["$defs"])
    document["components"]["securitySchemes"] = {_KEY_SCHEME: _SECURITY}
    # A client that has a key may send it to a service that wants none.
    document["security"] = [{}, {_KEY_SCHEME: []}]
    document["components"]["schemas"].update(part_schemas(document["components"]["schemas"]))
    for method, operation in _operations(document):
        statuses = [*_of_database(method, operation["operationId"])]
        if SCOPE_FIELD in operation:
            statuses += _OF_CALLERS
            operation.update({"security": [{_KEY_SCHEME: []}]} if wants_keys else {})
        shared = {str(status): problem_of(status) for status in statuses}
        operation["responses"] = dict(sorted({**shared, **operation["responses"]}.items()))
    describe_common_fields(document)
    make_plain(document)
    type_precisely(document)
    add_headers(document)
    add_examples(document)
    add_links(document)
    names = "|".join(dataset.name for dataset in datasets.list_datasets())
    named = document["components"]["schemas"][ExperimentCreate.__name__]["properties"]["dataset"]
    named["pattern"] = f"^({names}|{dataset_identifiers.PATTERN})$"
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in document["paths"].values():
        yield from path.items()


def _of_database(method: str, operation_id: str) -> Iterator[int]:
    """The failures of the database, which almost every operation reads and some write."""
    if operation_id not in _WITHOUT_DATABASE:
        yield 503
    if method in _WRITING:
        yield 507
