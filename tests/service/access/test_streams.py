"""A stream of events ends with the key that opened it."""

from pathlib import Path

import pytest

from service.access.caller import LOCAL_OWNER
from service.access.pepper import read_pepper
from service.events import stream
from service.keys import service as access
from service.keys.submission import NewKey
from service.settings import Settings
from tests.service.access.keys import bearer
from tests.service.events import happenings
from tests.service.events.conftest import LiveService
from tests.service.events.reader import WAIT_SECONDS, Reader


@pytest.mark.parametrize("ping_seconds", [0.05, 10.0 * WAIT_SECONDS], ids=["silent", "something happens"])
def test_it_ends_when_its_key_is_revoked(
    fresh_sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ping_seconds: float
) -> None:
    monkeypatch.setattr(stream, "PING_SECONDS", ping_seconds)
    settings = Settings(data_dir=tmp_path, database_url=fresh_sqlite_url, auth="on")
    live = LiveService(settings)
    with live.database.transaction() as session:
        key = access.create(session, read_pepper(settings), NewKey(owner=LOCAL_OWNER))
    identifier = happenings.create(live.database)
    reader = Reader(live.port, f"/v1/experiments/{identifier}/events", bearer(key.token))
    events = reader.events()
    assert next(events)[2]["status"] == "queued"
    happenings.begin(live.database, identifier)
    assert next(events)[2]["status"] == "running"
    with live.database.transaction() as session:
        access.revoke(session, key.row.id)
    if ping_seconds > WAIT_SECONDS:
        happenings.flush(live.database, identifier, 1, 1)
    assert list(events) == []
    reader.close()
    live.stop()
