"""How much memory this machine, or the container around this process, has."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["machine_memory_bytes"]

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
