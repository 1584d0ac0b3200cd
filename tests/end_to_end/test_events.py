"""Streams of events of a real API process: what readers cost, and how they end."""

import contextlib
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.storage.database import Database, migrate
from tests.end_to_end.harness import Client, Session, listening_address, wait_for
from tests.service.events import happenings
from tests.service.events.reader import Reader

EPOCHS = 100_000
DEAD = 30
# What a stream holds is a batch of events and what waits to be sent; the whole curve takes a hundred times that.
MEBIBYTES_OF_A_LONG_REPLAY = 24
MEBIBYTES_OF_A_DEAD_READER = 1


class Api(Session, Client):
    """``trainyard api`` on a free port."""

    def __init__(self, folder: Path) -> None:
        Session.__init__(self, *("trainyard", "api"), TRAINYARD_PORT="0", TRAINYARD_DATA_DIR=str(folder))
        Client.__init__(self, listening_address(self))
        self.port = int(self.address.rpartition(":")[2])
        self.streams: list[Reader] = []
        wait_for(lambda: self.answers("/livez"), "the API to answer")

    def measured(self, name: str) -> int:
        """A number from the process's status: VmHWM, the most memory it ever had, in KiB"""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE)
        assert found
        return int(found[1])

    def open_stream(self, experiment_id: str, **headers: str) -> Reader:
        self.streams.append(Reader(self.port, f"/v1/experiments/{experiment_id}/events", headers))
        return self.streams[-1]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'trainyard.sqlite3'}"
    migrate(url)
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def api(tmp_path: Path, database: Database) -> Iterator[Api]:
    api = Api(tmp_path)
    yield api
    for stream in api.streams:
        stream.close()
    api.process.kill()
    api.wait()


def dead_reader(api: Api, experiment_id: str) -> socket.socket:
    """A client that asks and then takes nothing."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect(("127.0.0.1", api.port))
    reader.sendall(f"GET /v1/experiments/{experiment_id}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return reader


def test_a_long_run_and_readers_that_take_nothing(api: Api, database: Database) -> None:
    long = happenings.create(database)
    happenings.flush(database, long, 1, EPOCHS)
    waiting = happenings.create(database)
    # What a process loads once is not what a reader costs.
    assert len(api.open_stream(long, **{"Last-Event-ID": str(EPOCHS - 5000)}).next(5000)) == 5000
    before = api.measured("VmHWM")

    lines = iter(api.open_stream(long).answer)
    for number in range(1, EPOCHS + 2):
        assert next(line for line in lines if line.startswith(b"id")) == b"id: %d\n" % number
    grown = api.measured("VmHWM") - before
    assert grown <= MEBIBYTES_OF_A_LONG_REPLAY * 1024

    with contextlib.ExitStack() as readers:
        sockets = [readers.enter_context(dead_reader(api, long)) for _ in range(DEAD)]
        for each in sockets:
            assert each.recv(15) == b"HTTP/1.1 200 OK"
        alive = api.open_stream(waiting)
        assert alive.next(1)[0][0] == "1"
        happenings.begin(database, waiting)
        assert alive.next(1)[0][2]["status"] == "running"
        assert api.measured("VmHWM") - before - grown <= DEAD * MEBIBYTES_OF_A_DEAD_READER * 1024
    assert api.experiment(waiting)["status"] == "running"


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_an_open_stream_does_not_hold_up_the_end(api: Api, database: Database, signal_number: int) -> None:
    experiment_id = happenings.create(database)
    streams = [api.open_stream(experiment_id) for _ in range(3)]
    events = [stream.events() for stream in streams]
    for each in events:
        assert next(each)[0] == "1"
    api.stop(signal_number=signal_number)
    # Its end is the stream's own, not a connection that breaks.
    assert [list(each) for each in events] == [[]] * 3
    assert api.process.returncode == 0
    assert "timeout" not in api.log
    assert "Traceback" not in api.log


def test_curl_shows_events_as_they_happen(api: Api, database: Database) -> None:
    experiment_id = happenings.create(database)
    command = ["curl", "-N", "-s", f"{api.address}/v1/experiments/{experiment_id}/events"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as curl:
        assert curl.stdout is not None
        lines = iter(curl.stdout.readline, "")
        assert next(line for line in lines if line.startswith("id")) == "id: 1\n"
        happenings.begin(database, experiment_id)
        assert next(line for line in lines if line.startswith("data")).count('"running"') == 1
        happenings.finish(database, experiment_id)
        assert [line for line in lines if line.startswith("event")] == ["event: experiment.finished\n"]
    assert curl.returncode == 0
