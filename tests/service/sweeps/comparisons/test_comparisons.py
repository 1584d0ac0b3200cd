"""Comparisons over HTTP, of experiments whose curves are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.storage.database import Database
from service.sweeps.statistics.differences import paired, unpaired
from tests.service import rows
from tests.service.access.keys import showing_key

PLAIN: dict[str, Any] = {"dataset": "iris", "architecture": [4]}
PENALIZED = {**PLAIN, "penalty": "l2", "lambda": 0.5}
# iris: 150 rows, of which 90 train and 30 validate.
OVERLAP = 30 / 90


def trained(
    client: TestClient,
    database: Database,
    spec: dict[str, Any],
    seed: int,
    losses: Sequence[float],
    **more: Any,
) -> str:
    """An experiment that has ended, with this curve of validation losses; seed and split vary together."""
    split = {"seed": seed, **more.pop("split", {})}
    made = client.post("/v1/experiments", json={**spec, "seed": seed, "split": split, **more})
    assert made.status_code == 201, made.text
    identifier: str = made.json()["id"]
    rows.add_epochs(database, identifier, len(losses))
    for epoch, loss in enumerate(losses, 1):
        rows.change_epoch(database, identifier, epoch, val_loss=loss, val_accuracy=1 - loss / 10)
    rows.change(database, identifier, status="succeeded", stop_reason="max_epochs", finished_at=rows.FINISHED)
    return identifier


def group(
    client: TestClient, database: Database, spec: dict[str, Any], finals: Sequence[float], **more: Any
) -> list[str]:
    """Replicates whose only epoch has these validation losses."""
    return [trained(client, database, spec, seed, [loss], **more) for seed, loss in enumerate(finals)]


def compare(client: TestClient, *groups: Any, **options: Any) -> dict[str, Any]:
    asked = [each if isinstance(each, dict) else {"experiments": each} for each in groups]
    answer = client.post("/v1/comparisons", json={"groups": asked, **options})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def problems(client: TestClient, **body: Any) -> list[tuple[str, str]]:
    answer = client.post("/v1/comparisons", json=body)
    assert answer.status_code == 422, answer.text
    return [(each["pointer"], each["code"]) for each in answer.json()["errors"]]


def test_a_winner_is_told_with_its_corrected_interval(client: TestClient, database: Database) -> None:
    worse, better = [1.0, 1.1, 0.9, 1.2], [0.5, 0.65, 0.4, 0.68]
    told = compare(
        client, group(client, database, PLAIN, worse), group(client, database, PENALIZED, better), reference=0
    )
    found = paired([a - b for a, b in zip(worse, better, strict=True)], OVERLAP)
    difference, verdict = told["verdict"]["difference"], told["verdict"]
    assert (verdict["outcome"], verdict["winner"], verdict["indistinguishable"]) == ("winner", 1, [1])
    assert difference["estimate"] == pytest.approx(found.estimate)
    assert (difference["low"], difference["high"]) == pytest.approx(found.interval(0.95))
    assert (difference["first"], difference["second"], difference["pairs"], difference["paired"]) == (
        1,
        0,
        4,
        True,
    )
    assert told["differences"] == [{**difference, "p_adjusted": difference["p"]}]
    assert verdict["sentence"].startswith(
        "λ = 0.5 (L2) beats no penalty by 0.492 in validation loss (95 % interval "
    )
    assert verdict["scope"] == "both"
    assert [each["mean"] for each in told["groups"]] == pytest.approx([1.05, 0.5575])


def test_a_replicate_is_scored_at_the_epoch_that_the_others_choose(
    client: TestClient, database: Database
) -> None:
    curves = [[3.0, 1.0, 2.0, 4.0], [3.0, 2.0, 1.0], [2.0, 3.0, 4.0, 5.0]]
    first = [trained(client, database, PLAIN, seed, curve) for seed, curve in enumerate(curves)]
    second = group(client, database, PENALIZED, [1.0, 1.0, 1.0])
    expected = {"cross_fitted": [(1, 3.0), (2, 2.0), (2, 3.0)], "best": [(2, 1.0), (3, 1.0), (1, 2.0)]}
    expected["final"] = [(4, 4.0), (3, 1.0), (4, 5.0)]
    for score, scored in expected.items():
        told = compare(client, first, second, score=score)["groups"][0]["replicates"]
        assert [(each["epoch"], each["score"]) for each in told] == scored
        assert [(each["experiment"], each["seed"], each["split_seed"]) for each in told] == [
            (identifier, seed, seed) for seed, identifier in enumerate(first)
        ]


def test_what_cannot_be_told_says_what_would(client: TestClient, database: Database) -> None:
    told = compare(
        client,
        group(client, database, PLAIN, [1.0, 0.8, 1.2]),
        group(client, database, PENALIZED, [0.9, 0.9, 1.1]),
    )
    verdict = told["verdict"]
    assert (verdict["outcome"], verdict["winner"], verdict["best"]) == ("cannot_tell", None, 1)
    assert verdict["indistinguishable"] == [0, 1]
    assert verdict["sentence"].startswith("Can't tell λ = 0.5 (L2) from no penalty with 3 paired splits: ")
    assert verdict["replicates_needed"] is None
    assert verdict["rows_needed"] > 120


def test_other_seeds_are_not_paired(client: TestClient, database: Database) -> None:
    first = [trained(client, database, PLAIN, seed, [loss]) for seed, loss in enumerate([1.0, 1.2, 0.9])]
    second = [
        trained(client, database, PENALIZED, seed, [loss]) for seed, loss in ((7, 0.2), (8, 0.3), (9, 0.1))
    ]
    difference = compare(client, first, second)["verdict"]["difference"]
    expected = unpaired([-0.2, -0.3, -0.1], [-1.0, -1.2, -0.9], OVERLAP, OVERLAP)
    assert not difference["paired"]
    assert (difference["low"], difference["high"]) == pytest.approx(expected.interval(0.95))


def test_seeds_alone_speak_of_these_rows_only(client: TestClient, database: Database) -> None:
    def seeds(spec: dict[str, Any], losses: Sequence[float]) -> list[str]:
        return [
            trained(client, database, spec, seed, [loss], split={"seed": 5})
            for seed, loss in enumerate(losses)
        ]

    told = compare(client, seeds(PLAIN, [1.0, 1.1, 0.9]), seeds(PENALIZED, [0.5, 0.7, 0.4]))
    assert told["verdict"]["scope"] == "seeds"
    assert told["verdict"]["sentence"].startswith("On these 30 validation rows, over new seeds only: ")
    difference = told["verdict"]["difference"]
    assert (difference["low"], difference["high"]) == pytest.approx(paired([0.5, 0.4, 0.5], 0).interval(0.95))


def test_a_split_that_draws_no_validation_rows_speaks_of_these_rows(
    client: TestClient, database: Database
) -> None:
    # By order the last rows validate, whatever the seed of the split.
    first = group(client, database, PLAIN, [1.0, 1.1, 0.9], split={"by": "order"})
    second = group(client, database, PENALIZED, [0.5, 0.7, 0.4], split={"by": "order"})
    told = compare(client, first, second)
    assert told["verdict"]["scope"] == "seeds"
    assert "validation rows, over new seeds only: " in told["verdict"]["sentence"]


def test_groups_by_metadata_with_labels(client: TestClient, database: Database) -> None:
    group(client, database, PLAIN, [1.0, 1.1], metadata={"setting": "a"})
    group(client, database, PENALIZED, [0.5, 0.7], metadata={"setting": "b"})
    told = compare(
        client, {"metadata": {"setting": "a"}, "label": "as it is"}, {"metadata": {"setting": "b"}}
    )
    assert [each["label"] for each in told["groups"]] == ["as it is", "λ = 0.5 (L2)"]
    assert problems(
        client, groups=[{"metadata": {"setting": "a"}}, {"metadata": {"setting": "none of these"}}]
    ) == [("#/groups/1/metadata", "not_found")]


def test_unfinished_and_failed_replicates_are_counted(client: TestClient, database: Database) -> None:
    first, second = (
        group(client, database, PLAIN, [1.0, 1.1, 0.9]),
        group(client, database, PENALIZED, [0.1, 0.2, 0.3]),
    )
    rows.change(database, second[0], status="failed", stop_reason="non_finite")
    told = compare(client, first, second)
    assert told["verdict"]["indistinguishable"] == [0, 1]
    assert told["groups"][1]["failed"] == 1
    assert told["verdict"]["sentence"].endswith("Ended without a score: 1 of 3 of λ = 0.5 (L2).")
    rows.change(database, first[0], status="running", finished_at=None)
    told = compare(client, first, second)
    assert told["verdict"]["outcome"] == "incomplete"
    assert told["verdict"]["sentence"].startswith("1 of 6 experiments has not ended; so far: ")
    for identifier in second:
        rows.change(database, identifier, status="queued", finished_at=None)
    verdict = compare(client, first, second)["verdict"]
    assert (verdict["outcome"], verdict["best"]) == ("incomplete", None)
    assert verdict["sentence"] == "Can't tell: λ = 0.5 (L2) has no experiment that ended with a score yet."


def test_what_is_no_comparison_is_refused_with_its_place(client: TestClient, database: Database) -> None:
    plain, penalized = (
        group(client, database, PLAIN, [1.0, 1.1]),
        group(client, database, PENALIZED, [0.5, 0.6]),
    )
    two = [{"experiments": plain}, {"experiments": penalized}]
    assert problems(client) == [("#/groups", "missing")]
    assert problems(client, groups=two[:1]) == [("#/groups", "type")]
    assert problems(client, groups=two, metric="test_loss", score="x", reference=2, seed=1) == [
        ("#/seed", "unknown_field"),
        ("#/metric", "choice"),
        ("#/score", "choice"),
    ]
    assert problems(client, groups=two, reference=2) == [("#/reference", "range")]
    assert problems(client, groups=two, metric="val_r2") == [("#/metric", "not_comparable")]
    assert problems(client, groups=[*two, {"experiments": plain[:1], "metadata": {"a": "b"}}]) == [
        ("#/groups/2", "choice")
    ]
    assert problems(client, groups=[*two, {"experiments": [], "lable": "x", "label": ""}]) == [
        ("#/groups/2/lable", "unknown_field"),
        ("#/groups/2/label", "type"),
        ("#/groups/2/experiments", "type"),
    ]
    assert problems(client, groups=[*two, {"experiments": ["exp_nothing"]}]) == [
        ("#/groups/2/experiments/0", "not_found")
    ]
    assert problems(client, groups=[*two, {"experiments": plain[:1]}]) == [
        ("#/groups/2/experiments", "repeated")
    ]
    assert problems(client, groups=[{"experiments": [*plain, *penalized]}, two[1]]) == [
        ("#/groups/0/experiments", "not_replicates"),
        ("#/groups/1/experiments", "repeated"),
    ]
    again = trained(client, database, PLAIN, 0, [1.0])
    assert problems(client, groups=[{"experiments": [*plain, again]}, two[1]]) == [
        ("#/groups/0/experiments", "repeated")
    ]
    wine = trained(client, database, {**PLAIN, "dataset": "wine"}, 0, [1.0])
    assert problems(client, groups=[*two, {"experiments": [wine]}]) == [("#/groups", "not_comparable")]


def test_losses_that_mean_different_things_are_refused(client: TestClient, database: Database) -> None:
    regression = {"dataset": "diabetes", "architecture": [4]}
    groups = [
        group(client, database, each, [1.0, 1.1])
        for each in (regression, {**regression, "target_scaling": "none"})
    ]
    body = {"groups": [{"experiments": each} for each in groups]}
    answer = client.post("/v1/comparisons", json=body).json()
    assert answer["detail"] == (
        "#/metric: val_loss means different things here: target_scaling differ. "
        "Metrics that can be compared: val_r2, val_mae, val_rmse."
    )


def test_nothing_of_another_owner_is_compared(secured_sqlite: TestClient) -> None:
    ann, bob = (showing_key(secured_sqlite, owner, scopes=["read", "write"]) for owner in ("ann", "bob"))
    labels = {"metadata": {"label": "x"}}
    made = secured_sqlite.post("/v1/experiments", json={**PLAIN, **labels}, headers=ann).json()["id"]
    for selector in ({"experiments": [made]}, labels):
        body = {"groups": [selector, {"experiments": ["exp_nothing"]}]}
        answer = secured_sqlite.post("/v1/comparisons", json=body, headers=bob)
        assert [each["code"] for each in answer.json()["errors"]] == ["not_found", "not_found"]
