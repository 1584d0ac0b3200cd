"""Everything that an owner can have, and the requests that lead to it."""

from collections.abc import Iterator
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from service.app import create_app
from service.settings import Settings
from service.storage.database import Database
from tests.service import rows
from tests.service.access.keys import showing_key

MARK = "annstreasure"


DOCUMENT: dict[str, Any] = create_app(Settings()).openapi()


OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}


HEADERS: list[dict[str, str]] = [
    {},
    {"If-None-Match": "*"},
    {"If-Match": "*"},
    {"Accept": "text/csv, application/json;q=0.5, */*;q=0.1"},
    {"Last-Event-ID": "1"},
]


READING = {"Accept": "application/json"}


class Ann:
    """An owner who has one of everything, each with a mark in it."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.database: Database = client.app.state.database  # type: ignore[attr-defined]  # an ASGI app to the client
        self.headers = showing_key(client, "ann", scopes=["read", "write", "admin"], name=MARK)
        labels = {"name": MARK, "metadata": {"label": MARK}, "seed": 1}
        self.experiment_id = self.make("experiments", json={"dataset": "iris", **labels})
        rows.add_epochs(self.database, self.experiment_id, 3)
        rows.finish(self.database, self.experiment_id)
        rows.add_checkpoint(self.database, self.experiment_id, b"weights", kind="best")
        self.waiting_id = self.make("experiments", json={"dataset": "iris", **labels})
        self.dataset_id = self.make(
            "datasets",
            files={"file": (f"{MARK}.csv", b"a,label\n" + b"1,x\n2,y\n" * 10)},
            data={"target": "label"},
        )
        self.key_id = self.make("keys", json={"owner": "ann", "name": MARK})
        self.link_id = self.make(f"experiments/{self.experiment_id}/links", json={"name": MARK})

    def make(self, what: str, **body: Any) -> str:
        made = self.client.post(f"/v1/{what}", headers=self.headers, **body)
        assert made.status_code == 201, made.text
        identifier: str = made.json()["id"]
        return identifier

    def own(self) -> dict[str, str]:
        return {
            "experiment_id": self.experiment_id,
            "experiment": self.experiment_id,
            "dataset_id": self.dataset_id,
            "key_id": self.key_id,
            "link_id": self.link_id,
        }


def bodies(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """An example of the body in each of its media types, as the client sends it, and that there is none."""
    content = operation.get("requestBody", {}).get("content", {})
    for media_type, body in content.items():
        value = next(iter(body["examples"].values()))["value"]
        if media_type == "multipart/form-data":
            fields = dict(value)
            yield {"files": {"file": ("table.csv", fields.pop("file"))}, "data": fields}
        else:
            body_of = {"content": value} if isinstance(value, str) else {"json": value}
            yield {**body_of, "headers": {"Content-Type": media_type}}
    if not content:
        yield {"headers": {"Content-Type": "application/json"}}


def ask(
    client: TestClient, name: str, headers: dict[str, str], identifiers: dict[str, str]
) -> Iterator[Response]:
    """Every way of sending a request of this operation about these identifiers."""
    method, path, operation = OPERATIONS[name]
    values = {"kind": "best", **identifiers}
    required = [each for each in operation.get("parameters", ()) if each.get("required")]
    query = {each["name"]: values[each["name"]] for each in required if each["in"] == "query"}
    for body in bodies(operation):
        for more in HEADERS:
            sent = {**body.get("headers", {}), **READING, **more, **headers}
            yield client.request(method, path.format_map(values), params=query, **{**body, "headers": sent})
