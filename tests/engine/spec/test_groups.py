"""Whole groups in each part: never one in two, as many rows as asked for, and the same ones for ever."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.splits import group_classes
from engine.spec import Split
from engine.spec.groups import (
    MOST_CLASS_COLUMNS,
    MOST_CLASS_COUNTS,
    groups_needed,
    parts_of_groups,
    wanted_rows,
)

SHARES = st.sampled_from([0, 0.01, 0.1, 0.2, 0.5, 0.9])
SIZES = st.lists(st.integers(1, 50), min_size=3, max_size=40).map(tuple)


@given(SIZES, SHARES, st.none() | SHARES, st.integers(0, 2**63 - 1))
def test_each_group_is_in_one_part_and_no_part_that_wants_rows_is_without(
    sizes: tuple[int, ...], validation: float, test: float | None, seed: int
) -> None:
    split = Split(by="groups", validation=validation, test=test, seed=seed)
    parts = parts_of_groups(split, sizes)
    assert sorted(itertools.chain.from_iterable(parts.values())) == list(range(len(sizes)))
    assert parts["train"]
    for name, wanted in wanted_rows(split, sum(sizes)).items():
        assert bool(parts[name]) == (wanted > 0)


@pytest.mark.parametrize("seed", range(20))
def test_parts_of_many_small_groups_have_the_rows_they_want(seed: int) -> None:
    split, sizes = Split(by="groups", seed=seed), (1, 2, 3, 4, 5) * 20
    parts = parts_of_groups(split, sizes)
    for name in ("validation", "test"):
        assert abs(sum(sizes[group] for group in parts[name]) - 60) <= 2


def test_a_group_that_is_far_too_large_is_left_to_training() -> None:
    sizes = (1000, *[10] * 100)
    assert all(0 in parts_of_groups(Split(by="groups", seed=seed), sizes)["train"] for seed in range(20))


@pytest.mark.parametrize("seed", range(10))
def test_a_part_has_all_the_groups_that_later_parts_can_spare(seed: int) -> None:
    parts = parts_of_groups(Split(by="groups", validation=0.5, test=0.25, seed=seed), (10, 10, 10, 10))
    assert {name: len(groups) for name, groups in parts.items()} == {"validation": 2, "test": 1, "train": 1}


@pytest.mark.parametrize("seed", range(40))
def test_a_group_that_brings_a_part_no_closer_is_left(seed: int) -> None:
    sizes = (20, 10, 10, 10, 50)
    parts = parts_of_groups(Split(by="groups", validation=0.1, test=0, seed=seed), sizes)
    assert [sizes[group] for group in parts["validation"]] == [10]


CLASSES = st.lists(st.tuples(*[st.integers(0, 20)] * 3).filter(any), min_size=4, max_size=14).map(tuple)


def distance(classes: Any, part: Iterable[int], wanted: float) -> float:
    """How far a part is from its share of every class."""
    of_class = [sum(column) for column in zip(*classes, strict=True)]
    chosen = [sum(classes[group][kind] for group in part) for kind in range(len(of_class))]
    share = wanted / sum(of_class)
    each = zip(chosen, of_class, strict=True)
    return float(sum((has - rows * share) ** 2 / max(rows, 1) for has, rows in each))


@given(CLASSES, st.integers(0, 2**63 - 1))
def test_no_exchange_of_two_groups_brings_a_stratified_part_closer(classes: Any, seed: int) -> None:
    sizes = tuple(map(sum, classes))
    split = Split(by="groups", stratify=True, validation=0.3, test=0, seed=seed)
    parts = parts_of_groups(split, sizes, classes)
    assert sorted(itertools.chain.from_iterable(parts.values())) == list(range(len(sizes)))
    assert parts["validation"]
    assert parts["train"]
    wanted = wanted_rows(split, sum(sizes))["validation"]
    if not wanted:
        return
    reached = distance(classes, parts["validation"], wanted)
    for out, into in itertools.product(parts["validation"], parts["train"]):
        other = {*parts["validation"], into} - {out}
        assert reached <= distance(classes, other, wanted) + 1e-6


@pytest.mark.parametrize("seed", range(10))
def test_groups_of_one_class_each_are_divided_in_proportion(seed: int) -> None:
    """Twenty groups of the common class and five of the rare one: a fifth of either."""
    classes = tuple((10, 0) for _ in range(20)) + tuple((0, 4) for _ in range(5))
    parts = parts_of_groups(Split(by="groups", stratify=True, seed=seed), tuple(map(sum, classes)), classes)
    for name in ("validation", "test"):
        assert sorted(classes[group] for group in parts[name]) == [(0, 4)] + [(10, 0)] * 4


def test_classes_are_counted_for_as_many_groups_as_there_are() -> None:
    labels = np.repeat(np.arange(40), np.arange(40) + 1)
    counts = group_classes(np.arange(len(labels)) % 7, labels)
    assert {len(row) for row in counts} == {MOST_CLASS_COLUMNS}
    assert sum(map(sum, counts)) == len(labels)
    columns = [sum(column) for column in zip(*counts, strict=True)]
    assert columns[:15] == list(range(40, 25, -1))
    many = np.arange(MOST_CLASS_COUNTS // 2)
    assert {len(row) for row in group_classes(many, many % 3)} == {2}


def test_the_same_groups_are_chosen_for_ever() -> None:
    parts = parts_of_groups(Split(by="groups", seed=7), (3, 1, 4, 1, 5, 9, 2, 6))
    assert parts == {"validation": (4, 3), "test": (7,), "train": (2, 1, 5, 6, 0)}
    classes = ((3, 0), (0, 1), (2, 2), (1, 0), (0, 5), (9, 0), (1, 1), (3, 3))
    split = Split(by="groups", stratify=True, seed=7)
    parts = parts_of_groups(split, tuple(map(sum, classes)), classes)
    assert parts == {"validation": (3, 2), "test": (7,), "train": (4, 1, 5, 6, 0)}


def test_the_seed_decides_which_and_the_number_of_training_rows_does_not() -> None:
    sizes = tuple([4] * 30)
    found = [
        parts_of_groups(Split(by="groups", seed=seed, train_rows=rows), sizes)
        for seed, rows in ((1, None), (1, 9), (2, None))
    ]
    assert found[0] == found[1] != found[2]


def test_how_many_groups_it_takes() -> None:
    assert groups_needed(Split(), 100) == 3
    assert groups_needed(Split(test=None), 100) == 2
    assert groups_needed(Split(validation=0.001, test=0), 100) == 1
