"""Train what is queued, and send requests that must succeed."""

from contextlib import closing
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from service.execution.dispatching import repository
from service.execution.worker.dispatches import WorkerProcess
from service.storage.database import Database


def train(database: Database, folder: Path) -> None:
    with database.transaction() as session:
        dispatched = repository.claim(session, "engine", lambda _live: 1)
    url = database.url.render_as_string(hide_password=False)
    with closing(WorkerProcess(url, folder / "cache", 2**30)) as worker:
        for dispatch_id in dispatched:
            worker.train(dispatch_id)


def asked(client: TestClient, method: str, path: str, **options: Any) -> Any:
    answer = client.request(method, f"/v1/{path}", **options)
    assert answer.status_code < 300, answer.text
    return answer
