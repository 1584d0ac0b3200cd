"""Whatever is posted: a 4xx problem that names the place, and no row."""

import json
from collections.abc import Iterator
from typing import Any

from fastapi.testclient import TestClient

from tests.cases import folded

URL = "/v1/experiments"
JSON = {"Content-Type": "application/json"}


def assert_refused(client: TestClient, response: Any, status: int) -> dict[str, Any]:
    problem: dict[str, Any] = response.json()
    assert response.status_code == status, problem
    assert response.headers["content-type"] == "application/problem+json"
    assert set(problem) == {"type", "title", "status", "detail", "instance", "request_id", "errors"}
    assert (problem["status"], problem["instance"]) == (status, URL)
    assert problem["detail"]
    assert client.get(URL).json()["data"] == []
    return problem


@folded(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"not json", 400),
        (b'{"dataset": "digits",}', 400),
        (b'{"dataset": "digits", "dataset": "iris"}', 400),
        (b'{"dataset": "\xff\xfe"}', 400),
        ('{"dataset": "digits"}'.encode("utf-16"), 400),
        (b'{"dataset": "digits", "architecture": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", 400),
        (b'{"dataset": "digits", "seed": ' + b"9" * 5000 + b"}", 400),
        (b"null", 422),
        (b"[]", 422),
        (b'"digits"', 422),
        (b"3", 422),
        (b"true", 422),
        (b"NaN", 422),
        (b'[{"dataset": "digits"}]', 422),
        (b'{"dataset": "digits", "architecture": ' + b"[" * 500 + b"]" * 500 + b"}", 422),
    ],
)
def test_not_even_an_object(sqlite_client: TestClient, body: bytes, status: int) -> None:
    assert_refused(sqlite_client, sqlite_client.post(URL, content=body, headers=JSON), status)


WRONG_PLACES: list[tuple[str, str, str]] = [
    # the text of the document besides "dataset", the pointer, the code
    ('"lambda": -1', "#/lambda", "range"),
    ('"lambda": NaN', "#/lambda", "range"),
    ('"lambda": Infinity', "#/lambda", "range"),
    ('"lambda": 1e999', "#/lambda", "range"),
    ('"lambda": "5"', "#/lambda", "type"),
    ('"lambda": true', "#/lambda", "type"),
    ('"lambda": 1' + "0" * 400, "#/lambda", "range"),
    ('"lambda_": 1', "#/lambda_", "unknown_field"),
    ('"patience": -1', "#/patience", "range"),
    ('"patience": 1.5', "#/patience", "type"),
    ('"patience": NaN', "#/patience", "type"),
    ('"max_epochs": 0', "#/max_epochs", "range"),
    ('"max_epochs": "5"', "#/max_epochs", "type"),
    ('"max_epochs": true', "#/max_epochs", "type"),
    ('"seed": 123456789012345678901234567890', "#/seed", "range"),
    ('"seed": 9223372036854775808', "#/seed", "range"),
    ('"seed": -1', "#/seed", "range"),
    ('"batch_size": 0', "#/batch_size", "range"),
    ('"architecture": [0]', "#/architecture/0/units", "range"),
    ('"architecture": [{"units": 0}]', "#/architecture/0/units", "range"),
    ('"architecture": [1000000000]', "#/architecture/0/units", "range"),
    ('"architecture": [30, {"units": "5"}]', "#/architecture/1/units", "type"),
    ('"architecture": [{}]', "#/architecture/0/units", "missing"),
    ('"architecture": [{"units": 3, "activaton": "relu"}]', "#/architecture/0/activaton", "unknown_field"),
    ('"architecture": [{"units": 3, "dropout": 1}]', "#/architecture/0/dropout", "range"),
    ('"architecture": 30', "#/architecture", "type"),
    ('"architecture": {}', "#/architecture", "type"),
    ('"architecture": "30"', "#/architecture", "type"),
    (f'"architecture": {[1] * 33}', "#/architecture", "too_many"),
    ('"architecture": [60000, 60000]', "#/architecture", "too_large"),
    ('"activation": "rely"', "#/activation", "choice"),
    ('"activation": ["relu"]', "#/activation", "type"),
    ('"penalty": "L2"', "#/penalty", "choice"),
    ('"optimizer": "sdg"', "#/optimizer", "choice"),
    ('"optimizer": {"learning_rate": 1}', "#/optimizer/name", "missing"),
    ('"optimizer": {"name": "sgd", "learning_rate": 0}', "#/optimizer/learning_rate", "range"),
    ('"optimizer": {"name": "sgd", "beta1": 0.9}', "#/optimizer/beta1", "unknown_field"),
    ('"optimizer": {"name": ["sgd"]}', "#/optimizer/name", "type"),
    ('"init": {"name": "normal", "std": -1}', "#/init/std", "range"),
    ('"loss": "squared_eror"', "#/loss", "choice"),
    ('"monitor": "val_r2"', "#/monitor", "incompatible"),
    ('"split": {"validation": 1}', "#/split/validation", "range"),
    ('"split": {"validation": 0.5, "test": 0.5}', "#/split", "range"),
    ('"split": []', "#/split", "type"),
    ('"split": {"by": "dataset"}', "#/split/by", "incompatible"),
    ('"split": {"by": "rows"}', "#/split/by", "choice"),
    ('"init": "given"', "#/init/checkpoint", "missing"),
    ('"init": {"name": "given", "checkpoint": null}', "#/init/checkpoint", "type"),
    ('"init": {"name": "given", "checkpoint": "best"}', "#/init/checkpoint", "unknown_checkpoint"),
    ('"label_noise": 1.1', "#/label_noise", "range"),
    ('"precision": 32', "#/precision", "type"),
    ('"lambda_convention": "torch"', "#/lambda_convention", "choice"),
    ('"lambda_convention": "pytorch", "penalty": "l1"', "#/lambda_convention", "incompatible"),
    ('"given_lambda": 1', "#/given_lambda", "unknown_field"),
    ('"priority": 101', "#/priority", "range"),
    ('"priority": -101', "#/priority", "range"),
    ('"priority": 1.5', "#/priority", "type"),
    ('"priority": true', "#/priority", "type"),
    ('"priority": 1' + "0" * 30, "#/priority", "range"),
    ('"time_limit_seconds": 0', "#/time_limit_seconds", "range"),
    ('"time_limit_seconds": -1', "#/time_limit_seconds", "range"),
    ('"time_limit_seconds": Infinity', "#/time_limit_seconds", "range"),
    ('"time_limit_seconds": "60"', "#/time_limit_seconds", "type"),
    ('"lamda": 1', "#/lamda", "unknown_field"),
    ('"": 1', "#/", "unknown_field"),
    ('"a/b~c": 1', "#/a~1b~0c", "unknown_field"),
    (r'"\ud800": 1', "#", "text"),
    (r'"name": "\u0000"', "#/name", "text"),
    (r'"name": "\ud800"', "#/name", "text"),
    (f'"name": "{"x" * 201}"', "#/name", "type"),
    ('"name": 5', "#/name", "type"),
    ('"metadata": [["a", "b"]]', "#/metadata", "type"),
    ('"metadata": {"a": 1}', "#/metadata/a", "type"),
    ('"metadata": {"a": NaN}', "#/metadata/a", "type"),
    ('"metadata": {"": "x"}', "#/metadata/", "range"),
    (r'"metadata": {"a": "\u0000"}', "#/metadata/a", "text"),
    (f'"metadata": {{"a": "{"x" * 513}"}}', "#/metadata/a", "type"),
    (f'"metadata": {json.dumps({str(number): "" for number in range(17)})}', "#/metadata", "too_many"),
]


@folded(("field", "pointer", "code"), WRONG_PLACES)
def test_one_wrong_place(sqlite_client: TestClient, field: str, pointer: str, code: str) -> None:
    body = f'{{"dataset": "digits", {field}}}'.encode()
    problem = assert_refused(sqlite_client, sqlite_client.post(URL, content=body, headers=JSON), 422)
    assert [(wrong["pointer"], wrong["code"]) for wrong in problem["errors"]] == [(pointer, code)]
    assert pointer in problem["detail"]


@folded(
    ("document", "code", "hint"),
    [
        ({}, "missing", "GET /v1/datasets"),
        ({"dataset": None}, "type", "GET /v1/datasets"),
        ({"dataset": 7}, "type", "GET /v1/datasets"),
        ({"dataset": ["digits"]}, "type", "GET /v1/datasets"),
        ({"dataset": "digit"}, "unknown_dataset", 'Did you mean "digits"?'),
        ({"dataset": "../../etc/passwd"}, "unknown_dataset", "digits, mnist-mini"),
        ({"dataset": "x" * 500_000}, "unknown_dataset", "digits, mnist-mini"),
    ],
)
def test_no_such_dataset(sqlite_client: TestClient, document: dict[str, Any], code: str, hint: str) -> None:
    problem = assert_refused(sqlite_client, sqlite_client.post(URL, json=document), 422)
    assert [(wrong["pointer"], wrong["code"]) for wrong in problem["errors"]] == [("#/dataset", code)]
    assert hint in problem["errors"][0]["message"]


def test_all_wrong_places_in_one_answer(sqlite_client: TestClient) -> None:
    document = {"datset": "digits", "lambda": -1, "architecture": [0, 5, "x"], "priority": "1", "name": 3}
    problem = assert_refused(sqlite_client, sqlite_client.post(URL, json=document), 422)
    assert {wrong["pointer"] for wrong in problem["errors"]} == {
        "#/datset",
        "#/dataset",
        "#/lambda",
        "#/architecture/0/units",
        "#/architecture/2/units",
        "#/priority",
        "#/name",
    }
    assert problem["detail"].startswith("7 places")


def test_a_misspelled_field_is_led_to_the_right_one(sqlite_client: TestClient) -> None:
    problem = sqlite_client.post(URL, json={"dataset": "digits", "lamda": 1}).json()
    assert 'Did you mean "lambda"?' in problem["errors"][0]["message"]


def test_a_thousand_wrong_places_are_not_all_named(sqlite_client: TestClient) -> None:
    unknown = {f"field{number}": 1 for number in range(900)}
    document = {
        "dataset": "digits",
        "split": unknown,
        "architecture": [{"units": 3, **unknown}] * 3,
        **unknown,
    }
    problem = assert_refused(sqlite_client, sqlite_client.post(URL, json=document), 422)
    assert len(problem["errors"]) == 50
    assert problem["detail"].startswith("At least 50 places")


@folded(
    "content_type",
    [None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json", "ü"],
)
def test_another_content_type(sqlite_client: TestClient, content_type: str | None) -> None:
    headers = {} if content_type is None else {b"Content-Type": content_type.encode()}
    response = sqlite_client.post(URL, content=b'{"dataset": "digits"}', headers=headers)
    assert "application/json" in assert_refused(sqlite_client, response, 415)["detail"]


@folded("announced", [True, False])
@folded("size", [1024 * 1024 + 1, 10 * 1024 * 1024])
def test_too_large(sqlite_client: TestClient, size: int, announced: bool) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"dataset": "digits", "name": "'
        for _ in range(size // 1024):
            yield b"x" * 1024
        yield b'"}'

    body = b"".join(pieces()) if announced else pieces()
    response = sqlite_client.post(URL, content=body, headers=JSON)
    assert "1,048,576 bytes" in assert_refused(sqlite_client, response, 413)["detail"]


def test_a_body_of_the_largest_size_is_read(sqlite_client: TestClient) -> None:
    body = b'{"dataset": "digits"}'.ljust(1024 * 1024)
    assert sqlite_client.post(URL, content=body, headers=JSON).status_code == 201


def test_a_small_body_may_come_in_pieces_without_its_length(sqlite_client: TestClient) -> None:
    response = sqlite_client.post(URL, content=iter([b'{"dataset"', b': "digits"}']), headers=JSON)
    assert response.status_code == 201


@folded("field", [r'"name": "\u0000"', r'"name": "\ud800"', '"seed": 9223372036854775808'])
def test_what_a_database_would_choke_on(client: TestClient, field: str) -> None:
    body = f'{{"dataset": "digits", {field}}}'.encode()
    assert_refused(client, client.post(URL, content=body, headers=JSON), 422)
