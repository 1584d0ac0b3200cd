"""Whatever dies under a training in the composition, it ends with the bits of an undisturbed run."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.chaos.undisturbed import check_epochs
from tests.compose.conftest import PATIENCE_SECONDS, Composition, docker
from tests.end_to_end.conftest import LONG_RUN
from tests.end_to_end.harness import Client, wait_for

# The README's first chapter, and a network that draws random numbers in every step.
SPECS: tuple[dict[str, Any], ...] = (
    {
        "dataset": "mnist-mini",
        "architecture": [30],
        "activation": "sigmoid",
        "loss": "binary_cross_entropy",
        "init": "large",
        "optimizer": {"name": "sgd", "learning_rate": 0.5},
        "batch_size": 10,
        "max_epochs": 2000,
        "seed": 1,
    },
    LONG_RUN | {"max_epochs": 1000, "patience": None},
)

Ends = list[tuple[dict[str, str], dict[str, Any]]]


@pytest.fixture(scope="module")
def undisturbed(composition: Composition) -> Ends:
    client = composition.client()
    ids = [client.submit(**spec) for spec in SPECS]
    found = ends(client, ids)
    assert [client.experiment(id_)["attempt"] for id_ in ids] == [1, 1]
    return found


def ends(client: Client, ids: list[str]) -> Ends:
    """The hash of each checkpoint and the whole curve, once all have ended."""
    found = []
    for id_ in ids:
        wait_for(partial(has_ended, client, id_), "the end", PATIENCE_SECONDS)
        ended = client.experiment(id_)
        assert ended["status"] == "succeeded", ended["error"]
        check_epochs(client, id_)
        curve = client.get(f"/v1/experiments/{id_}/metrics")
        found.append((client.fingerprints(id_), {key: curve[key] for key in curve if "seconds" not in key}))
    return found


def has_ended(client: Client, id_: str) -> bool:
    """Whether the API is there and says so."""
    return client.answers(f"/v1/experiments/{id_}") and client.experiment(id_)["finished_at"] is not None


def begin(client: Client) -> list[str]:
    """Post the experiments, and wait until epochs of both are stored."""
    ids = [client.submit(**spec) for spec in SPECS]
    for id_ in ids:
        client.wait_for_epoch(id_)
    return ids


def crash(composition: Composition, service: str) -> None:
    """Kill every process of a container from within, so that Docker starts it again by itself."""
    before = composition.container(service)["RestartCount"]
    composition.compose("exec", "-T", service, "sh", "-c", "kill -9 -1")
    wait_for(
        lambda: composition.container(service)["RestartCount"] > before, f"{service} to be started again"
    )


def kill(composition: Composition, *services: str) -> None:
    """Kill containers, all at once; Docker does not start again what it was told to kill."""
    ids = composition.run("ps", "--quiet", *services).split()
    docker("kill", "--signal", "KILL", *ids)


def crash_of(service: str) -> Callable[[Composition], None]:
    return lambda composition: crash(composition, service)


def kill_of(*services: str) -> Callable[[Composition], None]:
    def kill_and_start(composition: Composition) -> None:
        kill(composition, *services)
        composition.up()

    return kill_and_start


def down_and_up(composition: Composition) -> None:
    composition.run("down")
    composition.up()


DISTURBANCES: dict[str, tuple[Callable[[Composition], None], bool]] = {
    "worker crashes": (crash_of("worker"), True),
    "engine crashes": (crash_of("engine"), False),
    "scheduler crashes": (crash_of("scheduler"), True),
    "api crashes": (crash_of("api"), False),
    "worker killed": (kill_of("worker"), True),
    "engine killed": (kill_of("engine"), False),
    "scheduler killed": (kill_of("scheduler"), True),
    "database killed": (kill_of("db"), False),
    "power cut": (kill_of(), True),
    "down and up": (down_and_up, True),
}
"""What is done while both train, and whether it ends the attempt."""


@pytest.mark.parametrize("name", DISTURBANCES)
def test_it_ends_with_the_same_bits(
    name: str, composition: Composition, client: Client, undisturbed: Ends
) -> None:
    disturb, ends_the_attempt = DISTURBANCES[name]
    ids = begin(client)
    disturb(composition)
    assert ends(client, ids) == undisturbed
    if ends_the_attempt:
        assert all(client.experiment(id_)["attempt"] > 1 for id_ in ids)
    composition.up()
