"""What another account of the same machine can reach of a service, as the kernel sees it."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.source_tree import ROOT
from tests.end_to_end.conftest import ENDLESS_RUN
from tests.end_to_end.harness import Service, wait_for

_LISTENING = "0A"
_PEPPER = "pepper-of-this-test-" * 3
# The system, Python and the code of the service are everybody's; a process opens them while it imports.
_HARMLESS = (
    *("/dev/null", "/dev/urandom", "/etc/", "/lib", "/proc/", "/sys/", "/usr/"),
    *(f"{folder}/" for folder in (ROOT, sys.prefix, sys.base_prefix)),
)
_ROWS = "".join(f"{i}.5,{i % 7},{'yes' if i % 2 else 'no'}\n" for i in range(100_000))


def listening_ports() -> dict[str, int]:
    """The port of every listening TCP socket of this machine, by the socket's inode."""
    lines = [line for name in ("tcp", "tcp6") for line in table(name)]
    return {line[9]: int(line[1].rpartition(":")[2], 16) for line in lines if line[3] == _LISTENING}


def other_sockets() -> set[str]:
    """The inodes of all other sockets that take something in: of datagrams, and Unix sockets with a name."""
    datagrams = {line[9] for name in ("udp", "udp6", "udplite", "raw", "raw6") for line in table(name)}
    # Names of the abstract name space begin with "@".
    return datagrams | {line[6] for line in table("unix") if len(line) > 7}


def table(name: str) -> list[list[str]]:
    try:
        return [line.split() for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    except FileNotFoundError:
        return []


def descriptors(pid: int) -> list[str]:
    """What each open file of a process is."""
    return [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]


def check_sockets(service: Service, pids: Iterable[int]) -> None:
    """The API's port is all that listens."""
    ports, others = listening_ports(), other_sockets()
    opened = " ".join(each for pid in pids for each in descriptors(pid))
    inodes = set(re.findall(r"socket:\[(\d+)\]", opened))
    assert {ports[inode] for inode in inodes & ports.keys()} == {int(service.address.rpartition(":")[2])}
    assert not inodes & others


def test_only_the_api_listens_and_on_one_port(service: Service) -> None:
    id_ = service.submit(**ENDLESS_RUN)
    service.wait_for_epoch(id_)
    processes = service.processes()
    assert len(processes) >= 4, processes  # the API, the engine, two workers
    check_sockets(service, processes)
    service.cancel(id_)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every account can enter, as the one of pytest is not."""
    with tempfile.TemporaryDirectory(prefix="trainyard-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def make_key(data: Path) -> str:
    return subprocess.run(
        [Path(sys.executable).with_name("trainyard"), "keys", "create"],
        env=os.environ | {"TRAINYARD_DATA_DIR": str(data), "TRAINYARD_KEY_PEPPER": _PEPPER},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def curl(service: Service, key: str, path: str, *words: str) -> Any:
    command = ["curl", "-sS", "--fail-with-body", "-H", f"Authorization: Bearer {key}", *words]
    answer = subprocess.run([*command, service.address + path], capture_output=True, check=True)
    return json.loads(answer.stdout)


def test_another_account_gets_at_nothing(place: Path) -> None:
    service = Service(place / "data", 1, TRAINYARD_AUTH="on", TRAINYARD_KEY_PEPPER=_PEPPER)
    key = make_key(place / "data")
    (place / "upload.csv").write_text(f"a,b,label\n{_ROWS}")
    curl(service, key, "/v1/datasets", "-F", f"file=@{place / 'upload.csv'}")
    wait_for(lambda: "reading_process" in str(service.processes()), "the upload to be read")
    processes = service.processes()
    (reader,) = [pid for pid, words in processes.items() if "reading_process" in words]
    # It stays as long as it is looked at.
    os.kill(reader, signal.SIGSTOP)
    check_sockets(service, processes)
    # Everybody may read command lines.
    assert not [words for words in processes.values() if _PEPPER in words or key in words]
    if os.geteuid() == 0:
        assert got_at(processes, place / "data") == []
    os.kill(reader, signal.SIGCONT)
    service.stop()


def got_at(pids: Iterable[int], data: Path) -> list[str]:
    """What an account without rights gets at: of the processes, what they have open or mapped, and what is stored."""
    mapped = [
        line.split(maxsplit=5)[-1]
        for pid in pids
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines()
        if re.search(rf"/dev/shm/|memfd:|{re.escape(str(data))}", line)  # noqa: S108 - what is there, not where to write
    ]
    opened = [each for pid in pids for each in descriptors(pid) if each.startswith("/")]
    stored = [str(path) for path in [data, *data.rglob("*")]]
    paths = sorted({path for path in mapped + opened + stored if not path.startswith(_HARMLESS)})
    tried = subprocess.run(
        [sys.executable, Path(__file__).with_name("stranger.py")],
        input=json.dumps({"pids": list(pids), "paths": paths}),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[str] = json.loads(tried.stdout)
    return found
