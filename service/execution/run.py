"""One dispatch in training: drives the engine's generator and decides when what it reports is stored."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from engine.checkpoint import Checkpoint, from_safetensors, to_safetensors
from engine.data import prepare
from engine.spec import Experiment, resolve
from engine.training import EpochReport, LaneReport, Result, training
from service.datasets.loading import load
from service.execution import ledger
from service.execution.blobs import Weights
from service.execution.heartbeat import Heartbeat
from service.execution.ledger import Ending, Lease, Progress, Work
from service.execution.outcome import from_error, from_result, metrics_document

__all__ = ["Pace", "Run"]

FLUSH_SECONDS = 0.25
FLUSH_FACTOR = 40
"""A flush is not followed by another for so many times its own duration, so that storing stays below 2.5 %."""

Answer = TypeVar("Answer")
Persist = Callable[[Callable[[Session], Answer]], Answer]
"""Runs a function in a transaction, for as many times as it takes to have it committed."""


@dataclass(slots=True)
class _Lane:
    """One experiment of the stack and what of it is not stored yet."""

    work: Work
    seconds: float
    flushed_epoch: int
    best_epoch: int | None
    best: dict[str, Any] | None
    final: dict[str, Any] | None = None
    improved: bool = False
    done: bool = False
    pending: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, work: Work) -> _Lane:
        return cls(work, work.seconds, work.last_epoch, work.best_epoch, work.best)

    @property
    def lease(self) -> Lease:
        return self.work.lease

    def add(self, report: LaneReport, seconds: float) -> None:
        """Take in one epoch, which took so many seconds."""
        self.seconds += seconds
        self.final = metrics_document(report.metrics)
        self.pending.append(
            {"non_finite": None, **self.final, "epoch": report.epoch, "seconds": self.seconds}
        )
        if report.improved:
            self.best, self.best_epoch, self.improved = self.final, report.epoch, True

    def progress(
        self, state: bytes | None, weights: Sequence[Weights], ending: Ending | None = None
    ) -> Progress:
        """Everything since the last flush."""
        values: dict[str, Any] = {}
        if self.pending:
            values = {"last_epoch": self.pending[-1]["epoch"], "final": self.final}
            values |= {"best_epoch": self.best_epoch, "best": self.best}
        return Progress(self.lease, self.flushed_epoch, self.pending, values, state, weights, ending)

    def flushed(self, *, ours: bool) -> None:
        """Note that the last progress was stored, or that the experiment is no longer ours."""
        self.done = self.done or not ours
        self.flushed_epoch = self.pending[-1]["epoch"] if self.pending else self.flushed_epoch
        self.pending = []
        self.improved = False


class Pace:
    """When to flush next: not before a while, and not so soon that storing takes a noticeable share of the time.

    The shorter of the last two flushes counts: one that waited for a lock or through an outage says nothing about
    the next.
    """

    def __init__(self) -> None:
        self.next_flush = 0.0
        self._last_seconds = 0.0

    def flushed(self, begun: float, ended: float) -> None:
        """Note a flush by the monotonic times of its begin and end."""
        typical = min(self._last_seconds, ended - begun)
        self._last_seconds = ended - begun
        self.next_flush = ended + max(FLUSH_SECONDS, FLUSH_FACTOR * typical)


class Run:
    """Trains the experiments of one dispatch as one stack."""

    def __init__(
        self, works: Sequence[Work], persist: Persist[Any], heartbeat: Heartbeat, stopping: threading.Event
    ) -> None:
        self._lanes = [_Lane.of(work) for work in works]
        self._persist = persist
        self._heartbeat = heartbeat
        self._stopping = stopping
        self._pace = Pace()

    def train(self) -> None:
        """Train until every experiment has ended, was handed back, or is no longer ours."""
        generator = self._start()
        stops: dict[int, str] = {}
        while True:
            begun = time.monotonic()
            try:
                report = generator.send(stops or None)
            except StopIteration as end:
                self._finish(end.value)
                return
            self._take_in(report, time.monotonic() - begun)
            if self._stopping.is_set():
                self._hand_back(report)
                return
            if time.monotonic() >= self._pace.next_flush:
                self._flush(report.lanes)
            stops = self._stops(report.lanes)

    def fail(self, error: Exception) -> None:
        """End every experiment that has not ended, for this reason."""
        ending = from_error(error)
        for lane in self._lanes:
            if not lane.done:
                # What was not stored is given up: its weights are not at hand, and storing may be what failed.
                self._store([Progress(lane.lease, lane.flushed_epoch, ending=ending)])

    def _start(self) -> Any:
        first = self._lanes[0].work
        dataset = load(first.dataset, first.dataset_version)
        resolved = [resolve(Experiment.from_document(lane.work.spec), dataset.facts) for lane in self._lanes]
        states = [_checkpoint(lane.work.state) for lane in self._lanes]
        initial = [_checkpoint(lane.work.initial) for lane in self._lanes]
        experiments = [each.experiment for each in resolved]
        return training(experiments, prepare(dataset, resolved[0]), states=states, initial=initial)

    def _take_in(self, report: EpochReport, seconds: float) -> None:
        for lane in report.lanes:
            self._lanes[lane.lane].add(lane, seconds)
        ended = [lane.result for lane in report.lanes if lane.result is not None]
        self._finish([*report.stopped, *ended])

    def _stops(self, reports: Sequence[LaneReport]) -> dict[int, str]:
        """The lanes to take out: their users want it, or somebody else has taken them over."""
        unwanted = self._heartbeat.cancelled | self._heartbeat.gone
        lanes = [report.lane for report in reports if report.result is None]
        return {
            lane: "user"
            for lane in lanes
            if self._lanes[lane].done or self._lanes[lane].lease.experiment_id in unwanted
        }

    def _flush(self, reports: Sequence[LaneReport], *, hand_back: bool = False) -> None:
        begun = time.monotonic()
        living = [report for report in reports if not self._lanes[report.lane].done]
        self._store([self._progress(report) for report in living], hand_back=hand_back)
        self._pace.flushed(begun, time.monotonic())

    def _progress(self, report: LaneReport) -> Progress:
        lane = self._lanes[report.lane]
        weights = []
        if lane.improved and lane.best is not None and (best := report.best()) is not None:
            weights = [Weights("best", lane.best_epoch or 0, lane.best, to_safetensors(best))]
        return lane.progress(to_safetensors(report.state()), weights)

    def _finish(self, results: Sequence[Result]) -> None:
        for result in results:
            lane = self._lanes[result.lane]
            if not lane.done and lane.lease.experiment_id not in self._heartbeat.gone:
                ending = from_result(result, lane.work.warnings)
                self._store([lane.progress(None, _all_weights(lane, result), ending)])
            lane.done = True

    def _hand_back(self, report: EpochReport) -> None:
        self._flush(report.lanes, hand_back=True)

    def _store(self, progress: Sequence[Progress], *, hand_back: bool = False) -> None:
        def write(session: Session) -> list[bool]:
            ours = [ledger.store(session, each) for each in progress]
            if hand_back:
                ledger.hand_back(session, [each.lease for each in progress])
            return ours

        ours: list[bool] = self._persist(write)
        lanes = {lane.lease: lane for lane in self._lanes}
        for each, stored in zip(progress, ours, strict=True):
            lanes[each.lease].flushed(ours=stored)


def _checkpoint(content: bytes | None) -> Checkpoint | None:
    return None if content is None else from_safetensors(content)


def _all_weights(lane: _Lane, result: Result) -> list[Weights]:
    """The checkpoints of an experiment that ended."""
    weights = [Weights("last", result.epochs, lane.final or {}, to_safetensors(result.last))]
    if result.best is not None and result.best_epoch is not None:
        weights.append(Weights("best", result.best_epoch, lane.best or {}, to_safetensors(result.best)))
    return weights
