"""One dispatch in training: drives the engine's generator and decides when to flush."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import structlog
from sqlalchemy.orm import Session

from engine.data import Splits
from engine.errors import Interrupted
from engine.spec import Experiment, resolve
from engine.training import training
from engine.training.loop import EpochReport, KeptLane, LaneReport, Result
from service.blobs.repository import BlobGone
from service.execution.ledger import writes
from service.execution.ledger.blobs import SMALL_BYTES, stage
from service.execution.worker.heartbeat import Heartbeat
from service.execution.worker.lanes import Lane
from service.execution.worker.outcome import from_error
from service.execution.worker.pace import Pace
from service.execution.worker.training_data import TrainingData
from service.execution.worker.work import QUIET, Progress, Work
from service.experiments.states import WORKING

__all__ = ["Run"]

Answer = TypeVar("Answer")
Persist = Callable[[Callable[[Session], Answer]], Answer]
"""Runs a function in a transaction, retrying until the transaction is committed."""

log = structlog.get_logger(__name__)


class Run:
    """Trains the experiments of one dispatch as one stack, and those that join it on the way."""

    def __init__(
        self,
        persist: Persist[Any],
        heartbeat: Heartbeat,
        stopping: threading.Event,
        data: TrainingData,
        begin: Callable[[], list[Work]],
        on_flush: Callable[[float], None],
    ) -> None:
        self._dispatch_id = heartbeat.dispatch_id
        self._persist = persist
        self._heartbeat = heartbeat
        self._stopping = stopping
        self._data = data
        self._begin = begin
        self._on_flush = on_flush
        self._lanes: list[Lane] = []
        self._splits: Splits | None = None
        self._pace = Pace()
        self._epoch_begun = 0.0
        self._unstored = 0
        self._limited = False
        self._left = False

    def train(self, works: Sequence[Work]) -> None:
        """Train until every experiment has ended, was handed back, or is no longer ours."""
        self._lanes = [self._taken(work) for work in works]
        while self._lanes:
            self._heartbeat.watch([lane.lease for lane in self._lanes])
            log.info("training", dispatch_id=self._dispatch_id, lanes=len(self._lanes))
            self._lanes = self._train_stack()

    def fail(self, error: Exception) -> None:
        """End the experiment in training for this reason; of several, see by training each alone whose it is."""
        living = [lane for lane in self._lanes if not lane.done]
        if len(living) == 1:
            self._store([living[0].failed(from_error(error))])
        else:
            self._hand_back([], alone=True)

    def _train_stack(self) -> list[Lane]:
        """Train the lanes there are until they have ended or others join; returns whom to train then."""
        generator = self._start()
        self._pace.hurry()
        self._limited = any(lane.work.time_limit_seconds is not None for lane in self._lanes)
        stops: dict[int, str] = {}
        while True:
            self._epoch_begun = time.monotonic()
            try:
                report = generator.send(stops or None)
            except StopIteration as end:
                self._finish(end.value)
                return self._joined()
            except Interrupted:
                return self._joined()
            ended = time.monotonic()
            self._take_in(report, ended - self._epoch_begun)
            if self._stopping.is_set() or self._heartbeat.wishes.handing_back:
                self._hand_back(self._living(report))
                return []
            if self._pace.is_due(ended, self._unstored) or self._is_pausing():
                self._flush(self._living(report))
            if self._is_undisturbed():
                stops = {}
                continue
            stops = self._stops(report.lanes)
            if self._heartbeat.wishes.joining and not stops and (joined := self._joined()):
                return self._kept(report) + joined

    def _start(self) -> Any:
        first = self._lanes[0].work
        wanted = [Experiment.from_document(lane.work.spec) for lane in self._lanes]
        facts = self._data.facts(first.dataset, first.dataset_version, wanted[0].split)
        resolved = [resolve(each, facts) for each in wanted]
        if self._splits is None:
            self._splits = self._data.splits(first.dataset, first.dataset_version, resolved[0])
        experiments = [each.experiment for each in resolved]
        states = [lane.take_state() for lane in self._lanes]
        initial = [lane.initial() for lane in self._lanes]
        return training(
            experiments, self._splits, states=states, initial=initial, should_stop=self._should_stop
        )

    def _joined(self) -> list[Lane]:
        """Experiments that have joined since."""
        self._heartbeat.joined()
        return [self._taken(work) for work in self._begin()]

    def _taken(self, work: Work) -> Lane:
        log.info("training an experiment", **self._names(work), attempt=work.lease.attempt)
        return Lane(work)

    def _names(self, work: Work) -> dict[str, str | None]:
        """Identifiers of an experiment in log lines."""
        return {
            "experiment_id": work.lease.experiment_id,
            "dispatch_id": self._dispatch_id,
            "request_id": work.request_id,
        }

    def _kept(self, report: EpochReport) -> list[Lane]:
        kept = []
        for each in self._living(report):
            lane = self._lanes[each.lane]
            lane.keep(each)
            kept.append(lane)
        return kept

    def _take_in(self, report: EpochReport, seconds: float) -> None:
        self._unstored += len(report.lanes)
        ended = [*report.stopped]
        for each in report.lanes:
            self._lanes[each.lane].add(each, seconds)
            if each.result is not None:
                ended.append(each.result)
        if ended:
            self._finish(ended)

    def _living(self, report: EpochReport) -> list[LaneReport]:
        return [each for each in report.lanes if not self._lanes[each.lane].done]

    def _is_undisturbed(self) -> bool:
        """Whether there is no reason to take any lane out, which is so after most epochs and is seen at a glance."""
        return self._heartbeat.wishes is QUIET and not self._limited and not self._left

    def _stops(self, reports: Sequence[LaneReport]) -> dict[int, str]:
        """The lanes to take out, and why."""
        self._left = False
        reasons = {each.lane: self._reason(self._lanes[each.lane]) for each in reports if each.result is None}
        return {lane: reason for lane, reason in reasons.items() if reason is not None}

    def _reason(self, lane: Lane, since: float = 0.0) -> str | None:
        """The reason for a lane to end ``since`` seconds after its last complete epoch: user, lost lease, or time."""
        wishes = self._heartbeat.wishes
        if lane.done or lane.lease in wishes.cancelled or lane.lease in wishes.gone:
            return "user"
        return "time_limit" if lane.out_of_time(since) else None

    def _should_stop(self, kept: Sequence[KeptLane]) -> bool:
        """End and pause lanes within an epoch on request; returns whether no lane is left."""
        if self._stopping.is_set():
            self._hand_back([each for each in kept if not self._lanes[each.lane].done])
            return True
        if self._heartbeat.wishes is QUIET and not self._limited:
            return False
        since, wishes = time.monotonic() - self._epoch_begun, self._heartbeat.wishes
        progress = []
        for each in kept:
            lane = self._lanes[each.lane]
            if lane.done:
                continue
            if lane.lease in wishes.gone:
                lane.done = self._left = True
            elif reason := self._reason(lane, since):
                progress.append(lane.interrupted(each, reason))
            elif lane.lease in wishes.pausing:
                progress.append(lane.progress(each))
        if progress:
            self._store(progress)
        return all(lane.done for lane in self._lanes)

    def _is_pausing(self) -> bool:
        pausing = self._heartbeat.wishes.pausing
        return bool(pausing) and any(lane.lease in pausing for lane in self._lanes if not lane.done)

    def _flush(self, reports: Sequence[LaneReport]) -> None:
        begun = time.monotonic()
        self._store([self._lanes[each.lane].progress(each) for each in reports])
        self._pace.flushed(begun, time.monotonic())
        self._unstored = 0

    def _finish(self, results: Sequence[Result]) -> None:
        for result in results:
            lane = self._lanes[result.lane]
            if not lane.done and lane.lease not in self._heartbeat.wishes.gone:
                self._store([lane.ended(result)])
            lane.done = True

    def _hand_back(self, reports: Sequence[LaneReport | KeptLane], *, alone: bool = False) -> None:
        """Store these, and leave everything in training to others."""
        leases = [lane.lease for lane in self._lanes if not lane.done]
        progress = [self._lanes[each.lane].progress(each) for each in reports]

        def write(staged: Sequence[Progress], session: Session) -> None:
            writes.store(session, staged)
            writes.hand_back(session, self._dispatch_id, leases, alone=alone)

        self._persist_staged(progress, write)

    def _persist_staged(
        self, progress: Sequence[Progress], write: Callable[[Sequence[Progress], Session], Answer]
    ) -> Answer:
        """Write progress in one short transaction, what is large of it before that, a piece a transaction."""
        begun = time.monotonic()
        while True:
            with contextlib.suppress(BlobGone):
                staged = [self._staged(each) for each in progress]
                answer: Answer = self._persist(partial(write, staged))
                self._on_flush(time.monotonic() - begun)
                return answer

    def _staged(self, progress: Progress) -> Progress:
        weights = [
            replace(each, blob_id=stage([each.content], self._persist))
            if len(each.content) > SMALL_BYTES
            else each
            for each in progress.weights
        ]
        for each in weights:
            # Hashed now, and kept: not while other writers wait.
            _ = each.sha256
        if progress.state is None or len(progress.state) <= SMALL_BYTES:
            return replace(progress, weights=weights)
        return replace(progress, weights=weights, state_blob=stage([progress.state], self._persist))

    def _store(self, progress: Sequence[Progress]) -> None:
        statuses = self._persist_staged(progress, lambda staged, session: writes.store(session, staged))
        lanes = {lane.lease: lane for lane in self._lanes}
        for each, status in zip(progress, statuses, strict=True):
            lanes[each.lease].flushed()
            if status not in WORKING:
                lane = lanes[each.lease]
                lane.done = self._left = True
                reason = None if each.ending is None else each.ending.stop_reason
                log.info("an experiment left", **self._names(lane.work), status=status, stop_reason=reason)
