"""`kill -9` of every kind of process while it works; nothing is lost, and nobody has to do anything."""

import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from tests.chaos.conftest import Deployment
from tests.chaos.undisturbed import RUN, check, check_epochs
from tests.end_to_end.cluster import Cluster, ClusterService
from tests.end_to_end.harness import Client, Refused, Service, Session, listening_address, wait_for


@pytest.fixture
def cluster(postgresql_url: str, tmp_path: Path) -> Cluster:
    cluster = Cluster(postgresql_url, tmp_path)
    cluster.migrate()
    return cluster


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def kill_worker_of(client: Service | ClusterService, id_: str) -> None:
    """Kill the process that trains; prints how long it took until somebody else stored the next epoch."""
    kill(client.busiest_worker())
    killed = time.monotonic()
    reached = client.epoch(id_)
    wait_for(lambda: client.experiment(id_)["attempt"] == 2, "the next attempt")
    wait_for(lambda: client.epoch(id_) > reached, "the next epoch")
    print(f"worker killed: next epoch after {time.monotonic() - killed:.2f} s")  # noqa: T201 - for `make chaos`


def test_a_killed_worker_has_a_successor_at_once(deployment: Deployment) -> None:
    service = deployment.start()
    id_ = service.submit(**RUN)
    service.wait_for_epoch(id_)
    kill_worker_of(service, id_)
    check(service, id_, attempt=2)
    service.stop()


def test_after_everything_was_killed_a_new_start_goes_on(deployment: Deployment) -> None:
    service = deployment.start()
    ids = [service.submit(**RUN | {"seed": seed}) for seed in range(3)]
    service.wait_for_epoch(ids[0])
    service.kill()
    service = deployment.start()
    check(service, *ids)
    service.stop()


def test_a_killed_engine_of_a_cluster_takes_no_work_with_it(cluster: Cluster) -> None:
    cluster.scheduler()
    cluster.worker()
    engine = cluster.engine()
    client = cluster.api()
    running = client.submit(**RUN)
    waiting = client.submit(**RUN | {"architecture": [8], "max_epochs": 50})
    client.wait_for_epoch(running)
    engine.kill()
    # Nobody dispatches, and what has been dispatched goes on to its end.
    check(client, running, attempt=1)
    assert client.experiment(waiting)["status"] in {"queued", "succeeded"}
    cluster.engine()
    check(client, waiting, attempt=1)


def test_a_killed_scheduler_costs_nothing_but_time(cluster: Cluster) -> None:
    scheduler = cluster.scheduler()
    worker = cluster.worker()
    cluster.engine()
    client = cluster.api()
    id_ = client.submit(**RUN)
    client.wait_for_epoch(id_)
    scheduler.kill()
    # A worker hands its work back and ends; whatever supervises it starts it again, and the scheduler before it.
    wait_for(lambda: worker.process.poll() is not None, "the worker to end")
    cluster.scheduler()
    cluster.worker()
    check(client, id_, attempt=2)


def test_a_frozen_worker_of_a_cluster_is_replaced_by_its_nanny(cluster: Cluster) -> None:
    cluster.scheduler()
    workers = cluster.worker("--nworkers", "1")
    cluster.engine()
    client = cluster.api()
    id_ = client.submit(**RUN)
    client.wait_for_epoch(id_)
    (frozen,) = workers.workers()
    os.kill(frozen, signal.SIGSTOP)
    wait_for(lambda: frozen not in workers.processes(), "the frozen worker to be killed")
    check(client, id_, attempt=2)


def test_an_experiment_that_kills_every_worker_of_a_cluster_fails_alone(cluster: Cluster) -> None:
    cluster.scheduler()
    workers = cluster.worker("--nworkers", "1")
    cluster.engine()
    client = cluster.api()
    # All of one cohort, so that they begin as one stack.
    others = [client.submit(**RUN | {"seed": seed}) for seed in (1, 2)]
    poisoned = client.submit(**RUN | {"seed": 3, "max_epochs": 100_000, "patience": None})
    for attempt in range(1, 6):
        wait_for(partial(is_running, client, poisoned, attempt), "the next attempt")
        kill(workers.workers()[0])
    ended = client.wait_for_end(poisoned)
    assert (ended["status"], ended["stop_reason"]) == ("failed", "worker_lost")
    assert "died 5 times" in ended["error"]["message"]
    check(client, *others)


def is_running(client: Client, id_: str, attempt: int) -> bool:
    read = client.experiment(id_)
    return (read["status"], read["attempt"]) == ("running", attempt)


def test_a_worker_of_a_cluster_that_fills_its_memory_says_so(cluster: Cluster) -> None:
    cluster.scheduler()
    tight = ("--nworkers", "1", "--memory-limit", "200MB")
    worker = cluster.worker(*tight)
    cluster.engine()
    client = cluster.api()
    cluster.wait_for_slots(1)
    too_large = {"dataset": "digits", "architecture": [1400, 1400], "max_epochs": 1000}
    with pytest.raises(Refused, match="may use 191 MiB"):
        client.submit(**too_large)
    # While there is no worker, nobody knows what one may use.
    worker.stop(signal_number=signal.SIGTERM)
    cluster.wait_for_slots(0)
    id_ = client.submit(**too_large)
    cluster.worker(*tight)
    ended = client.wait_for_end(id_)
    assert (ended["status"], ended["error"]["code"]) == ("failed", "out_of_memory")
    assert "may use 191 MiB" in ended["error"]["message"]


@pytest.mark.parametrize("kind", ["embedded", "cluster"])
def test_a_frozen_engine_as_a_main_process_is_replaced(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """As a container has it: nothing but `trainyard engine`, and nobody else who looks after it."""
    if kind == "cluster":
        cluster: Cluster = request.getfixturevalue("cluster")
        cluster.scheduler()
        cluster.worker("--nworkers", "1")
        engine, client = cluster.engine(), cluster.api()
    else:
        settings = {"TRAINYARD_DATA_DIR": str(tmp_path), "TRAINYARD_WORKERS": "1"}
        migration = Session("trainyard", "migrate", **settings)
        migration.wait()
        engine = Session("trainyard", "engine", **settings)
        client = Client(listening_address(Session("trainyard", "api", TRAINYARD_PORT="0", **settings)))
    wait_for(lambda: client.answers("/readyz"), "the service to be ready")
    id_ = client.submit(**RUN | {"max_epochs": 100_000, "patience": None})
    client.wait_for_epoch(id_)
    (frozen,) = [pid for pid, words in engine.processes().items() if "--attached" in words]
    os.kill(frozen, signal.SIGSTOP)
    wait_for(lambda: not client.answers("/readyz"), "the first probe to tell")
    wait_for(lambda: frozen not in engine.processes(), "the frozen engine to be killed")
    # Dask's workers train on without it.
    attempt = 2 if kind == "embedded" else 1
    wait_for(lambda: client.answers("/readyz"), "the service to be ready")
    wait_for(lambda: is_running(client, id_, attempt), "its successor to go on")
    client.cancel(id_)
    client.wait_for_end(id_)
    check_epochs(client, id_)
    # As a container is stopped; SIGINT is ignored by what a shell has started in the background.
    engine.stop(signal_number=signal.SIGTERM)
    assert engine.process.returncode == 0, engine.log
