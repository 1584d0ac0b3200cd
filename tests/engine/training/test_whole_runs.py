"""Whole runs of random specifications against the plain trainer: every number, from the first weights to the test.

A run is followed three times: by a network that begins where the engine begins and goes its own way, by one that is
set to the engine's own state before every epoch, and by one whose first weights and data are 1e-12 off. Where the last
of them ends far from the first, rounding decides the run, and it is left out; not more than 2 % are.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data import Splits, prepare
from engine.network.batch_norm import Running
from engine.network.layout import Layout
from engine.safetensors import Checkpoint
from engine.spec import Experiment, Optimizer, layer_sizes, resolve, to_document
from engine.training import LaneReport, Result, training
from tests.engine.random_specs import random_problem
from tests.engine.reference import Reference
from tests.engine.reference_run import (
    Draws,
    EarlyStopping,
    PlateauRate,
    evaluate,
    from_tensors,
    metrics,
    parameters,
    train_epoch,
    untrained,
)

Array = NDArray[Any]

SPECS = 300
SHAKEN, CHAOTIC = 1e-12, 1e-8
"""How far weights and data are moved, and how far apart the last weights may be for a run to count."""
LEFT_OUT = 0.02
STEP, RUN = 1e-9, 1e-7
"""Tolerances: of an epoch from the engine's own state, and of a whole run."""

MOMENTS: dict[str, dict[str, str]] = {
    "sgd": {"velocity": "v"},
    "adagrad": {"total": "s"},
    "rmsprop": {"square": "s", "mean": "m", "velocity": "v"},
    "adam": {"first": "m", "second": "s"},
}
"""What the formulas call the moments that the engine stores."""


def rest(optimizer: Optimizer, moment: str) -> float:
    """1 - β of an average, which the engine stores as average/(1 - β)."""
    name = {"first": "beta1", "second": "beta2", "square": "rho", "mean": "rho"}.get(moment)
    return 1.0 if name is None else 1 - float(getattr(optimizer, name))


@dataclass
class Machine:
    """The engine's states, read as networks of the plain trainer."""

    experiment: Experiment
    splits: Splits

    def __post_init__(self) -> None:
        sizes = layer_sizes(self.experiment, self.splits.train.x.shape[1], self.splits.train.targets.shape[1])
        self.layout = Layout(sizes, tuple(layer.batch_norm for layer in self.experiment.architecture))
        self.padding = np.zeros(self.layout.length - self.layout.parameters)

    def network(self, state: Checkpoint, steps: int) -> Reference:
        """The network that a state describes, its optimizer's memory included."""
        found = untrained(self.experiment, self.splits)
        found.steps = steps
        for layer, norm in found.norms.items():
            running = Running.of(self.layout, state.arrays["running"], layer)
            norm.mean, norm.variance = running.mean.copy(), running.variance.copy()
        optimizer = self.experiment.optimizer
        moments = MOMENTS[optimizer.name.removesuffix("w")]
        arrays = {"": ("parameters", 1.0)} | {
            ours: (stored, rest(optimizer, stored))
            for stored, ours in moments.items()
            if stored in state.arrays
        }
        for ours, (stored, scale) in arrays.items():
            row = np.concatenate([state.arrays[stored], self.padding])
            for (_, parameter), view in zip(parameters(found), self.views(row, found), strict=True):
                if ours:
                    parameter.memory[ours] = scale * view
                else:
                    parameter.value = view.copy()
        return found

    def views(self, row: Array, network: Reference) -> Iterator[Array]:
        """The arrays of a row of parameters or moments, in the order of ``parameters``."""
        layout = self.layout
        for layer in range(layout.layers):
            yield layout.weight(row, layer)
            yield layout.bias(row, layer)
        for layer in network.norms:
            yield layout.gamma(row, layer)
            yield layout.beta(row, layer)


def apart(one: Reference, other: Reference) -> float:
    """How far two networks are from each other, by the size of each of their arrays."""
    pairs = [
        (first.value, second.value)
        for (_, first), (_, second) in zip(parameters(one), parameters(other), strict=True)
    ]
    for layer, norm in one.norms.items():
        pairs += [(norm.mean, other.norms[layer].mean), (norm.variance, other.norms[layer].variance)]
    return max(distance(*pair) for pair in pairs)


def memories_apart(machine: Reference, plain: Reference) -> float:
    """How far the optimizers' memories are from each other, of what the engine stores."""
    found = [0.0]
    for (_, ours), (_, theirs) in zip(parameters(machine), parameters(plain), strict=True):
        found += [distance(ours.memory[name], theirs.memory[name]) for name in ours.memory]
    return max(found)


def distance(one: Any, other: Any) -> float:
    """The greatest difference, by the size of the numbers where they are above 1; endless if not finite."""
    one, other = np.asarray(one, float), np.asarray(other, float)
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return np.inf
    return float(np.abs(one - other).max(initial=0) / max(1.0, np.abs(other).max(initial=0)))


@dataclass
class Followed:
    """What was found in a run: the greatest differences by what they are of, and how chaotic the run is."""

    chaos: float = 0.0
    off: dict[str, float] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def see(self, what: str, difference: float) -> None:
        self.off[what] = max(self.off.get(what, 0.0), difference)

    def same(self, what: str, ours: Any, plain: Any) -> None:
        if ours != plain:
            self.told.append(f"{what}: {ours} instead of {plain}")

    def see_numbers(self, what: str, ours: dict[str, Any], plain: dict[str, Any]) -> None:
        for name, value in plain.items():
            if value is None or ours[name] is None:
                self.same(f"{what} {name}", ours[name], value)
            else:
                self.see(f"{what} {name}", distance(ours[name], value))

    @property
    def faults(self) -> list[str]:
        limits = {what: RUN if what == "run" else STEP for what in self.off}
        far = [
            f"{what}: {self.off[what]:.1e} off"
            for what, limit in limits.items()
            if not self.off[what] <= limit
        ]
        return [*self.told, *far]


def shaken(array: Array) -> Array:
    """Every number a little larger or smaller; what is 0 stays."""
    moved: Array = array * (1 + SHAKEN * np.random.default_rng(0).normal(size=array.shape))
    return moved


def follow(experiment: Experiment, splits: Splits) -> Followed:
    """Train with the engine and in plain NumPy at once."""
    found, machine = Followed(), Machine(experiment, splits)
    draws, plateau, stopping = Draws(experiment, splits), PlateauRate(experiment), EarlyStopping(experiment)
    whole, moved, own = (untrained(experiment, splits) for _ in range(3))
    for _, parameter in parameters(moved):
        parameter.value = shaken(parameter.value)
    train, result = splits.train, None
    moved_train = dataclasses.replace(train, inputs=shaken(train.inputs), targets=shaken(train.targets))
    for report in training([experiment], splits):
        lane = report.lanes[0]
        batches = draws.epoch(plateau.rate)
        train_epoch(whole, batches, train)
        train_epoch(moved, batches, moved_train)
        norm = train_epoch(own, batches, train)
        stepped, own = own, machine.network(lane.state(), draws.steps)
        found.see("step", apart(own, stepped))
        found.see("moments", memories_apart(own, stepped))
        plain = {**metrics(own, splits), "gradient_norm": norm, "learning_rate": batches[-1].rate}
        shown = dataclasses.asdict(lane.metrics)
        found.see_numbers("metric", shown, plain)
        found.same("metrics", set(shown), set(plain))
        see_export(found, lane, own, splits)
        # Decisions are made from the engine's own numbers, so that no near tie is decided by rounding.
        ended = stopping.judge(lane.epoch, shown)
        plateau.see(shown[experiment.monitor])
        found.same("stop_reason", lane.stop_reason, ended)
        result = lane.result
    found.see("run", apart(own, whole))
    found.chaos = apart(moved, whole)
    see_result(found, result, stopping, splits)
    return found


def see_export(found: Followed, lane: LaneReport, own: Reference, splits: Splits) -> None:
    """What is exported computes what the network does, with its normalization folded in or beside it."""
    exported = from_tensors(own.experiment, lane.last().arrays, own.rows)
    found.see("export", distance(exported.logits(splits.train.x), own.logits(splits.train.x)))


def see_result(found: Followed, result: Result | None, stopping: EarlyStopping, splits: Splits) -> None:
    assert result is not None
    experiment = stopping.experiment
    best_epoch = stopping.best_epoch or stopping.last_finite or None
    found.same("best_epoch", result.best_epoch, best_epoch)
    found.same("argmin_epoch", result.argmin_epoch, stopping.least_epoch or best_epoch)
    found.same("best", result.best is None, best_epoch is None)
    found.same("test", result.test is None, best_epoch is None or not len(splits.test))
    if result.best is None or result.test is None:
        return
    found.same("epoch of the best", result.best.document["epoch"], best_epoch)
    best = from_tensors(experiment, result.best.arrays, len(splits.train))
    scores = evaluate(best, splits.test, splits)
    found.see_numbers("test", result.test, {name: scores[name] for name in result.test})


def test_random_runs_are_those_of_the_plain_trainer() -> None:
    left_out = []
    for seed in range(SPECS):
        data, experiment = random_problem(seed)
        resolved = resolve(experiment, data.facts)
        with np.errstate(all="ignore"):
            found = follow(resolved.experiment, prepare(data, resolved))
        if found.chaos <= CHAOTIC:
            assert not found.faults, f"seed {seed}: {to_document(resolved.experiment)}"
        else:
            left_out.append(seed)
    assert len(left_out) <= LEFT_OUT * SPECS, left_out
