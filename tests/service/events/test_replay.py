"""What has happened is told exactly once, wherever a reader begins."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from service.execution.ledger.restart import start_over
from tests.service import rows
from tests.service.events import happenings
from tests.service.events.conftest import LiveService
from tests.service.events.reader import Reader

URL = "/v1/experiments"
KINDS = [
    *["experiment.status"] * 2,
    *["experiment.epoch"] * 3,
    "experiment.checkpoint",
    *["experiment.epoch"] * 4,
    "experiment.finished",
]


def shown(epoch: int) -> dict[str, Any]:
    return {"epoch": epoch, **rows.shown_metrics(epoch), "seconds": epoch / 2}


def test_the_whole_story(live: LiveService, open_reader: Callable[..., Reader]) -> None:
    identifier = happenings.whole_run(live.database)
    reader = open_reader(f"{URL}/{identifier}/events")
    assert reader.status == 200
    assert reader.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert reader.answer.headers["cache-control"] == "no-store"
    events = reader.rest()
    assert [id_ for id_, _, _ in events] == [str(number) for number in range(1, 12)]
    assert [kind for _, kind, _ in events] == KINDS
    assert {data.pop("experiment_id") for _, _, data in events} == {identifier}
    assert all(data.pop("created_at").endswith("Z") for _, _, data in events)
    data = [data for _, _, data in events]
    assert data[:2] == [{"status": status, "stop_reason": None} for status in ("queued", "running")]
    assert data[2:5] + data[6:10] == [shown(epoch) for epoch in range(1, 8)]
    assert data[5] == {"kind": "best", "epoch": 3, "sha256": "a1", "metrics": rows.shown_metrics(3)}
    assert data[10] == {
        "status": "succeeded",
        "stop_reason": "max_epochs",
        "epoch": 7,
        "best_epoch": 3,
        "argmin_epoch": 3,
        "test": {"loss": 0.5, "accuracy": 0.875},
        "error": None,
    }


def test_begins_wherever_a_reader_left_off(live: LiveService, open_reader: Callable[..., Reader]) -> None:
    path = f"{URL}/{happenings.whole_run(live.database)}/events"
    events = open_reader(path).rest()
    for seen in range(len(events)):
        assert open_reader(path, **{"Last-Event-ID": str(seen)}).rest() == events[seen:]
        assert open_reader(f"{path}?after={seen}").rest() == events[seen:]
    # What a browser has seen counts, not what the page asked for at first.
    assert open_reader(f"{path}?after=2", **{"Last-Event-ID": "9"}).rest() == events[9:]
    ended = open_reader(path, **{"Last-Event-ID": str(len(events))})
    assert (ended.status, ended.answer.read()) == (204, b"")


def test_a_list_has_the_same_events(live: LiveService, open_reader: Callable[..., Reader]) -> None:
    path = f"{URL}/{happenings.whole_run(live.database)}/events"
    streamed = open_reader(path).rest()
    listed, after, has_more = [], "", True
    while has_more:
        page = open_reader(f"{path}?limit=2{after}", Accept="application/json").document()
        has_more, after = page["has_more"], f"&after={page['next']}"
        listed += page["data"]
    assert {event.pop("object") for event in listed} == {"event"}
    for event in listed:
        outside = {name: event.pop(name) for name in ("experiment_id", "created_at")}
        event["data"] = {**outside, **event["data"]}
    assert [tuple(event.values()) for event in ({"id": 0, "type": 0, **each} for each in listed)] == streamed
    nothing = open_reader(f"{path}?limit=2{after}", Accept="application/json").document()
    assert nothing == {"object": "list", "data": [], "has_more": False, "next": str(len(streamed))}


def test_more_than_one_batch(live: LiveService, open_reader: Callable[..., Reader]) -> None:
    identifier = happenings.create(live.database)
    for first in range(1, 1501, 300):
        happenings.flush(live.database, identifier, first, first + 299)
    happenings.finish(live.database, identifier)
    path = f"{URL}/{identifier}/events"
    events = open_reader(path).rest()
    assert [int(id_) for id_, _, _ in events] == list(range(1, 1503))
    assert [data["epoch"] for _, _, data in events[1:-1]] == list(range(1, 1501))
    assert open_reader(path, **{"Last-Event-ID": "1234"}).rest() == events[1234:]


@pytest.mark.parametrize("place", [0, 1, 3, 6])
def test_of_a_run_that_began_again_each_epoch_is_told_once(
    live: LiveService, open_reader: Callable[..., Reader], place: int
) -> None:
    """Its earlier epochs go, and its events are numbered on."""
    identifier = happenings.create(live.database)
    happenings.flush(live.database, identifier, 1, 5)
    with live.database.transaction() as session:
        start_over(session, identifier)
    happenings.begin(live.database, identifier)
    happenings.flush(live.database, identifier, 1, 2)
    happenings.finish(live.database, identifier)
    expected = [*([(1, None)] if not place else []), (7, None), (8, 1), (9, 2)]
    path = f"{URL}/{identifier}/events"
    headers = {"Last-Event-ID": str(place)} if place else {}
    *events, _ = [(int(id_), data.get("epoch")) for id_, _, data in open_reader(path, **headers).rest()]
    assert events == expected
    for id_, _ in expected:
        page = open_reader(f"{path}?limit=1&after={place}", Accept="application/json").document()
        assert [event["id"] for event in page["data"]] == [str(id_)]
        place = page["next"]


def test_numbers_that_were_not_finite_are_named(
    live: LiveService, open_reader: Callable[..., Reader]
) -> None:
    identifier = happenings.create(live.database)
    happenings.flush(live.database, identifier, 1, 2)
    rows.change_epoch(live.database, identifier, 2, val_loss=None, non_finite=["val_loss"])
    first, second = open_reader(f"{URL}/{identifier}/events?after=1").next(2)
    assert "non_finite" not in first[2]
    assert (second[2]["val_loss"], second[2]["non_finite"]) == (None, ["val_loss"])


@pytest.mark.parametrize("place", ["x", "-1", "1.5", "12", "1-1", "9" * 19, "٣", "0x1", "1 "])
def test_an_id_that_was_not_given_out(
    live: LiveService, open_reader: Callable[..., Reader], place: str
) -> None:
    path = f"{URL}/{happenings.whole_run(live.database)}/events"
    for reader, parameter in (
        (open_reader(path, **{"Last-Event-ID": place.encode().decode("latin-1")}), "Last-Event-ID"),
        (open_reader(f"{path}?after={quote(place)}"), "after"),
    ):
        problem = reader.document()
        assert (reader.status, problem["errors"][0]["parameter"]) == (422, parameter)
        assert problem["errors"][0]["code"] == "invalid_cursor"


def test_other_refusals(live: LiveService, open_reader: Callable[..., Reader]) -> None:
    unknown = f"{URL}/exp_01KAPZ4M7S3F6N6Q3W8E5T2R1Y/events"
    known = f"{URL}/{happenings.create(live.database)}/events"
    assert open_reader(unknown).status == 404
    assert open_reader(unknown, **{"Last-Event-ID": "3"}).status == 404
    assert open_reader(known, Accept="text/html").status == 406
    assert open_reader(f"{known}?limit=0", Accept="application/json").status == 422
    assert open_reader(f"{known}?from=1").status == 422
    assert open_reader(known, **{"Last-Event-ID": "1" * 4001}).status == 422
