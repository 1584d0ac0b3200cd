"""Endpoints of checkpoints."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse

from service.access.authentication import Reader
from service.checkpoints import service
from service.checkpoints.content import FORMS
from service.checkpoints.presentation import checkpoint_document
from service.checkpoints.schemas import CheckpointContent, CheckpointList, CheckpointRead
from service.checkpoints.service import Stored
from service.http.digests import digest
from service.http.etags import Known
from service.http.responses import NOT_MODIFIED, problems
from service.http.route import StrictRoute
from service.http.sessions import ExperimentId, QuickReading, Reading, Store

__all__ = ["router"]

router = APIRouter(
    prefix="/v1/experiments/{experiment_id}/checkpoints", tags=["Checkpoints"], route_class=StrictRoute
)

Kind = Annotated[
    str,
    Path(
        description="`best`, `last`, or `initial` if the experiment began from a checkpoint.",
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
    response_description="The experiment's checkpoints; empty until the first is stored.",
    responses={**NOT_MODIFIED, **problems(404)},
)
def list_checkpoints(experiment_id: ExperimentId, caller: Reader, session: QuickReading, known: Known) -> Any:
    """`best` is kept whatever ends the run; `last` is stored when it ends; `initial` is a copy of the starting weights.

    Start another experiment from a checkpoint with `{"init": {"name": "given", "checkpoint": id}}`.
    """
    found = service.list_checkpoints(session, caller.owner, experiment_id)
    return known.unless_known(
        digest(*map(_version, found)),
        lambda: {
            "object": "list",
            "data": [checkpoint_document(stored) for stored in found],
            "has_more": False,
            "next": None,
        },
    )


def _version(stored: Stored) -> tuple[object, ...]:
    return stored.row.kind, stored.row.epoch, stored.row.sha256, stored.row.created_at


@router.get(
    "/{kind}",
    operation_id="getCheckpoint",
    summary="Get a checkpoint's metadata",
    response_model=CheckpointRead,
    response_model_exclude_unset=True,
    response_description="Its epoch, the metrics of that epoch, and the hash and size of its content.",
    responses={**NOT_MODIFIED, **problems(404)},
)
def get_checkpoint(
    experiment_id: ExperimentId, kind: Kind, caller: Reader, session: Reading, known: Known
) -> Any:
    """The content is at `content`."""
    stored = service.read(session, caller.owner, experiment_id, kind)
    return known.unless_known(digest(_version(stored)), lambda: checkpoint_document(stored))


@router.get(
    "/{kind}/content",
    operation_id="getCheckpointContent",
    summary="Download a checkpoint",
    response_class=Response,
    response_description="The weights as a file.",
    responses={
        200: {"content": _CONTENT},
        **NOT_MODIFIED,
        **problems(404, 422),
    },
)
def get_checkpoint_content(
    experiment_id: ExperimentId,
    kind: Kind,
    caller: Reader,
    store: Store,
    known: Known,
    form: Annotated[
        Literal["safetensors", "npz", "json"],
        Query(
            alias="format",
            description="`safetensors` for PyTorch, `npz` for NumPy, `json` for other programs.",
        ),
    ] = "safetensors",
) -> Any:
    """Equal weights give equal bytes and the same `ETag`, which changes with every better epoch.

    Tensors are named as in a PyTorch `Sequential`: `0.weight` has the shape (out, in). With NumPy:
    `numpy.load("best.npz")["0.weight"]`. If a better epoch is stored during the download of a large
    checkpoint, the connection closes early: request it again.
    """
    with store.reading() as session:
        tag = _tag(service.read(session, caller.owner, experiment_id, kind).row.sha256, form)

    def answer() -> StreamingResponse:
        stored = service.content(store, experiment_id, kind)
        headers = {
            "ETag": f'"{_tag(stored.sha256, form)}"',
            "Cache-Control": "private, no-cache, no-transform",
            "Content-Disposition": f'attachment; filename="{experiment_id}-{kind}.{form}"',
        }
        if form == "safetensors":
            headers["Content-Length"] = str(stored.size)
        body = FORMS[form].convert(stored.pieces)
        return StreamingResponse(body, media_type=FORMS[form].media_type, headers=headers)

    return known.unless_known(tag, answer)


def _tag(sha256: str, form: str) -> str:
    return sha256 if form == "safetensors" else f"{sha256}-{form}"
