"""One experiment of a stack with its results that are not stored yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.safetensors import Checkpoint, from_safetensors, to_safetensors
from engine.training.loop import KeptLane, LaneReport, Result
from service.execution.ledger.blobs import Weights
from service.execution.ledger.curves import Measured, document, epoch_row
from service.execution.worker.outcome import from_result, without_epochs
from service.execution.worker.work import Ending, Lease, Progress, Work

__all__ = ["Lane"]


class Lane:
    """An experiment in training; ``done`` says that it is no longer ours or has ended."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.done = False
        self._seconds = work.seconds
        self._flushed_epoch = work.last_epoch
        # As they are measured: rows are made of them when they are stored, all at once and while the code is warm.
        self._last: Measured | None = None
        self._best: Measured | None = None
        self._pending: list[Measured] = []
        self._state: Checkpoint | bytes | None = work.state

    @property
    def lease(self) -> Lease:
        return self.work.lease

    def out_of_time(self, since: float = 0.0) -> bool:
        """Whether it has trained for as long as it may, ``since`` seconds after the last whole epoch."""
        limit = self.work.time_limit_seconds
        return limit is not None and self._seconds + since >= limit

    def take_state(self) -> Checkpoint | None:
        """Give away the state to go on from; raises InvalidCheckpoint."""
        state, self._state = self._state, None
        return from_safetensors(state) if isinstance(state, bytes) else state

    def initial(self) -> Checkpoint | None:
        """The weights to begin with; raises InvalidCheckpoint and Damaged."""
        if self.work.damage is not None:
            raise self.work.damage
        return None if self.work.initial is None else from_safetensors(self.work.initial)

    def keep(self, report: LaneReport) -> None:
        """Go on from here in another stack."""
        self._state = report.state()

    def add(self, report: LaneReport, seconds: float) -> None:
        """Take in one epoch, which took so many seconds."""
        self._seconds += seconds
        self._last = measured = (report.epoch, self._seconds, report.metrics)
        self._pending.append(measured)
        if report.improved:
            self._best = measured

    def progress(self, report: LaneReport | KeptLane) -> Progress:
        """Progress since the last flush, and the state after this epoch, if any."""
        best = report.best() if self._best is not None else None
        return self._progress(to_safetensors(report.state()) if report.epoch else None, [], best)

    def interrupted(self, kept: KeptLane, reason: str) -> Progress:
        """Progress since the last flush, and the end within an epoch, which does not count."""
        result = kept.result(reason)
        return self.failed(without_epochs(reason)) if result is None else self.ended(result)

    def ended(self, result: Result) -> Progress:
        """Progress since the last flush, and the end."""
        metrics = self.work.final or {} if self._last is None else document(epoch_row(*self._last))
        last = Weights("last", result.epochs, metrics, to_safetensors(result.last))
        ending = from_result(result, self.work.warnings)
        return self._progress(None, [last], result.best, ending)

    def failed(self, ending: Ending) -> Progress:
        """The end by an error.

        What was not stored is given up: its weights are not at hand, and storing may be what failed.
        """
        return Progress(self.lease, self._flushed_epoch, ending=ending)

    def flushed(self) -> None:
        """Note that the last progress was stored."""
        self._flushed_epoch = self._pending[-1][0] if self._pending else self._flushed_epoch
        self._pending = []
        self._best = None

    def _progress(
        self,
        state: bytes | None,
        weights: Sequence[Weights],
        improved: Checkpoint | None,
        ending: Ending | None = None,
    ) -> Progress:
        """Progress since the last flush; ``improved`` are the best weights, used if they are new."""
        rows = [epoch_row(*measured) for measured in self._pending]
        final = document(rows[-1]) if rows else None
        progress = Progress(
            self.lease, self._flushed_epoch, rows, final, state=state, weights=weights, ending=ending
        )
        if self._best is None or improved is None:
            return progress
        epoch, metrics = self._best[0], document(epoch_row(*self._best))
        best = Weights("best", epoch, metrics, to_safetensors(improved))
        return replace(progress, best_epoch=epoch, best=metrics, weights=[*weights, best])
