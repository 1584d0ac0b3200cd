"""Endpoints of experiments."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Request, Response

from service.access.authentication import Reader, Writer
from service.errors import InvalidParameter
from service.experiments import actions, service
from service.experiments.examples import EXAMPLES, PATCH_EXAMPLES
from service.experiments.labels import MAX_METADATA_PAIRS
from service.experiments.parts import Fields, part_content
from service.experiments.presentation import experiment_document, list_document
from service.experiments.schemas import (
    ExperimentDocument,
    ExperimentList,
    ExperimentPatch,
    ExperimentRead,
    PatchDocument,
    Penalty,
    StatusFilter,
)
from service.experiments.service import Filters, Placed
from service.experiments.states import named
from service.experiments.tags import list_tag, tag_of
from service.experiments.waiting import Waits
from service.http.etags import Expected, Known
from service.http.pagination import NEWEST_FIRST
from service.http.responses import NOT_MODIFIED, problems
from service.http.route import StrictRoute
from service.http.sessions import ExperimentId, QuickReading, QuickTransaction, Reading, Transaction
from service.idempotency.requests import OnceTransaction

__all__ = ["router"]

router = APIRouter(prefix="/v1/experiments", tags=["Experiments"], route_class=StrictRoute)

# Generated clients can send a list of strings; few can send a map, and some that try send nothing.
_METADATA_PARAMETER = {
    "name": "metadata",
    "in": "query",
    "schema": {"type": "array", "items": {"type": "string", "pattern": "^[^=]+="}},
    "description": "Only experiments with these labels: `metadata=key=value`, or `metadata[key]=value`.",
    "example": [],
}
_MERGE_PATCH = {
    "schema": {"$ref": f"#/components/schemas/{ExperimentPatch.__name__}"},
    "examples": PATCH_EXAMPLES,
}
_ACTION: dict[str, Any] = {
    "status_code": 202,
    "response_model": ExperimentRead,
    "response_model_exclude_unset": True,
    "responses": problems(404, 409, 422),
}


@router.post(
    "",
    operation_id="createExperiment",
    summary="Create an experiment",
    status_code=201,
    response_model=ExperimentRead,
    response_model_exclude_unset=True,
    response_description="The experiment is stored and queued; `Location` has its URL.",
    responses=problems(400, 413, 415, 422, 429),
)
def create_experiment(
    document: Annotated[ExperimentDocument, Body(openapi_examples=EXAMPLES)],
    caller: Writer,
    session: OnceTransaction,
    waits: Waits,
    response: Response,
) -> Any:
    """Trains one network. `{"dataset": "digits"}` is enough: every other field has a default, which the response shows.

    A 422 lists every invalid field of the body, and nothing is stored.
    """
    placed = service.submit(session, caller.owner, document, limits=caller.limits)
    response.headers["Location"] = f"/v1/experiments/{placed.row.id}"
    return _shown(waits.explain(session, placed), response)


def _shown(placed: Placed, response: Response) -> Any:
    response.headers["ETag"] = f'"{tag_of(placed)}"'
    return experiment_document(placed)


@router.get(
    "",
    operation_id="listExperiments",
    summary="List experiments",
    response_model=ExperimentList,
    response_model_exclude_unset=True,
    response_description="A page of experiments, newest first by default.",
    responses={200: {"content": part_content("ExperimentList")}, **NOT_MODIFIED, **problems(422)},
    openapi_extra={"parameters": [_METADATA_PARAMETER]},
)
def list_experiments(  # noqa: PLR0913 - one argument per query parameter
    request: Request,
    caller: Reader,
    session: Reading,
    known: Known,
    fields: Fields,
    waits: Waits,
    *,
    status: Annotated[
        list[StatusFilter],
        Query(description="Only these statuses; `unfinished` stands for every status that is not final."),
    ] = [],
    dataset: Annotated[list[str], Query(description="Only these data sets.")] = [],
    penalty: Annotated[list[Penalty], Query(description="Only these penalties.")] = [],
    sort: Annotated[
        Literal["-created_at", "created_at"], Query(description="Newest or oldest first.")
    ] = NEWEST_FIRST,
    limit: Annotated[int, Query(ge=1, le=100, description="Maximum number of experiments in the page.")] = 20,
    after: Annotated[str | None, Query(description="`next` of the previous page.")] = None,
) -> Any:
    """An experiment must match all filters; a repeated filter matches any of its values."""
    filters = Filters(named(status), dataset, penalty, _metadata_filter(request))
    page = service.list_page(session, caller.owner, filters, sort=sort, limit=limit, after=after)
    page = waits.explain_each(session, page)
    return known.unless_known(list_tag(page), lambda: fields.of_each(list_document(page)))


def _metadata_filter(request: Request) -> dict[str, list[str]]:
    given = request.query_params
    wanted = {
        name[len("metadata[") : -1]: given.getlist(name) for name in given if name.startswith("metadata[")
    }
    for pair in given.getlist("metadata"):
        key, sign, value = pair.partition("=")
        if not (key and sign):
            message = "Must be key=value; for a key that contains =, write metadata[key]=value."
            raise InvalidParameter("metadata", "text", message)
        wanted.setdefault(key, []).append(value)
    if len(wanted) > MAX_METADATA_PAIRS:
        message = f"An experiment has at most {MAX_METADATA_PAIRS} labels, so no experiment can match more."
        raise InvalidParameter("metadata", "too_many", message)
    return wanted


@router.get(
    "/{experiment_id}",
    operation_id="getExperiment",
    summary="Get an experiment",
    response_model=ExperimentRead,
    response_model_exclude_unset=True,
    response_description="The current state of the experiment.",
    responses={200: {"content": part_content("ExperimentRead")}, **NOT_MODIFIED, **problems(404)},
)
def get_experiment(
    experiment_id: ExperimentId,
    caller: Reader,
    session: QuickReading,
    known: Known,
    fields: Fields,
    waits: Waits,
) -> Any:
    """The resolved specification, the progress, and the results so far."""
    placed = waits.explain(session, service.read(session, caller.owner, experiment_id))
    return known.unless_known(tag_of(placed), lambda: fields.of(experiment_document(placed)))


@router.patch(
    "/{experiment_id}",
    operation_id="updateExperiment",
    summary="Change name, metadata or priority",
    response_model=ExperimentRead,
    response_model_exclude_unset=True,
    response_description="The updated experiment.",
    responses=problems(400, 404, 412, 413, 415, 422),
    openapi_extra={"requestBody": {"content": {"application/merge-patch+json": _MERGE_PATCH}}},
)
def update_experiment(  # noqa: PLR0913 - what the framework passes in
    experiment_id: ExperimentId,
    document: Annotated[PatchDocument, Body(openapi_examples=PATCH_EXAMPLES)],
    *,
    response: Response,
    caller: Writer,
    session: QuickTransaction,
    expected: Expected,
    waits: Waits,
) -> Any:
    """A JSON merge patch (RFC 7396). Fields that determine the result of training cannot be changed after creation.

    With `If-Match`, the request fails with 412 if name, metadata or priority has changed since you read them.
    Training progress does not count as a change.
    """
    placed = actions.change(session, caller.owner, experiment_id, document, expected=expected)
    return _shown(waits.explain(session, placed), response)


@router.delete(
    "/{experiment_id}",
    operation_id="deleteExperiment",
    summary="Delete an experiment",
    status_code=204,
    response_class=Response,
    response_description="The experiment, its metrics, events and checkpoints are deleted.",
    responses=problems(404, 409, 412),
)
def delete_experiment(
    experiment_id: ExperimentId, caller: Writer, session: Transaction, expected: Expected
) -> None:
    """Deletes everything permanently. While it is being trained, cancel it first."""
    actions.delete(session, caller.owner, experiment_id, expected=expected)


@router.post(
    "/{experiment_id}/cancel",
    operation_id="cancelExperiment",
    summary="Cancel an experiment",
    response_description="The experiment is cancelled, or will be within seconds.",
    **_ACTION,
)
def cancel_experiment(experiment_id: ExperimentId, caller: Writer, session: OnceTransaction) -> Any:
    """A queued one never starts; a running one ends within seconds and keeps its best weights. Idempotent."""
    return experiment_document(actions.cancel(session, caller.owner, experiment_id))


@router.post(
    "/{experiment_id}/pause",
    operation_id="pauseExperiment",
    summary="Pause an experiment",
    response_description="The experiment is paused, or will be within seconds.",
    **_ACTION,
)
def pause_experiment(experiment_id: ExperimentId, caller: Writer, session: OnceTransaction) -> Any:
    """A queued one is paused at once; a running one stops within seconds, after its last complete epoch.

    Repeating is harmless.
    """
    return experiment_document(actions.pause(session, caller.owner, experiment_id))


@router.post(
    "/{experiment_id}/resume",
    operation_id="resumeExperiment",
    summary="Resume a paused experiment",
    response_description="The experiment is queued again.",
    **_ACTION,
)
def resume_experiment(
    experiment_id: ExperimentId, caller: Writer, session: OnceTransaction, waits: Waits
) -> Any:
    """Continues after its last complete epoch and ends with the same bits as without the pause. Idempotent."""
    resumed = actions.resume(session, caller.owner, experiment_id, limits=caller.limits)
    return experiment_document(waits.explain(session, resumed))
