"""A service under mixed load and attack for long: memory stays, nothing is stuck, every warning has a reason.

    python -m tests.soak              # SOAK_MINUTES=30, SOAK_SEED=1

Prints how the memory of each process developed, log lines of level warning and above by event, and rows that are stuck.
The exit code is 1 where memory grows, a row is stuck, a log line has no explanation or an answer is none for a client.
"""

import contextlib
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.end_to_end.harness import BINARIES, Service, Session, user_environment
from tests.soak.attacks import Attacker
from tests.soak.load import Owner
from tests.soak.log_lines import count_warnings, unexplained
from tests.soak.memory import Sampler, report

OWNERS = ("ann", "bob", "cleo")
ATTACKS = 30
"""In the whole run: one each minute where it lasts half an hour."""

DRAIN_SECONDS = 600.0

# What must be gone once every experiment and upload has ended.
LEFT = {
    "experiments that have not ended": "SELECT id, status FROM experiments WHERE finished_at IS NULL",
    "data sets that have not ended": "SELECT id, status FROM datasets WHERE finished_at IS NULL",
    "states of experiments that have ended": "SELECT DISTINCT experiment_id FROM resume_states",
    "bytes that the sweeper was to look at": "SELECT kind, id FROM leftovers",
}


def main() -> int:
    seconds = 60 * float(os.environ.get("SOAK_MINUTES", "30"))
    seed = int(os.environ.get("SOAK_SEED", "1"))
    with tempfile.TemporaryDirectory(prefix="trainyard-soak-") as folder:
        try:
            return soak(Path(folder), seconds, seed)
        finally:
            for session in list(Session.living):
                session.kill()


def soak(folder: Path, seconds: float, seed: int) -> int:
    """Run it in an empty folder; returns the exit code."""
    service = Service(folder, TRAINYARD_AUTH="on")
    port = int(service.address.rpartition(":")[2])
    owners = [Owner(name, make_key(folder, name), port, seed + place) for place, name in enumerate(OWNERS)]
    uploader = Owner("dora", make_key(folder, "dora"), port, seed)
    sampler = Sampler(service)
    attacker = Attacker(service, uploader, seconds / ATTACKS, harsh_seconds=seconds / 3)
    for owner in owners:
        owner.start()
    time.sleep(seconds)
    attacker.stop()
    for owner in owners:
        owner.stop()
    sampler.stop()
    stuck = wait_for_all(folder)
    service.stop()

    for owner in owners:
        print(owner.name, dict(owner.done))
    print("attacks", dict(attacker.done))
    print("\nMemory")
    growing = report(list(sampler.series.values()))
    print("\nLog lines of level warning and above")
    strange = unexplained(count_warnings(service.lines))
    surprises = [surprise for owner in [*owners, uploader] for surprise in owner.surprises]
    for title, found in (("Stuck", stuck), ("Answers that no client should see", surprises)):
        print(f"\n{title}: {len(found)}", *found[:50], sep="\n")
    if keep := os.environ.get("SOAK_LOG"):
        Path(keep).write_text(service.log)
    return 1 if growing or strange or stuck or surprises else 0


def make_key(folder: Path, owner: str) -> str:
    """A key of this owner, as the command makes it beside the service."""
    command = [str(BINARIES / "trainyard"), "keys", "create", "--owner", owner]
    settings = {"TRAINYARD_DATA_DIR": str(folder), "TRAINYARD_AUTH": "on"}
    made: subprocess.CompletedProcess[str] = subprocess.run(
        command, env=user_environment() | settings, capture_output=True, text=True, check=True
    )
    return made.stdout.strip()


def wait_for_all(folder: Path) -> list[str]:
    """Wait until all that came in has ended; returns what has not."""
    deadline = time.monotonic() + DRAIN_SECONDS
    while (stuck := left(folder)) and time.monotonic() < deadline:
        time.sleep(1.0)
    return stuck


def left(folder: Path) -> list[str]:
    """Every row that should not be there."""
    with contextlib.closing(
        sqlite3.connect(f"file:{folder / 'trainyard.sqlite3'}?mode=ro", uri=True)
    ) as database:
        return [
            f"{what}: {row}"
            for what, statement in LEFT.items()
            for row in database.execute(statement).fetchall()
        ]


if __name__ == "__main__":
    sys.exit(main())
