"""What another account of the machine may read of what a service stores."""

import json
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.harness import Service, Session, wait_for

UPLOAD = "a,b,label\n" + "".join(f"{i}.5,{i % 7},{'yes' if i % 2 else 'no'}\n" for i in range(40))


def open_to_others(directory: Path) -> list[str]:
    """Everything in a directory, and itself, that its owner is not alone in being allowed to use."""
    paths = [directory, *directory.rglob("*")]
    return [str(path) for path in paths if path.lstat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]


def use(service: Service, tmp_path: Path) -> None:
    """Have the service write every kind of file that it keeps."""
    file = tmp_path / "upload.csv"
    file.write_text(UPLOAD)
    command = ["curl", "-s", f"{service.address}/v1/datasets", "-F", f"file=@{file}"]
    uploaded = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["id"]
    wait_for(lambda: service.get(f"/v1/datasets/{uploaded}")["finished_at"], "the data set to be read")
    service.wait_for_end(service.submit(dataset=uploaded, max_epochs=2))


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    before = list(Session.living)
    yield
    for session in [session for session in Session.living if session not in before]:
        session.kill()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_nobody_else_may_read_what_a_service_stores(data: Path, tmp_path: Path) -> None:
    # Under a umask that would let everybody write.
    service = Service(data, 1, ("/bin/sh", "-c", 'umask 0; exec "$@"', "sh"), TRAINYARD_KEY_PEPPER="x" * 32)
    use(service, tmp_path)
    assert (data / "trainyard.sqlite3-wal").exists()
    assert open_to_others(data) == []
    service.stop()

    # What an earlier version has left open is closed at the next start.
    foreign = data / "notes.txt"
    foreign.touch()
    for path in [data, *data.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    service = Service(data, 1, TRAINYARD_KEY_PEPPER="x" * 32)
    assert open_to_others(data) == [str(foreign)]
    assert "other accounts could read stored files" in service.log
    service.stop()
