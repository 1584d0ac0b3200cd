"""Data sets over HTTP."""

import pytest
from fastapi.testclient import TestClient

from service.datasets.schemas import BuiltinDatasetRead, DatasetList


def test_lists_them_all(sqlite_client: TestClient) -> None:
    listed = sqlite_client.get("/v1/datasets").json()
    DatasetList.model_validate(listed)
    names = [dataset["name"] for dataset in listed["data"]]
    assert names[:2] == ["digits", "mnist-mini"]
    assert (len(names), listed["has_more"], listed["next"], listed["total"]) == (9, False, None, 9)


def test_describes_one(sqlite_client: TestClient) -> None:
    dataset = sqlite_client.get("/v1/datasets/mnist-mini").json()
    BuiltinDatasetRead.model_validate(dataset)
    assert (dataset["object"], dataset["task"], dataset["scaling"]) == (
        "dataset",
        "multiclass",
        {"divide_by": 256},
    )
    assert (dataset["rows"], dataset["test_rows"], dataset["features"]) == (1000, 2000, 784)
    assert len(dataset["classes"]) == 10


def test_each_is_in_the_list_as_it_is_alone(sqlite_client: TestClient) -> None:
    for dataset in sqlite_client.get("/v1/datasets").json()["data"]:
        assert sqlite_client.get(f"/v1/datasets/{dataset['name']}").json() == dataset


@pytest.mark.parametrize("name", ["mnist", "%00", "%ff", "x" * 5000])
def test_no_such_dataset(sqlite_client: TestClient, name: str) -> None:
    response = sqlite_client.get(f"/v1/datasets/{name}")
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")
    assert "digits" in response.json()["detail"]
