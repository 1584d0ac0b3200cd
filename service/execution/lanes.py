"""One experiment of a stack, and what of it is not stored yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.checkpoint import Checkpoint, from_safetensors, to_safetensors
from engine.training import LaneReport, Result
from service.execution.blobs import Weights
from service.execution.outcome import from_result, metrics_document
from service.execution.work import Ending, Lease, Progress, Work

__all__ = ["Lane"]


class Lane:
    """An experiment in training; ``done`` says that it is no longer ours or has ended."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.done = False
        self._seconds = work.seconds
        self._flushed_epoch = work.last_epoch
        self._best_epoch, self._best = work.best_epoch, work.best
        self._final: dict[str, Any] | None = None
        self._improved = False
        self._pending: list[dict[str, Any]] = []
        self._state: Checkpoint | bytes | None = work.state

    @property
    def lease(self) -> Lease:
        return self.work.lease

    @property
    def out_of_time(self) -> bool:
        """Whether it has trained for as long as it may."""
        limit = self.work.time_limit_seconds
        return limit is not None and self._seconds >= limit

    def take_state(self) -> Checkpoint | None:
        """Give away the state to go on from; raises InvalidCheckpoint."""
        state, self._state = self._state, None
        return from_safetensors(state) if isinstance(state, bytes) else state

    def initial(self) -> Checkpoint | None:
        """The weights to begin with; raises InvalidCheckpoint."""
        return None if self.work.initial is None else from_safetensors(self.work.initial)

    def keep(self, report: LaneReport) -> None:
        """Go on from here in another stack."""
        self._state = report.state()

    def add(self, report: LaneReport, seconds: float) -> None:
        """Take in one epoch, which took so many seconds."""
        self._seconds += seconds
        self._final = metrics_document(report.metrics)
        self._pending.append(
            {"non_finite": None, **self._final, "epoch": report.epoch, "seconds": self._seconds}
        )
        if report.improved:
            self._best, self._best_epoch, self._improved = self._final, report.epoch, True

    def progress(self, report: LaneReport) -> Progress:
        """Everything since the last flush, and the state after this epoch."""
        best = report.best() if self._improved else None
        weights = [] if best is None else [self._best_weights(best)]
        return self._progress(to_safetensors(report.state()), weights)

    def ended(self, result: Result) -> Progress:
        """Everything since the last flush, and how it ended."""
        weights = [Weights("last", result.epochs, self._final or {}, to_safetensors(result.last))]
        if self._improved and result.best is not None:
            weights.append(self._best_weights(result.best))
        return self._progress(None, weights, from_result(result, self.work.warnings))

    def failed(self, ending: Ending) -> Progress:
        """How it ended by an error.

        What was not stored is given up: its weights are not at hand, and storing may be what failed.
        """
        return Progress(self.lease, self._flushed_epoch, ending=ending)

    def flushed(self) -> None:
        """Note that the last progress was stored."""
        self._flushed_epoch = self._pending[-1]["epoch"] if self._pending else self._flushed_epoch
        self._pending = []
        self._improved = False

    def _best_weights(self, best: Checkpoint) -> Weights:
        return Weights("best", self._best_epoch or 0, self._best or {}, to_safetensors(best))

    def _progress(
        self, state: bytes | None, weights: Sequence[Weights], ending: Ending | None = None
    ) -> Progress:
        values: dict[str, Any] = {}
        if self._pending:
            values = {"last_epoch": self._pending[-1]["epoch"], "final": self._final}
            values |= {"best_epoch": self._best_epoch, "best": self._best}
        return Progress(self.lease, self._flushed_epoch, self._pending, values, state, weights, ending)
