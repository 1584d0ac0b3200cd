"""Endpoints of experiments."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Request, Response

from service.access.authentication import Reader, Writer
from service.errors import InvalidParameter
from service.experiments import actions, service
from service.experiments.examples import EXAMPLES, PATCH_EXAMPLES
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
from service.experiments.text_limits import MAX_METADATA_PAIRS
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
    """Trains one network. `{"dataset": "digits"}` is enough: everything else has a default, which the answer shows.

    Every wrong place of the body is named in one answer, and nothing is stored.
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
    """All filters must fit; a filter given more than once fits where any of its values does."""
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
    """Its specification with every default resolved, its progress, and what came out of it so far."""
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
    """A JSON merge patch (RFC 7396). What decides the result of training is fixed once an experiment was created.

    With `If-Match` nothing changes where somebody else has changed it since; that it trained on meanwhile is no change.
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
    """Removes all of it for good. Cancel it first while it trains."""
    actions.delete(session, caller.owner, experiment_id, expected=expected)


@router.post(
    "/{experiment_id}/cancel",
    operation_id="cancelExperiment",
    summary="Cancel an experiment",
    response_description="The experiment is cancelled, or will be within seconds.",
    **_ACTION,
)
def cancel_experiment(experiment_id: ExperimentId, caller: Writer, session: OnceTransaction) -> Any:
    """A queued one never starts; a running one ends within a second or so and keeps its best weights. Repeatable."""
    return experiment_document(actions.cancel(session, caller.owner, experiment_id))


@router.post(
    "/{experiment_id}/pause",
    operation_id="pauseExperiment",
    summary="Pause an experiment",
    response_description="The experiment is paused, or will be within seconds.",
    **_ACTION,
)
def pause_experiment(experiment_id: ExperimentId, caller: Writer, session: OnceTransaction) -> Any:
    """A queued one waits; a running one stops within a second or so, after its last whole epoch. Repeatable."""
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
    """Goes on after its last whole epoch and ends with the same bits as without the pause. Repeating is harmless."""
    resumed = actions.resume(session, caller.owner, experiment_id, limits=caller.limits)
    return experiment_document(waits.explain(session, resumed))
