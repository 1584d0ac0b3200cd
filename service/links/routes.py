"""Endpoints of links."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Response
from fastapi.openapi.models import Example

from service.access.authentication import KeyGate, Writer
from service.access.pepper import PepperError
from service.http.problems import Refusal
from service.http.responses import problems
from service.http.route import StrictRoute
from service.http.sessions import ExperimentId, QuickTransaction, Reading
from service.links import service
from service.links.presentation import link_document
from service.links.schemas import LinkDocument, LinkList, LinkWithToken
from service.links.submission import read_new_link

__all__ = ["router"]

router = APIRouter(prefix="/v1/experiments", tags=["Experiments"], route_class=StrictRoute)

LinkId = Annotated[str, Path(description="The `id` from creating or listing links.")]

_EXAMPLES: dict[str, Example] = {
    "for a month": {"value": {"name": "my teacher", "expires_in_seconds": 2_592_000}},
    "forever": {"value": {}},
}


@router.post(
    "/{experiment_id}/links",
    operation_id="createLink",
    summary="Create a read-only link to an experiment",
    status_code=201,
    response_model=LinkWithToken,
    response_description="The link and its token, which is shown only once.",
    responses=problems(400, 404, 409, 413, 415, 422, 503),
)
def create_link(
    experiment_id: ExperimentId,
    document: Annotated[LinkDocument, Body(openapi_examples=_EXAMPLES)],
    caller: Writer,
    gate: KeyGate,
    session: QuickTransaction,
    response: Response,
) -> Any:
    """The token only reads this experiment, its metrics, events and checkpoints, until the link is deleted."""
    new = read_new_link(document)
    try:
        pepper = gate.pepper()
    except PepperError as error:
        raise Refusal(503, str(error)) from error
    made = service.create(session, pepper, caller.owner, experiment_id, new, confirmed=not gate.is_open)
    response.headers["Cache-Control"] = "no-store"
    return {**link_document(made.row), "token": made.token}


@router.get(
    "/{experiment_id}/links",
    operation_id="listLinks",
    summary="List an experiment's links",
    response_model=LinkList,
    response_description="All of its links.",
    responses=problems(404),
)
def list_links(experiment_id: ExperimentId, caller: Writer, session: Reading) -> Any:
    """Includes expired links, without their tokens."""
    found = service.list_all(session, caller.owner, experiment_id)
    return {"object": "list", "data": [link_document(row) for row in found]}


@router.delete(
    "/{experiment_id}/links/{link_id}",
    operation_id="deleteLink",
    summary="Revoke a link",
    status_code=204,
    response_class=Response,
    response_description="The link is revoked.",
    responses=problems(404),
)
def delete_link(
    experiment_id: ExperimentId, link_id: LinkId, caller: Writer, session: QuickTransaction
) -> None:
    """The token is refused from the next request on. Event streams opened with it end within 15 s."""
    service.delete(session, caller.owner, experiment_id, link_id)
