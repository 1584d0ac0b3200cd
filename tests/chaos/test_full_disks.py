"""Uploads to a service whose disks are small: refused with what is missing, and as good as new afterwards."""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.outages import may_mount, queried
from tests.end_to_end.harness import BINARIES, Client, Refused, Service, Session, listening_address, wait_for

pytestmark = pytest.mark.skipif(not may_mount(), reason="only root may mount a small disk")

MEBIBYTE = 2**20
DATA, TEMPORARY = 200, 24
MOUNTS = (
    f'mount -t tmpfs -o size={DATA}m tmpfs "$TRAINYARD_DATA_DIR" && '
    f'mount -t tmpfs -o size={TEMPORARY}m tmpfs "$TMPDIR" && exec "$0" "$@"'
)
TABLES = ("datasets", "dataset_uploads", "dataset_arrays")


class NoRoomLeft(Exception):
    """The service said so; its words are the message."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    (tmp_path / "data").mkdir()
    (tmp_path / "temporary").mkdir()
    within = ("/usr/bin/unshare", "--mount", "sh", "-c", MOUNTS)
    service = Service(tmp_path / "data", workers=1, within=within, TMPDIR=str(tmp_path / "temporary"))
    yield service
    service.stop()


def table(folder: Path, size: int) -> Path:
    """Return a CSV file of exactly this size."""
    file = folder / f"{size}.csv"
    row = b"1.25,2.5,0\n3.75,4.25,1\n"
    content = b"a,b,y\n" + row * ((size - 6) // len(row))
    file.write_bytes(content + b"\n" * (size - len(content)))
    return file


def curl(service: Service, path: str, *words: str | Path) -> tuple[int, Any]:
    """Return the answer's status and document."""
    command = [
        "curl",
        "--silent",
        "--show-error",
        "--write-out",
        "\n%{http_code}",
        *words,
        service.address + path,
    ]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    document, _, status = answer.rpartition("\n")
    return int(status), json.loads(document)


def stored(service: Service) -> list[int]:
    return [int(queried(service, f"SELECT count(*) FROM {table}")) for table in TABLES]  # noqa: S608 - our own


def uploaded(service: Service, file: Path) -> Any:
    """Return the data set of a file once it is ready."""
    status, made = curl(service, "/v1/datasets", "-F", f"file=@{file}", "-F", "target=y")
    if status == 507:
        raise NoRoomLeft(made["detail"])
    assert status == 201, made
    wait_for(lambda: service.get(made["links"]["self"])["finished_at"] is not None, "the data set")
    found = service.get(made["links"]["self"])
    if found["status"] == "rejected":
        raise NoRoomLeft(found["rejection"]["reasons"][0]["found"])
    return found


def test_a_full_folder_for_temporary_files(service: Service, tmp_path: Path) -> None:
    announced = service.call("POST", "/v1/datasets/announcements", {"name": "large"})
    before = stored(service)
    # Whatever does not fit into the last buffer, or only into that.
    for more in (100, 3_000, 60_000, 5 * MEBIBYTE):
        large = table(tmp_path, TEMPORARY * MEBIBYTE + more)
        for path, *words in (
            ("/v1/datasets", "-F", f"file=@{large}"),
            (announced["links"]["content"], "-T", str(large)),
        ):
            status, problem = curl(service, path, *words)
            assert status == 507, problem
            assert "folder for temporary files" in problem["detail"]
            assert stored(service) == before
    uploaded(service, table(tmp_path, 2 * MEBIBYTE))


def filled(service: Service, folder: Path) -> tuple[list[Any], str]:
    """Upload until there is no room; return what was taken and what was said then."""
    kept: list[Any] = []
    try:
        for size in range(12, 30):
            kept += [uploaded(service, table(folder, size * MEBIBYTE))]
    except NoRoomLeft as full:
        return kept, str(full)
    raise AssertionError("there was always room")


def test_a_full_disk_of_the_database(service: Service, tmp_path: Path) -> None:
    kept, said = filled(service, tmp_path)
    assert "bytes free" in said
    assert len(kept) > 1
    wait_for(lambda: stored(service)[1] == 0, "what was read to go")
    assert queried(service, "PRAGMA integrity_check") == "ok"
    # What is there is still good, and what goes makes room.
    trained = service.wait_for_end(service.submit(dataset=kept[0]["id"], max_epochs=1, batch_size=4096))
    assert trained["status"] == "succeeded", trained["error"]
    for each in kept[1:]:
        subprocess.run(
            ["curl", "--silent", "-X", "DELETE", service.address + each["links"]["self"]], check=True
        )
    versions = "SELECT count(DISTINCT version) FROM dataset_arrays"
    wait_for(lambda: queried(service, versions) == "1", "the others to go")
    wait_for(lambda: int(queried(service, "PRAGMA freelist_count")) == 0, "the file to shrink")
    uploaded(service, table(tmp_path, 11 * MEBIBYTE))


def fill(disk: Path) -> Path:
    """Take every byte that is free."""
    file = disk / "something-else"
    with file.open("wb", buffering=0) as content, contextlib.suppress(OSError):
        while content.write(bytes(4096)):
            pass
    return file


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 48 MiB."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(tmp_path)], check=True)
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def start(disk: Path) -> tuple[Session, Client]:
    """Start a service that need not become ready."""
    session = Session(
        str(BINARIES / "trainyard"),
        "serve",
        TRAINYARD_PORT="0",
        TRAINYARD_DATA_DIR=str(disk),
        TRAINYARD_WORKERS="1",
    )
    return session, Client(listening_address(session))


def lacks(client: Client) -> list[str]:
    """Return the codes of what /readyz misses, or its status."""
    try:
        client.get("/readyz")
    except Refused as refused:
        problem = json.loads(refused.args[1])
        return [each["code"] for each in problem["errors"]] or [str(problem["status"])]
    return []


def succeeded(client: Client, path: str) -> bool:
    return bool(client.get(path)["status"] == "succeeded")


@pytest.mark.parametrize("reserve", [True, False])
def test_a_start_on_a_full_disk(disk: Path, reserve: bool) -> None:
    session, client = start(disk)
    wait_for(lambda: not lacks(client), "the service to be ready")
    ended, queued = (
        client.call("POST", "/v1/experiments", {"dataset": "iris", "max_epochs": epochs})["links"]["self"]
        for epochs in (1, 3)
    )
    for each in (ended, queued):
        wait_for(partial(succeeded, client, each), "the experiment")
    session.stop()
    if not reserve:
        (disk / "trainyard.sqlite3-reserve").unlink()
    something_else = fill(disk)

    session, client = start(disk)
    try:
        assert client.get("/livez") == {"status": "alive"}
        wait_for(lambda: "training needs" in session.log, "the log")
        if reserve:
            wait_for(lambda: lacks(client) == ["disk_full"], "nothing but the disk to be missing")
            waiting = client.call("POST", "/v1/experiments", {"dataset": "iris"})["links"]["self"]
            assert client.get(ended)["status"] == "succeeded"
            subprocess.run(["curl", "--silent", "-X", "DELETE", client.address + ended], check=True)
            with pytest.raises(Refused):
                client.get(ended)
            assert client.get(waiting)["status"] == "queued"
        else:
            assert lacks(client) == ["507"]
        something_else.unlink()
        wait_for(lambda: not lacks(client), "the service to be ready")
        assert succeeded(client, queued)
        if reserve:
            wait_for(partial(succeeded, client, waiting), "what waited")
    finally:
        session.stop()
