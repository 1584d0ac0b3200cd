"""Endpoints of checkpoints."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Query, Response
from fastapi.responses import StreamingResponse

from service.access.authentication import Reader
from service.checkpoints import service
from service.checkpoints.content import FORMS
from service.checkpoints.presentation import checkpoint_document
from service.checkpoints.schemas import CheckpointContent, CheckpointList, CheckpointRead
from service.dependencies import ExperimentId, QuickReading, Reading, Store
from service.openapi import problems
from service.routing import StrictRoute

__all__ = ["router"]

router = APIRouter(
    prefix="/v1/experiments/{experiment_id}/checkpoints", tags=["Checkpoints"], route_class=StrictRoute
)

Kind = Annotated[
    str,
    Path(
        description="`best`, `last`, or `initial` where the experiment began with a checkpoint.",
        openapi_examples={"best": {"value": "best"}, "last": {"value": "last"}},
    ),
]

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_CONTENT = {
    **{form.media_type: _BINARY for form in FORMS.values()},
    "application/json": {"schema": {"$ref": f"#/components/schemas/{CheckpointContent.__name__}"}},
}


@router.get(
    "",
    operation_id="listCheckpoints",
    summary="List an experiment's checkpoints",
    response_model=CheckpointList,
    response_model_exclude_unset=True,
    response_description="Its checkpoints; none before the first has been stored.",
    responses=problems(404),
)
def list_checkpoints(experiment_id: ExperimentId, caller: Reader, session: QuickReading) -> Any:
    """`best` is kept whatever ends the run; `last` is stored when it ends; `initial` is a copy of what it began with.

    Begin another experiment where one ended: `{"init": {"name": "given", "checkpoint": id}}` with an `id` from here.
    """
    data = [
        checkpoint_document(stored)
        for stored in service.list_checkpoints(session, caller.owner, experiment_id)
    ]
    return {"object": "list", "data": data, "has_more": False, "next": None}


@router.get(
    "/{kind}",
    operation_id="getCheckpoint",
    summary="Read what a checkpoint is",
    response_model=CheckpointRead,
    response_model_exclude_unset=True,
    response_description="Its epoch, that epoch's metrics, and the hash and size of its bytes.",
    responses=problems(404),
)
def get_checkpoint(experiment_id: ExperimentId, kind: Kind, caller: Reader, session: Reading) -> Any:
    """The bytes themselves are at `content`."""
    return checkpoint_document(service.read(session, caller.owner, experiment_id, kind))


@router.get(
    "/{kind}/content",
    operation_id="getCheckpointContent",
    summary="Download a checkpoint",
    response_class=Response,
    response_description="The weights, as a file.",
    responses={
        200: {"content": _CONTENT},
        304: {"description": "You have it already."},
        **problems(404, 422),
    },
)
def get_checkpoint_content(
    experiment_id: ExperimentId,
    kind: Kind,
    caller: Reader,
    store: Store,
    form: Annotated[
        Literal["safetensors", "npz", "json"],
        Query(alias="format", description="For torch, NumPy or anything."),
    ] = "safetensors",
    if_none_match: Annotated[
        str, Header(description="An `ETag` given before: answers 304 while it fits.")
    ] = "",
) -> Response:
    """The same weights give the same bytes and the same `ETag`, which changes with every better epoch.

    Tensors are named as in a torch `Sequential`: `0.weight` is (out, in). With NumPy:
    `numpy.load("best.npz")["0.weight"]`. Where a better epoch is stored while a large checkpoint is sent, the
    connection ends before the file does: ask again.
    """
    with store.reading() as session:
        tag = _tag(service.read(session, caller.owner, experiment_id, kind).row.sha256, form)
    if _is_known(tag, if_none_match):
        return Response(status_code=304, headers={"ETag": tag})
    stored = service.content(store, experiment_id, kind)
    headers = {
        "ETag": _tag(stored.sha256, form),
        "Cache-Control": "no-cache",
        "Content-Disposition": f'attachment; filename="{experiment_id}-{kind}.{form}"',
    }
    if form == "safetensors":
        headers["Content-Length"] = str(stored.size)
    body = FORMS[form].convert(stored.pieces)
    return StreamingResponse(body, media_type=FORMS[form].media_type, headers=headers)


def _tag(sha256: str, form: str) -> str:
    return f'"{sha256}"' if form == "safetensors" else f'"{sha256}-{form}"'


def _is_known(tag: str, if_none_match: str) -> bool:
    known = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return tag in known or "*" in known
