"""Whole groups in each part: never one in two, as many rows as asked for, and the same ones for ever."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.spec import Split
from engine.spec.groups import groups_needed, parts_of_groups, wanted_rows

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


def test_the_same_groups_are_chosen_for_ever() -> None:
    parts = parts_of_groups(Split(by="groups", seed=7), (3, 1, 4, 1, 5, 9, 2, 6))
    assert parts == {"validation": (4, 3), "test": (7,), "train": (2, 1, 5, 6, 0)}


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
