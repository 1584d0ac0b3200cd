"""A running service's processes: which there are, what they occupy, and how busy they are. Linux only."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

__all__ = [
    "busiest_worker",
    "command_line",
    "peak_bytes",
    "processes",
    "processor_seconds",
    "pss_bytes",
    "reset_peak",
    "resident_bytes",
    "workers_of",
]

_LOOK_SECONDS = 0.1
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def processes(session_id: int) -> list[int]:
    """The ids of every process of the session, oldest first."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # State, parent, group, session.
            fields = _fields(int(folder.name))
        except OSError:
            continue
        if int(fields[3]) == session_id:
            found.append(int(folder.name))
    return sorted(found)


def workers_of(session_id: int) -> list[int]:
    """The processes of the session that train."""
    return [each for each in processes(session_id) if "worker.process" in command_line(each)]


def busiest_worker(session_id: int) -> int:
    """The worker process of the session that has just used the most of a processor."""
    workers = workers_of(session_id)
    before = {each: processor_seconds(each) for each in workers}
    time.sleep(_LOOK_SECONDS)
    return max(workers, key=lambda each: processor_seconds(each) - before[each])


def processor_seconds(process_id: int) -> float:
    """How much time of a processor the process has used so far."""
    fields = _fields(process_id)
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def pss_bytes(process_id: int) -> int:
    """PSS of one process; 0 where it is gone."""
    try:
        rollup = Path(f"/proc/{process_id}/smaps_rollup").read_text()
    except OSError:
        return 0
    match = re.search(r"^Pss:\s+(\d+) kB$", rollup, flags=re.MULTILINE)
    return int(match[1]) * 1024 if match else 0


def reset_peak(process_id: int) -> None:
    """Have ``peak_bytes`` begin anew at what the process occupies now."""
    Path(f"/proc/{process_id}/clear_refs").write_text("5")


def resident_bytes(process_id: int) -> int:
    """The memory that the process occupies (resident set size)."""
    return _status_bytes(process_id, "VmRSS")


def peak_bytes(process_id: int) -> int:
    """The most memory that the process has occupied."""
    return _status_bytes(process_id, "VmHWM")


def _status_bytes(process_id: int, name: str) -> int:
    text = Path(f"/proc/{process_id}/status").read_text()
    match = re.search(rf"^{name}:\s+(\d+) kB$", text, flags=re.MULTILINE)
    return int(match[1]) * 1024 if match else 0


def command_line(process_id: int) -> str:
    """The beginning of a process's command line, without the folders of its programs."""
    words = Path(f"/proc/{process_id}/cmdline").read_bytes().decode(errors="replace").split("\0")
    return " ".join(re.sub(r"^/\S*/", "", word) for word in words)[:90].strip()


def _fields(process_id: int) -> list[str]:
    """What ``/proc/…/stat`` says after the command's name, which stands in parentheses and may hold anything."""
    return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
