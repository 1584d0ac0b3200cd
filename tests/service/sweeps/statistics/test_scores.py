"""Scores of replicates, worked by hand."""

from __future__ import annotations

from service.sweeps.statistics.scores import at_best, at_end, cross_fitted

LOSSES = [[3.0, 1.0, 2.0, 4.0], [3.0, 2.0, 1.0], [2.0, 3.0, 4.0, 5.0]]
ACCURACIES: list[list[float | None]] = [[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7], [0.8, 0.9, None, 0.6]]


def test_the_epoch_is_chosen_by_the_others() -> None:
    # Mean of the others: of 1: 2.5, 2.5, 2.5, 3 → epoch 1; of 2: 2.5, 2, 3, 4.5 → 2; of 3: 3, 1.5, 1.5, 2.5 → 2.
    assert cross_fitted(LOSSES, ACCURACIES, maximize=False) == [(1, 0.1), (2, 0.6), (2, 0.9)]


def test_a_curve_that_ended_counts_with_its_last_epoch() -> None:
    # The other curve chooses epoch 4, after the first one's end.
    assert cross_fitted(
        [[2.0, 1.0], [4.0, 3.0, 2.0, 1.0]], [[20.0, 10.0], [1.0, 2.0, 3.0, 4.0]], maximize=False
    ) == [
        (2, 10.0),
        (2, 2.0),
    ]


def test_a_monitor_may_be_maximized_and_hold_undefined_values() -> None:
    assert cross_fitted([[0.1, 0.2], [0.3, 0.1], [None, 0.5]], [[1.0, 2.0]] * 3, maximize=True) == [
        (2, 2.0),
        (2, 2.0),
        (1, 1.0),
    ]


def test_one_replicate_has_its_own_best_epoch() -> None:
    assert cross_fitted(LOSSES[:1], ACCURACIES[:1], maximize=False) == [(2, 0.2)]


def test_own_best_and_last_epochs() -> None:
    assert at_best(LOSSES, ACCURACIES, maximize=False) == [(2, 0.2), (3, 0.7), (1, 0.8)]
    assert at_end(ACCURACIES) == [(4, 0.4), (3, 0.7), (4, 0.6)]
