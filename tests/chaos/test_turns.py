"""One owner's long runs hold every worker: another owner is served, and the runs end with the same bits."""

import subprocess
import time
from functools import partial
from pathlib import Path

import pytest

from tests.chaos.conftest import Deployment
from tests.chaos.undisturbed import RUN, check
from tests.end_to_end.harness import BINARIES, Client, user_environment, wait_for

TURN_SECONDS = 2.0
# Longer than both turns and the short run together, on any machine.
LONG_RUN = RUN | {"max_epochs": 2000, "patience": None}
SHORT_RUN = {"dataset": "iris", "architecture": [4], "max_epochs": 5}


def key_of(owner: str, settings: dict[str, str]) -> str:
    """A new API key."""
    made = subprocess.run(
        [str(BINARIES / "trainyard"), "keys", "create", "--owner", owner],
        env=user_environment() | settings,
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


def is_running(client: Client, id_: str) -> bool:
    read = client.experiment(id_)
    return bool(read["status"] == "running" and read["progress"]["epoch"])


@pytest.mark.parametrize("kind", ["embedded", "cluster"])
def test_who_holds_every_worker_makes_room_for_another_owner(
    postgresql_url: str, tmp_path: Path, kind: str
) -> None:
    settings = {
        "TRAINYARD_AUTH": "on",
        "TRAINYARD_KEY_PEPPER": "p" * 32,
        "TRAINYARD_TURN_SECONDS": f"{TURN_SECONDS:g}",
    }
    service = Deployment.of(kind, postgresql_url, tmp_path, **settings).start()
    known = settings | {"TRAINYARD_DATABASE_URL": postgresql_url}
    ann, bob = (Client(service.address, key_of(owner, known)) for owner in ("ann", "bob"))

    # Of two shapes, so that each has a worker of its own.
    long_runs = [ann.submit(**LONG_RUN | {"architecture": [units]}) for units in (31, 32)]
    for id_ in long_runs:
        wait_for(partial(is_running, ann, id_), "both workers to be busy")
    workers = service.processes().keys()
    posted = time.monotonic()
    short_run = bob.submit(**SHORT_RUN)
    assert bob.wait_for_end(short_run)["status"] == "succeeded"
    print(f"served after {time.monotonic() - posted:.2f} s")  # noqa: T201 - for `make chaos`
    standing = [ann.experiment(id_) for id_ in long_runs]
    assert [each["finished_at"] for each in standing] == [None, None]

    check(ann, *long_runs, seconds=300)
    # One made room, and no worker was lost over it; the other had nobody to make room for.
    assert sorted(ann.experiment(id_)["attempt"] for id_ in long_runs) == [1, 2]
    assert workers <= service.processes().keys()
    service.stop()
