"""Memory of the machine or container, and memory in use by a process."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["machine_memory_bytes", "own_memory_bytes"]

# Limits of control groups, version 2 and 1, as a container sees them.
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def machine_memory_bytes() -> int:
    """Physical memory, or the limit of the control group where that is lower."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for limit in _LIMITS:
        try:
            text = limit.read_text().strip()
        except OSError:
            continue
        # "max" is no limit.
        if text.isdecimal():
            found.append(int(text))
    return min(found)


def own_memory_bytes(pid: int) -> int:
    """The anonymous memory of a process; 0 if the system does not say."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    kibibytes = [int(line.split()[1]) for line in lines if line.startswith("RssAnon:")]
    return kibibytes[0] * 1024 if kibibytes else 0
