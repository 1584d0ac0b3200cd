"""What an embedded service takes: packages, time to start, and the memory of its processes while it idles.

    python -m benchmarks.service.footprint

Memory is the proportional set size (PSS) of each process. PSS counts a page that N processes share as 1/N in each, so
that the sum is what the machine really gives. Linux only.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from benchmarks.service.processes import command_line, processes, pss_bytes
from scripts.fresh_service import fresh_service

REQUIREMENTS = Path(__file__).parents[2] / "requirements" / "runtime.txt"
WORKERS = 2
WHOLE_LIMIT_MB, API_LIMIT_MB = 450, 120
MB = 1e6
_SETTLED_SHARE = 0.005
_INTERVAL_SECONDS = 2


def settled(session_id: int) -> dict[int, int]:
    """PSS by process id, once the sum stands still and the service really idles."""
    sizes: dict[int, int] = {}
    while True:
        before = sum(sizes.values())
        sizes = {process_id: pss_bytes(process_id) for process_id in processes(session_id)}
        if before and abs(sum(sizes.values()) - before) <= _SETTLED_SHARE * before:
            return sizes
        time.sleep(_INTERVAL_SECONDS)


def main() -> None:
    """Start a service, let it settle, print the table."""
    packages = re.findall(r"^\S+==", REQUIREMENTS.read_text(), flags=re.MULTILINE)
    print(f"{len(packages):8} packages beside our own")
    begun = time.perf_counter()
    with fresh_service(WORKERS) as service:
        print(f"{time.perf_counter() - begun:8.2f} s   from the command to the first 200 of /readyz")
        sizes = settled(service.session_id)
        for process_id, size in sizes.items():
            print(f"{size / MB:8.1f} MB  {command_line(process_id)}")
    report(f"all {len(sizes)} processes, {WORKERS} workers, idle", sum(sizes.values()), WHOLE_LIMIT_MB)
    # The process that started the session serves the API.
    report("the API process alone", sizes[service.session_id], API_LIMIT_MB)


def report(what: str, size: int, limit_mb: int) -> None:
    """One line that compares a size in bytes with its limit."""
    verdict = "within" if size <= limit_mb * MB else "OVER"
    print(f"{size / MB:8.1f} MB  {what}: {verdict} {limit_mb} MB")


if __name__ == "__main__":
    main()
