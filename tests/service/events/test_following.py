"""What happens is told as it happens, until it is over."""

from collections.abc import Callable

import pytest

from service.access.caller import LOCAL_OWNER
from service.events import stream
from service.experiments import actions
from tests.service.events import happenings
from tests.service.events.conftest import LiveService
from tests.service.events.reader import WAIT_SECONDS, Reader

URL = "/v1/experiments"


def test_events_come_while_a_reader_waits(
    live: LiveService, open_reader: Callable[..., Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    # It is to be woken, not to look again whenever it sends a comment.
    monkeypatch.setattr(stream, "PING_SECONDS", 10.0 * WAIT_SECONDS)
    identifier = happenings.create(live.database)
    events = open_reader(f"{URL}/{identifier}/events").events()
    assert next(events)[2]["status"] == "queued"
    happenings.begin(live.database, identifier)
    assert next(events)[2]["status"] == "running"
    happenings.flush(live.database, identifier, 1, 2)
    assert [next(events)[2]["epoch"] for _ in range(2)] == [1, 2]
    with live.database.transaction() as session:
        actions.pause(session, LOCAL_OWNER, identifier)
    assert next(events)[2]["status"] == "pausing"
    with live.database.transaction() as session:
        actions.cancel(session, LOCAL_OWNER, identifier)
    assert next(events)[2]["status"] == "cancelling"
    happenings.finish(live.database, identifier, "cancelled")
    assert next(events)[:2] == ("7", "experiment.finished")
    assert list(events) == []


def test_a_silent_stream_sends_comments(
    live: LiveService, open_reader: Callable[..., Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "PING_SECONDS", 0.05)
    identifier = happenings.create(live.database)
    blocks = open_reader(f"{URL}/{identifier}/events").blocks()
    assert next(blocks) == ["retry: 1000"]
    assert next(blocks)[-1] == "id: 1"
    assert [next(blocks) for _ in range(3)] == [[": ping"]] * 3


def test_a_deleted_experiment_ends_its_stream(live: LiveService, open_reader: Callable[..., Reader]) -> None:
    identifier = happenings.create(live.database)
    events = open_reader(f"{URL}/{identifier}/events").events()
    next(events)
    with live.database.transaction() as session:
        actions.delete(session, LOCAL_OWNER, identifier)
    assert list(events) == []
    assert open_reader(f"{URL}/{identifier}/events", **{"Last-Event-ID": "1"}).status == 404


def test_several_in_one_stream(live: LiveService, open_reader: Callable[..., Reader]) -> None:
    ended, running, other = (
        happenings.whole_run(live.database),
        happenings.create(live.database),
        happenings.create(live.database),
    )
    path = f"/v1/events?experiment={running}&experiment={ended}&experiment={other}&experiment={running}"
    reader = open_reader(path)
    first = reader.next(13)
    assert {data["experiment_id"] for _, _, data in first} == {ended, running, other}
    happenings.begin(live.database, running)
    happenings.flush(live.database, running, 1, 3)
    with live.database.transaction() as session:
        actions.delete(session, LOCAL_OWNER, other)
    happenings.finish(live.database, running)
    events = first + reader.rest()
    assert len(events) == 18
    for identifier, count in ((ended, 11), (running, 6), (other, 1)):
        own = [event for event in events if event[2]["experiment_id"] == identifier]
        assert len(own) == count
        if identifier != other:
            alone = open_reader(f"{URL}/{identifier}/events").rest()
            assert [event[1:] for event in own] == [event[1:] for event in alone]
    for seen, (place, _, _) in enumerate(events, start=1):
        again = open_reader(path, **{"Last-Event-ID": place})
        left = [event for event in events[seen:] if event[2]["experiment_id"] != other]
        assert again.status == (200 if left else 204)
        told = again.rest() if left else []
        # Which experiment has its turn first depends on where a reader begins; the order of each one's does not.
        for identifier in (ended, running):
            assert of(told, identifier) == of(left, identifier)


def of(events: list[tuple[str, str, dict[str, object]]], identifier: str) -> list[tuple[str, object]]:
    return [(kind, data) for _, kind, data in events if data["experiment_id"] == identifier]


def test_many_in_one_stream_take_turns(live: LiveService, open_reader: Callable[..., Reader]) -> None:
    """None of a hundred waits for another's long story."""
    made = [happenings.create(live.database) for _ in range(100)]
    for identifier in made:
        happenings.flush(live.database, identifier, 1, 10)
    path = "/v1/events?" + "&".join(f"experiment={identifier}" for identifier in made)
    reader = open_reader(path)
    events = reader.next(stream.BATCH)
    assert {data["experiment_id"] for _, _, data in events} == set(made)
    events += reader.next(1100 - stream.BATCH)
    for identifier in made:
        epochs = [data.get("epoch") for _, _, data in events if data["experiment_id"] == identifier]
        assert epochs == [None, *range(1, 11)]
    assert events[-1][0] == "-".join(["11"] * 100)


def test_refusals_of_several(live: LiveService, open_reader: Callable[..., Reader]) -> None:
    known, other = happenings.create(live.database), happenings.create(live.database)
    unknown = "exp_01KAPZ4M7S3F6N6Q3W8E5T2R1Y"
    assert open_reader("/v1/events").status == 422
    assert open_reader(f"/v1/events?experiment={known}&experiment={unknown}").status == 404
    assert open_reader(f"/v1/events?experiment={unknown}", **{"Last-Event-ID": "1"}).status == 404
    assert open_reader("/v1/events?experiment=").status == 404
    assert open_reader("/v1/events?experiment=%00").status == 422
    assert open_reader("/v1/events?" + f"experiment={known}&" * 101).status == 422
    both = f"/v1/events?experiment={known}&experiment={other}"
    for place in ("1", "1-2", "1-1-1", "-", "1-"):
        assert open_reader(both, **{"Last-Event-ID": place}).status == 422, place
    assert open_reader(both, Accept="application/json").document()["next"] == "1-1"
