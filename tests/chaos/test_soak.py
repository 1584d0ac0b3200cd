"""Two minutes of everything at once: experiments come in, are cancelled and paused, and processes are killed.

What is done is drawn at random from a seed (`CHAOS_SEED`), which is printed, and every action notes what must become
of its experiment.
"""

import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import psycopg

from tests.chaos.conftest import Deployment
from tests.chaos.undisturbed import fingerprints
from tests.end_to_end.cluster import ClusterService
from tests.end_to_end.harness import Refused, Service, wait_for

EXPERIMENTS = 200
SECONDS = float(os.environ.get("CHAOS_SECONDS", "120"))
SAMPLE = 10
DRAIN_SECONDS = 700.0
"""Beside two other services a slow machine needs a few minutes; one that hangs never ends."""

# Of several cohorts, so that stacks form and are left; about a second each where nothing else happens.
KINDS: list[dict[str, Any]] = [
    {"dataset": "digits", "architecture": [16], "batch_size": 32, "max_epochs": 150, "patience": None},
    {
        "dataset": "digits",
        "architecture": [{"units": 24, "dropout": 0.2}],
        "max_epochs": 200,
        "patience": 150,
    },
    {"dataset": "iris", "architecture": [8, 8], "max_epochs": 1500, "patience": None},
    {"dataset": "wine", "architecture": [16], "optimizer": {"name": "adam"}, "max_epochs": 1000},
]


class Soak:
    """A service under attack, and what must become of each of its experiments."""

    def __init__(self, start: Callable[[], Service | ClusterService], seed: int) -> None:
        self.start = start
        self.service = start()
        self.random = random.Random(seed)  # noqa: S311 - no secret
        self.expected: dict[str, set[str]] = {}
        self.paused: set[str] = set()
        self.done: Counter[str] = Counter()

    def run(self) -> None:
        began = time.monotonic()
        while (elapsed := time.monotonic() - began) < SECONDS:
            while len(self.expected) < min(EXPERIMENTS, EXPERIMENTS * elapsed / (0.9 * SECONDS)):
                self.submit()
            self.act()
            time.sleep(0.25)
        while len(self.expected) < EXPERIMENTS:
            self.submit()
        for id_ in sorted(self.paused):
            self.resume(id_)

    def act(self) -> None:
        weights = {
            self.cancel: 6,
            self.pause: 10,
            self.resume: 8,
            self.kill_worker: 6,
            self.kill_engine: 1,
            self.kill_everything: 0.5,
        }
        (action,) = self.random.choices(list(weights), list(weights.values()))
        action()

    def submit(self) -> None:
        kind = self.random.choice(KINDS)
        seed = self.random.randrange(10**6)
        self.expected[self.service.submit(**kind, seed=seed)] = {"succeeded"}

    def cancel(self) -> None:
        id_ = self._any()
        if (status := self._ask(id_, "cancel")) is not None:
            # Whoever is about to end may still do so.
            self.expected[id_] = (
                {"cancelled"} if status == "cancelled" else {"cancelled", *self.expected[id_]}
            )
            self.paused.discard(id_)

    def pause(self) -> None:
        id_ = self._any()
        if self._ask(id_, "pause") is not None:
            self.paused.add(id_)

    def resume(self, id_: str | None = None) -> None:
        if id_ is None and not self.paused:
            return
        id_ = id_ or self.random.choice(sorted(self.paused))
        # What is still pausing cannot be resumed yet; what had ended before the pause took effect, no more.
        wait_for(lambda: self.service.experiment(str(id_))["status"] != "pausing", "the pause")
        self._ask(id_, "resume")
        self.paused.discard(id_)

    def kill_worker(self) -> None:
        if workers := self.service.workers():
            self._kill(self.random.choice(workers))

    def kill_engine(self) -> None:
        for pid, words in self.service.processes().items():
            if "--attached" in words:
                self._kill(pid)

    def kill_everything(self) -> None:
        self.service.kill()
        self.service = self.start()
        self.done["kill_everything"] += 1

    def _any(self) -> str:
        """One of those that came last: the others have mostly ended."""
        return self.random.choice(list(self.expected)[-20:])

    def _ask(self, id_: str, action: str) -> str | None:
        """The experiment's status after an action; None where that was refused."""
        try:
            status = str(self.service.call("POST", f"/v1/experiments/{id_}/{action}")["status"])
        except Refused as refused:
            if refused.args[0] != 409:
                raise
            self.done[f"{action} refused"] += 1
            return None
        self.done[action] += 1
        return status

    def _kill(self, pid: int) -> None:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.done["kill"] += 1


def query(url: str, statement: str) -> list[Any]:
    if url.startswith("sqlite"):
        return sqlite3.connect(url.removeprefix("sqlite:///")).execute(statement).fetchall()
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


def test_two_minutes_of_everything_at_once(deployment: Deployment) -> None:
    seed = int(os.environ.get("CHAOS_SEED", str(random.randrange(10**6))))  # noqa: S311 - no secret
    print(f"CHAOS_SEED={seed}")  # noqa: T201 - to do the same again
    url = deployment.url
    soak = Soak(deployment.start, seed)
    soak.run()
    unfinished = "SELECT count(*) FROM experiments WHERE finished_at IS NULL"
    wait_for(lambda: query(url, unfinished)[0][0] == 0, "the last experiment to end", DRAIN_SECONDS)
    print(dict(soak.done))  # noqa: T201 - what was done

    ended = {row[0]: row[1:] for row in query(url, "SELECT id, status, losses, last_epoch FROM experiments")}
    assert ended.keys() == soak.expected.keys()
    wrong = {
        id_: (status, losses)
        for id_, (status, losses, _) in ended.items()
        if status not in soak.expected[id_] and not (status == "failed" and losses == 5)
    }
    assert wrong == {}
    curves = {
        row[0]: row[1:]
        for row in query(
            url, "SELECT experiment_id, count(*), min(epoch), max(epoch) FROM epochs GROUP BY experiment_id"
        )
    }
    last = {id_: (epochs, 1, epochs) for id_, (_, _, epochs) in ended.items() if epochs}
    assert curves == last
    assert query(url, "SELECT count(*) FROM resume_states") == [(0,)]
    events = "SELECT e.id, e.last_event, sum(v.count), min(v.sequence), max(v.sequence + v.count - 1)"
    numbered = query(
        url, f"{events} FROM experiments e JOIN experiment_events v ON v.experiment_id = e.id GROUP BY e.id"
    )
    assert [row for row in numbered if not row[1] == row[2] == row[4] or row[3] != 1] == []

    succeeded = sorted(id_ for id_, (status, _, _) in ended.items() if status == "succeeded")
    assert len(succeeded) > EXPERIMENTS // 4
    sample = soak.random.sample(succeeded, SAMPLE)
    specs = [soak.service.experiment(id_)["spec"] for id_ in sample]
    assert [soak.service.fingerprints(id_) for id_ in sample] == fingerprints(specs)
    soak.service.stop()
