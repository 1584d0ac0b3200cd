"""Endpoints of data sets."""

from __future__ import annotations

from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Body, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from service.access.authentication import Administrator, Reader, Writer
from service.access.caller import Caller
from service.access.gate import check_scope
from service.datasets import service, uploads
from service.datasets.changes import read_change
from service.datasets.examples import ANNOUNCEMENTS, BYTES_BODY, FORM, JSON, PATCH_EXAMPLES, UPLOAD_BODY
from service.datasets.guidance import USE_A_FORM, USE_ANNOUNCEMENTS
from service.datasets.identifiers import is_identifier
from service.datasets.presentation import builtin_document, preview_document, uploaded_document
from service.datasets.receiving import announced, received_bytes, received_form
from service.datasets.schemas import (
    DatasetDocument,
    DatasetList,
    DatasetPatchDocument,
    DatasetPreview,
    DatasetRead,
    UploadedDatasetRead,
)
from service.datasets.uploads import Announced
from service.http.problems import Refusal
from service.http.responses import problems
from service.http.route import StrictRoute
from service.http.sessions import QuickReading, Reading, Store, Transaction
from service.idempotency.requests import OnceTransaction
from service.limits.spooling import RoomToStore
from service.storage.database import Database

__all__ = ["router"]

DatasetId = Annotated[
    str,
    Path(
        description="The `id` from the list of data sets.",
        openapi_examples={"digits": {"value": "digits"}, "mnist-mini": {"value": "mnist-mini"}},
    ),
]
UploadedId = Annotated[str, Path(description="The `id` from uploading or listing data sets.")]

router = APIRouter(prefix="/v1/datasets", tags=["Datasets"], route_class=StrictRoute)


@router.get(
    "",
    operation_id="listDatasets",
    summary="List data sets",
    response_model=DatasetList,
    response_description="Data sets to train on: your own and shared ones, newest first, then the built-in ones.",
    responses=problems(422),
)
def list_datasets(
    session: Reading,
    caller: Reader,
    limit: Annotated[
        int, Query(ge=1, le=100, description="Maximum number of uploaded data sets in the page.")
    ] = 20,
    after: Annotated[str | None, Query(description="`next` of the previous page.")] = None,
) -> Any:
    """Built-in data sets are at the end of the last page."""
    page = service.list_page(session, caller.owner, limit=limit, after=after)
    places = service.places_in_line(session, page.items)
    data = [uploaded_document(row, places.get(row.id)) for row in page.items]
    builtin = service.list_datasets()
    if page.next is None:
        data += [builtin_document(dataset) for dataset in builtin]
    total = None if page.total is None else page.total + len(builtin)
    more = {"has_more": page.next is not None, "next": page.next}
    return {"object": "list", "data": data, **more, "total": total}


@router.post(
    "",
    operation_id="createDataset",
    summary="Upload a data set",
    status_code=201,
    response_model=UploadedDatasetRead,
    response_description="The file is stored and queued for reading; `Location` has its URL.",
    responses={
        200: {
            "model": UploadedDatasetRead,
            "description": "The existing data set with the same file and options.",
        },
        **problems(400, 413, 415, 422),
    },
    openapi_extra=UPLOAD_BODY,
)
async def create_dataset(
    request: Request, database: Store, caller: Writer, room: RoomToStore, response: Response
) -> Any:
    """CSV, NPZ, JSON rows or Parquet.

    It is `validating` until it is `ready`, or `rejected` with reasons by row and column.

    Use `POST /v1/datasets/announcements` for large files, which are then sent separately.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != FORM:
        raise Refusal(415, USE_ANNOUNCEMENTS if media_type == JSON else USE_A_FORM)
    async with received_form(request, room) as (what, file):
        _check_sharing(caller, what)
        row, is_new, place = await run_in_threadpool(_upload, database, caller, what, file)
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"/v1/datasets/{row.id}"
    return uploaded_document(row, place)


def _upload(database: Database, caller: Caller, what: Announced, file: BinaryIO) -> Any:
    row, is_new = uploads.upload(database, caller.owner, what, file, limits=caller.limits)
    return row, is_new, _place(database, row)


def _check_sharing(caller: Caller, what: Announced) -> None:
    if what.shared:
        check_scope(caller, "admin", "sharing a data set", ", or leave out shared")


@router.post(
    "/announcements",
    operation_id="announceDataset",
    summary="Announce a data set and upload its file separately",
    status_code=201,
    response_model=UploadedDatasetRead,
    response_description="The data set is `uploading`; `Location` has its URL, and `links.content` receives the file.",
    responses=problems(400, 413, 415, 422),
)
def announce_dataset(
    document: Annotated[DatasetDocument, Body(openapi_examples=ANNOUNCEMENTS)],
    caller: Writer,
    session: OnceTransaction,
    response: Response,
) -> Any:
    """Takes the options of a file without the file. PUT the file to `links.content` within a day."""
    what = announced(document)
    _check_sharing(caller, what)
    identifier = uploads.announce(session, caller.owner, what, limits=caller.limits)
    response.headers["Location"] = f"/v1/datasets/{identifier}"
    return uploaded_document(service.read(session, caller.owner, identifier))


@router.put(
    "/{dataset_id}/content",
    operation_id="putDatasetContent",
    summary="Upload the file of an announced data set",
    status_code=202,
    response_model=UploadedDatasetRead,
    response_description="The file is stored and queued for reading.",
    responses=problems(400, 404, 409, 413, 422),
    openapi_extra=BYTES_BODY,
)
async def put_dataset_content(
    dataset_id: UploadedId,
    request: Request,
    database: Store,
    caller: Writer,
    room: RoomToStore,
) -> Any:
    """Send the plain file: `curl -T big.csv URL`. After a broken transfer, send the same request again.

    The data set keeps the id of its announcement, even if you have uploaded the same file before.
    """
    await run_in_threadpool(_check_awaited, database, caller, dataset_id)
    async with received_bytes(request, room) as file:
        row, place = await run_in_threadpool(_receive, database, caller, dataset_id, file)
    return uploaded_document(row, place)


def _receive(database: Database, caller: Caller, identifier: str, file: BinaryIO) -> Any:
    row = uploads.receive(database, caller.owner, identifier, file, limits=caller.limits)
    return row, _place(database, row)


def _place(database: Database, row: Any) -> int | None:
    with database.reading() as session:
        return service.places_in_line(session, [row]).get(row.id)


def _check_awaited(database: Database, caller: Caller, dataset_id: str) -> None:
    with database.reading() as session:
        uploads.check_awaited(session, caller.owner, dataset_id)


@router.get(
    "/{dataset_id}",
    operation_id="getDataset",
    summary="Get a data set",
    response_model=DatasetRead,
    response_description="Its task, size, scaling and columns, or the reasons for its rejection.",
    responses=problems(404),
)
def get_dataset(dataset_id: DatasetId, session: QuickReading, caller: Reader) -> Any:
    """One data set."""
    if is_identifier(dataset_id):
        row = service.read(session, caller.owner, dataset_id)
        return uploaded_document(row, service.places_in_line(session, [row]).get(row.id))
    return builtin_document(service.describe(dataset_id))


@router.get(
    "/{dataset_id}/preview",
    operation_id="getDatasetPreview",
    summary="Preview the first rows of a data set",
    response_model=DatasetPreview,
    response_description="The first rows as interpreted; empty until the data set is `ready`.",
    responses=problems(404),
)
def get_dataset_preview(dataset_id: UploadedId, session: QuickReading, caller: Reader) -> Any:
    """For uploaded data sets only."""
    return preview_document(service.read(session, caller.owner, dataset_id))


@router.patch(
    "/{dataset_id}",
    operation_id="updateDataset",
    summary="Share a data set with all owners",
    response_model=UploadedDatasetRead,
    response_description="The updated data set.",
    responses=problems(400, 404, 409, 413, 415, 422),
)
def update_dataset(
    dataset_id: UploadedId,
    document: Annotated[DatasetPatchDocument, Body(openapi_examples=PATCH_EXAMPLES)],
    caller: Administrator,
    session: Transaction,
) -> Any:
    """For an administrator's own data set. Others can then see it and train on it, but not change or delete it."""
    change = read_change(document)
    row = service.share(session, caller.owner, dataset_id, shared=change.shared)
    return uploaded_document(row, service.places_in_line(session, [row]).get(row.id))


@router.delete(
    "/{dataset_id}",
    operation_id="deleteDataset",
    summary="Delete an uploaded data set",
    status_code=204,
    response_class=Response,
    response_description="The data set is deleted.",
    responses=problems(404, 409),
)
def delete_dataset(dataset_id: UploadedId, session: Transaction, caller: Writer) -> None:
    """Refused while any owner has experiments on it. A shared data set can only be deleted by its owner."""
    service.delete(session, caller.owner, dataset_id)
