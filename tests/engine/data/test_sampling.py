"""Fewer training rows are a sample of all: nested, in proportion by class, and with the labels they always have."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.data import Dataset, prepare
from engine.data.sampling import representative_order
from engine.spec import Experiment, resolve
from engine.spec.shares import rows_of_share

LABELS = st.lists(st.sampled_from([0, 0, 0, 0, 1, 1, 2, 5]), min_size=1, max_size=60).map(np.array)


@given(LABELS)
def test_every_prefix_has_each_class_less_than_one_row_off_its_share(labels: NDArray[Any]) -> None:
    order = representative_order(labels)
    assert sorted(order) == list(range(len(labels)))
    for kind in np.unique(labels):
        rows = order[labels[order] == kind]
        assert rows.tolist() == sorted(rows), "rows of one class keep their order"
        counts = np.cumsum(labels[order] == kind)
        exact = np.arange(1, len(labels) + 1) * counts[-1] / len(labels)
        assert np.abs(counts - exact).max() < 1


def test_of_equal_classes_the_one_that_comes_up_first_is_first() -> None:
    labels = np.array([2, 0, 1] * 5)
    assert labels[representative_order(labels)].tolist() == labels.tolist()


LABELED = np.repeat([0, 1, 2], [120, 60, 20])
"""In blocks, so that the first stored rows are of one class."""


def sample(rows: int | None, noise: float = 0.0, **split: Any) -> tuple[list[int], list[int]]:
    """Numbers and labels of the rows that train."""
    x = np.arange(200.0)[:, None]
    data = Dataset(
        x,
        LABELED,
        "multiclass",
        3,
        x_test=x[:5],
        y_test=LABELED[:5],
        scaling="none",
        groups=np.arange(200) // 2,
    )
    fields = {"split": {**split, "train_rows": rows}, "label_noise": noise, "precision": "float64"}
    train = prepare(data, resolve(Experiment.from_document(fields), data.facts)).train
    return train.x[:, 0].astype(int).tolist(), np.asarray(train.labels).tolist()


SPLITS: list[dict[str, Any]] = [
    {"by": "fractions"},
    {"by": "fractions", "stratify": False},
    {"by": "groups"},
    {"by": "dataset"},
]
STRATIFIED = [SPLITS[0], SPLITS[3]]


@pytest.mark.parametrize("split", SPLITS)
def test_a_subset_has_rows_and_flipped_labels_of_the_larger_ones(split: dict[str, Any]) -> None:
    whole = dict(zip(*sample(None, 0.3, **split), strict=True))
    sizes = (1, 7, 40, 120)
    samples = [sample(rows, 0.3, **split) for rows in sizes]
    for (few, labels), (more, _) in zip(samples, samples[1:] + samples[-1:], strict=True):
        assert few == more[: len(few)]
        assert labels == [whole[row] for row in few]
    flipped = sum(LABELED[row] != label for row, label in whole.items())
    assert flipped == rows_of_share(0.3, len(whole))


@pytest.mark.parametrize("split", STRATIFIED)
@pytest.mark.parametrize("seed", range(3))
def test_a_subset_of_a_stratified_split_has_each_class_in_proportion(
    split: dict[str, Any], seed: int
) -> None:
    for rows in (10, 50):
        _, labels = sample(rows, seed=seed, **split)
        assert np.bincount(labels).tolist() == [0.6 * rows, 0.3 * rows, 0.1 * rows]


@pytest.mark.parametrize("split", SPLITS)
def test_each_seed_draws_rows_of_its_own(split: dict[str, Any]) -> None:
    first, again, other = (sample(20, seed=seed, **split)[0] for seed in (1, 1, 2))
    assert first == again
    assert set(first) != set(other)


@pytest.mark.parametrize(
    ("share", "rows", "expected"),
    [
        (0.145, 100, 15),
        (0.285, 1000, 285),
        (0.15, 10, 2),
        (0.35, 10, 4),
        (1e-5, 50_000, 1),
        (0.49999999, 1, 0),
    ],
)
def test_shares_are_the_decimals_that_were_written_rounded_half_up(
    share: float, rows: int, expected: int
) -> None:
    assert rows_of_share(share, rows) == expected
