"""Endpoints of data sets."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path

from service.access.authentication import Reader
from service.datasets import service
from service.datasets.catalog import BuiltinDataset
from service.datasets.schemas import DatasetList, DatasetRead
from service.openapi import problems
from service.routing import StrictRoute

__all__ = ["router"]

DatasetName = Annotated[
    str,
    Path(
        description="As in the list.",
        openapi_examples={"digits": {"value": "digits"}, "mnist-mini": {"value": "mnist-mini"}},
    ),
]

router = APIRouter(prefix="/v1/datasets", tags=["Datasets"], route_class=StrictRoute)


@router.get(
    "",
    operation_id="listDatasets",
    summary="List the data sets",
    response_model=DatasetList,
    response_description="Every data set an experiment can name.",
    responses=problems(),
)
def list_datasets(_caller: Reader) -> Any:
    """Those that come with the service; none needs a network."""
    data = [_document(dataset) for dataset in service.list_datasets()]
    return {"object": "list", "data": data, "has_more": False, "next": None}


@router.get(
    "/{name}",
    operation_id="getDataset",
    summary="Read what a data set is",
    response_model=DatasetRead,
    response_description="Its task, size, scaling and origin.",
    responses=problems(404),
)
def get_dataset(name: DatasetName, _caller: Reader) -> Any:
    """One data set."""
    return _document(service.describe(name))


def _document(dataset: BuiltinDataset) -> dict[str, Any]:
    fields = {name: getattr(dataset, name) for name in DatasetRead.model_fields if name != "object"}
    return {"object": "dataset", **fields}
