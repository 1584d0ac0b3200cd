"""The table of ratios says of every target whether it was reached."""

from pathlib import Path

import pytest

from benchmarks.engine.contenders import CONTENDERS
from benchmarks.engine.report import TARGETS, Measured, kept, lines
from benchmarks.engine.workloads import WORKLOADS

SECONDS = {"engine": [1.0, 4.0, 3.0], "jax": [2.0, 4.0, 4.0], "torch": [10.0, 10.0, 60.0]}


def test_a_ratio_is_the_median_within_rounds() -> None:
    measured = Measured.of(SECONDS, epochs=5)
    assert measured == Measured(600.0, {"jax": 0.75, "torch": 0.1})


def test_every_target_names_a_workload_and_a_contender() -> None:
    assert set(TARGETS) == set(WORKLOADS)
    assert {peer for targets in TARGETS.values() for peer in targets} <= set(CONTENDERS)


@pytest.mark.parametrize(("ratio", "mark"), [(0.75, "✓"), (0.82, "✓"), (0.83, "✗")])
def test_a_target_is_reached_within_a_tenth(ratio: float, mark: str) -> None:
    table = lines({"W1": Measured(100.0, {"jax": ratio})})
    assert f"| W1 | 100.0 |  |  | {ratio:.2f} (0.75) {mark} |" in table[2]


def test_what_was_not_reached_is_named() -> None:
    found = lines({"W1": Measured(1.0, {"jax": 0.9, "torch": 0.1, "torch fused": 0.2})})
    assert found[-1] == "1 of 2 targets reached; not: W1 jax."


def test_results_of_several_runs_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "new" / "measured.json"
    kept(path, {"W3": Measured(1.0, {"jax": 0.5}), "W1": Measured(2.0, {})})
    again = kept(path, {"W1": Measured(3.0, {"torch": 0.1})})
    assert again == {"W1": Measured(3.0, {"torch": 0.1}), "W3": Measured(1.0, {"jax": 0.5})}
    assert list(again) == ["W1", "W3"]
