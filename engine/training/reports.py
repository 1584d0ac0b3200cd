"""Reports to a driver of the training: one per epoch, one result per lane."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.safetensors import Checkpoint
from engine.spec import SpecWarning

__all__ = ["EpochReport", "LaneReport", "Metrics", "Result"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Measured with the weights at the epoch's end and dropout off; None where undefined, possibly not finite.

    Losses never contain the penalty; ``objective`` is ``train_loss + penalty``. ``weight_norm`` is √Σw²,
    ``zero_fraction`` the share of weights that are exactly 0, ``gradient_norm`` that of the last batch's data
    loss, ``dead_units`` the share of hidden units that are 0 on every validation row.
    """

    train_loss: float
    val_loss: float | None = None
    train_accuracy: float | None = None
    val_accuracy: float | None = None
    train_r2: float | None = None
    val_r2: float | None = None
    train_mae: float | None = None
    val_mae: float | None = None
    train_rmse: float | None = None
    val_rmse: float | None = None
    penalty: float
    objective: float
    weight_norm: float
    zero_fraction: float
    gradient_norm: float
    dead_units: float | None = None
    learning_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Result of a lane. ``best`` holds the weights of ``best_epoch``, None if no epoch was finite.

    ``argmin_epoch`` has the plainly best monitored value; it differs from ``best_epoch`` only by ``min_delta``.
    ``test`` is the loss and the scores of the best weights on the test rows, None if there are neither.
    """

    lane: int
    stop_reason: str
    epochs: int
    best_epoch: int | None
    argmin_epoch: int | None
    best: Checkpoint | None
    last: Checkpoint
    test: dict[str, float | None] | None
    warnings: tuple[SpecWarning, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneReport:
    """One lane after one epoch, counted from 1.

    ``state``, ``best`` and ``last`` copy what they give, and may be called only until the generator goes on:
    ``state()`` is all that resuming needs, bit for bit, best weights included; ``best()`` and ``last()`` are
    weights by name. A lane that ended has its ``stop_reason`` and its ``result``.
    """

    lane: int
    epoch: int
    metrics: Metrics
    improved: bool
    stop_reason: str | None
    result: Result | None
    state: Callable[[], Checkpoint]
    best: Callable[[], Checkpoint | None]
    last: Callable[[], Checkpoint]


@dataclass(frozen=True, slots=True)
class EpochReport:
    """The lanes that trained this epoch, and the results of those the driver stopped after the one before."""

    lanes: tuple[LaneReport, ...]
    stopped: tuple[Result, ...] = ()
