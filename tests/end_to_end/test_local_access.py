"""What another account of the same machine can reach of a service, as the kernel sees it."""

import re
from pathlib import Path

from tests.end_to_end.conftest import ENDLESS_RUN
from tests.end_to_end.harness import Service

_LISTENING = "0A"


def listening_ports() -> dict[str, int]:
    """The port of every listening TCP socket of this machine, by the socket's inode."""
    tables = [Path(f"/proc/net/{name}").read_text() for name in ("tcp", "tcp6")]
    lines = [line.split() for table in tables for line in table.splitlines()]
    return {line[9]: int(line[1].rpartition(":")[2], 16) for line in lines if line[3] == _LISTENING}


def unix_sockets() -> set[str]:
    """The inodes of all Unix sockets that have a name, by which other processes can reach them."""
    return {
        line.split()[6]
        for line in Path("/proc/net/unix").read_text().splitlines()[1:]
        if len(line.split()) > 7
    }


def socket_inodes(pid: int) -> set[str]:
    links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    return {found[1] for link in links if (found := re.fullmatch(r"socket:\[(\d+)\]", link))}


def test_only_the_api_listens_and_on_one_port(service: Service) -> None:
    id_ = service.submit(**ENDLESS_RUN)
    service.wait_for_epoch(id_)
    processes = service.processes()
    assert len(processes) >= 4, processes  # the API, the engine, two workers
    ports, named = listening_ports(), unix_sockets()
    inodes = {pid: socket_inodes(pid) for pid in processes}
    found = {ports[inode] for held in inodes.values() for inode in held if inode in ports}
    assert found == {int(service.address.rpartition(":")[2])}
    assert not named & set().union(*inodes.values())
    service.cancel(id_)
