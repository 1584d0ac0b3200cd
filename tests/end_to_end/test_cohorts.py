"""Experiments of one shape train together, and nobody can tell from what comes out."""

from typing import Any

from tests.chaos.undisturbed import fingerprints
from tests.end_to_end.harness import Service, wait_for

SHAPE: dict[str, Any] = {
    "dataset": "diabetes",
    "architecture": [8],
    "penalty": "l2",
    "batch_size": 64,
    "optimizer": {"name": "sgd", "learning_rate": 0.1},
}


def check_alone(service: Service, *ids: str) -> None:
    """What the service has of experiments that have ended is what the engine alone makes of each."""
    ended = [service.wait_for_end(id_) for id_ in ids]
    reached = [each["progress"]["epoch"] for each in ended]
    cancelled = [each["status"] == "cancelled" for each in ended]
    specs = [
        each["spec"] | ({"until": epoch} if was_cancelled else {})
        for each, epoch, was_cancelled in zip(ended, reached, cancelled, strict=True)
    ]
    assert [service.fingerprints(id_) for id_ in ids] == fingerprints(specs)
    curves = [service.get(f"/v1/experiments/{id_}/metrics")["epoch"] for id_ in ids]
    assert curves == [list(range(1, epoch + 1)) for epoch in reached]


def running(service: Service, id_: str) -> bool:
    found = service.experiment(id_)
    return bool(found["status"] == "running" and found["progress"]["epoch"] > 0)


def test_each_ends_with_the_bits_of_its_lone_run(service: Service) -> None:
    def submit(**own: Any) -> str:
        return service.submit(**SHAPE | own)

    endless, cancelled, paused = (
        submit(max_epochs=100_000, seed=seed, **{"lambda": seed / 10}) for seed in range(3)
    )
    first = [
        submit(max_epochs=300, seed=5, optimizer={"name": "sgd", "learning_rate": rate})
        for rate in (0.01, 0.3)
    ]
    wait_for(lambda: all(running(service, id_) for id_ in (endless, cancelled, paused)), "company")
    late = [submit(max_epochs=300, seed=6, patience=3), submit(max_epochs=50, seed=7, init="zeros")]
    diverges = submit(max_epochs=300, seed=8, optimizer={"name": "sgd", "learning_rate": 1e6})
    service.cancel(cancelled)
    service.call("POST", f"/v1/experiments/{paused}/pause")
    wait_for(lambda: service.experiment(paused)["status"] == "paused", "the pause")
    at = service.epoch(paused)
    service.call("POST", f"/v1/experiments/{paused}/resume")
    service.wait_for_epoch(paused, at + 1)
    for id_ in (*first, *late, diverges, cancelled):
        service.wait_for_end(id_)
    service.cancel(paused)
    service.cancel(endless)
    check_alone(service, endless, cancelled, paused, *first, *late, diverges)
    assert service.experiment(diverges)["stop_reason"] == "non_finite"
    assert service.experiment(late[0])["stop_reason"] == "early_stopping"
    assert service.experiment(paused)["attempt"] == 2


def test_thirty_two_posted_one_by_one_train_at_the_same_time(service: Service) -> None:
    # Of another shape, and in training before the others wait: what waits longer than they do must not be passed over.
    busy = [service.submit(dataset="iris", architecture=[3], max_epochs=2000, seed=seed) for seed in range(2)]
    wait_for(lambda: not any(service.experiment(id_)["status"] == "queued" for id_ in busy), "busy workers")
    ids = [
        service.submit(dataset="iris", architecture=[4], max_epochs=100_000, seed=seed, priority=seed % 2)
        for seed in range(32)
    ]
    wait_for(lambda: all(running(service, id_) for id_ in ids), "all of them to train", seconds=180)
    for id_ in ids:
        service.cancel(id_)
    assert {service.wait_for_end(id_)["status"] for id_ in ids} == {"cancelled"}
