"""Messages between a worker's training and its ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from service.errors import Damaged
from service.execution.ledger.blobs import Weights
from service.execution.ledger.curves import Epoch

__all__ = ["QUIET", "Ending", "Lease", "Progress", "Wishes", "Work"]


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write one experiment: it ends as soon as another attempt begins."""

    experiment_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Work:
    """An experiment to train, from the start or from a state stored after ``last_epoch``.

    ``initial`` is the checkpoint it starts with, where its weights are not drawn and there is no state; ``damage`` says
    why there is none after all.
    """

    lease: Lease
    spec: dict[str, Any]
    dataset: str
    dataset_version: str
    last_epoch: int
    final: dict[str, Any] | None
    seconds: float
    time_limit_seconds: float | None
    state: bytes | None
    initial: bytes | None
    best_epoch: int | None
    best: dict[str, Any] | None
    warnings: list[Any]
    damage: Damaged | None = None
    request_id: str | None = None
    state_blob: str | None = None
    """The blob with the state, if large; a worker loads it after claiming the experiment."""

    initial_blob: str | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """Pending requests for a dispatch's experiments, lost experiments, and whether others are to join.

    ``handing_back`` is the dispatcher's: the worker is wanted for another owner.
    """

    cancelled: frozenset[Lease] = frozenset()
    pausing: frozenset[Lease] = frozenset()
    gone: frozenset[Lease] = frozenset()
    joining: bool = False
    handing_back: bool = False


QUIET = Wishes()
"""No request is pending; callers can compare by identity."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Results of an ended experiment; the last of its ``warnings`` are ``found`` at the end."""

    status: str
    stop_reason: str
    argmin_epoch: int | None = None
    test: dict[str, Any] | None = None
    warnings: list[Any] | None = None
    found: Sequence[dict[str, Any]] = ()
    error: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Changes since the flush after ``flushed_epoch``; None means unchanged.

    ``final`` and ``best`` are the metrics of the last and of the best epoch.
    """

    lease: Lease
    flushed_epoch: int
    epochs: Sequence[Epoch] = ()
    final: dict[str, Any] | None = None
    best_epoch: int | None = None
    best: dict[str, Any] | None = None
    state: bytes | None = None
    weights: Sequence[Weights] = ()
    ending: Ending | None = None
    state_blob: str | None = None
    """The staged blob of the state, if large."""

    @property
    def last_epoch(self) -> int:
        """The last epoch there is."""
        return self.epochs[-1][0] if self.epochs else self.flushed_epoch
