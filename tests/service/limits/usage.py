"""Read what an owner has used of its limits."""

from typing import Any

from fastapi.testclient import TestClient

from service.storage.database import Database

URL = "/v1/experiments"


SMALL = {"dataset": "iris", "architecture": [], "max_epochs": 10}
"""15 parameters."""


RESERVED = 2 * (15 * 4 + 2048 + 4 * 128 + 3 * 64 + 1024)
"""What one of them reserves: two checkpoints."""


def database_of(client: TestClient) -> Database:
    database: Database = client.app.state.database  # type: ignore[attr-defined]  # the client only knows an ASGI app
    return database


def limits(client: TestClient, caller: dict[str, str]) -> Any:
    return client.get("/v1/limits", headers=caller).json()
