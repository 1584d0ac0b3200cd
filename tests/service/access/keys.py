"""Keys made as the command makes them, beside the API."""

from typing import Any

from fastapi.testclient import TestClient

from service.keys import service
from service.keys.service import NewToken
from service.keys.submission import read_new_key
from service.storage.database import Database


def new_key(client: TestClient, owner: str, **document: Any) -> NewToken:
    app: Any = client.app
    database: Database = app.state.database
    with database.transaction() as session:
        return service.create(session, app.state.gate.pepper(), read_new_key({"owner": owner, **document}))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def showing_key(client: TestClient, owner: str, **document: Any) -> dict[str, str]:
    """The headers of somebody who has a new key of this owner."""
    return bearer(new_key(client, owner, **document).token)
