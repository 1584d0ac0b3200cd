"""Every action in every status: what it leads to, what it writes down, and what it says where it is not allowed."""

from typing import Any

import sqlalchemy as sa
from fastapi.testclient import TestClient

from service.checkpoints.models import CheckpointChunkRow, CheckpointRow
from service.experiments.history.models import EventRow
from service.experiments.models import EpochRow, ExperimentMetadataRow, ExperimentRow, ResumeStateRow
from service.experiments.states import ACTIONS, GONE, STATUSES, TERMINAL, possible
from service.storage.database import Database
from tests.cases import folded
from tests.service import rows

URL = "/v1/experiments"
UNKNOWN = "exp_01KAPZ4M7S3F6N6Q3W8E5T2R1Y"
POSTED = [action for action in ACTIONS if action != "delete"]


def create(client: TestClient, **document: Any) -> str:
    identifier: str = client.post(URL, json={"dataset": "iris", **document}).json()["id"]
    return identifier


def begun(client: TestClient, database: Database, status: str) -> str:
    """An experiment of this status, with a state to go on from."""
    identifier = create(client, metadata={"a": "b"})
    with database.transaction() as session:
        session.add(ResumeStateRow(experiment_id=identifier, position=0, epoch=1, content=b"state"))
    ended = {"stop_reason": "max_epochs"} if status in TERMINAL else {}
    rows.change(database, identifier, status=status, dispatch_id="d1", **ended)
    return identifier


def act(client: TestClient, identifier: str, action: str) -> Any:
    if action == "delete":
        return client.delete(f"{URL}/{identifier}")
    return client.post(f"{URL}/{identifier}/{action}")


def stored(database: Database, identifier: str) -> Any:
    with database.reading() as session:
        return session.get_one(ExperimentRow, identifier)


def events(database: Database, identifier: str) -> list[tuple[int, str, Any]]:
    with database.reading() as session:
        found = session.scalars(sa.select(EventRow).filter_by(experiment_id=identifier))
        return [(event.sequence, event.type, event.data) for event in found]


def has_state(database: Database, identifier: str) -> bool:
    with database.reading() as session:
        return session.get(ResumeStateRow, (identifier, 0)) is not None


@folded("status", STATUSES)
@folded("action", POSTED)
def test_every_action_in_every_status(
    client: TestClient, database: Database, action: str, status: str
) -> None:
    identifier = begun(client, database, status)
    following = ACTIONS[action].get(status)
    first = act(client, identifier, action)
    again = act(client, identifier, action)
    if following is None:
        assert first.status_code == again.status_code == 409
        assert first.headers["content-type"] == "application/problem+json"
        assert f"is {status} and cannot be" in first.json()["detail"]
        assert f"allowed statuses: {', '.join(ACTIONS[action])}." in first.json()["detail"]
        now = f"Possible actions: {', '.join(possible(status))}."
        assert first.json()["detail"].endswith(now if possible(status) else "until it has ended.")
        following = status
    else:
        assert first.status_code == again.status_code == 202
        assert first.json() == again.json() == client.get(f"{URL}/{identifier}").json()
        assert first.json()["status"] == following
    row = stored(database, identifier)
    changed = following != status
    assert row.status == following
    assert row.dispatch_id == (None if changed and following in {"cancelled", "paused"} else "d1")
    assert row.cancel_requested == (changed and action == "cancel")
    assert row.pause_requested == (changed and action == "pause")
    assert (row.stop_reason == "user") == (changed and following == "cancelled")
    assert (row.finished_at is not None) == (changed and following == "cancelled")
    assert has_state(database, identifier) == (not changed or following != "cancelled")
    assert row.last_event == 1 + changed
    type_ = "experiment.finished" if following == "cancelled" else "experiment.status"
    assert (
        events(database, identifier)[1:]
        == [(2, type_, {"status": following, "stop_reason": row.stop_reason})] * changed
    )


@folded("status", STATUSES)
def test_deleting_in_every_status(client: TestClient, database: Database, status: str) -> None:
    identifier, other = begun(client, database, status), begun(client, database, status)
    for each in (identifier, other):
        rows.add_epochs(database, each, 3)
        rows.add_checkpoint(database, each, b"x" * 2500)
        rows.change(database, each, status=status)
    response = act(client, identifier, "delete")
    if ACTIONS["delete"].get(status) != GONE:
        assert response.status_code == 409
        assert "cannot be deleted; allowed statuses: queued, dispatched, paused" in response.json()["detail"]
        assert client.get(f"{URL}/{identifier}").json()["status"] == status
        return
    assert (response.status_code, response.content) == (204, b"")
    assert client.get(f"{URL}/{identifier}").status_code == 404
    assert act(client, identifier, "delete").status_code == 404
    tables = (EpochRow, CheckpointRow, CheckpointChunkRow, ResumeStateRow, EventRow, ExperimentMetadataRow)
    with database.reading() as session:
        left = set(session.scalars(sa.select(ExperimentRow.id)))
        assert (identifier in left, other in left) == (False, True)
        for table in tables:
            left = set(session.scalars(sa.select(table.experiment_id)))
            assert (identifier in left, other in left) == (False, True), table


@folded("status", STATUSES)
def test_the_links_are_the_actions_that_are_possible_now(
    client: TestClient, database: Database, status: str
) -> None:
    identifier = begun(client, database, status)
    links = client.get(f"{URL}/{identifier}").json()["links"]
    here = f"{URL}/{identifier}"
    assert links == {
        "self": here,
        **{part: f"{here}/{part}" for part in ("metrics", "events", "checkpoints")},
        **{action: here if action == "delete" else f"{here}/{action}" for action in possible(status)},
    }


@folded(("action", "asked"), [("cancel", "cancelling"), ("pause", "pausing")])
@folded("status", ["succeeded", "failed"])
def test_what_ended_by_itself_after_the_request_may_be_asked_again(
    client: TestClient, database: Database, action: str, asked: str, status: str
) -> None:
    identifier = create(client)
    rows.add_epochs(database, identifier, 5)
    assert act(client, identifier, action).json()["status"] == asked
    rows.finish(database, identifier, status=status)
    again = act(client, identifier, action)
    assert again.status_code == 202
    assert again.json() == client.get(f"{URL}/{identifier}").json()
    assert again.json()["status"] == status


def test_what_was_cancelled_keeps_its_end(client: TestClient, database: Database) -> None:
    identifier = create(client)
    rows.finish(database, identifier, status="cancelled", stop_reason="user")
    response = act(client, identifier, "cancel")
    assert response.status_code == 202
    assert response.json()["finished_at"] == "2026-11-22T16:05:09Z"


def test_whoever_cancels_what_was_to_be_paused_means_it(client: TestClient, database: Database) -> None:
    identifier = create(client)
    rows.add_epochs(database, identifier, 5)
    assert act(client, identifier, "pause").json()["status"] == "pausing"
    assert act(client, identifier, "cancel").json()["status"] == "cancelling"
    row = stored(database, identifier)
    assert (row.cancel_requested, row.pause_requested) == (True, False)
    refused = act(client, identifier, "pause")
    assert refused.status_code == 409
    assert refused.json()["detail"].endswith("Nothing is possible until it has ended.")


def test_a_paused_one_keeps_its_place_by_age(client: TestClient) -> None:
    older, newer = create(client), create(client)
    act(client, older, "pause")
    assert client.get(f"{URL}/{newer}").json()["progress"]["queue_position"] == 1
    assert act(client, older, "resume").json()["progress"]["queue_position"] == 1
    assert client.get(f"{URL}/{newer}").json()["progress"]["queue_position"] == 2


def test_the_first_event_is_that_it_was_queued(client: TestClient, database: Database) -> None:
    identifier = create(client)
    assert events(database, identifier) == [
        (1, "experiment.status", {"status": "queued", "stop_reason": None})
    ]
    assert stored(database, identifier).last_event == 1


@folded("identifier", ["nothing", UNKNOWN, "exp_%00", "%ff"])
@folded("action", ACTIONS)
def test_no_such_experiment(sqlite_client: TestClient, identifier: str, action: str) -> None:
    response = act(sqlite_client, identifier, action)
    assert response.status_code == 404
    assert response.json()["detail"].startswith("There is no experiment ")
