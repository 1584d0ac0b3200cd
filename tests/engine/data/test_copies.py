"""Copies of rows: which parts they are in, what is told of it, and the split that keeps them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from engine.data import Dataset, prepare
from engine.data.copies import copy_groups
from engine.errors import InvalidSpec
from engine.spec import DatasetSplit, Experiment, SpecWarning, Split, SplitRows, resolve
from engine.training import train

Array = np.ndarray[Any, np.dtype[Any]]
RANDOM = np.random.default_rng(5)
UNIQUE = RANDOM.normal(size=(120, 3))
TWICE = np.concatenate([UNIQUE, UNIQUE[:60]])


def dataset(x: Array = TWICE, **fields: Any) -> Dataset:
    return Dataset(x, (np.arange(len(x)) * 7 % 120 % 3), "multiclass", 3, scaling="none", **fields)


def parts(data: Dataset, **split: Any) -> tuple[dict[str, set[bytes]], SplitRows, tuple[SpecWarning, ...]]:
    """The different rows of each part, the promised numbers of rows, and what preparing warned of."""
    experiment = Experiment(precision="float64", split=Split(**split))
    resolved = resolve(experiment, data.facts_for(experiment.split))
    found = prepare(data, resolved)
    rows = {name: getattr(found, name).x for name in ("train", "validation", "test")}
    assert {name: len(x) for name, x in rows.items()} == {name: getattr(resolved.rows, name) for name in rows}
    return (
        {name: set(map(bytes, np.ascontiguousarray(x))) for name, x in rows.items()},
        resolved.rows,
        found.warnings,
    )


def codes(warnings: Iterable[SpecWarning]) -> list[str]:
    return [warning.code for warning in warnings]


@pytest.mark.parametrize("seed", range(5))
def test_the_share_that_is_told_is_exact(seed: int) -> None:
    found, rows, warnings = parts(dataset(), seed=seed)
    assert codes(warnings) == ["copies_across_parts"] * 2
    experiment = Experiment(precision="float64", split=Split(seed=seed))
    splits = prepare(dataset(), resolve(experiment, dataset().facts))
    for name, warning in zip(("validation", "test"), warnings, strict=True):
        x = np.ascontiguousarray(getattr(splits, name).x)
        seen = sum(bytes(row) in found["train"] for row in x)
        assert warning.message.startswith(f"{seen} of the {getattr(rows, name)} {name} rows")
        assert warning.path == ("split", "keep_duplicates_together")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("stratify", [True, False])
def test_copies_are_kept_together(seed: int, stratify: bool) -> None:
    found, rows, warnings = parts(dataset(), seed=seed, stratify=stratify, keep_duplicates_together=True)
    assert warnings == ()
    assert sum(map(len, found.values())) == len(set.union(*found.values())) == 120
    assert abs(rows.validation - 36) <= 2
    assert abs(rows.test - 36) <= 2


def test_copies_and_groups_are_kept_together() -> None:
    groups = np.concatenate([np.arange(120) // 3, 40 + np.arange(60) // 2])
    data = dataset(groups=groups)
    for keep in (False, True):
        found, _, warnings = parts(data, keep_duplicates_together=keep)
        torn = sum(map(len, found.values())) - len(set.union(*found.values()))
        assert (torn == 0, codes(warnings) == []) == (keep, keep)
    joined = copy_groups(TWICE, groups)
    assert joined is not None
    for each in np.unique(groups):
        assert len(set(joined[groups == each].tolist())) == 1
    assert (joined[:60] == joined[120:]).all()
    # Three rows of 120 and the pairs that copy them: rows 0 to 5 are two groups and three pairs.
    assert Counter(joined.tolist())[int(joined[0])] == 12


def test_without_copies_nothing_changes_and_with_one_row_there_is_nothing_to_divide() -> None:
    plain, kept = (parts(dataset(UNIQUE), keep_duplicates_together=keep) for keep in (False, True))
    assert plain == kept
    with pytest.raises(InvalidSpec, match="Needs 3 different rows"):
        parts(dataset(np.repeat(UNIQUE[:2], 60, axis=0)), keep_duplicates_together=True)
    with pytest.raises(InvalidSpec, match="upload it again"):
        resolve(Experiment(split=Split(keep_duplicates_together=True)), dataset().facts)


def test_copies_are_found_in_bytes_and_numbers_and_in_own_parts() -> None:
    x = RANDOM.integers(0, 256, (90, 13), dtype=np.uint8)
    none = np.zeros(20, int)
    for dtype in (np.uint8, np.float32):
        data = Dataset(x.astype(dtype), np.arange(90) % 2, "binary", 2, x_test=x[:20], y_test=none)
        (warning,) = prepare(
            data, resolve(Experiment(split=DatasetSplit(), monitor="train_loss"), data.facts)
        ).warnings[-1:]
        assert warning.message.startswith("20 of the 20 test rows (100.0%)")
        assert "Remove them from the data set." in warning.message


def test_agreement_by_chance_is_not_told() -> None:
    coarse = RANDOM.integers(0, 3, (200, 3))
    data = Dataset(coarse, RANDOM.integers(0, 2, 200), "binary", 2)
    assert prepare(data, resolve(Experiment(), data.facts)).warnings == ()


def test_classes_that_a_part_lacks_are_told_with_counts() -> None:
    data = Dataset(UNIQUE[:40], np.array([0] * 38 + [1] + [2]), "multiclass", 3)
    warnings = train(Experiment(seed=1, max_epochs=1), data).warnings
    found = [warning for warning in warnings if warning.code == "absent_classes"]
    assert [warning.message[:54] for warning in found] == [
        "2 of 3 classes have no row among the 8 validation rows",
        "2 of 3 classes have no row among the 8 test rows: 1, 2",
    ]


def test_one_class_and_one_row_are_singular() -> None:
    data = Dataset(UNIQUE[:40], np.array([0] * 39 + [1]), "binary", 2)
    found = prepare(data, resolve(Experiment(), data.facts)).warnings
    assert [warning.message.partition(" rows: ")[2] for warning in found] == [
        "1, by class number, with 1 row in all. How well it is predicted is not measured there.",
    ] * 2
