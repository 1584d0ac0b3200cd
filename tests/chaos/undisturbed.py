"""What an undisturbed run ends with, to compare with what came through kills and outages."""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from tests.end_to_end.conftest import LONG_RUN
from tests.end_to_end.harness import WAIT_SECONDS, Client, user_environment

__all__ = ["RUN", "check", "check_epochs", "fingerprints"]

# A second or two of training where nothing else happens.
RUN = LONG_RUN | {"max_epochs": 300}


def fingerprints(specs: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """The hash of each checkpoint of undisturbed runs, by the engine alone."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.chaos.lone"],
        env=user_environment(),
        input=json.dumps(specs),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return list(json.loads(ran.stdout))


def check_epochs(client: Client, id_: str) -> None:
    """Every epoch is there once."""
    read = client.experiment(id_)
    stored = client.get(f"/v1/experiments/{id_}/metrics")["epoch"]
    assert stored == list(range(1, read["progress"]["epoch"] + 1))


def check(client: Client, *ids: str, attempt: int | None = None, seconds: float = WAIT_SECONDS) -> None:
    """Wait for the end: it is the one that an undisturbed run would have had, bit for bit."""
    ended = [client.wait_for_end(id_, seconds) for id_ in ids]
    for each in ended:
        assert each["status"] == "succeeded", each["error"]
        assert attempt in {None, each["attempt"]}
        check_epochs(client, each["id"])
    assert [client.fingerprints(id_) for id_ in ids] == fingerprints([each["spec"] for each in ended])
