"""Training: a generator that yields a report after every epoch and receives the lanes to stop.

It knows no clock, no file and no thread: the driver decides what to store, and when to stop.

The same in plain NumPy: engine/textbook/training.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial
from math import isfinite, nan

import numpy as np

from engine.data import Dataset, Splits, prepare
from engine.errors import Interrupted
from engine.optimization.schedules import reduced
from engine.safetensors import Checkpoint
from engine.spec import Experiment, Given, Plateau, SplitRows, resolve
from engine.training.epoch import Epoch
from engine.training.export import export
from engine.training.interruption import Boundary, KeptLane, ShouldStop, steps_between_looks
from engine.training.measurement import Measurement
from engine.training.reports import EpochReport, LaneReport, Metrics, Result
from engine.training.resume import restore, save
from engine.training.run_advice import run_advice
from engine.training.stack import Stack, start
from engine.training.stopping import Patience
from engine.training.warm_start import check_initial

__all__ = ["EpochReport", "KeptLane", "LaneReport", "Metrics", "Result", "ShouldStop", "train", "training"]

Stops = Mapping[int, str]
"""Lanes to stop, by index in the original stack, with the reason: ``user`` or ``time_limit``."""


def training(
    experiments: Sequence[Experiment],
    splits: Splits,
    *,
    states: Sequence[Checkpoint | None] | None = None,
    initial: Sequence[Checkpoint | None] | None = None,
    should_stop: ShouldStop | None = None,
) -> Generator[EpochReport, Stops | None, tuple[Result, ...]]:
    """Train resolved experiments of one shape as a stack of lanes; returns every lane's result, in order.

    ``states`` resumes lanes where they were saved; ``initial`` are the weights of those whose ``init`` is ``given``.
    Each lane's numbers are bit for bit those of a run of its own. ``should_stop`` is asked between batches, about every
    10 ms of an epoch that takes more than 20 ms; it changes no bits. Raises InvalidSpec if the experiments differ in
    shape, lack a seed or do not fit their initial weights, InvalidCheckpoint if a state does not fit, and Interrupted
    once ``should_stop`` returns True.
    """
    nothing = [None] * len(experiments)
    run = _Run(experiments, splits, states or nothing, initial or nothing, should_stop)
    while len(run.stack):
        stops = (yield run.epoch()) or {}
        run.stop(stops)
    return tuple(run.results[lane] for lane in range(len(experiments)))


def train(
    experiment: Experiment,
    dataset: Dataset,
    *,
    initial: Checkpoint | None = None,
    on_epoch: Callable[[LaneReport], object] | None = None,
) -> Result:
    """Resolve, prepare and train one experiment; a missing seed is drawn. The best weights are in the result.

    ``initial`` is where the weights begin instead of being drawn: the ``best`` or ``last`` of another result, of a
    network of the same shape (``engine.training.warm_start``); ``init`` is then left out. ``on_epoch`` hears of every
    epoch and stops the run by returning True. Raises InvalidSpec, InvalidData, and InvalidCheckpoint for bad initial
    weights.
    """
    if initial is not None and experiment.init == "auto":
        experiment = dataclasses.replace(experiment, init=Given(checkpoint="initial"))
    resolved = resolve(experiment, dataset.facts_for(experiment.split))
    if experiment.seed is None:
        seed = int(np.random.SeedSequence().generate_state(1, np.uint64)[0] >> np.uint64(1))
        resolved = dataclasses.replace(
            resolved, experiment=dataclasses.replace(resolved.experiment, seed=seed)
        )
    run = training([resolved.experiment], prepare(dataset, resolved), initial=[initial])
    stops: Stops | None = None
    while True:
        try:
            report = run.send(stops)
        except StopIteration as end:
            result: Result = end.value[0]
            return dataclasses.replace(result, warnings=resolved.warnings + result.warnings)
        stop = on_epoch is not None and on_epoch(report.lanes[0]) is True
        stops = {0: "user"} if stop else None


class _Run:
    """The stack that still trains and the results of the lanes that do not."""

    def __init__(
        self,
        experiments: Sequence[Experiment],
        splits: Splits,
        states: Sequence[Checkpoint | None],
        initial: Sequence[Checkpoint | None],
        should_stop: ShouldStop | None,
    ) -> None:
        check_initial(experiments, initial, states)
        self.splits, train = splits, splits.train
        sizes = (train.x.shape[1], train.targets.shape[1], len(train))
        self.stack = start(experiments, *sizes, initial, weighted=train.weights is not None)
        self.results: dict[int, Result] = {}
        self._measure = Measurement(self.stack, splits)
        self._should_stop = should_stop
        ended = {
            lane: reason
            for lane, state in enumerate(states)
            if state is not None and (reason := restore(self.stack, lane, state))
        }
        self._stopped: tuple[Result, ...] = ()
        self._rebuild(ended)

    def epoch(self) -> EpochReport:
        """Train every lane for an epoch, judge it, retire those that ended."""
        look, stack = self._keep(), self.stack
        norms = self._epoch(look, self._every or 1)
        rates = self._epoch.learning_rates()
        metrics = [
            self._measure(stack, lane, float(norms[lane]), float(rates[lane]), look)
            for lane in range(len(stack))
        ]
        improved, reasons = self._judge(metrics)
        lanes = tuple(
            self._report(lane, metrics[lane], improved=improved[lane], reason=reasons[lane])
            for lane in range(len(stack))
        )
        report = EpochReport(lanes, self._stopped)
        self._stopped = ()
        self._ended = {lane: reason for lane, reason in enumerate(reasons) if reason}
        return report

    def _keep(self) -> Callable[[], None] | None:
        """Keep the stack as it is, and return what asks the driver; None if the epoch is too short for that."""
        if self._should_stop is None or self._every is None:
            return None
        self._boundary.keep(self.stack)
        kept = tuple(map(self._kept, range(len(self.stack))))
        return partial(_ask, self._should_stop, kept)

    def _kept(self, lane: int) -> KeptLane:
        stack = self._boundary.stack
        return KeptLane(
            lane=stack.numbers[lane],
            epoch=stack.epochs[lane],
            state=partial(save, stack, lane),
            best=partial(self._best, stack, lane),
            result=partial(self._result, stack, lane) if stack.epochs[lane] else _no_result,
        )

    def stop(self, stops: Stops) -> None:
        """Retire the lanes that ended this epoch and those the driver stops."""
        driven = {
            lane: stops[number]
            for lane, number in enumerate(self.stack.numbers)
            if number in stops and lane not in self._ended
        }
        self._stopped = tuple(self._result(self.stack, lane, reason) for lane, reason in driven.items())
        if self._ended or driven:
            self._rebuild(self._ended | driven)

    def _rebuild(self, ended: Mapping[int, str]) -> None:
        """Take the ended lanes out of the stack; what is left gets arrays and calls of its own."""
        for lane, reason in ended.items():
            self._result(self.stack, lane, reason)
        left = [lane for lane in range(len(self.stack)) if lane not in ended]
        if ended:
            self.stack = self.stack.take(left)
        if left:
            train = self.splits.train
            self._patience = Patience.of(self.stack.experiments)
            self._epoch = Epoch(self.stack, train.inputs, train.targets, train.weights)
            self._every = self._looks()
            if self._every:
                self._boundary = Boundary(self.stack)

    def _looks(self) -> int | None:
        if self._should_stop is None:
            return None
        parts = (self.splits.train, self.splits.validation, self.splits.test)
        return steps_between_looks(self.stack, SplitRows(*map(len, parts)), self._epoch.steps)

    def _judge(self, metrics: Sequence[Metrics]) -> tuple[list[bool], list[str | None]]:
        """Judge the epoch: lanes with new best weights, which are copied here, and reasons for lanes to end."""
        stack = self.stack
        monitored = [
            getattr(values, experiment.monitor)
            for values, experiment in zip(metrics, stack.experiments, strict=True)
        ]
        finite = [
            isfinite(values.train_loss) and (value is None or isfinite(value))
            for values, value in zip(metrics, monitored, strict=True)
        ]
        judged = [
            value if fine and value is not None else nan
            for value, fine in zip(monitored, finite, strict=True)
        ]
        stack.progress, verdict = self._patience(stack.progress, np.array(stack.epochs), np.array(judged))
        improved = [
            bool(verdict.improved[lane] or (finite[lane] and not stack.progress.best_epoch[lane]))
            for lane in range(len(stack))
        ]
        self._plateau(judged)
        for lane in map(int, np.flatnonzero(improved)):
            stack.keep_best(lane)
        reasons = [
            _reason(
                stack.experiments[lane],
                stack.epochs[lane],
                finite=finite[lane],
                patient=not verdict.stop[lane],
            )
            for lane in range(len(stack))
        ]
        return improved, reasons

    def _plateau(self, monitored: Sequence[float]) -> None:
        """Let the plateau schedule of each lane see its metric, mirrored so that smaller is better."""
        stack = self.stack
        for lane, experiment in enumerate(stack.experiments):
            if isinstance(experiment.schedule, Plateau) and isfinite(monitored[lane]):
                value = monitored[lane] * float(self._patience.sign[lane])
                stack.plateaus[lane] = reduced(experiment.schedule, stack.plateaus[lane], value)

    def _report(self, lane: int, metrics: Metrics, *, improved: bool, reason: str | None) -> LaneReport:
        return LaneReport(
            lane=self.stack.numbers[lane],
            epoch=self.stack.epochs[lane],
            metrics=metrics,
            improved=improved,
            stop_reason=reason,
            result=self._result(self.stack, lane, reason) if reason else None,
            state=partial(save, self.stack, lane, reason),
            best=partial(self._best, self.stack, lane),
            last=partial(self._last, self.stack, lane),
        )

    def _best(self, stack: Stack, lane: int) -> Checkpoint | None:
        epoch = stack.best_epochs[lane]
        best = stack.vectors(lane, best=True)
        return export(stack.network, stack.layout, self.splits, best, epoch) if epoch else None

    def _last(self, stack: Stack, lane: int) -> Checkpoint:
        return export(stack.network, stack.layout, self.splits, stack.vectors(lane), stack.epochs[lane])

    def _result(self, stack: Stack, lane: int, reason: str) -> Result:
        """The lane's result, made once."""
        number = stack.numbers[lane]
        if number not in self.results:
            best = self._best(stack, lane)
            plain = stack.plain(lane, best=True) if best else None
            compared = None
            if plain is not None:
                compared = self._measure.against_constant(stack.experiments[lane], plain)
            self.results[number] = Result(
                lane=number,
                stop_reason=reason,
                epochs=stack.epochs[lane],
                best_epoch=stack.best_epochs[lane] or None,
                argmin_epoch=int(stack.progress.least_epoch[lane]) or stack.best_epochs[lane] or None,
                best=best,
                last=self._last(stack, lane),
                test=None if plain is None else self._measure.test(plain),
                warnings=(*self.splits.warnings, *run_advice(stack, lane, reason, compared)),
            )
        return self.results[number]


def _ask(should_stop: ShouldStop, kept: Sequence[KeptLane]) -> None:
    if should_stop(kept):
        raise Interrupted("Training was stopped within an epoch.")


def _no_result(_reason: str) -> None:
    return None


def _reason(experiment: Experiment, epoch: int, *, finite: bool, patient: bool) -> str | None:
    if not finite:
        return "non_finite"
    if not patient:
        return "early_stopping"
    return "max_epochs" if epoch >= experiment.max_epochs else None
